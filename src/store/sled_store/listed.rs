//! Rows of lists, kept beside the records in a tree of their own: written in the transaction that writes the record, and
//! made anew from the records where a store has none yet.

use super::disk::Disk;
use super::lines::Kind;
use super::portable::Line;
use super::records::{encode, failed};
use super::{StoreError, keys};
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Sha};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use crate::store::lists::{PullRow, RepoRow, RunsRow, Stage};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sled::transaction::{TransactionalTree, UnabortableTransactionError};
use sled::{Batch, IVec};
use std::collections::BTreeSet;

/// Counts up when a row changes its form: then all of them are made anew.
const FORM: u64 = 3;
const FORM_KEY: &[u8] = b"lists";
const DOING: &str = "listing";
/// So many rows are written at once.
const AT_ONCE: usize = 1000;

/// The places of rows. The first letter is the list; numbers that are to come newest first are turned round.
pub(super) mod places {
    use super::*;

    /// repository, number turned round → `PullRow`.
    pub const PULLS: &[u8] = b"p";
    /// repository, number → the rest of its place in `HEADS`; pull requests without a gate.
    pub const SILENT: &[u8] = b"q";
    /// repository, head, number → nothing; pull requests without a gate.
    pub const HEADS: &[u8] = b"h";
    /// since when, repository, number → nothing; pull requests that wait for a vetter.
    pub const VETTING: &[u8] = b"w";
    /// repository, since when, number → nothing; the same of one repository.
    pub const WAITING: &[u8] = b"v";
    /// the key in `runs` → `RunsRow`.
    pub const RUNS: &[u8] = b"x";
    /// the key in `runs` → nothing; those with runs that are not over.
    pub const RUNNING: &[u8] = b"a";
    /// repository, when the latest began turned round, the key in `runs` → nothing; other than pull requests.
    pub const LATEST: &[u8] = b"t";
    /// name in lower case, 0, repository → `RepoRow`.
    pub const REPOS: &[u8] = b"r";
    /// repository → the rest of its key in `REPOS`.
    pub const NAMES: &[u8] = b"n";

    pub fn pull(key: PullKey) -> Vec<u8> {
        let number = !key.number.0;
        [PULLS, &keys::repo(key.repo), &number.to_be_bytes()].concat()
    }

    pub fn pulls_of(repo: RepoId) -> Vec<u8> {
        [PULLS, &keys::repo(repo)].concat()
    }

    pub fn silent(key: PullKey) -> Vec<u8> {
        [SILENT, &keys::pull(key)].concat()
    }

    pub fn headed(repo: RepoId, sha: &Sha) -> Vec<u8> {
        [HEADS, &keys::head(repo, sha.as_str())].concat()
    }

    pub fn vetting(since: Option<DateTime<Utc>>, key: PullKey) -> Vec<u8> {
        [VETTING, &instant(since), &keys::pull(key)].concat()
    }

    pub fn waiting(since: Option<DateTime<Utc>>, key: PullKey) -> Vec<u8> {
        let number = key.number.0.to_be_bytes();
        [&waiting_in(key.repo), &instant(since)[..], &number].concat()
    }

    pub fn waiting_in(repo: RepoId) -> Vec<u8> {
        [WAITING, &keys::repo(repo)].concat()
    }

    pub fn runs(repo: RepoId, subject: &RunSubject) -> Vec<u8> {
        [RUNS, &keys::runs(repo, subject)].concat()
    }

    pub fn running(repo: RepoId, subject: &RunSubject) -> Vec<u8> {
        [RUNNING, &keys::runs(repo, subject)].concat()
    }

    pub fn latest(row: &RunsRow) -> Vec<u8> {
        let newest_first = instant(row.began).map(|byte| !byte);
        let key = keys::runs(row.repo, &row.subject);
        [LATEST, &keys::repo(row.repo), &newest_first, &key].concat()
    }

    pub fn repo_named(name: &str) -> Vec<u8> {
        [REPOS, name.to_ascii_lowercase().as_bytes(), &[0]].concat()
    }

    pub fn name_of(repo: RepoId) -> Vec<u8> {
        [NAMES, &keys::repo(repo)].concat()
    }

    fn instant(at: Option<DateTime<Utc>>) -> [u8; 8] {
        let millis = at.map_or(0, |at| at.timestamp_millis().max(0));
        millis.to_be_bytes()
    }
}

/// A row to write, and where it is found: its own place, and the places that lead to it.
pub(super) struct Row {
    own: Vec<u8>,
    value: Option<Vec<u8>>,
    leads: Vec<Vec<u8>>,
    /// What led to the one that stood at the place before.
    old_leads: fn(&[u8]) -> Vec<Vec<u8>>,
}

impl Row {
    pub fn pull(state: &PullState) -> Result<Self, StoreError> {
        let row = PullRow::of(state);
        Ok(Self {
            own: places::pull(state.key()),
            value: row.as_ref().map(|row| encode(DOING, row)).transpose()?,
            leads: row.as_ref().map(pull_leads).unwrap_or_default(),
            old_leads: |value| read(value).as_ref().map(pull_leads).unwrap_or_default(),
        })
    }

    pub fn runs(state: &RunsState) -> Result<Self, StoreError> {
        let row = RunsRow::of(state);
        Ok(Self {
            own: places::runs(state.repo.id, &state.subject),
            value: row.as_ref().map(|row| encode(DOING, row)).transpose()?,
            leads: row.as_ref().map(runs_leads).unwrap_or_default(),
            old_leads: |value| read(value).as_ref().map(runs_leads).unwrap_or_default(),
        })
    }

    /// Where a pull request that says nothing at its head is found by that.
    pub fn head(state: &PullState) -> Self {
        let view = state.view.as_ref().filter(|_| state.gate.is_none());
        let lead = view.map(|view| {
            let place = places::headed(state.repo.id, &view.head);
            [place.as_slice(), &state.number.0.to_be_bytes()].concat()
        });
        Self {
            own: places::silent(state.key()),
            value: lead.clone(),
            leads: lead.into_iter().collect(),
            old_leads: |value| vec![value.to_vec()],
        }
    }

    /// Writes the row, and moves what leads to it. One that has not changed is not written again.
    pub fn write(&self, lists: &TransactionalTree) -> Result<(), UnabortableTransactionError> {
        let there = lists.get(self.own.as_slice())?;
        if there.as_deref() == self.value.as_deref() {
            return Ok(());
        }
        for gone in there.as_deref().map(self.old_leads).unwrap_or_default() {
            if !self.leads.contains(&gone) {
                lists.remove(gone)?;
            }
        }
        for lead in &self.leads {
            lists.insert(lead.as_slice(), &[] as &[u8])?;
        }
        match &self.value {
            Some(value) => lists.insert(self.own.as_slice(), value.as_slice())?,
            None => lists.remove(self.own.as_slice())?,
        };
        Ok(())
    }
}

/// The row of a repository, which stands at its name.
pub(super) struct RepoPlace {
    name_of: Vec<u8>,
    own: Vec<u8>,
    value: Vec<u8>,
}

impl RepoPlace {
    pub fn new(state: &RepoState) -> Result<Self, StoreError> {
        let row = RepoRow::of(state);
        let mut own = places::repo_named(&row.name.to_string());
        own.extend(keys::repo(row.id));
        Ok(Self {
            name_of: places::name_of(row.id),
            value: encode(DOING, &row)?,
            own,
        })
    }

    pub fn write(&self, lists: &TransactionalTree) -> Result<(), UnabortableTransactionError> {
        let before = lists.insert(self.name_of.as_slice(), self.own.as_slice())?;
        if let Some(before) = before.filter(|before| **before != *self.own) {
            lists.remove(before)?;
        }
        lists.insert(self.own.as_slice(), self.value.as_slice())?;
        Ok(())
    }
}

fn pull_leads(row: &PullRow) -> Vec<Vec<u8>> {
    let key = PullKey {
        repo: row.repo,
        number: row.number,
    };
    match row.stage {
        Stage::Vetting => vec![
            places::vetting(row.since, key),
            places::waiting(row.since, key),
        ],
        _ => Vec::new(),
    }
}

fn runs_leads(row: &RunsRow) -> Vec<Vec<u8>> {
    let running = (!row.over).then(|| places::running(row.repo, &row.subject));
    let others = !matches!(row.subject, RunSubject::Pull(_));
    let latest = others.then(|| places::latest(row));
    running.into_iter().chain(latest).collect()
}

pub(super) fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

impl Disk {
    /// The open pull requests of a repository, those of which nothing was read yet among them.
    pub fn open_pulls(&self, repo: RepoId) -> Result<BTreeSet<PrNumber>, StoreError> {
        let listed = self.lists.scan_prefix(places::pulls_of(repo)).keys();
        let number = |key: IVec| keys::trailing_number(&key).map(|number| PrNumber(!number));
        listed
            .filter_map(|key| key.map(number).map_err(failed(DOING)).transpose())
            .collect()
    }

    /// The pull requests with this head that have no gate.
    pub fn silent_at(&self, repo: RepoId, sha: &Sha) -> Result<BTreeSet<PrNumber>, StoreError> {
        let found = self.lists.scan_prefix(places::headed(repo, sha)).keys();
        let number = |key: IVec| keys::trailing_number(&key).map(PrNumber);
        found
            .filter_map(|key| key.map(number).map_err(failed(DOING)).transpose())
            .collect()
    }

    /// Takes a pull request out of the lists.
    pub fn unlist_pull(&self, key: PullKey) -> Result<(), StoreError> {
        self.unlist(&places::silent(key), |value| vec![value.to_vec()])?;
        self.unlist(&places::pull(key), |value| {
            read(value).as_ref().map(pull_leads).unwrap_or_default()
        })
    }

    /// Takes a subject's runs out of the lists.
    pub fn unlist_runs(&self, repo: RepoId, subject: &RunSubject) -> Result<(), StoreError> {
        self.unlist(&places::runs(repo, subject), |value| {
            read(value).as_ref().map(runs_leads).unwrap_or_default()
        })
    }

    /// Takes a repository, and all that is in it, out of the lists.
    pub fn unlist_repo(&self, repo: RepoId) -> Result<(), StoreError> {
        let of_repo = |list: &[u8]| [list, &keys::repo(repo)].concat();
        let mut gone: Vec<IVec> = Vec::new();
        for list in [places::PULLS, places::SILENT, places::RUNS] {
            for entry in self.lists.scan_prefix(of_repo(list)) {
                let (key, value) = entry.map_err(failed(DOING))?;
                let leads = match list {
                    places::PULLS => read(&value).as_ref().map(pull_leads),
                    places::SILENT => Some(vec![value.to_vec()]),
                    _ => read(&value).as_ref().map(runs_leads),
                };
                gone.extend(leads.unwrap_or_default().into_iter().map(IVec::from));
                gone.push(key);
            }
        }
        let name_of = places::name_of(repo);
        gone.extend(self.lists.get(&name_of).map_err(failed(DOING))?);
        gone.push(name_of.into());
        for some in gone.chunks(AT_ONCE) {
            let mut batch = Batch::default();
            some.iter().for_each(|key| batch.remove(key));
            self.lists.apply_batch(batch).map_err(failed(DOING))?;
        }
        Ok(())
    }

    fn unlist(&self, own: &[u8], leads: fn(&[u8]) -> Vec<Vec<u8>>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        if let Some(value) = self.lists.get(own).map_err(failed(DOING))? {
            leads(&value).into_iter().for_each(|key| batch.remove(key));
            batch.remove(own);
        }
        self.lists.apply_batch(batch).map_err(failed(DOING))
    }

    /// Makes all rows anew where they are not there in the present form: an older or newer version has written the records.
    pub fn make_lists(&self) -> Result<(), StoreError> {
        let there = self.meta.get(FORM_KEY).map_err(failed(DOING))?;
        if there.and_then(|form| keys::number_in(&form)) == Some(FORM) && self.is_listed()? {
            return Ok(());
        }
        self.lists.clear().map_err(failed(DOING))?;
        for kind in [Kind::Pull, Kind::Runs, Kind::Repo] {
            for raw in self.raws(DOING, kind) {
                // Who reads all records says what is wrong with this one.
                let Ok(line) = self.line(DOING, &raw?) else {
                    continue;
                };
                self.list(&line)?;
            }
        }
        self.meta
            .insert(FORM_KEY, &FORM.to_be_bytes())
            .map_err(failed(DOING))?;
        self.note_listed()
    }

    fn list(&self, line: &Line) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let rows = match line {
            Line::Pull(state) => vec![Row::pull(state)?, Row::head(state)],
            Line::Runs(state) => vec![Row::runs(state)?],
            Line::Repo(state) => {
                let place = RepoPlace::new(state)?;
                batch.insert(place.name_of, place.own.clone());
                batch.insert(place.own, place.value);
                return self.lists.apply_batch(batch).map_err(failed(DOING));
            }
            _ => return Ok(()),
        };
        for row in rows {
            if let Some(value) = row.value {
                batch.insert(row.own, value);
                row.leads
                    .into_iter()
                    .for_each(|lead| batch.insert(lead, &[] as &[u8]));
            }
        }
        self.lists.apply_batch(batch).map_err(failed(DOING))
    }
}
