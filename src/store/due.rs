//! The rule of two notes of when one subject is due.

use chrono::{DateTime, Utc};

/// A note of when a subject is due, as a change brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueNote {
    /// When the subject is to be looked at; `None`: not any more.
    pub at: Option<DateTime<Utc>>,
    /// When the work that it belongs to began ([`Change::from`](super::Change::from)).
    pub from: Option<DateTime<Utc>>,
    /// When it is written.
    pub now: DateTime<Utc>,
}

impl DueNote {
    /// What is noted of the subject after this, where `there` was noted before.
    ///
    /// One that came after `from` is somebody else's: that work may not have seen what it is about, so it stays, and the earlier
    /// counts. Of two whose time has come the later counts: it tells whoever began between them that the subject is to be looked at
    /// once more.
    pub fn over(self, there: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let of_another = there.filter(|there| self.from.is_none_or(|from| *there > from));
        match (of_another, self.at) {
            (None, at) => at,
            (Some(there), Some(at)) if there.max(at) <= self.now => Some(there.max(at)),
            (Some(there), Some(at)) => Some(there.min(at)),
            (Some(there), None) => self.from.map(|_| there),
        }
    }
}
