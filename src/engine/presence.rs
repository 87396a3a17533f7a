//! Who works in a repository, and who forgets it.

use super::Engine;
use crate::domain::ids::{RepoId, Subject};
use std::sync::{Arc, PoisonError};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

impl Engine {
    /// The lock of a repository's records.
    pub(super) fn present(&self, repo: RepoId) -> Arc<RwLock<()>> {
        let present = self.shared.present.lock();
        let mut present = present.unwrap_or_else(PoisonError::into_inner);
        present.entry(repo).or_default().clone()
    }

    /// Whoever works on a subject holds this meanwhile.
    pub(super) async fn enter(&self, subject: &Subject) -> Option<OwnedRwLockReadGuard<()>> {
        // A repository's own task may have to be there alone, and sees to it itself.
        let repo = match subject {
            Subject::Repository(_) => return None,
            subject => subject.repository()?,
        };
        Some(self.present(repo).read_owned().await)
    }
}
