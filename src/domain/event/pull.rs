//! What deliveries tell of pull requests.

use super::Account;
use crate::domain::ids::{PrNumber, Sha};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a `pull_request` delivery says of the pull request. All but the author is a hint: the head is found out again, and
/// the rest is only believed while it is young (`domain::pull::told`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullHint {
    /// The pull request's number.
    pub number: PrNumber,
    /// Who opened it; never changes. `None` for a deleted account.
    pub author: Option<Account>,
    /// The head at the time of the delivery.
    pub head: Sha,
    /// When GitHub last changed the pull request, by GitHub's clock.
    pub updated_at: DateTime<Utc>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// All else that is asked of a pull request, where the delivery shows it.
    #[serde(default)]
    pub shows: Option<Box<Shown>>,
}

/// How a delivery shows a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Open, or closed (merged or not).
    pub open: bool,
    /// Still a draft.
    pub draft: bool,
    /// What its author calls it, bounded; for people alone.
    pub title: String,
    /// The branch it wants to be merged into.
    pub base: String,
    /// The head of that branch, as GitHub last recorded it for this pull request.
    pub base_sha: Option<Sha>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// How many commits GitHub counts.
    pub commits: u64,
    /// How many files GitHub counts as changed.
    pub changed_files: u64,
}

/// Why a pull request is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullChange {
    /// `opened`.
    Opened,
    /// `synchronize`: the head moved.
    Pushed,
    /// `closed`, merged or not.
    Closed,
    /// `labeled` or `unlabeled`.
    Labels,
    /// `reopened`, `edited` with a new base, `ready_for_review`, `converted_to_draft` and the like.
    Other,
}
