//! Deliveries on arrival: the inbox, the ids seen, and what was set aside.

use super::disk::{ASIDE_NEXT, Disk, INBOX_NEXT};
use super::group::Trees;
use super::records::{StoredEntry, bounded, decode, encode, failed, list, undecodable};
use super::{Accepted, Aside, Delivery, InboxEntry, InboxId, StoreError, keys};
use crate::domain::ids::DeliveryId;
use sled::Tree;
use sled::transaction::{
    ConflictableTransactionError, ConflictableTransactionResult, TransactionalTree,
};

/// How many deliveries set aside are kept.
pub(super) const ASIDES: u64 = 1000;
/// How much of a payload set aside is kept, in bytes.
pub(super) const ASIDE_PAYLOAD: usize = 16 * 1024;
/// How much of a note is kept with an id, in bytes.
const NOTE: usize = 200;
const ACCEPTING: &str = "accepting a delivery";

/// A delivery as it is written: transactions stop all writers, so nothing is encoded within.
pub(super) struct NewDelivery {
    id: DeliveryId,
    seen: Vec<u8>,
    entries: Vec<StoredEntry>,
    values: Vec<Vec<u8>>,
}

impl NewDelivery {
    pub fn new(delivery: Delivery) -> Result<Self, StoreError> {
        let Delivery {
            id,
            received_at,
            event_name,
            entries,
            note,
        } = delivery;
        let entries: Vec<StoredEntry> = entries
            .into_iter()
            .map(|(subject, event)| StoredEntry {
                delivery: id.clone(),
                received_at,
                subject,
                event,
            })
            .collect();
        let values = entries.iter().map(|entry| encode(ACCEPTING, entry));
        Ok(Self {
            values: values.collect::<Result<_, _>>()?,
            seen: seen_value(
                received_at.timestamp_millis(),
                &format!("{event_name}: {note}"),
            ),
            id,
            entries,
        })
    }

    /// Writes it, unless its id was seen: the place of its first entry.
    ///
    /// The id, the places and the entries are one transaction: of two copies that come at the same time one is
    /// fresh, and places are visible in the order in which they grow.
    pub fn write(
        &self,
        disk: &Disk,
        trees: &Trees<'_>,
    ) -> ConflictableTransactionResult<Option<u64>, StoreError> {
        if !mark_seen(trees.seen, &self.id, &self.seen)? {
            return Ok(None);
        }
        disk.count_change(ACCEPTING, trees.meta)?;
        let first = next_number(ACCEPTING, &disk.meta, trees.meta, INBOX_NEXT)?;
        let mut next = first;
        for value in &self.values {
            trees.inbox.insert(&next.to_be_bytes(), value.as_slice())?;
            next += 1;
        }
        trees.meta.insert(INBOX_NEXT, &next.to_be_bytes())?;
        Ok(Some(first))
    }

    /// What it is called once it was written from this place on.
    pub fn accepted(self, first: Option<u64>) -> Accepted {
        let Some(first) = first else {
            return Accepted::Duplicate;
        };
        let entries = (first..).zip(self.entries);
        Accepted::Fresh(entries.map(|(place, entry)| placed(place, entry)).collect())
    }
}

impl Disk {
    /// Whether the id was seen.
    pub fn has_accepted(&self, id: &DeliveryId) -> Result<bool, StoreError> {
        self.seen
            .contains_key(id.as_str())
            .map_err(failed("looking for a delivery"))
    }

    /// Keeps a delivery that could not be decoded, unless its id was seen. On disk only after the next flush.
    pub fn set_aside(&self, mut aside: Aside) -> Result<(), StoreError> {
        const DOING: &str = "setting a delivery aside";
        aside
            .payload
            .truncate(bounded(&aside.payload, ASIDE_PAYLOAD).len());
        let value = encode(DOING, &aside)?;
        let seen_value = seen_value(
            aside.received_at.timestamp_millis(),
            &format!("{}: {}", aside.event_name, aside.reason),
        );
        let _shared = self.shared();
        // Its id counts as seen only once it is kept.
        let trees = (&self.meta, &self.aside, &self.seen);
        self.whole(DOING, &trees, |(meta, asides, seen)| {
            if !mark_seen(seen, &aside.delivery, &seen_value)? {
                return Ok(());
            }
            self.count_change(DOING, meta)?;
            let place = next_number(DOING, &self.meta, meta, ASIDE_NEXT)?;
            asides.insert(&place.to_be_bytes(), value.as_slice())?;
            if let Some(oldest) = place.checked_sub(ASIDES) {
                asides.remove(&oldest.to_be_bytes())?;
            }
            meta.insert(ASIDE_NEXT, &(place + 1).to_be_bytes())?;
            Ok(())
        })
    }

    /// What was set aside, newest first.
    pub fn asides(&self, limit: usize) -> Result<Vec<Aside>, StoreError> {
        const DOING: &str = "listing the deliveries set aside";
        let newest = self.aside.iter().rev().take(limit);
        list(DOING, newest, |key, value| {
            decode(DOING, &self.aside, key, value)
        })
    }

    /// The inbox, oldest first.
    pub fn pending(&self) -> Result<Vec<InboxEntry>, StoreError> {
        const DOING: &str = "listing the inbox";
        list(DOING, self.inbox.iter(), |key, value| {
            let entry = decode(DOING, &self.inbox, key, value)?;
            let place = keys::number_in(key)
                .ok_or_else(|| undecodable(DOING, &self.inbox, key, "its key is not a number"))?;
            Ok(placed(place, entry))
        })
    }
}

fn placed(place: u64, entry: StoredEntry) -> InboxEntry {
    InboxEntry {
        id: InboxId(place),
        delivery: entry.delivery,
        received_at: entry.received_at,
        subject: entry.subject,
        event: entry.event,
    }
}

/// The value in `seen`: the time first, so that it can be read without the note.
pub(super) fn seen_value(at: i64, note: &str) -> Vec<u8> {
    let mut value = at.to_be_bytes().to_vec();
    value.extend_from_slice(bounded(note, NOTE).as_bytes());
    value
}

pub(super) fn seen_at(value: &[u8]) -> Option<i64> {
    value.first_chunk().map(|at| i64::from_be_bytes(*at))
}

pub(super) fn seen_note(value: &[u8]) -> Option<&str> {
    let (_, note) = value.split_first_chunk::<8>()?;
    str::from_utf8(note).ok()
}

/// Whether the id is new; it is not from now on. The time of the first copy stays.
fn mark_seen(
    seen: &TransactionalTree,
    id: &DeliveryId,
    value: &[u8],
) -> ConflictableTransactionResult<bool, StoreError> {
    let id = id.as_str().as_bytes();
    if seen.get(id)?.is_some() {
        return Ok(false);
    }
    seen.insert(id, value)?;
    Ok(true)
}

/// The number in a counter, as the transaction sees it; one that was never written stands at 1.
pub(super) fn next_number(
    doing: &'static str,
    tree: &Tree,
    view: &TransactionalTree,
    counter: &[u8],
) -> ConflictableTransactionResult<u64, StoreError> {
    view.get(counter)?.map_or(Ok(1), |value| {
        keys::number_in(&value).ok_or_else(|| {
            ConflictableTransactionError::Abort(undecodable(doing, tree, counter, "not a number"))
        })
    })
}
