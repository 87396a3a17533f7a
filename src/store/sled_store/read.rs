//! Reading records, by key and by index.

use super::disk::Disk;
use super::records::{Due, decode, failed, get, list, undecodable};
use super::{HistoryEntry, StoreError, keys};
use crate::domain::gate::HeadState;
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Sha, Subject, UserId};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use crate::store::lists::Arrival;
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// A line that was written later may tell of what happened a little earlier: two may write at a time.
const NEARLY: TimeDelta = TimeDelta::minutes(1);

/// Runs as stored: the commits that the index leads from, and the record.
#[derive(serde::Deserialize)]
pub(super) struct StoredRuns(pub BTreeSet<Sha>, pub RunsState);

impl Disk {
    pub fn due(&self) -> Result<Vec<Due>, StoreError> {
        const DOING: &str = "listing what is due";
        list(DOING, self.due.iter(), |key, value| {
            decode(DOING, &self.due, key, value)
        })
    }

    pub fn pull(&self, key: PullKey) -> Result<Option<PullState>, StoreError> {
        get("reading a pull request", &self.pulls, &keys::pull(key))
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

    /// Follows the index, and keeps those whose record still says the same. Unlike the other listings this one fails
    /// when a record can't be read: the worst of these pull requests decides the gate, so none may be left out.
    pub fn pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        const DOING: &str = "listing the pull requests of a head";
        let mut states = Vec::new();
        for key in self
            .by_head
            .scan_prefix(keys::head(repo, sha.as_str()))
            .keys()
        {
            let key = key.map_err(failed(DOING))?;
            let number = keys::trailing_number(&key)
                .map(PrNumber)
                .ok_or_else(|| undecodable(DOING, &self.by_head, &key, "its key ends too early"))?;
            let state: Option<PullState> =
                get(DOING, &self.pulls, &keys::pull(PullKey { repo, number }))?;
            states.extend(
                state.filter(|state| state.gate.as_ref().is_some_and(|gate| gate.sha == *sha)),
            );
        }
        Ok(states)
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

    pub fn head(&self, repo: RepoId, sha: &Sha) -> Result<Option<HeadState>, StoreError> {
        get(
            "reading a head",
            &self.heads,
            &keys::head(repo, sha.as_str()),
        )
    }

    pub fn runs(
        &self,
        repo: RepoId,
        subject: &RunSubject,
    ) -> Result<Option<RunsState>, StoreError> {
        let stored: Option<StoredRuns> =
            get("reading runs", &self.runs, &keys::runs(repo, subject))?;
        Ok(stored.map(|StoredRuns(_, state)| state))
    }

    pub fn has_runs(&self, repo: RepoId, subject: &RunSubject) -> Result<bool, StoreError> {
        let key = keys::runs(repo, subject);
        self.runs
            .contains_key(key)
            .map_err(failed("looking for runs"))
    }

    /// Follows the index, and keeps those whose record still says the same; fails when a record can't be read, as
    /// `pulls_at` does and for the same reason.
    pub fn runs_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<RunsState>, StoreError> {
        const DOING: &str = "listing the runs of a commit";
        let prefix = keys::head(repo, sha.as_str());
        let mut states = Vec::new();
        for key in self.runs_at.scan_prefix(&prefix).keys() {
            let key = key.map_err(failed(DOING))?;
            let stored: Option<StoredRuns> = get(DOING, &self.runs, &key[prefix.len()..])?;
            states.extend(
                stored
                    .filter(|found| found.0.contains(sha))
                    .map(|found| found.1),
            );
        }
        Ok(states)
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
            let StoredRuns(_, state) = decode(DOING, &self.runs, key, value)?;
            Ok(state.subject)
        })
    }

    pub fn repo(&self, id: RepoId) -> Result<Option<RepoState>, StoreError> {
        get("reading a repository", &self.repos, &keys::repo(id))
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
        self.db
            .flush()
            .map(|_| ())
            .map_err(failed("writing to disk"))
    }
}
