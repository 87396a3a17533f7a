//! Where those pages of the dashboard are that are named elsewhere too: GitHub is told of them.

use super::ids::{PrNumber, RepoName};

/// The page of a repository.
pub fn repository(name: &RepoName) -> String {
    format!("/r/{name}")
}

/// The page with a repository's runs of pushes, schedules and merge groups.
pub fn runs(name: &RepoName) -> String {
    format!("{}/runs", repository(name))
}

/// The page of a pull request.
pub fn pull(name: &RepoName, number: PrNumber) -> String {
    format!("{}/pull/{number}", repository(name))
}

/// The dashboard as people reach it from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages(String);

impl Pages {
    /// At this address, which has no slash at its end.
    pub fn at(address: String) -> Self {
        Self(address)
    }

    /// The whole address of a page.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}
