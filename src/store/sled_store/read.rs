//! Reading records, by key and by index.

use super::disk::Disk;
use super::recent::Sized;
use super::records::{Due, decode, failed, get, list, undecodable};
use super::{HistoryEntry, StoreError, keys};
use crate::domain::gate::HeadState;
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Sha, Subject, UserId};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use crate::store::lists::Arrival;
use chrono::TimeDelta;
use serde::de::{DeserializeOwned, IgnoredAny};
use sled::Tree;
use std::collections::BTreeSet;

pub(super) const PULLS_AT: &str = "listing the pull requests of a head";
pub(super) const RUNS_AT: &str = "listing the runs of a commit";

/// One record, and its size.
type Read<T> = Result<Sized<Option<T>>, StoreError>;

/// A line that was written later may tell of what happened a little earlier: two may write at a time.
const NEARLY: TimeDelta = TimeDelta::minutes(1);

/// Runs as stored: the commits that the index leads from, and the record.
pub(super) type StoredRuns = (IgnoredAny, RunsState);

fn sized<T: DeserializeOwned>(doing: &'static str, tree: &Tree, key: &[u8]) -> Read<T> {
    let Some(value) = tree.get(key).map_err(failed(doing))? else {
        return Ok(Sized::new(None, 0));
    };
    let record = decode(doing, tree, key, &value)?;
    Ok(Sized::new(Some(record), value.len()))
}

impl Disk {
    pub fn due(&self) -> Result<Vec<Due>, StoreError> {
        const DOING: &str = "listing what is due";
        list(DOING, self.due.iter(), |key, value| {
            decode(DOING, &self.due, key, value)
        })
    }

    pub fn pull(&self, key: &PullKey) -> Read<PullState> {
        sized("reading a pull request", &self.pulls, &keys::pull(*key))
    }

    pub fn pulls(
        &self,
        repo: RepoId,
        numbers: &BTreeSet<PrNumber>,
    ) -> Result<Vec<PullState>, StoreError> {
        const DOING: &str = "reading pull requests";
        let keys = numbers.iter().map(|number| {
            keys::pull(PullKey {
                repo,
                number: *number,
            })
        });
        let found = keys.filter_map(|key| {
            let value = self.pulls.get(&key).transpose()?;
            Some(value.map(|value| (key.into(), value)))
        });
        list(DOING, found, |key, value| {
            decode(DOING, &self.pulls, key, value)
        })
    }

    pub fn silent_pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        let mut states = self.pulls(repo, &self.silent_at(repo, sha)?)?;
        states.retain(|state| state.view.as_ref().is_some_and(|view| view.head == *sha));
        Ok(states)
    }

    /// Where the index leads to: the record of a pull request may say otherwise by now.
    pub fn pulls_led_to(
        &self,
        (repo, sha): &(RepoId, Sha),
    ) -> Result<Sized<BTreeSet<PrNumber>>, StoreError> {
        let mut numbers = BTreeSet::new();
        let prefix = keys::head(*repo, sha.as_str());
        for key in self.by_head.scan_prefix(prefix).keys() {
            let key = key.map_err(failed(PULLS_AT))?;
            let number = keys::trailing_number(&key).ok_or_else(|| {
                undecodable(PULLS_AT, &self.by_head, &key, "its key ends too early")
            })?;
            numbers.insert(PrNumber(number));
        }
        let bytes = numbers.len() * size_of::<PrNumber>();
        Ok(Sized::new(numbers, bytes))
    }

    pub fn pulls_by(&self, person: UserId) -> Result<Vec<PullKey>, StoreError> {
        const DOING: &str = "listing the pull requests of a person";
        list(
            DOING,
            self.by_author.scan_prefix(keys::author(person)),
            |key, _| {
                keys::pull_of_author(key).ok_or_else(|| {
                    undecodable(DOING, &self.by_author, key, "its key has the wrong length")
                })
            },
        )
    }

    pub fn head(&self, (repo, sha): &(RepoId, Sha)) -> Read<HeadState> {
        sized(
            "reading a head",
            &self.heads,
            &keys::head(*repo, sha.as_str()),
        )
    }

    pub fn runs(&self, (repo, subject): &(RepoId, RunSubject)) -> Read<RunsState> {
        let key = keys::runs(*repo, subject);
        let stored: Sized<Option<StoredRuns>> = sized("reading runs", &self.runs, &key)?;
        Ok(stored.map(|stored| stored.map(|(_, state)| state)))
    }

    pub fn has_runs(&self, (repo, subject): &(RepoId, RunSubject)) -> Result<bool, StoreError> {
        let key = keys::runs(*repo, subject);
        self.runs
            .contains_key(key)
            .map_err(failed("looking for runs"))
    }

    /// Where the index leads to: the record of these runs may say otherwise by now. Fails when a record can't be read, as
    /// nobody knows then whose runs they are.
    pub fn runs_led_to(
        &self,
        (repo, sha): &(RepoId, Sha),
    ) -> Result<Sized<BTreeSet<RunSubject>>, StoreError> {
        let prefix = keys::head(*repo, sha.as_str());
        let mut subjects = BTreeSet::new();
        for key in self.runs_at.scan_prefix(&prefix).keys() {
            let key = key.map_err(failed(RUNS_AT))?;
            let stored: Option<StoredRuns> = get(RUNS_AT, &self.runs, &key[prefix.len()..])?;
            subjects.extend(stored.map(|(_, state)| state.subject));
        }
        Ok(Sized::of_set(subjects))
    }

    pub fn has_any_runs(&self, repo: RepoId) -> Result<bool, StoreError> {
        let first = self.runs.scan_prefix(keys::repo(repo)).keys().next();
        let first = first.transpose().map_err(failed("looking for runs"))?;
        Ok(first.is_some())
    }

    pub fn run_subjects(&self, repo: RepoId) -> Result<Vec<RunSubject>, StoreError> {
        const DOING: &str = "listing what has runs";
        let found = self.runs.scan_prefix(keys::repo(repo));
        list(DOING, found, |key, value| {
            let (_, state): StoredRuns = decode(DOING, &self.runs, key, value)?;
            Ok(state.subject)
        })
    }

    pub fn repo(&self, id: &RepoId) -> Read<RepoState> {
        sized("reading a repository", &self.repos, &keys::repo(*id))
    }

    pub fn repos(&self) -> Result<Vec<RepoState>, StoreError> {
        const DOING: &str = "listing the repositories";
        list(DOING, self.repos.iter(), |key, value| {
            decode(DOING, &self.repos, key, value)
        })
    }

    pub fn history(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        const DOING: &str = "reading a history";
        let newest = self
            .history
            .scan_prefix(keys::subject(subject))
            .rev()
            .take(limit);
        list(DOING, newest, |key, value| {
            decode(DOING, &self.history, key, value)
        })
    }

    /// What was done because of a delivery, as the histories of these subjects tell it, the first first. The lines of a history
    /// stand in the order in which they were written: those from before it came are not read.
    pub fn done_for(
        &self,
        arrival: &Arrival,
        subjects: &[Subject],
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        const DOING: &str = "reading what was done";
        let since = arrival.at - NEARLY;
        let mut done: Vec<HistoryEntry> = Vec::new();
        for subject in subjects {
            for entry in self.history.scan_prefix(keys::subject(subject)).rev() {
                let (_, value) = entry.map_err(failed(DOING))?;
                let Some(line) = super::listed::read::<HistoryEntry>(&value) else {
                    continue;
                };
                if line.at < since {
                    break;
                }
                if line.deliveries.contains(&arrival.delivery) {
                    done.push(line);
                }
            }
        }
        done.sort_by_key(|line| line.at);
        Ok(done)
    }

    /// Blocks until everything written before is on disk.
    pub fn flush(&self) -> Result<(), StoreError> {
        const DOING: &str = "writing to disk";
        self.still_whole().map_err(failed(DOING))?;
        self.db.flush().map(|_| ()).map_err(failed(DOING))
    }
}
