//! What is reported for a commit: workflow runs, check suites, check runs, commit statuses.

use super::encoded;
use super::runs::WireRuns;
use crate::domain::event::Build;
use crate::domain::ids::Sha;
use crate::github::ask::Ask;
use crate::github::decode::Identity;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::wire::{WireCheckRun, WireRun, WireStatus, WireSuite};
use chrono::Utc;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// More runs or suites than this many hundred of one commit are not read.
const MOST_PAGES: usize = 10;
/// The same for check runs and statuses, of which there is one for each job.
const MOST_REPORT_PAGES: usize = 50;

#[derive(Deserialize)]
struct WireSuites {
    check_suites: Vec<WireSuite>,
}

#[derive(Deserialize)]
pub(super) struct WireCheckRuns {
    pub check_runs: Vec<WireCheckRun>,
}

#[derive(Deserialize)]
struct WireCombined {
    statuses: Vec<WireStatus>,
}

/// A check run or commit status, whoever reports it and for whichever branch: what a required check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitCheck {
    /// The app that reports it; `None`: a commit status.
    pub app_id: Option<u64>,
    /// How it stands.
    pub build: Build,
}

impl Repository {
    /// All builds of one commit on one branch: workflow runs, and other apps' check suites. A fork's branch of the same
    /// name is another branch.
    pub async fn builds(&self, branch: &str, sha: &Sha) -> Result<Vec<Build>, GitHubError> {
        let me = self.github.identity().await?;
        let runs = self.runs_on(branch, sha).await?;
        let suites = self.suites_on(branch, sha).await?;
        Ok(whole(runs, suites, &me))
    }

    /// All that is reported for one commit on one branch, as far as GitHub tells: [`Self::builds`], other apps' check
    /// runs in suites of that branch, check runs of Actions in workflow runs of that branch, and the newest commit status
    /// of each context, which belongs to no branch. Not our own check runs; our own commit statuses can't be told from
    /// others'.
    pub async fn reports(&self, branch: &str, sha: &Sha) -> Result<Vec<Build>, GitHubError> {
        let me = self.github.identity().await?;
        let (runs, suites, checks, statuses) = tokio::try_join!(
            self.runs_on(branch, sha),
            self.suites_on(branch, sha),
            self.check_runs_of(sha),
            self.statuses_of(sha),
        )?;
        let here: BTreeSet<u64> = suites.iter().map(|suite| suite.id).collect();
        let workflows: BTreeMap<u64, (Option<String>, bool)> = runs
            .iter()
            .filter_map(|run| {
                let named = (run.name.clone(), run.is_dispatched_by(&me));
                Some((run.check_suite_id?, named))
            })
            .collect();
        let mut all = whole(runs, suites, &me);
        for check in checks {
            let suite = check.check_suite.as_ref().map(|suite| suite.id);
            let ours = check.app.as_ref().is_some_and(|app| app.id == me.app_id);
            let Some(suite) = suite.filter(|_| !ours) else {
                continue;
            };
            match workflows.get(&suite) {
                Some((workflow, dispatched)) => {
                    let mut build = check.build(workflow.as_deref(), Utc::now());
                    build.dispatched = *dispatched;
                    all.push(build);
                }
                None if here.contains(&suite) => all.push(check.build(None, Utc::now())),
                None => {}
            }
        }
        all.extend(statuses.into_iter().map(WireStatus::build));
        Ok(all)
    }

    /// The newest check runs and commit statuses of a commit, of all apps (ourselves too) and branches.
    pub async fn commit_checks(&self, sha: &Sha) -> Result<Vec<CommitCheck>, GitHubError> {
        let (checks, statuses) = tokio::try_join!(self.check_runs_of(sha), self.statuses_of(sha))?;
        let checks = checks.into_iter().map(|check| CommitCheck {
            app_id: check.app.as_ref().map(|app| app.id),
            build: check.build(None, Utc::now()),
        });
        let statuses = statuses.into_iter().map(|status| CommitCheck {
            app_id: None,
            build: status.build(),
        });
        Ok(checks.chain(statuses).collect())
    }

    async fn runs_on(&self, branch: &str, sha: &Sha) -> Result<Vec<WireRun>, GitHubError> {
        let path = self.path(format_args!(
            "/actions/runs?branch={}&head_sha={sha}",
            encoded(branch)
        ));
        let ask = Ask::get(path, "listing the workflow runs");
        let mut runs = self
            .pages(&ask, MOST_PAGES, |page: WireRuns| page.workflow_runs)
            .await?;
        runs.retain(|run| {
            run.is_of(self.repo.id)
                && run.head_branch.as_deref() == Some(branch)
                && run.head_sha == sha.as_str()
        });
        Ok(runs)
    }

    async fn suites_on(&self, branch: &str, sha: &Sha) -> Result<Vec<WireSuite>, GitHubError> {
        let path = self.path(format_args!("/commits/{sha}/check-suites"));
        let ask = Ask::get(path, "listing the check suites");
        let mut suites = self
            .pages(&ask, MOST_PAGES, |page: WireSuites| page.check_suites)
            .await?;
        suites.retain(|suite| {
            suite.branch(self.repo.id) == Some(branch) && suite.head_sha == sha.as_str()
        });
        Ok(suites)
    }

    async fn check_runs_of(&self, sha: &Sha) -> Result<Vec<WireCheckRun>, GitHubError> {
        let path = self.path(format_args!("/commits/{sha}/check-runs?filter=latest"));
        let ask = Ask::get(path, "listing the checks");
        let mut checks = self
            .pages(&ask, MOST_REPORT_PAGES, |page: WireCheckRuns| {
                page.check_runs
            })
            .await?;
        checks.retain(|check| check.head_sha == sha.as_str());
        Ok(checks)
    }

    /// The newest of each context.
    async fn statuses_of(&self, sha: &Sha) -> Result<Vec<WireStatus>, GitHubError> {
        let path = self.path(format_args!("/commits/{sha}/status"));
        let ask = Ask::get(path, "listing the commit statuses");
        self.pages(&ask, MOST_REPORT_PAGES, |page: WireCombined| page.statuses)
            .await
    }
}

fn whole(runs: Vec<WireRun>, suites: Vec<WireSuite>, me: &Identity) -> Vec<Build> {
    let suites = suites
        .into_iter()
        .filter_map(|suite| suite.build(me.app_id, Utc::now()));
    let runs = runs.into_iter().map(|run| {
        let dispatched = run.is_dispatched_by(me);
        let mut build = run.build(None);
        build.dispatched = dispatched;
        build
    });
    runs.chain(suites).collect()
}
