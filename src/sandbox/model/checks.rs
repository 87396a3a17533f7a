//! Check suites, check runs and workflow runs.

use std::collections::BTreeMap;

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
    pub(crate) annotations: Vec<Annotation>,
}

/// A remark at a line of a file, or of a job as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Annotation {
    pub(crate) path: String,
    pub(crate) start_line: u64,
    pub(crate) end_line: u64,
    /// `notice`, `warning` or `failure`.
    pub(crate) level: String,
    pub(crate) title: Option<String>,
    pub(crate) message: String,
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
    /// What it was asked for with, if a request started it.
    pub(crate) dispatch: Option<Dispatch>,
    /// When its newest attempt began.
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Run {
    /// The workflow's file. A run that a push started belongs to the file of its name.
    pub(crate) fn path(&self) -> String {
        match &self.dispatch {
            Some(dispatch) => dispatch.path.clone(),
            None => format!(".github/workflows/{}.yml", self.name.replace(' ', "-")),
        }
    }

    /// The name of its one job.
    pub(crate) fn job(&self) -> &str {
        self.dispatch
            .as_ref()
            .map_or(&self.name, |dispatch| &dispatch.job)
    }
}

/// What a `workflow_dispatch` said, and what the workflow made of it.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    /// `.github/workflows/build.yml`.
    pub(crate) path: String,
    /// The `run-name` with the inputs in it; without one, the workflow's name.
    pub(crate) title: String,
    pub(crate) job: String,
    /// As the request said it.
    pub(crate) reference: String,
    /// As the request said them.
    pub(crate) inputs: BTreeMap<String, String>,
}

/// How dispatched runs go on.
#[derive(Debug, Clone)]
pub(crate) struct Dispatching {
    /// Whether a dispatch may answer with the run's id, as newer servers do.
    pub(crate) details: bool,
    /// Whether runs stay queued.
    pub(crate) held: bool,
    /// How runs end as soon as they begin, if they do.
    pub(crate) finish: Option<String>,
}

impl Default for Dispatching {
    fn default() -> Self {
        Self {
            details: true,
            held: false,
            finish: None,
        }
    }
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
