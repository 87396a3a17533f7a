//! How much waits in the inbox, so that it does not grow without bound while GitHub or the disk is slow; and what of it was
//! found out by comparison, so that nothing is found out again and again that can't be taken in.

use crate::domain::event::Event;
use crate::domain::ids::Subject;
use crate::store::{InboxEntry, InboxId};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the ids of deliveries begin with that did not come and were found out. GitHub's are UUIDs.
pub(super) const FOUND_OUT: &str = "compared-";

/// The entries that wait.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// How large each is and when it came, in the order of their places.
    waiting: BTreeMap<InboxId, (u64, DateTime<Utc>)>,
    bytes: u64,
    found_out: HashMap<InboxId, (Subject, Event)>,
}

/// How much waits.
pub(super) struct Stand {
    pub(super) entries: usize,
    pub(super) bytes: u64,
    /// When the one came that waits longest.
    pub(super) oldest: Option<DateTime<Utc>>,
}

impl Waiting {
    /// An entry waits; one that is counted already is not counted twice.
    pub(super) fn add(&self, entry: &InboxEntry) {
        // What it takes on disk, near enough.
        let size = serde_json::to_vec(entry).map_or(0, |json| json.len() as u64);
        let mut inner = self.lock();
        let new = (size, entry.received_at);
        if inner.waiting.insert(entry.id, new).is_none() {
            inner.bytes += size;
        }
        if entry.delivery.as_str().starts_with(FOUND_OUT) {
            let found_out = (entry.subject.clone(), entry.event.clone());
            inner.found_out.insert(entry.id, found_out);
        }
    }

    /// Entries were taken in.
    pub(super) fn remove(&self, entries: &[InboxEntry]) {
        let mut inner = self.lock();
        for entry in entries {
            if let Some((size, _)) = inner.waiting.remove(&entry.id) {
                inner.bytes -= size;
            }
            inner.found_out.remove(&entry.id);
        }
    }

    /// Only these still wait; for when it is not known what was taken in.
    pub(super) fn retain(&self, pending: &[InboxEntry]) {
        let pending: HashSet<InboxId> = pending.iter().map(|entry| entry.id).collect();
        let mut inner = self.lock();
        inner.waiting.retain(|id, _| pending.contains(id));
        inner.found_out.retain(|id, _| pending.contains(id));
        inner.bytes = inner.waiting.values().map(|(size, _)| size).sum();
    }

    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Whether the same was found out for all of these before, and waits still.
    pub(super) fn is_found_out(&self, event: &Event, subjects: &[Subject]) -> bool {
        let inner = self.lock();
        let waits = |subject: &Subject| {
            let mut all = inner.found_out.values();
            all.any(|(of, what)| of == subject && what == event)
        };
        !subjects.is_empty() && subjects.iter().all(waits)
    }

    pub(super) fn stand(&self) -> Stand {
        let inner = self.lock();
        let oldest = inner.waiting.first_key_value();
        Stand {
            entries: inner.waiting.len(),
            bytes: inner.bytes,
            oldest: oldest.map(|(_, (_, came))| *came),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
