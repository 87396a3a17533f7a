//! How many changes the store has seen, in the store and, after each flush, in a small file beside sled's.
//!
//! sled takes damage at the end of its log for a write that a crash cut off, and goes on without it and without a word. The
//! file tells: it names a change that was on disk. A store that has seen fewer has lost some.

use super::disk::Disk;
use super::inbox::next_number;
use super::records::failed;
use super::{StoreError, keys};
use sha2::{Digest, Sha256};
use sled::transaction::{ConflictableTransactionResult, TransactionalTree};
use std::fs;
use std::path::Path;

/// The number of the next change, in `meta`.
const NEXT: &[u8] = b"change_next";
/// The same, as far as the lists were kept with the changes: a version before there were lists leaves it behind.
const LISTED: &[u8] = b"listed_next";
/// The file's name.
const MARK: &str = "drawbridge.mark";

impl Disk {
    /// Counts a change, within its transaction.
    pub(super) fn count_change(
        &self,
        doing: &'static str,
        meta: &TransactionalTree,
    ) -> ConflictableTransactionResult<(), StoreError> {
        let next = next_number(doing, &self.meta, meta, NEXT)?;
        meta.insert(NEXT, &(next + 1).to_be_bytes())?;
        meta.insert(LISTED, &(next + 1).to_be_bytes())?;
        Ok(())
    }

    /// Whether every change was made by a version that keeps the lists with the records.
    pub(super) fn is_listed(&self) -> Result<bool, StoreError> {
        const DOING: &str = "counting the changes";
        let [next, listed] = [NEXT, LISTED].map(|key| self.meta.get(key).map_err(failed(DOING)));
        Ok(next? == listed?)
    }

    /// Notes that the lists are as the records are.
    pub(super) fn note_listed(&self) -> Result<(), StoreError> {
        const DOING: &str = "counting the changes";
        if let Some(next) = self.meta.get(NEXT).map_err(failed(DOING))? {
            self.meta.insert(LISTED, next).map_err(failed(DOING))?;
        }
        Ok(())
    }

    /// How many changes it has seen.
    pub(super) fn sequence(&self) -> Result<u64, StoreError> {
        const DOING: &str = "counting the changes";
        let next = self.meta.get(NEXT).map_err(failed(DOING))?;
        let next = next.and_then(|value| keys::number_in(&value));
        Ok(next.unwrap_or(1) - 1)
    }

    /// What it lacks if so many changes were on disk once.
    pub(super) fn lacks(&self, written: u64) -> Result<Option<String>, StoreError> {
        let seen = self.sequence()?;
        Ok((seen < written)
            .then(|| format!("its log ends with change {seen}, and {written} were on disk")))
    }

    /// Takes over the count of the store that this one replaces.
    pub(super) fn count_from(&self, sequence: u64) -> Result<(), StoreError> {
        const DOING: &str = "counting the changes";
        let next = (sequence + 1).max(self.sequence()? + 1);
        self.meta
            .insert(NEXT, &next.to_be_bytes())
            .map_err(failed(DOING))?;
        Ok(())
    }
}

/// Notes in sled's directory that so many changes are on disk. Not flushed itself: it outlives the process at once, and the
/// machine a little later; an older note is true, too.
pub(super) fn write_mark(dir: &Path, sequence: u64) -> std::io::Result<()> {
    fs::write(dir.join(MARK), format!("{sequence} {}\n", check(sequence)))
}

/// How many changes were on disk once; `None`: nothing readable tells.
pub(super) fn read_mark(dir: &Path) -> Option<u64> {
    let text = fs::read_to_string(dir.join(MARK)).ok()?;
    let (number, sum) = text.trim_end().split_once(' ')?;
    let number = number.parse().ok()?;
    (sum == check(number)).then_some(number)
}

/// A note that was damaged itself tells nothing.
fn check(sequence: u64) -> String {
    hex::encode(&Sha256::digest(sequence.to_be_bytes())[..8])
}
