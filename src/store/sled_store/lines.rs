//! All records, read one by one: for verifying, for snapshots and exports; and written one by one, from such.

use super::disk::Disk;
use super::inbox::{seen_at, seen_note, seen_value};
use super::portable::Line;
use super::read::StoredRuns;
use super::records::{decode, encode, failed, undecodable};
use super::{Change, Record, StoreError, keys};
use crate::domain::ids::Subject;
use sled::{Batch, IVec, Tree};

/// The kinds of records, each with a tree of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Pull requests.
    Pull,
    /// The runs of a subject.
    Runs,
    /// Heads.
    Head,
    /// Repositories.
    Repo,
    /// Entries of deliveries that wait.
    Inbox,
    /// Subjects that are due.
    Due,
    /// Ids of deliveries that were accepted.
    Seen,
    /// Deliveries that could not be decoded.
    Aside,
    /// Lines of histories.
    History,
    /// How far something has come.
    Mark,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Pull,
        Self::Runs,
        Self::Head,
        Self::Repo,
        Self::Inbox,
        Self::Due,
        Self::Seen,
        Self::Aside,
        Self::History,
        Self::Mark,
    ];
}

/// A record as it is stored.
pub(super) struct Raw {
    pub kind: Kind,
    pub key: IVec,
    pub value: IVec,
}

impl Disk {
    pub(super) fn tree(&self, kind: Kind) -> &Tree {
        match kind {
            Kind::Pull => &self.pulls,
            Kind::Runs => &self.runs,
            Kind::Head => &self.heads,
            Kind::Repo => &self.repos,
            Kind::Inbox => &self.inbox,
            Kind::Due => &self.due,
            Kind::Seen => &self.seen,
            Kind::Aside => &self.aside,
            Kind::History => &self.history,
            Kind::Mark => &self.marks,
        }
    }

    /// All records of a kind, in the order of their keys. An error comes next when the database is about to be closed.
    ///
    /// sled drops a page from memory only when 64 looks at pages of the same 256th are waiting to be counted (`lru.rs` in 0.34.7),
    /// so that 16,384 pages stay where each is looked at once, whatever its cache may hold. Here each is looked at for each record.
    pub(super) fn raws(
        &self,
        doing: &'static str,
        kind: Kind,
    ) -> impl Iterator<Item = Result<Raw, StoreError>> + use<'_> {
        let tree = self.tree(kind);
        tree.iter().map(move |entry| {
            if self.is_leaving() {
                return Err(failed(doing)("the store is being closed"));
            }
            let (key, value) = entry.map_err(failed(doing))?;
            tree.contains_key(&key).map_err(failed(doing))?;
            Ok(Raw { kind, key, value })
        })
    }

    /// The record, decoded; an error if it can't be, or stands where another one belongs.
    pub(super) fn line(&self, doing: &'static str, raw: &Raw) -> Result<Line, StoreError> {
        let (tree, key, value) = (self.tree(raw.kind), &raw.key, &raw.value);
        let wrong = |why: &str| undecodable(doing, tree, key, why);
        let place = || keys::trailing_number(key).ok_or_else(|| wrong("its key ends too early"));
        let (line, own_key) = match raw.kind {
            Kind::Pull => {
                let state: Box<crate::domain::pull::PullState> = decode(doing, tree, key, value)?;
                let own = keys::pull(state.key());
                (Line::Pull(state), own)
            }
            Kind::Runs => {
                let (_, state): StoredRuns = decode(doing, tree, key, value)?;
                let own = keys::runs(state.repo.id, &state.subject);
                (Line::Runs(Box::new(state)), own)
            }
            Kind::Head => {
                let state: Box<crate::domain::gate::HeadState> = decode(doing, tree, key, value)?;
                let own = keys::head(state.repo.id, state.sha.as_str());
                (Line::Head(state), own)
            }
            Kind::Repo => {
                let state: Box<crate::domain::repository::RepoState> =
                    decode(doing, tree, key, value)?;
                let own = keys::repo(state.repo.id);
                (Line::Repo(state), own)
            }
            Kind::Inbox => {
                let entry = decode(doing, tree, key, value)?;
                let place = place()?;
                (Line::Inbox { place, entry }, place.to_be_bytes().to_vec())
            }
            Kind::Due => {
                let (subject, at): (Subject, _) = decode(doing, tree, key, value)?;
                let own = keys::subject(&subject);
                (Line::Due(subject, at), own)
            }
            Kind::Seen => {
                let at = seen_at(value).ok_or_else(|| wrong("it has no time"))?;
                let id = str::from_utf8(key).map_err(|_| wrong("its key is no text"))?;
                let note = seen_note(value).ok_or_else(|| wrong("its note is no text"))?;
                let (id, note) = (id.to_owned(), note.to_owned());
                (Line::Seen { id, at, note }, key.to_vec())
            }
            Kind::Aside => {
                let aside = decode(doing, tree, key, value)?;
                let place = place()?;
                (Line::Aside { place, aside }, place.to_be_bytes().to_vec())
            }
            Kind::History => {
                let entry: super::HistoryEntry = decode(doing, tree, key, value)?;
                let place = place()?;
                let own = keys::history(&keys::subject(&entry.subject), place);
                (Line::History { place, entry }, own)
            }
            Kind::Mark => {
                let text = |bytes: &[u8]| str::from_utf8(bytes).map(str::to_owned);
                let name = text(key).map_err(|_| wrong("its key is no text"))?;
                let says = text(value).map_err(|_| wrong("it is no text"))?;
                (Line::Mark { name, says }, key.to_vec())
            }
        };
        if own_key != **key {
            return Err(wrong("it belongs under another key"));
        }
        Ok(line)
    }
}

/// So many lines are written at once.
const AT_ONCE: usize = 500;
const FILLING: &str = "filling a store";

/// Writes records into an empty store, some at a time.
pub(super) struct Filling<'a> {
    disk: &'a Disk,
    change: Change,
    raws: Vec<(Kind, Vec<u8>, Vec<u8>)>,
    lines: usize,
}

impl<'a> Filling<'a> {
    pub fn new(disk: &'a Disk) -> Self {
        Self {
            disk,
            change: Change::default(),
            raws: Vec::new(),
            lines: 0,
        }
    }

    /// Adds a record; written at the latest with `end`.
    pub fn add(&mut self, line: Line) -> Result<(), StoreError> {
        let change = &mut self.change;
        match line {
            Line::Pull(state) => change.records.push(Record::Pull(state)),
            Line::Runs(state) => change.records.push(Record::Runs(state)),
            Line::Head(state) => change.records.push(Record::Head(state)),
            Line::Repo(state) => change.records.push(Record::Repo(state)),
            Line::Due(subject, at) => change.due.push((subject, Some(at))),
            Line::Inbox { place, entry } => self.raws.push((
                Kind::Inbox,
                place.to_be_bytes().to_vec(),
                encode(FILLING, &entry)?,
            )),
            Line::Seen { id, at, note } => {
                self.raws
                    .push((Kind::Seen, id.into_bytes(), seen_value(at, &note)));
            }
            Line::Aside { place, aside } => self.raws.push((
                Kind::Aside,
                place.to_be_bytes().to_vec(),
                encode(FILLING, &aside)?,
            )),
            Line::Mark { name, says } => {
                self.raws
                    .push((Kind::Mark, name.into_bytes(), says.into_bytes()));
            }
            Line::History { place, entry } => {
                let subject = keys::subject(&entry.subject);
                let value = encode(FILLING, &entry)?;
                let key = keys::history(&subject, place);
                self.raws.push((Kind::History, key, value));
                let counters = &self.disk.history_next;
                let there = counters.get(&subject).map_err(failed(FILLING))?;
                // Whatever order the lines come in.
                if there.and_then(|next| keys::number_in(&next)) <= Some(place) {
                    counters
                        .insert(subject, &(place + 1).to_be_bytes())
                        .map_err(failed(FILLING))?;
                }
            }
        }
        self.lines += 1;
        match self.lines.is_multiple_of(AT_ONCE) {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// Writes the rest, and sees to it that it is on disk.
    pub fn end(mut self) -> Result<(), StoreError> {
        self.write()?;
        self.disk.raise_counters()?;
        self.disk.flush()
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.disk.commit(std::mem::take(&mut self.change))?;
        for kind in Kind::ALL {
            let mut batch = Batch::default();
            for (_, key, value) in self.raws.iter().filter(|raw| raw.0 == kind) {
                batch.insert(key.as_slice(), value.as_slice());
            }
            self.disk
                .tree(kind)
                .apply_batch(batch)
                .map_err(failed(FILLING))?;
        }
        self.raws.clear();
        Ok(())
    }
}
