//! Check suites, check runs and workflow runs.

use chrono::{DateTime, Utc};

/// All check runs of one app for one push (or, for Actions, one workflow run).
#[derive(Debug, Clone)]
pub(crate) struct Suite {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) app: u64,
    pub(crate) head_sha: String,
    pub(crate) head_branch: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What a check shows to people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) annotations: usize,
}

/// A button on a check: label, description, identifier.
#[derive(Debug, Clone)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) identifier: String,
}

/// A check run.
#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) suite: u64,
    pub(crate) app: u64,
    pub(crate) head_sha: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) external_id: String,
    pub(crate) output: Output,
    pub(crate) actions: Vec<Button>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
}

/// A workflow run of GitHub Actions.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) head_repo: u64,
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) attempt: u64,
    pub(crate) event: String,
    pub(crate) head_branch: String,
    pub(crate) head_sha: String,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) suite: u64,
    /// The check run of its one job, in the newest attempt.
    pub(crate) check: u64,
    pub(crate) actor: u64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The conclusions GitHub accepts from an app.
pub(crate) const CONCLUSIONS: [&str; 7] = [
    "success",
    "failure",
    "neutral",
    "cancelled",
    "skipped",
    "timed_out",
    "action_required",
];
