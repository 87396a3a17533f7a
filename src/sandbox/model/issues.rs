//! Issues, pull requests (which are issues with a head), comments and reactions.

use chrono::{DateTime, Utc};

/// An issue, or a pull request if `pull` is there.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) user: u64,
    pub(crate) open: bool,
    pub(crate) labels: Vec<(u64, String)>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) pull: Option<Pull>,
}

/// What makes an issue a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) head_repo: u64,
    pub(crate) head_branch: String,
    pub(crate) head: String,
    pub(crate) base_branch: String,
    pub(crate) base: String,
    pub(crate) draft: bool,
    pub(crate) merged: Option<Merged>,
}

/// How a pull request ended well.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: u64,
    pub(crate) commit: String,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) number: u64,
    pub(crate) user: u64,
    pub(crate) body: String,
    /// The app that wrote it, if one did.
    pub(crate) via_app: Option<u64>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) reactions: Vec<Reaction>,
}

/// One reaction of one account.
#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) content: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// The reactions GitHub knows.
pub(crate) const REACTIONS: [&str; 8] = [
    "+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes",
];
