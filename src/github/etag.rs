//! Answers kept with their ETag, so that asking again costs nothing while nothing changed: an answer of 304 does not
//! count against the rate limit ("Best practices for using the REST API", "Use conditional requests").

use super::tokens::Scope;
use crate::domain::ids::InstallationId;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};

const MOST_ENTRIES: usize = 10_000;
const MOST_BYTES: usize = 32 << 20;

/// With whose right was asked (what may be seen differs), and what.
pub(super) type Key = (Scope, String);

struct Entry {
    /// The token that it came with. GitHub makes ETags for each token: with its successor, which comes after an hour at
    /// the latest, one of them confirms nothing.
    token: u64,
    etag: String,
    body: Bytes,
    used: u64,
}

/// The kept answers; the ones not asked for the longest make room.
pub(super) struct EtagCache {
    entries: HashMap<Key, Entry>,
    /// The same keys by when they were last used.
    order: BTreeMap<u64, Key>,
    bytes: usize,
    tick: u64,
    most_entries: usize,
    most_bytes: usize,
}

impl Default for EtagCache {
    fn default() -> Self {
        Self::bounded(MOST_ENTRIES, MOST_BYTES)
    }
}

impl EtagCache {
    fn bounded(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            bytes: 0,
            tick: 0,
            most_entries,
            most_bytes,
        }
    }

    /// The ETag and body of the last answer.
    pub fn get(&mut self, key: &Key, token: u64) -> Option<(String, Bytes)> {
        self.tick += 1;
        let entry = self.entries.get_mut(key)?;
        if entry.token != token {
            self.remove(key);
            return None;
        }
        self.order.remove(&entry.used);
        entry.used = self.tick;
        self.order.insert(self.tick, key.clone());
        Some((entry.etag.clone(), entry.body.clone()))
    }

    /// Keeps an answer; one that is too large for the whole cache is not kept.
    pub fn put(&mut self, key: Key, token: u64, (etag, body): (String, Bytes)) {
        self.remove(&key);
        if size(&key, &etag, &body) > self.most_bytes / 4 {
            return;
        }
        self.tick += 1;
        self.bytes += size(&key, &etag, &body);
        self.order.insert(self.tick, key.clone());
        let used = self.tick;
        let entry = Entry {
            token,
            etag,
            body,
            used,
        };
        self.entries.insert(key, entry);
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.order.pop_first() else {
                break;
            };
            self.remove(&oldest);
        }
    }

    /// Forgets one answer.
    pub fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= size(key, &entry.etag, &entry.body);
            self.order.remove(&entry.used);
        }
    }

    /// Forgets all answers to one installation.
    pub fn forget(&mut self, installation: InstallationId) {
        let keys: Vec<Key> = self
            .entries
            .keys()
            .filter(|key| key.0.installation == installation)
            .cloned()
            .collect();
        for key in keys {
            self.remove(&key);
        }
    }
}

fn size(key: &Key, etag: &str, body: &Bytes) -> usize {
    key.1.len() + etag.len() + body.len()
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Purpose;
    use super::*;
    use crate::domain::ids::RepoId;

    fn key(asker: u64, path: &str) -> Key {
        let scope = Scope::new(InstallationId(asker), RepoId(1), Purpose::Everyday);
        (scope, path.to_owned())
    }

    #[test]
    fn the_longest_unused_answer_makes_room() {
        let mut cache = EtagCache::bounded(2, 1000);
        cache.put(key(1, "a"), 1, ("1".into(), Bytes::from("A")));
        cache.put(key(1, "b"), 1, ("2".into(), Bytes::from("B")));
        assert!(cache.get(&key(1, "a"), 1).is_some());
        cache.put(key(1, "c"), 1, ("3".into(), Bytes::from("C")));
        assert!(cache.get(&key(1, "b"), 1).is_none());
        assert_eq!(
            cache.get(&key(1, "a"), 1),
            Some(("1".into(), Bytes::from("A")))
        );
        assert_eq!(cache.entries.len(), cache.order.len());
    }

    #[test]
    fn its_size_stays_bounded_and_counts_what_is_there() {
        let mut cache = EtagCache::bounded(100, 100);
        for round in 0..50_u64 {
            cache.put(
                key(round % 3, &format!("{}", round % 7)),
                1,
                ("e".into(), Bytes::from(vec![0; (round % 30) as usize])),
            );
            let held: usize = cache
                .entries
                .iter()
                .map(|(key, entry)| size(key, &entry.etag, &entry.body))
                .sum();
            assert_eq!(held, cache.bytes);
            assert!(cache.bytes <= 100 && cache.entries.len() == cache.order.len());
        }
        cache.forget(InstallationId(0));
        cache.forget(InstallationId(1));
        cache.forget(InstallationId(2));
        assert_eq!((cache.bytes, cache.order.len()), (0, 0));
    }

    #[test]
    fn askers_do_not_share_answers() {
        let mut cache = EtagCache::default();
        cache.put(key(1, "a"), 1, ("1".into(), Bytes::from("secret")));
        assert_eq!(cache.get(&key(2, "a"), 1), None);
        assert!(cache.get(&key(1, "a"), 1).is_some());
        assert_eq!(
            cache.get(&key(1, "a"), 2),
            None,
            "it came with another token"
        );
    }
}
