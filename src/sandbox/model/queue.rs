//! The merge queue, what branches require, and dispatches to a repository.

use serde_json::Value;

/// One pull request's place in the merge queue: a commit that joins it with what is before it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) repo: u64,
    pub(crate) number: u64,
    /// The branch it is to be merged to.
    pub(crate) base_branch: String,
    pub(crate) base_sha: String,
    pub(crate) head_sha: String,
    /// `gh-readonly-queue/main/pr-7-…`.
    pub(crate) branch: String,
}

/// A status check that a branch requires before anything is merged to it.
#[derive(Debug, Clone)]
pub(crate) struct RequiredCheck {
    pub(crate) context: String,
    /// The only app whose result counts; `None` is any.
    pub(crate) app: Option<u64>,
}

/// A `repository_dispatch` that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct RepositoryDispatch {
    pub(crate) repo: u64,
    pub(crate) event_type: String,
    pub(crate) client_payload: Value,
}
