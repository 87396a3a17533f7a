//! How values are written (JSON), and what happens with one that can't be read: asked for by its key it is an
//! error, in a listing it is reported and left out, so that one bad record does not take the others with it.

use super::super::StoreError;
use crate::domain::event::Event;
use crate::domain::ids::{DeliveryId, Subject};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};
use std::fmt::Display;

/// An inbox entry as stored; its place is its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredEntry {
    pub delivery: DeliveryId,
    pub received_at: DateTime<Utc>,
    pub subject: Subject,
    pub event: Event,
}

/// The value in `due`: its key can't be turned back into the subject without this.
pub(super) type Due = (Subject, DateTime<Utc>);

/// Turns any error into one that names what was being done.
pub(super) fn failed<E: Display>(doing: &'static str) -> impl Fn(E) -> StoreError {
    move |cause| StoreError {
        doing,
        cause: cause.to_string(),
    }
}

/// A value as it is stored.
pub(super) fn encode<T: Serialize + ?Sized>(
    doing: &'static str,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(failed(doing))
}

/// A stored value; the error names its tree and key.
pub(super) fn decode<T: DeserializeOwned>(
    doing: &'static str,
    tree: &Tree,
    key: &[u8],
    value: &[u8],
) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| undecodable(doing, tree, key, &error.to_string()))
}

/// The error of a record that can't be read.
pub(super) fn undecodable(doing: &'static str, tree: &Tree, key: &[u8], why: &str) -> StoreError {
    let tree = tree.name();
    let tree = String::from_utf8_lossy(&tree);
    StoreError {
        doing,
        cause: format!(
            "the record {tree}/{} can't be decoded: {why}",
            key.escape_ascii()
        ),
    }
}

/// One record.
pub(super) fn get<T: DeserializeOwned>(
    doing: &'static str,
    tree: &Tree,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    tree.get(key)
        .map_err(failed(doing))?
        .map(|value| decode(doing, tree, key, &value))
        .transpose()
}

/// The records found by `found`, each read by `read` from its key and value.
pub(super) fn list<T>(
    doing: &'static str,
    found: impl Iterator<Item = sled::Result<(IVec, IVec)>>,
    read: impl Fn(&[u8], &[u8]) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut records = Vec::new();
    for entry in found {
        let (key, value) = entry.map_err(failed(doing))?;
        match read(&key, &value) {
            Ok(record) => records.push(record),
            Err(error) => tracing::error!(%error, "left out a record"),
        }
    }
    Ok(records)
}

/// The beginning of `text`, at most `limit` bytes.
pub(super) fn bounded(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_text_ends_between_two_characters() {
        for (text, limit, kept) in [
            ("abc", 5, "abc"),
            ("abc", 2, "ab"),
            ("aé", 2, "a"),
            ("é", 1, ""),
            ("", 0, ""),
        ] {
            assert_eq!(bounded(text, limit), kept);
        }
    }
}
