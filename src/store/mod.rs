//! What survives a crash: deliveries not yet taken in (the inbox), the state of each subject, what is due, and
//! the history. Nothing here decides anything, and nothing outside this room knows how it is stored.
//!
//! Promises: what `accept` returned for is on disk and will be found by `pending` after a crash; a `Change` is
//! applied wholly or not at all. Most changes need no flush of their own: if one is lost, the inbox and `due` still hold
//! what led to it, and it is made again.

mod due;
mod history;
pub mod lists;
mod payloads;
mod sled_store;

pub use due::DueNote;
pub use history::{EntryKind, HistoryEntry};
pub use payloads::{Found, Kept, Payloads};
pub use sled_store::{
    Compacted, Counts, Imported, Kind, OnDisk, SledStore, Snapshot, StateDir, Verified,
};

use crate::domain::event::Event;
use crate::domain::gate::HeadState;
use crate::domain::ids::{DeliveryId, PrNumber, PullKey, RepoId, RunSubject, Sha, Subject, UserId};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The store can't do what it was asked; names what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct StoreError {
    /// What was being done.
    pub doing: &'static str,
    /// What came of it.
    pub cause: String,
}

impl StoreError {
    /// The task that was writing ended before its time.
    pub(crate) fn broken_off(cause: impl std::fmt::Display) -> Self {
        Self {
            doing: "writing",
            cause: cause.to_string(),
        }
    }
}

/// The place of an entry in the inbox; grows with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboxId(pub u64);

/// A verified and decoded delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub id: DeliveryId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// `X-GitHub-Event`, for the history.
    pub event_name: String,
    /// The subjects it concerns, each with what it means for it; none: it is recorded and ignored.
    pub entries: Vec<(Subject, Event)>,
    /// Why nothing will come of it, or a short description.
    pub note: String,
}

/// A delivery's meaning for one subject, waiting to be taken in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboxEntry {
    /// Its place.
    pub id: InboxId,
    /// The delivery it came with.
    pub delivery: DeliveryId,
    /// When that came.
    pub received_at: DateTime<Utc>,
    /// Whom it concerns.
    pub subject: Subject,
    /// What it means.
    pub event: Event,
}

/// What became of a delivery on arrival.
#[derive(Debug, Clone, PartialEq)]
pub enum Accepted {
    /// New: these entries wait (none when it is ignored).
    Fresh(Vec<InboxEntry>),
    /// A delivery with this id was accepted before.
    Duplicate,
}

/// A delivery that could not be decoded as the event it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// Its id.
    pub delivery: DeliveryId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The event it claims to be.
    pub event_name: String,
    /// Why it can't be that.
    pub reason: String,
    /// The beginning of its payload.
    pub payload: String,
}

/// This store took the place of one that could not be used: something may be missing from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// When it did. What happened on GitHub before may be missing.
    pub at: DateTime<Utc>,
    /// Why the other one could not be used.
    pub why: String,
    /// Where the other one is kept; `None`: it was gone.
    pub kept_in: Option<PathBuf>,
    /// The time of the snapshot that was restored: nothing from before it is missing. `None`: there was none, and the
    /// store started empty.
    pub restored_to: Option<DateTime<Utc>>,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Lines of histories.
    pub history: TimeDelta,
    /// Pull requests and merge groups after they were closed.
    pub closed: TimeDelta,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            history: TimeDelta::days(90),
            closed: TimeDelta::days(30),
        }
    }
}

/// A record to be written.
#[derive(Debug, Clone)]
pub enum Record {
    /// A pull request's state.
    Pull(Box<PullState>),
    /// A head's gates.
    Head(Box<HeadState>),
    /// A repository's configuration.
    Repo(Box<RepoState>),
    /// The runs for one subject.
    Runs(Box<RunsState>),
    /// Everything about a repository is dropped, and what waits for it in the inbox from before this entry.
    ForgetRepo(RepoId, InboxId),
    /// How far something has come, in its own words (`Store::mark`).
    Mark(&'static str, String),
}

/// What belongs together: applied wholly or not at all.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Records to write.
    pub records: Vec<Record>,
    /// Inbox entries that are taken in with it.
    pub done: Vec<InboxId>,
    /// Subjects to be looked at at a time (`None`: not any more).
    pub due: Vec<(Subject, Option<DateTime<Utc>>)>,
    /// When the work that this change belongs to began: before it read anything. What was noted as due since then came from
    /// somebody else ([`DueNote::over`]).
    pub from: Option<DateTime<Utc>>,
    /// History to add.
    pub history: Vec<HistoryEntry>,
}

impl Change {
    /// That something has come as far as `says`.
    pub fn marking(name: &'static str, says: &impl Serialize) -> Self {
        // Only a map with keys that are no texts, or a type that refuses, can't be written as JSON.
        let says = serde_json::to_string(says).unwrap_or_default();
        Self {
            records: vec![Record::Mark(name, says)],
            ..Self::default()
        }
    }
}

/// The store. All methods may be called at the same time.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// When this store was first created: what happened on GitHub after it, it has heard of.
    fn born_at(&self) -> DateTime<Utc>;
    /// What is known about a loss that was not made good yet.
    fn loss(&self) -> Option<Loss>;
    /// When this store took the place of one that could not be used, until [`Store::rebuilt`]. What happened before may
    /// be missing from it.
    fn lost_at(&self) -> Option<DateTime<Utc>> {
        self.loss().map(|loss| loss.at)
    }
    /// Everything was compared with GitHub: nothing is missing any more. On disk when it returns.
    async fn rebuilt(&self) -> Result<(), StoreError>;
    /// How far something has come, as its last [`Record::Mark`] says.
    async fn mark(&self, name: &'static str) -> Result<Option<String>, StoreError>;
    /// Whether a delivery with this id was accepted or set aside.
    async fn has_accepted(&self, delivery: &DeliveryId) -> Result<bool, StoreError>;
    /// Makes a delivery durable; returns after it is on disk.
    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError>;
    /// Shows people that a delivery came of which nothing is kept.
    fn passes_by(&self, arrival: lists::Arrival);
    /// Keeps a delivery that could not be decoded; the oldest make room. Its id counts as accepted.
    async fn set_aside(&self, aside: Aside) -> Result<(), StoreError>;
    /// The deliveries set aside, newest first, at most `limit`.
    async fn asides(&self, limit: usize) -> Result<Vec<Aside>, StoreError>;
    /// All entries that were accepted and not taken in, oldest first.
    async fn pending(&self) -> Result<Vec<InboxEntry>, StoreError>;
    /// All subjects that are due, with their time.
    async fn due(&self) -> Result<Vec<(Subject, DateTime<Utc>)>, StoreError>;
    /// A pull request's state.
    async fn pull(&self, key: PullKey) -> Result<Option<PullState>, StoreError>;
    /// The open pull requests of a repository, those of which nothing was read yet among them.
    async fn open_pulls(&self, repo: RepoId) -> Result<BTreeSet<PrNumber>, StoreError>;
    /// Pull requests of a repository, open or not. One of which nothing is known is left out.
    async fn pulls(
        &self,
        repo: RepoId,
        numbers: BTreeSet<PrNumber>,
    ) -> Result<Vec<PullState>, StoreError>;
    /// The pull requests with this head that have no gate: they are closed, or not judged yet.
    async fn silent_pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError>;
    /// The pull requests whose gate stands at this commit.
    async fn pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError>;
    /// The open pull requests, in any repository, that `person` opened or whose trust hung on this person.
    async fn pulls_by(&self, person: UserId) -> Result<Vec<PullKey>, StoreError>;
    /// The gates of a commit.
    async fn head(&self, repo: RepoId, sha: &Sha) -> Result<Option<HeadState>, StoreError>;
    /// The runs for one subject.
    async fn runs(
        &self,
        repo: RepoId,
        subject: &RunSubject,
    ) -> Result<Option<RunsState>, StoreError>;
    /// Whether there are runs for a subject.
    async fn has_runs(&self, repo: RepoId, subject: &RunSubject) -> Result<bool, StoreError>;
    /// Whether there are runs for anything in a repository.
    async fn has_any_runs(&self, repo: RepoId) -> Result<bool, StoreError>;
    /// The runs for merge groups, branches and schedules that build this commit; those of pull requests are found by
    /// `pulls_at`.
    async fn runs_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<RunsState>, StoreError>;
    /// All subjects in a repository that have runs.
    async fn run_subjects(&self, repo: RepoId) -> Result<Vec<RunSubject>, StoreError>;
    /// A repository.
    async fn repo(&self, id: RepoId) -> Result<Option<RepoState>, StoreError>;
    /// All repositories.
    async fn repos(&self) -> Result<Vec<RepoState>, StoreError>;
    /// Applies a change, in one transaction.
    async fn commit(&self, change: Change) -> Result<(), StoreError>;
    /// A subject's history, newest first, at most `limit`.
    async fn history(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError>;
    /// Forgets what is no longer needed: ids of deliveries that GitHub no longer sends again, old lines of histories, pull
    /// requests that were closed long ago; how many records.
    async fn prune(&self, now: DateTime<Utc>, retention: Retention) -> Result<usize, StoreError>;
    /// Everything written so far is on disk when this returns.
    async fn flush(&self) -> Result<(), StoreError>;
}
