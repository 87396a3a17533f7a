//! The stand-in's own time: it never stands still between two writes.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// A clock that follows real time and moves at least one second with every write, because GitHub's stamps have whole
/// seconds and two deeds of a test must not share one.
#[derive(Debug)]
pub(crate) struct Clock {
    last: DateTime<Utc>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { last: Utc::now() }
    }

    /// The stamp of a new write, later than every stamp before it.
    pub(crate) fn tick(&mut self) -> DateTime<Utc> {
        self.last = (self.last + Duration::seconds(1)).max(Utc::now());
        self.last
    }

    /// The stamp of a note about a write, such as its delivery: not later than the write itself, so that a build with its
    /// dozen webhooks does not run minutes ahead of real time.
    pub(crate) fn mark(&mut self) -> DateTime<Utc> {
        self.last = self.last.max(Utc::now());
        self.last
    }
}

/// A stamp as GitHub writes it: UTC, whole seconds, `Z`.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
