//! Notes when a subject is due.

use super::records::encode;
use super::{StoreError, keys};
use crate::domain::ids::Subject;
use crate::store::DueNote;
use chrono::{DateTime, Utc};
use sled::transaction::{TransactionalTree, UnabortableTransactionError};

/// A note of when a subject is due, as it is written.
pub(super) struct DueWrite {
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    note: DueNote,
}

impl DueWrite {
    pub fn new(doing: &'static str, subject: Subject, note: DueNote) -> Result<Self, StoreError> {
        let key = keys::subject(&subject);
        let value = note
            .at
            .map(|at| encode(doing, &(subject, at)))
            .transpose()?;
        Ok(Self { key, value, note })
    }

    /// Writes the note, unless another stays. One that can't be read stays for nobody.
    pub fn write(&self, due: &TransactionalTree) -> Result<(), UnabortableTransactionError> {
        let there = due.get(self.key.as_slice())?;
        let there =
            there.and_then(|value| serde_json::from_slice::<(Subject, DateTime<Utc>)>(&value).ok());
        if self.note.over(there.map(|(_, at)| at)) != self.note.at {
            return Ok(());
        }
        match &self.value {
            Some(value) => due.insert(self.key.as_slice(), value.as_slice())?,
            None => due.remove(self.key.as_slice())?,
        };
        Ok(())
    }
}
