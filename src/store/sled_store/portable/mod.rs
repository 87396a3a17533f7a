//! A state as a text: one JSON object a line, for exports, imports and snapshots, independent of how sled keeps it.
//!
//! The first line is a [`Header`], the last an [`End`] with the number of records and the SHA-256 of all lines before
//! it, so that a text that was cut off or changed is recognised. In between stands one [`Line`] for each record.
//! Indexes and counters are not among them: they follow from the records.

mod migrate;
mod read;
mod write;

pub(super) use read::{Incoming, read};
pub(super) use write::{Origin, Writer};

use super::lines::Kind;
use super::records::StoredEntry;
use super::{Aside, HistoryEntry, Loss};
use crate::domain::gate::HeadState;
use crate::domain::ids::Subject;
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `Header::format`.
const FORMAT: &str = "drawbridge-state";
/// The version of the lines that this program writes. A change that old programs would misread counts it up, and gets
/// a step in `migrate`.
pub(super) const VERSION: u64 = 1;
/// The last place or number of a change that a text may name. No store gets so far, and none that goes on behind it comes to
/// the end of the numbers.
const LAST: u64 = 1 << 62;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    format: String,
    version: u64,
    /// When the records stood like this.
    pub taken_at: DateTime<Utc>,
    /// When the store was first created.
    pub born_at: DateTime<Utc>,
    /// How many changes it had seen.
    #[serde(default)]
    pub sequence: u64,
    /// What may be missing from it.
    #[serde(default)]
    pub loss: Option<Loss>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct End {
    end: Sum,
}

#[derive(Serialize, Deserialize)]
struct Sum {
    records: u64,
    sha256: String,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// A delivery's entry that waits.
    Inbox { place: u64, entry: Box<StoredEntry> },
    /// The id of an accepted delivery, when it came in milliseconds since 1970, and a note.
    Seen { id: String, at: i64, note: String },
    /// A delivery that could not be decoded.
    Aside { place: u64, aside: Aside },
    /// A pull request.
    Pull(Box<PullState>),
    /// A head.
    Head(Box<HeadState>),
    /// A repository.
    Repo(Box<RepoState>),
    /// The runs for one subject.
    Runs(Box<RunsState>),
    /// When a subject is to be looked at.
    Due(Subject, DateTime<Utc>),
    /// One line of a history.
    History { place: u64, entry: HistoryEntry },
    /// How far something has come.
    Mark { name: String, says: String },
}

impl Line {
    /// What it is a record of.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Inbox { .. } => Kind::Inbox,
            Self::Seen { .. } => Kind::Seen,
            Self::Aside { .. } => Kind::Aside,
            Self::Pull(_) => Kind::Pull,
            Self::Head(_) => Kind::Head,
            Self::Repo(_) => Kind::Repo,
            Self::Runs(_) => Kind::Runs,
            Self::Due(..) => Kind::Due,
            Self::History { .. } => Kind::History,
            Self::Mark { .. } => Kind::Mark,
        }
    }

    /// Its place among others, where it has one of its own.
    fn place(&self) -> Option<u64> {
        match self {
            Self::Inbox { place, .. } | Self::Aside { place, .. } | Self::History { place, .. } => {
                Some(*place)
            }
            _ => None,
        }
    }
}

/// How many records of each kind there are.
pub type Counts = BTreeMap<Kind, u64>;
