//! How much waits in the inbox, so that it does not grow without bound while GitHub or the disk is slow.

use crate::store::{InboxEntry, InboxId};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The sizes of the entries that wait.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    sizes: HashMap<InboxId, u64>,
    bytes: u64,
}

impl Waiting {
    /// An entry waits; one that is counted already is not counted twice.
    pub(super) fn add(&self, entry: &InboxEntry) {
        // What it takes on disk, near enough.
        let size = serde_json::to_vec(entry).map_or(0, |json| json.len() as u64);
        let mut inner = self.lock();
        if inner.sizes.insert(entry.id, size).is_none() {
            inner.bytes += size;
        }
    }

    /// Entries were taken in.
    pub(super) fn remove(&self, entries: &[InboxEntry]) {
        let mut inner = self.lock();
        for entry in entries {
            if let Some(size) = inner.sizes.remove(&entry.id) {
                inner.bytes -= size;
            }
        }
    }

    /// Only these still wait; for when it is not known what was taken in.
    pub(super) fn retain(&self, pending: &[InboxEntry]) {
        let pending: HashSet<InboxId> = pending.iter().map(|entry| entry.id).collect();
        let mut inner = self.lock();
        inner.sizes.retain(|id, _| pending.contains(id));
        inner.bytes = inner.sizes.values().sum();
    }

    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
