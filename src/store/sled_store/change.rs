//! Applying a change: everything is encoded first, then written in one transaction over all trees concerned.

use super::disk::Disk;
use super::due::DueWrite;
use super::group::Trees;
use super::inbox::next_number;
use super::listed::{RepoPlace, Row};
use super::recent::Written;
use super::records::encode;
use super::{Change, InboxId, Record, StoreError, keys};
use crate::domain::ids::{PullKey, RepoId, RunSubject, Sha, UserId};
use crate::domain::pull::PullState;
use crate::domain::runs::RunsState;
use crate::store::DueNote;
use chrono::Utc;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sled::transaction::{
    ConflictableTransactionResult, TransactionalTree, UnabortableTransactionError,
};
use std::collections::BTreeSet;

/// How many lines of a subject's history are kept.
pub(super) const HISTORY: u64 = 200;
const DOING: &str = "applying a change";

impl Disk {
    /// Applies `change`. Repositories to forget are forgotten first, in batches of their own: the rest of the
    /// change, which marks the inbox entry that led to it as done, comes after that, so that after a crash in
    /// between it is done again.
    pub fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.commit_prepared(Prepared::new(change)?)
    }

    pub fn commit_prepared(&self, change: Prepared) -> Result<(), StoreError> {
        let _alone = self.alone();
        for (repo, until) in &change.forget {
            let forgotten = self.forget(*repo, *until);
            self.recent.clear();
            forgotten?;
        }
        let applied = self.transaction(DOING, |trees| change.write(self, trees));
        // Nobody knows how far one came that failed.
        let unreadable = applied.inspect_err(|_| self.recent.clear())?;
        change.was_applied(unreadable, self);
        Ok(())
    }
}

/// A key and what is to stand there; `None`: nothing.
type Put = (Vec<u8>, Option<Vec<u8>>);

/// A change as it is written: transactions stop all writers, so nothing is encoded within.
#[derive(Default)]
pub(super) struct Prepared {
    forget: Vec<(RepoId, InboxId)>,
    pulls: Vec<PullWrite>,
    runs: Vec<RunsWrite>,
    heads: Vec<Put>,
    repos: Vec<Put>,
    listed_repos: Vec<RepoPlace>,
    marks: Vec<Put>,
    due: Vec<DueWrite>,
    /// The subject's key and the line.
    history: Vec<(Vec<u8>, Vec<u8>)>,
    done: Vec<[u8; 8]>,
    /// The records themselves.
    written: Vec<Written>,
}

impl Prepared {
    pub fn new(change: Change) -> Result<Self, StoreError> {
        let mut prepared = Self::default();
        for record in change.records {
            match record {
                Record::Pull(state) => {
                    let write = PullWrite::new(&state)?;
                    let bytes = write.value.len();
                    prepared.written.push(Written::Pull(state, bytes));
                    prepared.pulls.push(write);
                }
                Record::Head(state) => {
                    let key = keys::head(state.repo.id, state.sha.as_str());
                    let value = encode(DOING, &state)?;
                    prepared.written.push(Written::Head(state, value.len()));
                    prepared.heads.push((key, Some(value)));
                }
                Record::Repo(state) => {
                    let key = keys::repo(state.repo.id);
                    let value = encode(DOING, &state)?;
                    prepared.listed_repos.push(RepoPlace::new(&state)?);
                    prepared.written.push(Written::Repo(state, value.len()));
                    prepared.repos.push((key, Some(value)));
                }
                Record::Runs(state) => {
                    let write = RunsWrite::new(&state)?;
                    let bytes = write.value.len();
                    prepared.written.push(Written::Runs(state, bytes));
                    prepared.runs.push(write);
                }
                Record::ForgetRepo(id, until) => prepared.forget.push((id, until)),
                Record::Mark(name, says) => {
                    let says = Some(says.into_bytes());
                    prepared.marks.push((keys::mark(name), says));
                }
            }
        }
        let (from, now) = (change.from, Utc::now());
        for (subject, at) in change.due {
            let note = DueNote { at, from, now };
            prepared.due.push(DueWrite::new(DOING, subject, note)?);
        }
        for line in change.history {
            let value = encode(DOING, &line)?;
            prepared.history.push((keys::subject(&line.subject), value));
        }
        prepared.done = change.done.iter().map(|id| id.0.to_be_bytes()).collect();
        Ok(prepared)
    }

    /// Whether a repository is forgotten with it.
    pub fn forgets(&self) -> bool {
        !self.forget.is_empty()
    }

    /// Writes it, but for the repositories to forget: the records that could not be decoded and were replaced.
    pub fn write(
        &self,
        disk: &Disk,
        trees: &Trees<'_>,
    ) -> ConflictableTransactionResult<Vec<PullKey>, StoreError> {
        disk.count_change(DOING, trees.meta)?;
        let mut unreadable = Vec::new();
        for write in &self.runs {
            write.write(trees.runs, trees.runs_at)?;
            write.row.write(trees.lists)?;
        }
        for repo in &self.listed_repos {
            repo.write(trees.lists)?;
        }
        for pull in &self.pulls {
            for row in &pull.rows {
                row.write(trees.lists)?;
            }
            if pull.write(trees)? == Replaced::Unreadable {
                unreadable.push(pull.key);
            }
        }
        put_all(trees.heads, &self.heads)?;
        put_all(trees.repos, &self.repos)?;
        put_all(trees.marks, &self.marks)?;
        for note in &self.due {
            note.write(trees.due)?;
        }
        for (subject, line) in &self.history {
            let place = next_number(DOING, &disk.history_next, trees.history_next, subject)?;
            let history = trees.history;
            history.insert(keys::history(subject, place), line.as_slice())?;
            if let Some(oldest) = place.checked_sub(HISTORY) {
                history.remove(keys::history(subject, oldest))?;
            }
            let next = (place + 1).to_be_bytes();
            trees.history_next.insert(subject.as_slice(), &next)?;
        }
        for place in &self.done {
            trees.inbox.remove(place)?;
        }
        Ok(unreadable)
    }

    /// The commits at which gates are looked at next.
    pub fn gates(&self) -> Vec<(RepoId, Sha)> {
        let pulls = self.written.iter().filter_map(|written| match written {
            Written::Pull(state, _) => Some((state.repo.id, state.gate.as_ref()?.sha.clone())),
            _ => None,
        });
        pulls.collect()
    }

    /// It was, while nobody else changed records.
    pub fn was_applied(self, unreadable: Vec<PullKey>, disk: &Disk) {
        for key in unreadable {
            tracing::error!(pull = %key, "replaced a record that could not be decoded");
        }
        for written in self.written {
            disk.recent.note(written);
        }
    }
}

fn put_all(tree: &TransactionalTree, puts: &[Put]) -> Result<(), UnabortableTransactionError> {
    for (key, value) in puts {
        match value {
            Some(value) => tree.insert(key.as_slice(), value.as_slice())?,
            None => tree.remove(key.as_slice())?,
        };
    }
    Ok(())
}

/// Runs for one subject, and where the index leads to them from.
struct RunsWrite {
    repo: RepoId,
    subject: RunSubject,
    value: Vec<u8>,
    row: Row,
    shas: BTreeSet<Sha>,
}

impl RunsWrite {
    fn new(state: &RunsState) -> Result<Self, StoreError> {
        let shas = match &state.subject {
            RunSubject::Pull(_) => BTreeSet::new(),
            _ => state.shas(),
        };
        Ok(Self {
            repo: state.repo.id,
            subject: state.subject.clone(),
            value: encode(DOING, &(&shas, state))?,
            row: Row::runs(state)?,
            shas,
        })
    }

    /// Writes the state and moves the index entries of the one it replaces. Whoever follows an entry that a record that could not be
    /// decoded left looks at the record.
    fn write(
        &self,
        runs: &TransactionalTree,
        runs_at: &TransactionalTree,
    ) -> Result<(), UnabortableTransactionError> {
        let old = runs.insert(keys::runs(self.repo, &self.subject), self.value.as_slice())?;
        let old = old.and_then(|value| serde_json::from_slice::<IndexedRuns>(&value).ok());
        let old = old.map(|(shas, _)| shas).unwrap_or_default();
        for sha in old.difference(&self.shas) {
            runs_at.remove(keys::runs_at(self.repo, sha.as_str(), &self.subject))?;
        }
        for sha in self.shas.difference(&old) {
            runs_at.insert(
                keys::runs_at(self.repo, sha.as_str(), &self.subject),
                &[] as &[u8],
            )?;
        }
        Ok(())
    }
}

/// The part of stored runs that the index follows.
pub(super) type IndexedRuns = (BTreeSet<Sha>, IgnoredAny);

/// A pull request's state and where the indexes lead to it from.
struct PullWrite {
    key: PullKey,
    value: Vec<u8>,
    rows: [Row; 2],
    places: Places,
}

/// What became of the record that stood there before.
#[derive(PartialEq, Eq)]
enum Replaced {
    /// There was none, or its index entries are gone with it.
    Whole,
    /// It could not be decoded: its index entries may still be there. Who follows them looks at the record.
    Unreadable,
}

impl PullWrite {
    fn new(state: &PullState) -> Result<Self, StoreError> {
        let key = state.key();
        Ok(Self {
            key,
            value: encode(DOING, state)?,
            rows: [Row::pull(state)?, Row::head(state)],
            places: Places::of(state),
        })
    }

    /// Writes the state and moves the index entries of the one it replaces.
    fn write(&self, trees: &Trees<'_>) -> Result<Replaced, UnabortableTransactionError> {
        let (by_head, by_author) = (trees.by_head, trees.by_author);
        let old = trees
            .pulls
            .insert(keys::pull(self.key), self.value.as_slice())?;
        let old = old.map(|value| serde_json::from_slice::<Indexed>(&value));
        let replaced = match old {
            Some(Err(_)) => Replaced::Unreadable,
            _ => Replaced::Whole,
        };
        let old = old
            .and_then(Result::ok)
            .map(|old| old.places(self.key))
            .unwrap_or_default();
        move_entry(
            by_head,
            old.by_head.as_deref(),
            self.places.by_head.as_deref(),
        )?;
        for gone in old.by_author.difference(&self.places.by_author) {
            by_author.remove(gone.as_slice())?;
        }
        for new in self.places.by_author.difference(&old.by_author) {
            by_author.insert(new.as_slice(), &[] as &[u8])?;
        }
        Ok(replaced)
    }
}

fn move_entry(
    index: &TransactionalTree,
    old: Option<&[u8]>,
    new: Option<&[u8]>,
) -> Result<(), UnabortableTransactionError> {
    if old == new {
        return Ok(());
    }
    if let Some(old) = old {
        index.remove(old)?;
    }
    if let Some(new) = new {
        index.insert(new, &[] as &[u8])?;
    }
    Ok(())
}

/// The keys in the indexes that lead to one pull request.
#[derive(Default)]
pub(super) struct Places {
    pub by_head: Option<Vec<u8>>,
    pub by_author: BTreeSet<Vec<u8>>,
}

impl Places {
    pub fn of(state: &PullState) -> Self {
        Indexed::of(state).places(state.key())
    }
}

/// The part of a stored `PullState` that the indexes follow.
#[derive(Deserialize)]
struct Indexed {
    author: Option<IndexedAuthor>,
    #[serde(default)]
    people: BTreeSet<UserId>,
    view: Option<IndexedView>,
    gate: Option<IndexedGate>,
}

#[derive(Deserialize)]
struct IndexedAuthor {
    id: UserId,
}

#[derive(Deserialize)]
struct IndexedView {
    open: bool,
}

#[derive(Deserialize)]
struct IndexedGate {
    sha: Sha,
}

impl Indexed {
    fn of(state: &PullState) -> Self {
        let (author, view) = (state.author.as_ref(), state.view.as_ref());
        Self {
            author: author.map(|author| IndexedAuthor { id: author.id }),
            people: state.people.clone(),
            view: view.map(|view| IndexedView { open: view.open }),
            gate: state.gate.as_ref().map(|gate| IndexedGate {
                sha: gate.sha.clone(),
            }),
        }
    }

    fn places(&self, key: PullKey) -> Places {
        // One that was never read from GitHub counts as open.
        let open = self.view.as_ref().is_none_or(|view| view.open);
        Places {
            by_head: self
                .gate
                .as_ref()
                .map(|gate| keys::by_head(key, gate.sha.as_str())),
            by_author: self
                .author
                .iter()
                .map(|author| author.id)
                .chain(self.people.iter().copied())
                .filter(|_| open)
                .map(|person| keys::by_author(person, key))
                .collect(),
        }
    }
}
