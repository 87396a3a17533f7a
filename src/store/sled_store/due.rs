//! Notes when a subject is due.

use crate::domain::ids::Subject;
use chrono::{DateTime, Utc};
use sled::transaction::{TransactionalTree, UnabortableTransactionError};

/// When a subject is due, as it is written.
pub(super) struct DueNote {
    pub key: Vec<u8>,
    pub at: Option<DateTime<Utc>>,
    pub value: Option<Vec<u8>>,
}

impl DueNote {
    /// Writes the note, unless somebody else's that came after `began` is there and earlier.
    pub fn write(
        &self,
        due: &TransactionalTree,
        began: Option<DateTime<Utc>>,
    ) -> Result<(), UnabortableTransactionError> {
        let there = due.get(self.key.as_slice())?;
        let there =
            there.and_then(|value| serde_json::from_slice::<(Subject, DateTime<Utc>)>(&value).ok());
        let of_another = |at: DateTime<Utc>| began.is_none_or(|began| at > began);
        if let Some((_, there)) = there
            && of_another(there)
            && self.at.map_or(began.is_some(), |at| there <= at)
        {
            return Ok(());
        }
        match &self.value {
            Some(value) => due.insert(self.key.as_slice(), value.as_slice())?,
            None => due.remove(self.key.as_slice())?,
        };
        Ok(())
    }
}
