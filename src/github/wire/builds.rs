//! What is reported for a commit: workflow runs, check suites, check runs, commit statuses.

use super::{WireAccount, WireApp, WireId, account, bounded, is_web_address};
use crate::domain::event::{Build, BuildId, BuildStatus, Conclusion, Workflow};
use crate::domain::ids::RepoId;
use crate::github::decode::Identity;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// The slug of GitHub Actions, which no other app can have.
const ACTIONS: &str = "github-actions";

/// The event of a run that a request started.
pub(in crate::github) const DISPATCH: &str = "workflow_dispatch";

fn is_actions(app: &WireApp) -> bool {
    app.slug.as_deref() == Some(ACTIONS)
}

/// Whether it is known not to be GitHub Actions.
fn is_another(app: Option<&WireApp>) -> bool {
    app.is_some_and(|app| app.slug.is_some() && !is_actions(app))
}

/// A workflow run.
#[derive(Deserialize)]
pub(in crate::github) struct WireRun {
    pub id: u64,
    pub name: Option<String>,
    pub display_title: Option<String>,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub html_url: Option<String>,
    pub updated_at: DateTime<Utc>,
    pub head_branch: Option<String>,
    pub head_sha: String,
    pub head_repository: Option<WireId>,
    pub workflow_id: Option<u64>,
    pub check_suite_id: Option<u64>,
    pub run_attempt: Option<u64>,
    pub actor: Option<WireAccount>,
    #[serde(default)]
    pub event: String,
}

impl WireRun {
    /// Whether it runs for a branch of this repository; a fork may have a branch of the same name.
    pub fn is_of(&self, repo: RepoId) -> bool {
        self.head_repository
            .as_ref()
            .is_some_and(|head| head.id == repo.0)
    }

    /// Whether we started it. Who did stays its `actor` when somebody runs it again, and the push of a mirror, which has us
    /// as its actor too, is another event.
    pub fn is_dispatched_by(&self, me: &Identity) -> bool {
        let actor = account(self.actor.as_ref());
        self.event == DISPATCH && actor.is_some_and(|actor| me.is_bot(&actor))
    }

    /// `workflow` is its workflow's name, where it is known.
    pub fn build(self, workflow: Option<&str>) -> Build {
        Build {
            id: BuildId::WorkflowRun(self.id),
            workflow: self.workflow_id.map(|id| Workflow {
                id,
                event: bounded(&self.event),
            }),
            name: bounded(workflow.or(self.name.as_deref()).unwrap_or("workflow run")),
            workflow_name: None,
            app: None,
            dispatched: false,
            attempt: self.run_attempt.unwrap_or(1),
            status: build_status(self.status.as_deref(), self.conclusion.as_deref()),
            url: self.html_url.filter(|url| is_web_address(url)),
            updated_at: self.updated_at,
        }
    }
}

/// A check suite, in full or as it stands in a check run.
#[derive(Deserialize)]
pub(in crate::github) struct WireSuite {
    pub id: u64,
    pub head_branch: Option<String>,
    #[serde(default)]
    pub head_sha: String,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub app: Option<WireApp>,
    pub latest_check_runs_count: Option<u64>,
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pull_requests: Vec<WireSuitePull>,
}

/// An open pull request with the suite's commit or branch.
#[derive(Deserialize)]
struct WireSuitePull {
    head: Option<WireSuiteHead>,
}

#[derive(Deserialize)]
struct WireSuiteHead {
    #[serde(rename = "ref")]
    name: Option<String>,
    repo: Option<WireId>,
}

impl WireSuite {
    /// The branch of this repository that the suite is for, as far as that is certain.
    ///
    /// A suite does not say which repository its branch is in. For an app that reports checks GitHub notices pushes to
    /// this repository only: a suite for a fork's push has "a `null` value for `head_branch`" and no pull requests
    /// ("REST API endpoints for check suites"). GitHub Actions is not bound by that: its suite for a fork's pull request
    /// names the fork's branch, which may be called `pull-request/7`. Whose branch that is stands in the workflow run
    /// only, so that nothing of Actions is on a branch by its suite. A listed pull request from elsewhere with the same
    /// branch makes any suite doubtful.
    pub fn branch(&self, repo: RepoId) -> Option<&str> {
        let branch = self.head_branch.as_deref()?;
        let from_elsewhere = |pull: &WireSuitePull| {
            pull.head.as_ref().is_some_and(|head| {
                head.name.as_deref() == Some(branch)
                    && head.repo.as_ref().is_none_or(|other| other.id != repo.0)
            })
        };
        let certain =
            is_another(self.app.as_ref()) && !self.pull_requests.iter().any(from_elsewhere);
        certain.then_some(branch)
    }

    /// The suite as a build, if it is one to be waited for: of an app other than ourselves and Actions (whose
    /// workflow runs are counted themselves), and with check runs. GitHub opens an empty suite for every app that may
    /// write checks, and those never end.
    pub fn build(self, our_app: u64, now: DateTime<Utc>) -> Option<Build> {
        if self.latest_check_runs_count == Some(0) {
            return None;
        }
        let app = self
            .app
            .filter(|app| app.id != our_app && !is_actions(app))?;
        let name = app.name.as_deref().or(app.slug.as_deref());
        Some(Build {
            id: BuildId::CheckSuite(self.id),
            workflow: None,
            name: bounded(name.unwrap_or("check suite")),
            workflow_name: None,
            app: app.slug.as_deref().map(bounded),
            dispatched: false,
            attempt: 0,
            status: build_status(self.status.as_deref(), self.conclusion.as_deref()),
            url: None,
            updated_at: self.updated_at.unwrap_or(now),
        })
    }
}

/// A check run. In a list its suite is a number only.
#[derive(Deserialize)]
pub(in crate::github) struct WireCheckRun {
    pub id: u64,
    pub name: String,
    pub head_sha: String,
    status: Option<String>,
    conclusion: Option<String>,
    html_url: Option<String>,
    details_url: Option<String>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    pub app: Option<WireApp>,
    pub check_suite: Option<WireSuite>,
    output: Option<WireOutput>,
}

/// What a check run shows; of that, only whether it has annotations is read.
#[derive(Deserialize)]
struct WireOutput {
    annotations_count: Option<u64>,
}

impl WireCheckRun {
    /// Whether it is a job of GitHub Actions and was annotated.
    pub fn is_annotated_job(&self) -> bool {
        let count = self
            .output
            .as_ref()
            .and_then(|output| output.annotations_count);
        self.app.as_ref().is_some_and(is_actions) && count.unwrap_or(0) > 0
    }

    /// The branch of this repository that it is for, as far as that is certain: its suite's.
    pub fn branch(&self, repo: RepoId) -> Option<&str> {
        let suite = self
            .check_suite
            .as_ref()
            .filter(|_| is_another(self.app.as_ref()))?;
        suite.branch(repo)
    }

    /// `workflow` is the name of the workflow it belongs to, where it is of Actions and that is known.
    pub fn build(self, workflow: Option<&str>, now: DateTime<Utc>) -> Build {
        let status = build_status(self.status.as_deref(), self.conclusion.as_deref());
        // Check runs have no `updated_at`. The end counts as later than a beginning in the same second, so that the
        // late delivery of a beginning never undoes it.
        let begun = self.started_at.unwrap_or(DateTime::UNIX_EPOCH);
        let updated_at = match status {
            BuildStatus::Ended(_) => {
                let end = begun.max(self.completed_at.unwrap_or(now));
                end.checked_add_signed(TimeDelta::milliseconds(1))
                    .unwrap_or(end)
            }
            _ => self.started_at.unwrap_or(now),
        };
        let url = [self.html_url, self.details_url].into_iter().flatten();
        Build {
            id: BuildId::CheckRun(self.id),
            workflow: None,
            name: bounded(&self.name),
            workflow_name: workflow.map(bounded),
            app: self.app.and_then(|app| app.slug).as_deref().map(bounded),
            dispatched: false,
            attempt: 0,
            status,
            url: url.into_iter().find(|url| is_web_address(url)),
            updated_at,
        }
    }
}

/// A commit status. Each report of a context is a new one, with a greater number.
#[derive(Deserialize)]
pub(in crate::github) struct WireStatus {
    id: u64,
    context: String,
    state: String,
    target_url: Option<String>,
    updated_at: DateTime<Utc>,
}

impl WireStatus {
    pub fn build(self) -> Build {
        Build {
            id: BuildId::Status(self.id),
            workflow: None,
            name: bounded(&self.context),
            workflow_name: None,
            app: None,
            dispatched: false,
            attempt: 0,
            status: match self.state.as_str() {
                "success" => BuildStatus::Ended(Conclusion::Success),
                "failure" | "error" => BuildStatus::Ended(Conclusion::Failure),
                // A commit status can't tell waiting from running.
                _ => BuildStatus::Running,
            },
            url: self.target_url.filter(|url| is_web_address(url)),
            updated_at: self.updated_at,
        }
    }
}

/// Reads status and conclusion. A status this version does not know has not ended; an end without a conclusion does
/// not pass.
fn build_status(status: Option<&str>, conclusion: Option<&str>) -> BuildStatus {
    match status {
        Some("completed") => {
            BuildStatus::Ended(Conclusion::from_word(conclusion.unwrap_or_default()))
        }
        Some("in_progress") => BuildStatus::Running,
        _ => BuildStatus::Queued,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_build_s_status_is_read() {
        for (status, conclusion, expected) in [
            (Some("queued"), None, BuildStatus::Queued),
            (Some("requested"), None, BuildStatus::Queued),
            (Some("waiting"), None, BuildStatus::Queued),
            (Some("pending"), None, BuildStatus::Queued),
            (None, None, BuildStatus::Queued),
            (Some("something new"), None, BuildStatus::Queued),
            (Some("in_progress"), None, BuildStatus::Running),
            (
                Some("completed"),
                Some("success"),
                BuildStatus::Ended(Conclusion::Success),
            ),
            (
                Some("completed"),
                Some("something new"),
                BuildStatus::Ended(Conclusion::Failure),
            ),
            (
                Some("completed"),
                None,
                BuildStatus::Ended(Conclusion::Failure),
            ),
        ] {
            assert_eq!(
                build_status(status, conclusion),
                expected,
                "{status:?} {conclusion:?}"
            );
        }
    }

    #[test]
    fn a_suite_s_branch_is_believed_only_where_it_can_only_be_of_this_repository() {
        let pull = |name: &str, repo: Value| json!([{ "head": { "ref": name, "repo": repo } }]);
        for (branch, app, pulls, expected) in [
            (json!("pull-request/7"), "circleci", json!([]), true),
            (json!(null), "circleci", json!([]), false),
            (json!("pull-request/7"), "github-actions", json!([]), false),
            (
                json!("pull-request/7"),
                "circleci",
                pull("pull-request/7", json!({ "id": 2 })),
                false,
            ),
            (
                json!("pull-request/7"),
                "circleci",
                pull("pull-request/7", json!(null)),
                false,
            ),
            (
                json!("pull-request/7"),
                "circleci",
                pull("pull-request/7", json!({ "id": 1 })),
                true,
            ),
            // The mirror of a pull request from a branch of this repository.
            (
                json!("pull-request/7"),
                "circleci",
                pull("topic", json!({ "id": 1 })),
                true,
            ),
        ] {
            let suite = json!({ "id": 4, "head_branch": branch, "app": { "id": 8, "slug": app }, "pull_requests": pulls });
            let suite: WireSuite = serde_json::from_value(suite).unwrap();
            assert_eq!(
                suite.branch(RepoId(1)).is_some(),
                expected,
                "{app} {branch}"
            );
        }
    }

    #[test]
    fn a_late_beginning_of_a_check_run_is_older_than_its_end() {
        let at = |started: Value, completed: Value, status: &str| {
            let run = json!({ "id": 1, "name": "x", "head_sha": "", "status": status, "started_at": started, "completed_at": completed });
            let run: WireCheckRun = serde_json::from_value(run).unwrap();
            run.build(None, DateTime::UNIX_EPOCH).updated_at
        };
        let (first, second) = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z");
        let began = at(json!(first), json!(null), "in_progress");
        assert!(began < at(json!(first), json!(first), "completed"));
        // An app may write whatever times it likes.
        let began = at(json!(second), json!(null), "in_progress");
        assert!(began < at(json!(second), json!(first), "completed"));
        assert!(began > at(json!(null), json!(null), "queued"));
    }
}
