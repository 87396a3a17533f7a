//! What others report for the commit by themselves. Nothing is started; the engine sees what there is
//! ([`Repository::reports`]) and shares it out to the jobs that ask for it.

use super::error::BackendError;
use super::{Assignment, Backend, Started};
use crate::domain::event::{Build, BuildId, BuildStatus};
use crate::domain::run::{Handle, Report};
use crate::github::{GitHubError, Repository, RerunOutcome};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// The slug of GitHub Actions, as an app.
const ACTIONS: &str = "github-actions";

pub(super) struct Check {
    pub repository: Repository,
}

fn waiting() -> Started {
    Started {
        // There is no more than one of it: what is observed says which builds it is.
        handle: Handle("observed".to_owned()),
        report: Report {
            status: Some(BuildStatus::Queued),
            ..Report::default()
        },
    }
}

/// What has to be told to run a build again: a workflow run or a check suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    Run(u64),
    Suite(u64),
}

fn again(build: &Build) -> Option<Again> {
    match build.id {
        BuildId::WorkflowRun(id) => Some(Again::Run(id)),
        BuildId::CheckSuite(id) => Some(Again::Suite(id)),
        // A job of a workflow run, whose number stands in its address: …/actions/runs/123/job/456.
        BuildId::CheckRun(_) if build.app.as_deref() == Some(ACTIONS) => {
            let (_, rest) = build.url.as_deref()?.split_once("/actions/runs/")?;
            let id = rest.split('/').next()?;
            Some(Again::Run(id.parse().ok()?))
        }
        BuildId::CheckRun(_) | BuildId::Status(_) => None,
    }
}

impl Check {
    /// `None`: it runs again; otherwise why not.
    async fn run_again(&self, what: Again) -> Result<Option<String>, GitHubError> {
        let outcome = match what {
            Again::Run(id) => self.repository.rerun_failed(id).await,
            Again::Suite(id) => self.repository.rerequest_suite(id).await,
        };
        let reason = match outcome {
            Ok(RerunOutcome::Done) => return Ok(None),
            Ok(RerunOutcome::Refused(reason)) => reason,
            Err(GitHubError::NotFound { .. }) => "it is gone".to_owned(),
            Err(error) => return Err(error),
        };
        // It may run already: the answer of an earlier try was lost, or two of its jobs are asked for.
        if let Again::Run(id) = what
            && let Ok(run) = self.repository.workflow_run(id).await
            && !matches!(run.build.status, BuildStatus::Ended(_))
        {
            return Ok(None);
        }
        Ok(Some(reason))
    }
}

#[async_trait]
impl Backend for Check {
    async fn start(&self, _: &Assignment) -> Result<Started, BackendError> {
        Ok(waiting())
    }

    async fn find(&self, _: &Assignment) -> Result<Option<Started>, BackendError> {
        Ok(Some(waiting()))
    }

    async fn rerun(&self, a: &Assignment, _: &Handle) -> Result<Option<Started>, BackendError> {
        let failed = a.observed.iter().filter(
            |build| matches!(build.status, BuildStatus::Ended(conclusion) if !conclusion.passes()),
        );
        let mut all = BTreeSet::new();
        let mut not = Vec::new();
        for build in failed {
            match again(build) {
                Some(what) => {
                    all.insert(what);
                }
                None => not.push(format!(
                    "{}: whoever reports it has to run it again",
                    build.name
                )),
            }
        }
        let mut begun = false;
        for what in all {
            match self.run_again(what).await? {
                None => begun = true,
                Some(reason) => not.push(reason),
            }
        }
        if begun || not.is_empty() {
            return Ok(Some(waiting()));
        }
        Err(BackendError::refused(format!(
            "nothing of it can be run again from here ({})",
            super::report::one_line(&not.join("; "), 300)
        )))
    }

    /// Whole workflow runs are cancelled: nobody waits for them any more. Other builds are others' business, and so is a
    /// run that the app may not cancel.
    async fn cancel(&self, a: &Assignment, _: &Handle) -> Result<(), BackendError> {
        for build in &a.observed {
            let ended = matches!(build.status, BuildStatus::Ended(_));
            let BuildId::WorkflowRun(id) = build.id else {
                continue;
            };
            if ended {
                continue;
            }
            match self.repository.cancel_run(id).await {
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => tracing::info!(%error, id, "a workflow run is not cancelled"),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}
