//! How far something has come, and whether something is missing.

use super::disk::Disk;
use super::records::{encode, failed, get};
use super::{StoreError, keys};
use chrono::{DateTime, Utc};
use std::sync::PoisonError;

/// In `meta`: when this store took the place of one that could not be used.
const LOST_AT_KEY: &[u8] = b"lost_at";

impl Disk {
    /// What the mark says.
    pub fn mark(&self, name: &str) -> Result<Option<String>, StoreError> {
        const DOING: &str = "reading a mark";
        let says = self.marks.get(keys::mark(name)).map_err(failed(DOING))?;
        says.map(|says| String::from_utf8(says.to_vec()))
            .transpose()
            .map_err(failed(DOING))
    }

    /// When something was lost that is not read again yet.
    pub fn lost_at(&self) -> Option<DateTime<Utc>> {
        *self.lost_at.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something was lost.
    pub fn note_loss(&self, at: DateTime<Utc>) -> Result<(), StoreError> {
        const DOING: &str = "noting a loss";
        self.meta
            .insert(LOST_AT_KEY, encode(DOING, &at)?)
            .map_err(failed(DOING))?;
        *self.lost_at.write().unwrap_or_else(PoisonError::into_inner) = Some(at);
        Ok(())
    }

    /// Notes that all was read again.
    pub fn rebuilt(&self) -> Result<(), StoreError> {
        self.meta
            .remove(LOST_AT_KEY)
            .map_err(failed("noting that nothing is missing"))?;
        *self.lost_at.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Reads what an earlier process noted.
    pub fn recall_loss(&self) -> Result<(), StoreError> {
        let at = get(
            "reading whether something was lost",
            &self.meta,
            LOST_AT_KEY,
        )?;
        *self.lost_at.write().unwrap_or_else(PoisonError::into_inner) = at;
        Ok(())
    }
}
