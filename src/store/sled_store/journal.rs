//! The journal: which deliveries came, and what was made of them on arrival. Nothing hangs on it, so it is written beside
//! the way of a delivery, some at a time, and what was not written when the process dies is missing from it.

use super::disk::Disk;
use super::pages::page;
use super::records::{decode, encode, failed};
use super::{Delivery, StoreError, keys, lock};
use crate::domain::ids::{DeliveryId, Subject};
use crate::domain::text;
use crate::store::lists::{Among, Arrival, Asked, Page};
use sled::Batch;
use std::sync::Mutex;

const DOING: &str = "keeping the journal of deliveries";
/// How many deliveries it knows.
const KEPT: u64 = 20_000;
/// So many wait to be written; of more the newest are left out.
const MOST_WAITING: usize = 5_000;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    arrivals: Mutex<Vec<Arrival>>,
    /// Held while they are written, so that two don't give the same places.
    writing: Mutex<()>,
}

/// What the journal says of a delivery.
pub(super) fn arrival(delivery: &Delivery) -> Arrival {
    let what = match delivery.entries.first() {
        Some((_, event)) => text::event_in_words(event),
        None => delivery.note.clone(),
    };
    Arrival {
        delivery: delivery.id.clone(),
        at: delivery.received_at,
        event_name: delivery.event_name.clone(),
        what,
        subjects: delivery
            .entries
            .iter()
            .map(|entry| entry.0.clone())
            .collect(),
        about: None,
    }
}

impl Waiting {
    pub fn add(&self, arrival: Arrival) {
        let mut waiting = lock(&self.arrivals);
        if waiting.len() < MOST_WAITING {
            waiting.push(arrival);
        }
    }

    /// Has `write` write what waits, if anything does; nobody who adds something waits for it. What could not be written waits on.
    fn hand_out<T: Default>(
        &self,
        write: impl FnOnce(&[Arrival]) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _writing = lock(&self.writing);
        let mut arrivals = std::mem::take(&mut *lock(&self.arrivals));
        if arrivals.is_empty() {
            return Ok(T::default());
        }
        let written = write(&arrivals);
        if written.is_err() {
            let mut waiting = lock(&self.arrivals);
            arrivals.append(&mut waiting);
            arrivals.truncate(MOST_WAITING);
            *waiting = arrivals;
        }
        written
    }
}

impl Disk {
    /// Writes what waits, and forgets the oldest.
    pub fn write_journal(&self, waiting: &Waiting) -> Result<(), StoreError> {
        let newest = waiting.hand_out(|arrivals| self.write_arrivals(arrivals).map(Some))?;
        newest.map_or(Ok(()), |newest| self.prune_journal(newest))
    }

    /// Writes these; the place of the last.
    fn write_arrivals(&self, arrivals: &[Arrival]) -> Result<u64, StoreError> {
        let first = self.newest_place()?.map_or(1, |place| place + 1);
        let mut journal = Batch::default();
        let mut of = Batch::default();
        let mut at = Batch::default();
        let mut place = first;
        for arrival in arrivals {
            // One that came before and was taken in then: that says more.
            let again = arrival.about.is_some()
                && self
                    .journal_at
                    .contains_key(arrival.delivery.as_str())
                    .map_err(failed(DOING))?;
            if again {
                continue;
            }
            journal.insert(&turned(place), encode(DOING, arrival)?);
            at.insert(arrival.delivery.as_str(), &turned(place));
            for subject in &arrival.subjects {
                of.insert(place_of(subject, place), &[] as &[u8]);
            }
            place += 1;
        }
        // Together: what is written again after a failure must not stand there twice.
        let trees = (&self.journal, &self.journal_of, &self.journal_at);
        self.whole(DOING, &trees, |trees| {
            trees.0.apply_batch(&journal)?;
            trees.1.apply_batch(&of)?;
            Ok(trees.2.apply_batch(&at)?)
        })?;
        Ok(place - 1)
    }

    /// Notes where entries are that an earlier version wrote, which noted it of none.
    pub fn find_places(&self) -> Result<(), StoreError> {
        if self.journal_at.len() >= self.journal.len() {
            return Ok(());
        }
        let mut at = Batch::default();
        // The oldest first: of an id that came twice the newest place stays.
        for entry in self.journal.iter().rev() {
            let (place, value) = entry.map_err(failed(DOING))?;
            if let Some(arrival) = super::listed::read::<Arrival>(&value) {
                at.insert(arrival.delivery.as_str(), place);
            }
        }
        self.journal_at.apply_batch(at).map_err(failed(DOING))
    }

    fn newest_place(&self) -> Result<Option<u64>, StoreError> {
        let first = self.journal.first().map_err(failed(DOING))?;
        Ok(first.and_then(|(key, _)| keys::number_in(&key)).map(|n| !n))
    }

    fn prune_journal(&self, newest: u64) -> Result<(), StoreError> {
        let Some(oldest_kept) = newest.checked_sub(KEPT) else {
            return Ok(());
        };
        let mut journal = Batch::default();
        let mut of = Batch::default();
        let mut at = Batch::default();
        for entry in self.journal.range(turned(oldest_kept)..) {
            let (key, value) = entry.map_err(failed(DOING))?;
            let place = keys::number_in(&key).map(|n| !n).unwrap_or_default();
            if let Ok(arrival) = decode::<Arrival>(DOING, &self.journal, &key, &value) {
                for subject in &arrival.subjects {
                    of.remove(place_of(subject, place));
                }
                at.remove(arrival.delivery.as_str());
            }
            journal.remove(key);
        }
        self.journal_of.apply_batch(of).map_err(failed(DOING))?;
        self.journal_at.apply_batch(at).map_err(failed(DOING))?;
        self.journal.apply_batch(journal).map_err(failed(DOING))
    }

    pub fn arrival(&self, delivery: &DeliveryId) -> Result<Option<Arrival>, StoreError> {
        let place = self.journal_at.get(delivery.as_str());
        let Some(place) = place.map_err(failed(DOING))? else {
            return Ok(None);
        };
        let value = self.journal.get(place).map_err(failed(DOING))?;
        Ok(value.and_then(|value| super::listed::read(&value)))
    }

    pub fn list_arrivals(
        &self,
        among: &Among,
        words: &[String],
        asked: &Asked,
    ) -> Result<Page<Arrival>, StoreError> {
        page(&self.journal, &[], asked, |_, value| {
            let arrival: Option<Arrival> = super::listed::read(value);
            Ok(arrival.filter(|arrival| concerns(arrival, among) && has_words(arrival, words)))
        })
    }

    pub fn arrivals_of(&self, subject: &Subject, limit: usize) -> Result<Vec<Arrival>, StoreError> {
        let mut found = Vec::new();
        for key in self
            .journal_of
            .scan_prefix(keys::subject(subject))
            .keys()
            .take(limit)
        {
            let key = key.map_err(failed(DOING))?;
            let place = keys::trailing_number(&key).unwrap_or_default();
            let value = self
                .journal
                .get(place.to_be_bytes())
                .map_err(failed(DOING))?;
            found.extend(value.and_then(|value| super::listed::read(&value)));
        }
        Ok(found)
    }
}

/// Places are turned round: the newest comes first.
fn turned(place: u64) -> [u8; 8] {
    (!place).to_be_bytes()
}

fn place_of(subject: &Subject, place: u64) -> Vec<u8> {
    [keys::subject(subject).as_slice(), &turned(place)].concat()
}

/// Whether who may see these repositories may see that it came: it is about them alone.
fn concerns(arrival: &Arrival, among: &Among) -> bool {
    if matches!(among, Among::All) {
        return true;
    }
    let of_subjects = arrival.subjects.iter().map(Subject::repository);
    let mut repos = of_subjects.chain(arrival.about.map(Some)).peekable();
    repos.peek().is_some() && repos.all(|repo| repo.is_some_and(|repo| among.has(repo)))
}

fn has_words(arrival: &Arrival, words: &[String]) -> bool {
    let id = arrival.delivery.as_str().to_lowercase();
    let (name, what) = (
        arrival.event_name.to_lowercase(),
        arrival.what.to_lowercase(),
    );
    words.iter().all(|word| {
        let word = word.as_str();
        id.starts_with(word) || name.contains(word) || what.contains(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(id: &str) -> Arrival {
        Arrival {
            delivery: DeliveryId::parse(id).unwrap(),
            at: chrono::DateTime::UNIX_EPOCH,
            event_name: "push".into(),
            what: String::new(),
            subjects: Vec::new(),
            about: None,
        }
    }

    #[test]
    fn what_could_not_be_written_waits_on_before_what_came_meanwhile() {
        let waiting = Waiting::default();
        waiting.add(arrival("a"));
        let failing = waiting.hand_out(|arrivals| {
            assert_eq!(arrivals, [arrival("a")]);
            // Nobody waits for the disk to say that something came.
            assert!(waiting.arrivals.try_lock().is_ok());
            waiting.add(arrival("b"));
            Err::<(), _>(failed("testing")("full"))
        });
        failing.unwrap_err();
        let mut written = Vec::new();
        for _ in 0..2 {
            let write = waiting.hand_out(|arrivals| {
                written.extend(arrivals.iter().map(|one| one.delivery.as_str().to_owned()));
                Ok(())
            });
            write.unwrap();
        }
        assert_eq!(written, ["a", "b"]);
    }
}
