//! Records that were used just now, and what indexes lead to: whoever looks at them again needs no other thread, and no
//! decoding.
//!
//! A change is noted here once it was applied, in the order in which changes are; who forgets records takes them out afterwards.
//! What is being read while it is changed is not kept. The database that is opened anew after
//! a failure begins without any of this.

use super::StoreError;
use super::disk::Disk;
use crate::domain::gate::HeadState;
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Sha};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

/// How much of each kind is kept is counted as it is stored; in memory it takes some times that. Four are more than a thousand pull
/// requests.
const MIB: u64 = 1 << 20;
/// What an entry takes besides its record.
const ENTRY: usize = 200;

/// What is kept.
pub(super) struct Recent {
    pub pulls: Known<PullKey, Option<PullState>>,
    pub heads: Known<(RepoId, Sha), Option<HeadState>>,
    pub repos: Known<RepoId, Option<RepoState>>,
    pub runs: Known<(RepoId, RunSubject), Option<RunsState>>,
    /// The pull requests that an index leads to from a commit; some may not belong to it any more.
    pub pulls_at: Known<(RepoId, Sha), BTreeSet<PrNumber>>,
    /// The subjects other than pull requests that an index leads to from a commit; some may not belong to it any more.
    pub runs_at: Known<(RepoId, Sha), BTreeSet<RunSubject>>,
}

/// A record that was written, and its size.
pub(super) enum Written {
    Pull(Box<PullState>, usize),
    Head(Box<HeadState>, usize),
    Repo(Box<RepoState>, usize),
    Runs(Box<RunsState>, usize),
}

impl Recent {
    pub fn new() -> Self {
        Self {
            pulls: Known::new(4 * MIB),
            heads: Known::new(MIB),
            repos: Known::new(2 * MIB),
            runs: Known::new(4 * MIB),
            pulls_at: Known::new(MIB),
            runs_at: Known::new(MIB),
        }
    }

    /// A change was applied that wrote this.
    pub fn note(&self, written: Written) {
        match written {
            Written::Pull(state, bytes) => {
                if let Some(gate) = &state.gate {
                    let at = (state.repo.id, gate.sha.clone());
                    self.pulls_at.add(&at, state.number);
                }
                self.pulls.put(state.key(), Sized::new(Some(*state), bytes));
            }
            Written::Head(state, bytes) => {
                let key = (state.repo.id, state.sha.clone());
                self.heads.put(key, Sized::new(Some(*state), bytes));
            }
            Written::Repo(state, bytes) => {
                self.repos
                    .put(state.repo.id, Sized::new(Some(*state), bytes));
            }
            Written::Runs(state, bytes) => {
                if !matches!(state.subject, RunSubject::Pull(_)) {
                    for sha in state.shas() {
                        self.runs_at
                            .add(&(state.repo.id, sha), state.subject.clone());
                    }
                }
                let key = (state.repo.id, state.subject.clone());
                self.runs.put(key, Sized::new(Some(*state), bytes));
            }
        }
    }

    /// Reads what whoever writes the gates of a commit looks at, where nothing is changed meanwhile.
    pub fn warm(&self, at: &(RepoId, Sha), disk: &Disk) {
        self.pulls_at.warm(at, disk, Disk::pulls_led_to);
        self.runs_at.warm(at, disk, Disk::runs_led_to);
        self.heads.warm(at, disk, Disk::head);
    }

    /// Nothing of it may be so any more.
    pub fn clear(&self) {
        self.pulls.0.clear();
        self.heads.0.clear();
        self.repos.0.clear();
        self.runs.0.clear();
        self.pulls_at.0.clear();
        self.runs_at.0.clear();
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

/// What is known of one kind.
pub(super) struct Known<K, V>(Cache<K, Sized<V>, ByBytes>);

/// Where what was asked for goes once it was read.
pub(super) struct Place<'a, K, V>(Guard<'a, K, V>);

type Guard<'a, K, V> =
    PlaceholderGuard<'a, K, Sized<V>, ByBytes, DefaultHashBuilder, DefaultLifecycle<K, Sized<V>>>;

impl<K: Hash + Eq + Clone, V> Known<K, V> {
    fn new(bytes: u64) -> Self {
        // One lock: few threads look at a time, and shards would each keep their part of the bytes only.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(256)
            .weight_capacity(bytes)
            .build()
            .expect("every option that is needed is given");
        let by = (ByBytes, DefaultHashBuilder::default());
        Self(Cache::with_options(
            options,
            by.0,
            by.1,
            DefaultLifecycle::default(),
        ))
    }

    /// What is known; else where it goes, and who asks for the same meanwhile waits for it.
    pub async fn ask(&self, key: &K) -> Result<Arc<V>, Place<'_, K, V>> {
        let found = self.0.get_value_or_guard_async(key).await;
        found.map(|known| known.value).map_err(Place)
    }

    fn put(&self, key: K, value: Sized<V>) {
        if value.bytes > self.0.shard_capacity() / 2 {
            // It would not be kept, and what somebody reads meanwhile must not be either.
            return self.forget(&key);
        }
        self.0.insert(key, value);
    }

    /// Reads what is not known, where nothing is changed meanwhile.
    fn warm(
        &self,
        key: &K,
        disk: &Disk,
        read: impl FnOnce(&Disk, &K) -> Result<Sized<V>, StoreError>,
    ) {
        // What can't be read is asked for again by whoever needs it, who says why.
        if !self.0.contains_key(key)
            && let Ok(read) = read(disk, key)
        {
            self.put(key.clone(), read);
        }
    }

    /// It is not so any more, or not for long.
    pub fn forget(&self, key: &K) {
        self.0.remove(key);
    }
}

impl<K: Hash + Eq + Clone, T: Ord + Clone> Known<K, BTreeSet<T>> {
    /// An index leads to one more.
    fn add(&self, key: &K, one: T) {
        match self.0.peek(key) {
            Some(known) if known.value.contains(&one) => {}
            Some(known) => {
                let mut more = BTreeSet::clone(&known.value);
                more.insert(one);
                self.put(key.clone(), Sized::of_set(more));
            }
            // Somebody may be reading how it was.
            None => self.forget(key),
        }
    }
}

impl<K: Hash + Eq, V> Place<'_, K, V> {
    /// Keeps what was read, unless that was changed meanwhile.
    pub fn keep(self, read: Sized<V>) -> Arc<V> {
        let value = read.value.clone();
        // Refused where it was changed; who asked had asked before that.
        let _ = self.0.insert(read);
        value
    }
}

/// A value, and how large it is.
pub(super) struct Sized<V> {
    value: Arc<V>,
    bytes: u64,
}

impl<V> Sized<V> {
    pub fn new(value: V, bytes: usize) -> Self {
        Self {
            value: Arc::new(value),
            bytes: (bytes + ENTRY) as u64,
        }
    }

    pub fn get(&self) -> &V {
        &self.value
    }

    /// What was made of it alone, at the same size.
    pub fn map<W>(self, made_of: impl FnOnce(V) -> W) -> Sized<W>
    where
        V: Clone,
    {
        Sized {
            value: Arc::new(made_of(Arc::unwrap_or_clone(self.value))),
            bytes: self.bytes,
        }
    }
}

impl<T> Sized<BTreeSet<T>> {
    /// What an index leads to.
    pub fn of_set(set: BTreeSet<T>) -> Self {
        let bytes = set.len() * ENTRY;
        Self::new(set, bytes)
    }
}

impl<V> Clone for Sized<V> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            bytes: self.bytes,
        }
    }
}

#[derive(Clone)]
struct ByBytes;

impl<K, V> Weighter<K, Sized<V>> for ByBytes {
    fn weight(&self, _: &K, value: &Sized<V>) -> u64 {
        value.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    type Numbers = Known<u8, BTreeSet<u8>>;

    const LARGE: usize = 8 << 20;

    fn ask(known: &Numbers, key: u8) -> Option<Vec<u8>> {
        let asked = known.ask(&key).now_or_never().unwrap();
        asked.ok().map(|set| set.iter().copied().collect())
    }

    fn sized(numbers: &[u8], bytes: usize) -> Sized<BTreeSet<u8>> {
        Sized::new(numbers.iter().copied().collect(), bytes)
    }

    #[test]
    fn what_was_read_is_kept_unless_it_was_changed_meanwhile() {
        type Meanwhile = fn(&Numbers);
        let cases: [(&str, Meanwhile, Option<Vec<u8>>); 6] = [
            ("nothing", |_| {}, Some(vec![1])),
            (
                "written",
                |known| known.put(7, sized(&[2], 0)),
                Some(vec![2]),
            ),
            ("too large", |known| known.put(7, sized(&[2], LARGE)), None),
            ("led to", |known| known.add(&7, 2), None),
            ("forgotten", |known| known.forget(&7), None),
            ("all forgotten", |known| known.0.clear(), None),
        ];
        for (what, meanwhile, then) in cases {
            let known = Numbers::new(4 * MIB);
            let place = known.ask(&7).now_or_never().unwrap().err().unwrap();
            meanwhile(&known);
            assert_eq!(place.keep(sized(&[1], 0)).len(), 1, "{what}");
            assert_eq!(ask(&known, 7), then, "{what}");
        }
    }

    #[test]
    fn one_more_that_an_index_leads_to_is_added_to_those_that_are_known() {
        let known = Numbers::new(4 * MIB);
        known.put(7, sized(&[1], 0));
        known.add(&7, 2);
        known.add(&7, 2);
        assert_eq!(ask(&known, 7), Some(vec![1, 2]));
    }

    #[test]
    fn what_is_too_large_takes_the_place_of_what_was_known_and_is_not_kept() {
        let known = Numbers::new(4 * MIB);
        known.put(7, sized(&[1], 0));
        known.put(7, sized(&[2], LARGE));
        assert_eq!(ask(&known, 7), None);
        let place = known.ask(&8).now_or_never().unwrap().err().unwrap();
        place.keep(sized(&[3], LARGE));
        assert_eq!(ask(&known, 8), None);
    }
}
