//! Who works in a repository, and who forgets it.

use super::Engine;
use crate::domain::ids::{RepoId, Subject};
use crate::store::{InboxEntry, InboxId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// Where somebody works, and what was forgotten.
#[derive(Default)]
pub(super) struct Presence {
    /// Held by everybody who works in a repository, and alone while it is forgotten: its records must not be written
    /// again by somebody who read them before.
    locks: Mutex<HashMap<RepoId, Arc<RwLock<()>>>>,
    /// What came before this place of the inbox is no news of a repository that was forgotten. On disk it is gone; some
    /// of it may still be waiting for its turn here.
    forgotten: Mutex<HashMap<RepoId, InboxId>>,
}

/// The right to work on a subject; whoever works on it holds this meanwhile. `None`: it is in no repository.
pub(super) type Here = Option<OwnedRwLockReadGuard<()>>;

impl Engine {
    /// The lock of a repository's records.
    pub(super) fn present(&self, repo: RepoId) -> Arc<RwLock<()>> {
        lock(&self.shared.presence.locks)
            .entry(repo)
            .or_default()
            .clone()
    }

    /// Whoever works on a subject comes in before.
    pub(super) async fn enter(&self, subject: &Subject) -> Here {
        let repo = subject.repository()?;
        Some(self.present(repo).read_owned().await)
    }

    /// What of these is news still, once the asker is there.
    pub(super) fn news<'a>(
        &self,
        subject: &Subject,
        entries: &'a [InboxEntry],
    ) -> Cow<'a, [InboxEntry]> {
        let forgotten = lock(&self.shared.presence.forgotten);
        let until = subject.repository().and_then(|repo| forgotten.get(&repo));
        let is_news = |entry: &&InboxEntry| until.is_none_or(|until| entry.id >= *until);
        match entries.iter().all(|entry| is_news(&entry)) {
            true => Cow::Borrowed(entries),
            false => Cow::Owned(entries.iter().filter(is_news).cloned().collect()),
        }
    }

    /// A repository was forgotten, as this entry said; the asker is still there alone.
    pub(super) fn has_forgotten(&self, repo: RepoId, until: InboxId) {
        let mut forgotten = lock(&self.shared.presence.forgotten);
        let before = forgotten.entry(repo).or_insert(until);
        *before = until.max(*before);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
