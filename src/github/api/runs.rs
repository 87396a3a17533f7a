//! Workflow runs and other apps' check suites: seen, cancelled, run again (GitHub, "REST API endpoints for workflow
//! runs").

use super::pulls::sha;
use crate::domain::event::{Build, BuildStatus};
use crate::domain::ids::{RepoId, Sha};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use crate::github::wire::WireRun;
use http::Method;
use serde::Deserialize;

/// A page of workflow runs.
#[derive(Deserialize)]
pub(super) struct WireRuns {
    pub workflow_runs: Vec<WireRun>,
}

/// A workflow run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// How it stands.
    pub build: Build,
    /// The commit it builds.
    pub sha: Sha,
    /// The branch of this repository it builds; `None`: a fork's, or none.
    pub branch: Option<String>,
    /// 1, and one more each time it is run again.
    pub attempt: u64,
    /// GitHub's number of the suite that its jobs' check runs are in.
    pub check_suite: Option<u64>,
}

impl WorkflowRun {
    pub(super) fn read(mut wire: WireRun, repo: RepoId, ask: &Ask) -> Result<Self, GitHubError> {
        Ok(Self {
            sha: sha(&wire.head_sha, ask)?,
            branch: wire.head_branch.take().filter(|_| wire.is_of(repo)),
            attempt: wire.run_attempt.unwrap_or(1),
            check_suite: wire.check_suite_id,
            build: wire.build(None),
        })
    }
}

/// What came of running something again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RerunOutcome {
    /// It runs again.
    Done,
    /// GitHub's reason why not: it still runs, is too old, or nothing in it failed.
    Refused(String),
}

impl Repository {
    /// A workflow run as it is now; `NotFound`: somebody deleted it.
    pub async fn workflow_run(&self, id: u64) -> Result<WorkflowRun, GitHubError> {
        let path = self.path(format_args!("/actions/runs/{id}"));
        let ask = Ask::get(path, "reading the workflow run");
        WorkflowRun::read(self.get_kept(&ask).await?, self.repo.id, &ask)
    }

    /// Cancels a workflow run; one that has ended or was deleted is fine. May be repeated. What GitHub says is in the way
    /// is looked at with a second call.
    pub async fn cancel_run(&self, id: u64) -> Result<(), GitHubError> {
        let path = self.path(format_args!("/actions/runs/{id}/cancel"));
        let ask =
            Ask::new(Method::POST, path, "cancelling the workflow run").by(Purpose::Workflows);
        match self.ask(&ask).await {
            Ok(_) | Err(GitHubError::NotFound { .. }) => Ok(()),
            // It has ended, or it was started again a moment ago and can't be cancelled yet.
            Err(error) if error.is_conflict() => match self.workflow_run(id).await?.build.status {
                BuildStatus::Ended(_) => Ok(()),
                BuildStatus::Queued | BuildStatus::Running => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Runs the failed jobs of a workflow run again, and those that need them; the run keeps its number and gets another
    /// attempt. After an answer that was lost the repetition is refused because it runs: compare the attempts first.
    pub async fn rerun_failed(&self, id: u64) -> Result<RerunOutcome, GitHubError> {
        let path = self.path(format_args!("/actions/runs/{id}/rerun-failed-jobs"));
        let ask =
            Ask::new(Method::POST, path, "running the failed jobs again").by(Purpose::Workflows);
        match self.ask(&ask).await {
            Ok(_) => Ok(RerunOutcome::Done),
            Err(GitHubError::Refused { message, .. }) => Ok(RerunOutcome::Refused(message)),
            Err(error) => Err(error),
        }
    }

    /// Asks the app of a check suite to run it again. May be repeated: the app is asked once more.
    pub async fn rerequest_suite(&self, id: u64) -> Result<RerunOutcome, GitHubError> {
        let path = self.path(format_args!("/check-suites/{id}/rerequest"));
        let ask = Ask::new(Method::POST, path, "asking for the checks again");
        match self.ask(&ask).await {
            Ok(_) => Ok(RerunOutcome::Done),
            Err(GitHubError::Refused { message, .. }) => Ok(RerunOutcome::Refused(message)),
            Err(error) => Err(error),
        }
    }
}
