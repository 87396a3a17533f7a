//! Commit statuses.

use chrono::{DateTime, Utc};

/// A commit status. It never changes: a newer one of the same context takes its place.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) sha: String,
    pub(crate) state: String,
    pub(crate) context: String,
    pub(crate) description: Option<String>,
    pub(crate) target_url: Option<String>,
    pub(crate) creator: u64,
    pub(crate) at: DateTime<Utc>,
}

/// The states GitHub knows.
pub(crate) const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

/// How many statuses one context of one commit may have.
pub(crate) const MOST_STATUSES: usize = 1000;
