//! Dropping everything about a repository. A transaction of sled can't look for keys, so this takes several batches;
//! it may be cut off by a crash, and is then completed when the inbox entry that led to it is taken in again.

use super::disk::Disk;
use super::records::failed;
use super::{InboxId, StoreError, keys};
use crate::domain::ids::RepoId;
use sled::{Batch, IVec, Tree};

/// How many records are removed at once; sled stops all writers meanwhile.
const AT_ONCE: usize = 1000;
const DOING: &str = "forgetting a repository";

impl Disk {
    /// Removes what is kept about `repo`, and its inbox entries from before `until`: taken in later, they would bring
    /// it back. Those that came since are news, and are taken in as such. The caller holds the right to change alone.
    pub fn forget(&self, repo: RepoId, until: InboxId) -> Result<(), StoreError> {
        let prefix = keys::repo(repo);
        self.unlist_repo(repo)?;
        for tree in [
            &self.pulls,
            &self.by_head,
            &self.heads,
            &self.repos,
            &self.runs,
            &self.runs_at,
        ] {
            remove(tree, tree.scan_prefix(&prefix).keys())?;
        }
        for prefix in keys::subjects_of(repo) {
            for tree in [&self.due, &self.history, &self.history_next] {
                remove(tree, tree.scan_prefix(&prefix).keys())?;
            }
        }
        let waited = self
            .pending()?
            .into_iter()
            .filter(|entry| entry.id < until && entry.subject.repository() == Some(repo));
        let waited = waited.map(|entry| Ok(IVec::from(&entry.id.0.to_be_bytes())));
        remove(&self.inbox, waited)?;
        // This index begins with the author, so all of it is looked through; repositories are not forgotten often.
        let concerns = |key: &sled::Result<IVec>| match key {
            Ok(key) => keys::pull_of_author(key).is_some_and(|pull| pull.repo == repo),
            Err(_) => true,
        };
        remove(
            &self.by_author,
            self.by_author.iter().keys().filter(concerns),
        )
    }
}

fn remove(tree: &Tree, found: impl Iterator<Item = sled::Result<IVec>>) -> Result<(), StoreError> {
    let found = found
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed(DOING))?;
    for some in found.chunks(AT_ONCE) {
        let mut batch = Batch::default();
        some.iter().for_each(|key| batch.remove(key));
        tree.apply_batch(batch).map_err(failed(DOING))?;
    }
    Ok(())
}
