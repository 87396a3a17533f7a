//! A store in memory that keeps the promises of [`Store`] and no more: what was accepted or flushed survives a crash, of
//! what came after any beginning may; and now and then it can't write.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use drawbridge::clock::Clock as _;
use drawbridge::domain::gate::HeadState;
use drawbridge::domain::ids::{
    DeliveryId, PrNumber, PullKey, RepoId, RunSubject, Sha, Subject, UserId,
};
use drawbridge::domain::pull::PullState;
use drawbridge::domain::repository::RepoState;
use drawbridge::domain::runs::RunsState;
use drawbridge::store::lists::Arrival;
use drawbridge::store::{
    Accepted, Aside, Change, Delivery, DueNote, HistoryEntry, InboxEntry, InboxId, Loss, Record,
    Retention, Store, StoreError,
};
use rand::Rng;
use rand::rngs::StdRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fate::Fate;

/// The store.
pub struct Memory {
    disk: Mutex<Disk>,
    fate: Fate,
    born_at: DateTime<Utc>,
}

#[derive(Default)]
struct Disk {
    /// As everybody sees it.
    present: State,
    /// As it was at the last flush.
    flushed: State,
    /// What was written since.
    unflushed: Vec<Write>,
}

#[derive(Clone)]
enum Write {
    Accept(Delivery),
    Commit(Change, DateTime<Utc>),
}

#[derive(Clone, Default)]
struct State {
    inbox: BTreeMap<InboxId, InboxEntry>,
    next: u64,
    seen: BTreeSet<DeliveryId>,
    pulls: BTreeMap<PullKey, PullState>,
    heads: BTreeMap<(RepoId, Sha), HeadState>,
    repos: BTreeMap<RepoId, RepoState>,
    runs: Vec<RunsState>,
    due: BTreeMap<Subject, DateTime<Utc>>,
    marks: BTreeMap<&'static str, String>,
}

impl State {
    fn accept(&mut self, delivery: Delivery) -> Accepted {
        if !self.seen.insert(delivery.id.clone()) {
            return Accepted::Duplicate;
        }
        let mut fresh = Vec::new();
        for (subject, event) in delivery.entries {
            self.next += 1;
            let entry = InboxEntry {
                id: InboxId(self.next),
                delivery: delivery.id.clone(),
                received_at: delivery.received_at,
                subject,
                event,
            };
            self.inbox.insert(entry.id, entry.clone());
            fresh.push(entry);
        }
        Accepted::Fresh(fresh)
    }

    fn commit(&mut self, change: Change, now: DateTime<Utc>) {
        for record in change.records {
            match record {
                Record::Pull(state) => drop(self.pulls.insert(state.key(), *state)),
                Record::Head(state) => {
                    let key = (state.repo.id, state.sha.clone());
                    self.heads.insert(key, *state);
                }
                Record::Repo(state) => drop(self.repos.insert(state.repo.id, *state)),
                Record::Runs(state) => {
                    self.runs.retain(|one| {
                        (one.repo.id, &one.subject) != (state.repo.id, &state.subject)
                    });
                    self.runs.push(*state);
                }
                Record::ForgetRepo(..) => unreachable!("no repository goes in these stories"),
                Record::Mark(name, says) => drop(self.marks.insert(name, says)),
            }
        }
        for (subject, at) in change.due {
            let from = change.from;
            let note = DueNote { at, from, now };
            let there = self.due.remove(&subject);
            if let Some(at) = note.over(there) {
                self.due.insert(subject, at);
            }
        }
        for id in change.done {
            self.inbox.remove(&id);
        }
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Accept(delivery) => drop(self.accept(delivery)),
            Write::Commit(change, now) => self.commit(change, now),
        }
    }

    /// As it is read from a disk.
    fn reread(&mut self) {
        self.inbox.values_mut().for_each(through_json);
        self.pulls.values_mut().for_each(through_json);
        self.heads.values_mut().for_each(through_json);
        self.repos.values_mut().for_each(through_json);
        self.runs.iter_mut().for_each(through_json);
    }
}

fn through_json<T: Serialize + DeserializeOwned>(value: &mut T) {
    let text = serde_json::to_vec(value).expect("it can be written");
    *value = serde_json::from_slice(&text).expect("it can be read");
}

impl Memory {
    pub fn new(fate: &Fate, born_at: DateTime<Utc>) -> Self {
        Self {
            disk: Mutex::default(),
            fate: fate.clone(),
            born_at,
        }
    }

    /// The process died: any beginning of what was not flushed is there.
    pub fn crash(&self, rng: &mut StdRng) {
        let mut disk = self.disk();
        let kept = rng.gen_range(0..=disk.unflushed.len());
        let mut state = std::mem::take(&mut disk.flushed);
        for write in std::mem::take(&mut disk.unflushed).into_iter().take(kept) {
            state.write(write);
        }
        state.reread();
        disk.flushed = state.clone();
        disk.present = state;
    }

    /// What is still to be done at once or soon.
    pub fn left(&self, now: DateTime<Utc>) -> Vec<String> {
        let disk = self.disk();
        let soon = now + chrono::TimeDelta::minutes(1);
        let inbox = disk
            .present
            .inbox
            .values()
            .map(|entry| format!("{entry:?}"));
        let due = disk.present.due.iter().filter(|(_, at)| **at <= soon);
        inbox
            .chain(due.map(|(subject, at)| format!("{subject} at {at}")))
            .collect()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        Ok(read(&self.disk().present))
    }

    fn flush_now(&self) {
        let mut disk = self.disk();
        let disk = &mut *disk;
        for write in disk.unflushed.drain(..) {
            disk.flushed.write(write);
        }
    }
}

#[async_trait]
impl Store for Memory {
    fn born_at(&self) -> DateTime<Utc> {
        self.born_at
    }

    fn loss(&self) -> Option<Loss> {
        None
    }

    async fn rebuilt(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        self.fate.passes().await;
        self.fate.store_works("accepting a delivery")?;
        let accepted = {
            let mut disk = self.disk();
            disk.unflushed.push(Write::Accept(delivery.clone()));
            disk.present.accept(delivery)
        };
        self.flush().await?;
        Ok(accepted)
    }

    fn passes_by(&self, _: Arrival) {}

    async fn set_aside(&self, aside: Aside) -> Result<(), StoreError> {
        unreachable!("nothing is set aside in these stories: {aside:?}")
    }

    async fn asides(&self, _: usize) -> Result<Vec<Aside>, StoreError> {
        Ok(Vec::new())
    }

    async fn mark(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.read(|state| state.marks.get(name).cloned())
    }

    async fn has_accepted(&self, delivery: &DeliveryId) -> Result<bool, StoreError> {
        self.read(|state| state.seen.contains(delivery))
    }

    async fn pending(&self) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(|state| state.inbox.values().cloned().collect())
    }

    async fn due(&self) -> Result<Vec<(Subject, DateTime<Utc>)>, StoreError> {
        self.read(|state| state.due.iter().map(|(s, at)| (s.clone(), *at)).collect())
    }

    async fn pull(&self, key: PullKey) -> Result<Option<PullState>, StoreError> {
        self.read(|state| state.pulls.get(&key).cloned())
    }

    async fn open_pulls(&self, repo: RepoId) -> Result<BTreeSet<PrNumber>, StoreError> {
        self.read(|state| {
            let all = state.pulls.values().filter(|pull| pull.repo.id == repo);
            all.filter(|pull| pull.view.as_ref().is_none_or(|view| view.open))
                .map(|pull| pull.number)
                .collect()
        })
    }

    async fn pulls(
        &self,
        repo: RepoId,
        numbers: BTreeSet<PrNumber>,
    ) -> Result<Vec<PullState>, StoreError> {
        self.read(|state| {
            let known = |number| state.pulls.get(&PullKey { repo, number }).cloned();
            numbers.into_iter().filter_map(known).collect()
        })
    }

    async fn silent_pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        self.read(|state| {
            let all = state.pulls.values().filter(|pull| pull.repo.id == repo);
            all.filter(|pull| pull.gate.is_none())
                .filter(|pull| pull.view.as_ref().is_some_and(|view| view.head == *sha))
                .cloned()
                .collect()
        })
    }

    async fn pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        self.read(|state| {
            let all = state.pulls.values().filter(|pull| pull.repo.id == repo);
            all.filter(|pull| pull.gate.as_ref().is_some_and(|gate| gate.sha == *sha))
                .cloned()
                .collect()
        })
    }

    async fn pulls_by(&self, author: UserId) -> Result<Vec<PullKey>, StoreError> {
        self.read(|state| {
            let all = state.pulls.values();
            all.filter(|pull| pull.author.as_ref().is_some_and(|by| by.id == author))
                .filter(|pull| pull.view.as_ref().is_none_or(|view| view.open))
                .map(PullState::key)
                .collect()
        })
    }

    async fn head(&self, repo: RepoId, sha: &Sha) -> Result<Option<HeadState>, StoreError> {
        self.fate.passes().await;
        self.read(|state| state.heads.get(&(repo, sha.clone())).cloned())
    }

    async fn runs(&self, repo: RepoId, of: &RunSubject) -> Result<Option<RunsState>, StoreError> {
        self.read(|state| {
            let mut all = state.runs.iter();
            all.find(|runs| runs.repo.id == repo && runs.subject == *of)
                .cloned()
        })
    }

    async fn has_runs(&self, repo: RepoId, of: &RunSubject) -> Result<bool, StoreError> {
        Ok(self.runs(repo, of).await?.is_some())
    }

    async fn has_any_runs(&self, repo: RepoId) -> Result<bool, StoreError> {
        Ok(!self.run_subjects(repo).await?.is_empty())
    }

    async fn runs_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<RunsState>, StoreError> {
        self.read(|state| {
            let others = state.runs.iter().filter(|runs| runs.repo.id == repo);
            others
                .filter(|runs| !matches!(runs.subject, RunSubject::Pull(_)))
                .filter(|runs| runs.shas().contains(sha))
                .cloned()
                .collect()
        })
    }

    async fn run_subjects(&self, repo: RepoId) -> Result<Vec<RunSubject>, StoreError> {
        self.read(|state| {
            let all = state.runs.iter().filter(|runs| runs.repo.id == repo);
            all.map(|runs| runs.subject.clone()).collect()
        })
    }

    async fn repo(&self, id: RepoId) -> Result<Option<RepoState>, StoreError> {
        self.read(|state| state.repos.get(&id).cloned())
    }

    async fn repos(&self) -> Result<Vec<RepoState>, StoreError> {
        self.read(|state| state.repos.values().cloned().collect())
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.fate.passes().await;
        self.fate.store_works("applying a change")?;
        {
            let now = self.fate.now();
            let mut disk = self.disk();
            disk.unflushed.push(Write::Commit(change.clone(), now));
            disk.present.commit(change, now);
        }
        self.fate.passes().await;
        Ok(())
    }

    async fn history(&self, _: &Subject, _: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn prune(&self, _: DateTime<Utc>, _: Retention) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.fate.passes().await;
        self.flush_now();
        self.fate.passes().await;
        Ok(())
    }
}
