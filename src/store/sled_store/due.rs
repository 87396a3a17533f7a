//! Notes when a subject is due.

use crate::domain::ids::Subject;
use chrono::{DateTime, Utc};
use sled::transaction::{TransactionalTree, UnabortableTransactionError};

/// When a subject is due, as it is written.
pub(super) struct DueNote {
    pub key: Vec<u8>,
    pub at: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
    pub value: Option<Vec<u8>>,
}

impl DueNote {
    /// Writes the note, unless somebody else's that came after `from` is there and earlier. Of two whose time has come the later
    /// stays: it tells whoever began between them that the subject is to be looked at once more.
    pub fn write(
        &self,
        due: &TransactionalTree,
        from: Option<DateTime<Utc>>,
    ) -> Result<(), UnabortableTransactionError> {
        let there = due.get(self.key.as_slice())?;
        let there =
            there.and_then(|value| serde_json::from_slice::<(Subject, DateTime<Utc>)>(&value).ok());
        let of_another = |at: DateTime<Utc>| from.is_none_or(|from| at > from);
        if let Some((_, there)) = there
            && of_another(there)
        {
            let stays = match self.at {
                None => from.is_some(),
                Some(at) if at.max(there) <= self.now => there >= at,
                Some(at) => there <= at,
            };
            if stays {
                return Ok(());
            }
        }
        match &self.value {
            Some(value) => due.insert(self.key.as_slice(), value.as_slice())?,
            None => due.remove(self.key.as_slice())?,
        };
        Ok(())
    }
}
