//! The builds that the push of a mirror started: workflow runs, and other apps' check suites.

use super::encoded;
use crate::domain::event::Build;
use crate::domain::ids::Sha;
use crate::github::client::Repository;
use crate::github::error::GitHubError;
use crate::github::transport::Ask;
use crate::github::wire::{WireRun, WireSuite};
use chrono::Utc;
use serde::Deserialize;

/// More runs or suites than this many hundred of one commit are not read.
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct WireRuns {
    workflow_runs: Vec<WireRun>,
}

#[derive(Deserialize)]
struct WireSuites {
    check_suites: Vec<WireSuite>,
}

impl Repository {
    /// All builds of one commit on one branch. A fork's branch of the same name is another branch.
    pub async fn builds(&self, branch: &str, sha: &Sha) -> Result<Vec<Build>, GitHubError> {
        let me = self.github.app().await?.id;
        let path = self.path(format_args!(
            "/actions/runs?branch={}&head_sha={sha}",
            encoded(branch)
        ));
        let runs = self
            .pages(
                &Ask::get(path, "listing the workflow runs"),
                MOST_PAGES,
                |page: WireRuns| page.workflow_runs,
            )
            .await?;
        let path = self.path(format_args!("/commits/{sha}/check-suites"));
        let suites = self
            .pages(
                &Ask::get(path, "listing the check suites"),
                MOST_PAGES,
                |page: WireSuites| page.check_suites,
            )
            .await?;
        let here = |head_branch: &Option<String>, head_sha: &str| {
            head_branch.as_deref() == Some(branch) && head_sha == sha.as_str()
        };
        let runs = runs.into_iter().filter(|run| {
            let own = run
                .head_repository
                .as_ref()
                .is_some_and(|repo| repo.id == self.repo.id.0);
            own && here(&run.head_branch, &run.head_sha)
        });
        let suites = suites
            .into_iter()
            .filter(|suite| here(&suite.head_branch, &suite.head_sha));
        let runs = runs.map(|run| run.build(None));
        Ok(runs
            .chain(suites.filter_map(|suite| suite.build(me, Utc::now())))
            .collect())
    }
}
