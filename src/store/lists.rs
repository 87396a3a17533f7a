//! What people are shown of many records: rows that are kept beside the records and change with them, a page at a time.
//!
//! Promise: a page looks at no more than [`MOST_LOOKS`] rows, however many there are; where a search finds little among
//! them, it says so and goes on from there.

mod rows;

pub use rows::{LineRow, PullRow, RepoRow, RepoStanding, RunsRow, Stage, trust_word};

use super::{HistoryEntry, Store, StoreError};
use crate::domain::ids::{DeliveryId, PrNumber, RepoId, RunSubject, Subject};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many rows are looked at for one page.
pub const MOST_LOOKS: usize = 2_000;

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next one begins; `None`: there is nothing more.
    pub next: Option<Cursor>,
    /// How many rows were looked at.
    pub looks: usize,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            next: None,
            looks: 0,
        }
    }
}

impl<T> Page<T> {
    /// The same, with other rows.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(row).collect(),
            next: self.next,
            looks: self.looks,
        }
    }
}

/// A place in a list, opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(super) Vec<u8>);

impl Cursor {
    /// Reads what [`Cursor::to_string`](ToString::to_string) wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        const LONGEST: usize = 4_096;
        let bytes = (text.len() <= LONGEST).then(|| hex::decode(text).ok())??;
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// Which part of a list.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What comes behind this place; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// At most so many rows.
    pub limit: usize,
}

/// Whose rows may be in a list.
#[derive(Debug, Clone)]
pub enum Among {
    /// Those of all repositories.
    All,
    /// Those of these.
    These(Arc<BTreeSet<RepoId>>),
}

impl Among {
    /// Whether rows of this repository are.
    pub fn has(&self, repo: RepoId) -> bool {
        match self {
            Self::All => true,
            Self::These(repos) => repos.contains(&repo),
        }
    }
}

/// Which pull requests are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// How they stand.
    pub stage: Option<Stage>,
    /// All of these words are in the number, the title, the author's login, the base branch, or begin the head's SHA; in
    /// lower case.
    pub words: Vec<String>,
}

impl Search {
    /// Looks for these words.
    pub fn of(text: &str, stage: Option<Stage>) -> Self {
        let words = text.split_whitespace().take(10);
        Self {
            stage,
            words: words.map(str::to_lowercase).collect(),
        }
    }

    /// The pull request that is meant by its number, `#7` or `7` alone: it is found at once, however many there are.
    pub fn number(&self) -> Option<PrNumber> {
        let word = match &self.words[..] {
            [word] => Some(word),
            words => words.iter().find(|word| word.starts_with('#')),
        };
        let digits = word.map(|word| word.strip_prefix('#').unwrap_or(word));
        let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits?.parse().ok().map(PrNumber)
    }

    /// Whether no other one can be meant: `7` may also be a word of a title.
    pub fn is_for_one(&self) -> bool {
        self.number().is_some() && self.words.iter().any(|word| word.starts_with('#'))
    }
}

/// How many pull requests of a repository wait for a vetter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// So many, as far as they were counted.
    pub count: usize,
    /// Whether there are more.
    pub more: bool,
    /// Since when the one waits that waits the longest, as far as is known.
    pub since: Option<DateTime<Utc>>,
}

/// A delivery that came, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Its id.
    pub delivery: DeliveryId,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `X-GitHub-Event`, or what else brought the news.
    pub event_name: String,
    /// What it says, in a few words, or why nothing came of it.
    pub what: String,
    /// Whom it concerns; nobody: it is ignored.
    pub subjects: Vec<Subject>,
    /// The repository that it is about where it concerns nobody: who may see that one may see this.
    #[serde(default)]
    pub about: Option<RepoId>,
}

/// Something that pages show was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Where; `None`: in no repository.
    pub repo: Option<RepoId>,
    /// What it is about there; `None`: the repository as a whole.
    pub of: Option<RunSubject>,
}

/// A store with lists. They are made after what was committed, and may be a moment behind what was accepted.
#[async_trait]
pub trait Lists: Store {
    /// The repository of that name, in whatever case.
    async fn repo_named(&self, name: &str) -> Result<Option<RepoRow>, StoreError>;
    /// A repository.
    async fn repo_listed(&self, id: RepoId) -> Result<Option<RepoRow>, StoreError>;
    /// The repositories, by name.
    async fn list_repos(&self, among: Among, asked: Asked) -> Result<Page<RepoRow>, StoreError>;
    /// The open pull requests of a repository with their runs: one whose number is looked for, then the newest first. Of those that
    /// wait for a vetter the one that waits the longest comes first.
    async fn list_pulls(
        &self,
        repo: RepoId,
        search: Search,
        asked: Asked,
    ) -> Result<Page<(PullRow, Option<RunsRow>)>, StoreError>;
    /// How many open pull requests of a repository wait for a vetter.
    async fn waiting(&self, repo: RepoId) -> Result<Waiting, StoreError>;
    /// The open pull requests that wait for a vetter, the one that waits the longest first.
    async fn list_vetting(&self, among: Among, asked: Asked) -> Result<Page<PullRow>, StoreError>;
    /// What has runs that are not over.
    async fn list_running(&self, among: Among, asked: Asked) -> Result<Page<RunsRow>, StoreError>;
    /// The merge groups, branches and schedules of a repository that have runs, the latest first.
    async fn list_runs(&self, repo: RepoId, asked: Asked) -> Result<Page<RunsRow>, StoreError>;
    /// The deliveries that came, the newest first, with all of these words (in lower case).
    async fn list_arrivals(
        &self,
        among: Among,
        words: Vec<String>,
        asked: Asked,
    ) -> Result<Page<Arrival>, StoreError>;
    /// What the journal says of a delivery.
    async fn arrival(&self, delivery: &DeliveryId) -> Result<Option<Arrival>, StoreError>;
    /// The deliveries that concerned a subject, the newest first, at most `limit`.
    async fn arrivals_of(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<Arrival>, StoreError>;
    /// What was done because of a delivery, as the histories of these subjects tell it, the first first. Of each no more is read
    /// than has happened since it came.
    async fn done_for(
        &self,
        arrival: &Arrival,
        subjects: Vec<Subject>,
    ) -> Result<Vec<HistoryEntry>, StoreError>;
}
