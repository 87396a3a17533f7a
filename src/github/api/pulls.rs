//! Pull requests: what they are, their commits and files (GitHub, "REST API endpoints for pull requests").

use crate::domain::filter::ChangedFile;
use crate::domain::ids::{InvalidId, PrNumber, Sha};
use crate::domain::trust::{CommitFact, MAX_LISTED_COMMITS, MAX_LISTED_FILES, PullView};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::list::Listing;
use crate::github::repository::Repository;
use crate::github::wire::{WireAccount, account, bounded, branch};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// More open pull requests than this are not listed; the largest public repositories have some thousand.
const MOST_OPEN_PAGES: usize = 500;

#[derive(Deserialize)]
struct WirePull {
    number: u64,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    title: String,
    user: Option<WireAccount>,
    head: WireHead,
    base: WireBase,
    #[serde(default)]
    labels: Vec<WireLabel>,
    commits: u64,
    changed_files: u64,
    updated_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct WireHead {
    sha: String,
}

#[derive(Deserialize)]
struct WireBase {
    #[serde(rename = "ref")]
    name: String,
    #[serde(default)]
    sha: String,
}

#[derive(Deserialize)]
struct WireLabel {
    name: String,
}

#[derive(Deserialize)]
struct WireListed {
    number: u64,
    #[serde(default)]
    draft: bool,
    head: WireHead,
    base: WireBase,
    #[serde(default)]
    labels: Vec<WireLabel>,
}

/// An open pull request, as far as the list shows what matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its number.
    pub number: PrNumber,
    /// Still a draft.
    pub draft: bool,
    /// The head.
    pub head: Sha,
    /// The branch it wants to be merged into.
    pub base: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
}

fn listed(wire: WireListed) -> Option<Listed> {
    Some(Listed {
        number: PrNumber(wire.number),
        draft: wire.draft,
        head: Sha::parse(&wire.head.sha).ok()?,
        base: branch(&wire.base.name),
        labels: wire.labels.into_iter().map(|label| label.name).collect(),
    })
}

#[derive(Deserialize)]
struct WireCommit {
    sha: String,
    author: Option<WireAccount>,
    committer: Option<WireAccount>,
    commit: WireCommitData,
}

#[derive(Deserialize)]
struct WireCommitData {
    verification: Option<WireVerification>,
}

#[derive(Deserialize)]
struct WireVerification {
    verified: bool,
    #[serde(default)]
    reason: String,
}

/// A file that a change touches.
#[derive(Deserialize)]
pub(super) struct WireFile {
    filename: String,
    previous_filename: Option<String>,
}

impl WireFile {
    pub fn changed(self) -> ChangedFile {
        ChangedFile {
            path: self.filename,
            previous: self.previous_filename,
        }
    }
}

impl Repository {
    /// The pull request as it is now.
    pub async fn pull(&self, number: PrNumber) -> Result<PullView, GitHubError> {
        let ask = Ask::get(
            self.path(format_args!("/pulls/{number}")),
            "reading the pull request",
        );
        let wire: WirePull = self.ask_json(&ask).await?;
        Ok(PullView {
            number: PrNumber(wire.number),
            open: wire.state == "open",
            draft: wire.draft,
            title: bounded(&wire.title),
            author: account(wire.user.as_ref()),
            head: sha(&wire.head.sha, &ask)?,
            base: branch(&wire.base.name),
            base_sha: sha(&wire.base.sha, &ask).ok(),
            labels: wire.labels.into_iter().map(|label| label.name).collect(),
            commits: wire.commits,
            changed_files: wire.changed_files,
            updated_at: wire.updated_at,
            created_at: wire.created_at,
        })
    }

    /// All open pull requests, oldest first. Free while nothing changed.
    pub async fn open_pulls(&self) -> Result<Listing<Listed>, GitHubError> {
        let path = self.path(format_args!("/pulls?state=open&sort=created&direction=asc"));
        let ask = Ask::get(path, "listing the open pull requests");
        let listed = |page: Vec<WireListed>| page.into_iter().filter_map(listed).collect();
        self.kept_pages(&ask, MOST_OPEN_PAGES, listed).await
    }

    /// The commits of a pull request, oldest first, at most [`MAX_LISTED_COMMITS`].
    pub async fn commits(&self, number: PrNumber) -> Result<Vec<CommitFact>, GitHubError> {
        let ask = Ask::get(
            self.path(format_args!("/pulls/{number}/commits")),
            "listing the commits",
        );
        let pages = MAX_LISTED_COMMITS.div_ceil(100) as usize;
        let commits = self
            .pages(&ask, pages, |page: Vec<WireCommit>| page)
            .await?;
        let fact = |wire: WireCommit| {
            let verification = wire.commit.verification;
            Ok(CommitFact {
                sha: sha(&wire.sha, &ask)?,
                author: account(wire.author.as_ref()),
                committer: account(wire.committer.as_ref()),
                verified: verification.as_ref().is_some_and(|v| v.verified),
                reason: verification.map_or_else(|| "unknown".to_owned(), |v| bounded(&v.reason)),
            })
        };
        commits.into_iter().map(fact).collect()
    }

    /// The files a pull request changes, at most [`MAX_LISTED_FILES`].
    pub async fn files(&self, number: PrNumber) -> Result<Vec<ChangedFile>, GitHubError> {
        let ask = Ask::get(
            self.path(format_args!("/pulls/{number}/files")),
            "listing the changed files",
        );
        let pages = MAX_LISTED_FILES.div_ceil(100) as usize;
        let files = self.pages(&ask, pages, |page: Vec<WireFile>| page).await?;
        Ok(files.into_iter().map(WireFile::changed).collect())
    }
}

/// A SHA in an answer; anything else is an answer that can't be read.
pub(super) fn sha(text: &str, ask: &Ask) -> Result<Sha, GitHubError> {
    Sha::parse(text).map_err(|_: InvalidId| {
        GitHubError::transient(&ask.doing, "GitHub gave an answer without a commit")
    })
}
