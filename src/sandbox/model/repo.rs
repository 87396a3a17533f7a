//! A repository: its refs, their whole past, and who collaborates on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::access::Permission;
use super::issues::Issue;

/// A repository, source or fork.
#[derive(Debug, Clone)]
pub(crate) struct Repo {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Names it had before: GitHub redirects from them.
    pub(crate) old_names: Vec<String>,
    pub(crate) owner: u64,
    pub(crate) fork_of: Option<u64>,
    pub(crate) private: bool,
    /// Whether it can only be read.
    pub(crate) archived: bool,
    pub(crate) default_branch: String,
    /// Full name (`refs/heads/main`) to commit.
    pub(crate) refs: BTreeMap<String, String>,
    /// Per branch every value it ever had; `None` is "deleted".
    pub(crate) past: BTreeMap<String, Vec<Option<String>>>,
    pub(crate) collaborators: BTreeMap<u64, Permission>,
    /// Issues and pull requests by their common number.
    pub(crate) issues: BTreeMap<u64, Issue>,
    pub(crate) next_number: u64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Repo {
    pub(crate) fn branch(&self, name: &str) -> Option<&String> {
        self.refs.get(&format!("refs/heads/{name}"))
    }

    /// The repository whose object store this one shares.
    pub(crate) fn network(&self) -> u64 {
        self.fork_of.unwrap_or(self.id)
    }
}
