//! Webhook deliveries: waiting, held back, sent.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Where a delivery is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Next in line for the sender.
    Queued,
    /// Kept back by a test until it says so.
    Held,
    /// On the wire.
    Sending,
    /// Answered, or failed: 502 stands for "nobody answered".
    Done(u16),
    /// Never sent: nobody was listening yet, or the test lost it.
    Unsent,
}

/// One attempt to deliver one event. A redelivery is a second entry with the same `guid`.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) guid: String,
    pub(crate) event: String,
    pub(crate) action: Option<String>,
    pub(crate) payload: Value,
    pub(crate) repository: Option<u64>,
    pub(crate) stage: Stage,
    pub(crate) redelivery: bool,
    pub(crate) at: DateTime<Utc>,
    pub(crate) response: Option<String>,
}

/// The status GitHub's log shows where nobody answered.
pub(crate) const NOBODY: u16 = 502;

impl Entry {
    /// Whether GitHub's delivery log lists it: what was tried, or would have been.
    pub(crate) fn status_code(&self) -> Option<u16> {
        match self.stage {
            Stage::Queued | Stage::Held | Stage::Sending => None,
            Stage::Done(code) => Some(code),
            Stage::Unsent => Some(NOBODY),
        }
    }
}
