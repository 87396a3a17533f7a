//! What is said on a pull request: what people ask for, and what they are told.

use crate::domain::command::Line;
use crate::domain::deed::Deed;
use crate::domain::event::Account;
use crate::domain::ids::{CommentId, Sha};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A comment's commands, or a pressed button, that still has to be acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Command lines of a comment.
    Comment {
        /// Where the answer goes.
        comment: CommentId,
        /// Who asks.
        by: Account,
        /// When, by GitHub's clock.
        at: DateTime<Utc>,
        /// What.
        lines: Vec<Line>,
    },
    /// *OK to test* on the gate of `sha`.
    ApproveButton {
        /// The gate's head.
        sha: Sha,
        /// Who pressed.
        by: Account,
        /// When it reached us.
        at: DateTime<Utc>,
    },
    /// *Re-run* on the gate of `sha`.
    RerunButton {
        /// The gate's head.
        sha: Sha,
        /// Who pressed.
        by: Account,
        /// When it reached us.
        at: DateTime<Utc>,
    },
    /// Something on the dashboard.
    Dashboard {
        /// What.
        deed: Deed,
        /// Who asks.
        by: Account,
        /// When it reached us.
        at: DateTime<Utc>,
    },
}

impl Request {
    /// Who asks.
    pub fn by(&self) -> &Account {
        match self {
            Self::Comment { by, .. }
            | Self::ApproveButton { by, .. }
            | Self::RerunButton { by, .. }
            | Self::Dashboard { by, .. } => by,
        }
    }
}

/// How something that must be created at most once stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posted<Id> {
    /// Certainly not there yet.
    Absent,
    /// May be there: look for its marker before creating it.
    Perhaps,
    /// There.
    Is(Id),
}

/// The one comment on a pull request that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusComment {
    /// What it should say; `None`: nothing was ever to say, so there is none.
    pub wanted: Option<String>,
    /// Which comment it is.
    pub posted: Posted<CommentId>,
    /// What it says.
    pub says: Option<String>,
}

/// What a commenter gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A 👍 on the comment: done.
    ThumbsUp,
    /// A comment that says what is wrong and what to type, or what was asked for.
    Reply(String),
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The comment it answers.
    pub to: CommentId,
    /// What is sent.
    pub answer: Answer,
    /// Whether it may already be there.
    pub posted: Posted<()>,
}
