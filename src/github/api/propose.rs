//! A pull request of our own: a branch, a file on it, and the request to merge it (GitHub, "REST API endpoints for repository
//! contents" and "for pull requests").

use super::{RefOutcome, encoded, encoded_path};
use crate::domain::ids::{PrNumber, Sha};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use crate::github::wire::{WireAccount, account};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// A file in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name within the directory.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A pull request from a branch of the repository itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub number: PrNumber,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether it is to be merged into the default branch, where the file counts.
    pub for_all: bool,
    /// Whether the app opened it.
    pub ours: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

/// What came of creating something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put<T> {
    /// It is there now.
    Done(T),
    /// There was one before.
    Exists,
}

/// What is to be merged, and what is said about it.
#[derive(Debug, Clone, Copy)]
pub struct NewPull<'a> {
    /// The branch that is to be merged.
    pub head: &'a str,
    /// The branch that it is to be merged into.
    pub base: &'a str,
    /// The title.
    pub title: &'a str,
    /// The description.
    pub body: &'a str,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireDirectory {
    Entries(Vec<WireEntry>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct WireEntry {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    size: u64,
}

#[derive(Deserialize)]
struct WirePull {
    number: u64,
    state: String,
    user: Option<WireAccount>,
    created_at: DateTime<Utc>,
    merged_at: Option<DateTime<Utc>>,
    base: WireBase,
}

#[derive(Deserialize)]
struct WireBase {
    #[serde(rename = "ref")]
    branch: String,
}

impl Repository {
    /// The commit at the tip of the default branch; `None`: the repository has no commit, which GitHub says with 409.
    pub async fn first_base(&self) -> Result<Option<Sha>, GitHubError> {
        match self.branch_head(&self.repo.default_branch).await {
            Err(error) if error.is_conflict() => Ok(None),
            other => other,
        }
    }

    /// The files of a directory at a commit, at most the thousand that GitHub lists; none if it is no directory.
    pub async fn directory(&self, path: &str, at: &Sha) -> Result<Vec<FileEntry>, GitHubError> {
        let doing = "listing the workflows";
        let path = encoded_path(path, doing)?;
        let path = self.path(format_args!("/contents/{path}?ref={at}"));
        let entries = match self.ask_json(&Ask::get(path, doing)).await {
            Ok(WireDirectory::Entries(entries)) => entries,
            Ok(WireDirectory::Other(_)) | Err(GitHubError::NotFound { .. }) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let file = |entry: WireEntry| {
            let WireEntry { kind, name, size } = entry;
            (kind == "file").then_some(FileEntry { name, size })
        };
        Ok(entries.into_iter().filter_map(file).collect())
    }

    /// Creates a branch for a proposal.
    pub async fn begin_proposal(&self, branch: &str, at: &Sha) -> Result<RefOutcome, GitHubError> {
        self.create_branch_by(Purpose::Proposal, branch, at).await
    }

    /// Commits a new file to a branch; never over one that is there.
    pub async fn add_file(
        &self,
        branch: &str,
        path: &str,
        text: &str,
        message: &str,
    ) -> Result<Put<()>, GitHubError> {
        let doing = format!("committing {path} to {branch}");
        let address = self.path(format_args!("/contents/{}", encoded_path(path, &doing)?));
        let body = json!({
            "message": message,
            "content": BASE64_STANDARD.encode(text),
            "branch": branch,
        });
        let ask = Ask::new(Method::PUT, address, doing);
        match self.ask(&ask.with(body).by(Purpose::Proposal)).await {
            Ok(_) => Ok(Put::Done(())),
            // Without the SHA of what it would replace, GitHub replaces nothing.
            Err(error) if error.is_unprocessable("wasn't supplied") => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    }

    /// The pull requests from a branch of this repository, newest first, closed ones too.
    pub async fn proposals(&self, branch: &str) -> Result<Vec<Proposal>, GitHubError> {
        let me = self.github.identity().await?;
        let head = encoded(&format!("{}:{branch}", self.repo.name.owner()));
        let path = self.path(format_args!("/pulls?state=all&head={head}&per_page=30"));
        let ask = Ask::get(path, "looking for the pull request");
        let pulls: Vec<WirePull> = self.ask_json(&ask).await?;
        let proposal = |wire: WirePull| Proposal {
            number: PrNumber(wire.number),
            open: wire.state == "open",
            merged: wire.merged_at.is_some(),
            for_all: wire.base.branch == self.repo.default_branch,
            ours: account(wire.user.as_ref()).is_some_and(|by| me.is_bot(&by)),
            created_at: wire.created_at,
        };
        Ok(pulls.into_iter().map(proposal).collect())
    }

    /// Opens a pull request within the repository.
    pub async fn open_proposal(&self, new: NewPull<'_>) -> Result<Put<PrNumber>, GitHubError> {
        let body = json!({
            "title": new.title,
            "head": new.head,
            "base": new.base,
            "body": new.body,
        });
        let path = self.path(format_args!("/pulls"));
        let ask = Ask::new(Method::POST, path, "opening the pull request");
        let ask = ask.with(body).by(Purpose::Proposal);
        match self.ask_json::<WirePullNumber>(&ask).await {
            Ok(pull) => Ok(Put::Done(PrNumber(pull.number))),
            Err(error) if error.is_unprocessable("already exists") => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
struct WirePullNumber {
    number: u64,
}
