//! Reading everything once: sled finds damage only where it reads, and a value that can't be decoded is found only by
//! decoding it.

use super::change::{IndexedRuns, Places};
use super::disk::Disk;
use super::lines::{Kind, Raw};
use super::portable::{Counts, Line};
use super::records::failed;
use super::{StoreError, keys};
use sled::Tree;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

const DOING: &str = "verifying the store";

/// What was read, and what is wrong.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub counts: Counts,
    /// How much the records take, keys and values.
    pub bytes: u64,
    /// Each in one line.
    pub problems: Vec<String>,
}

impl Disk {
    /// Reads everything, and remembers that it is sound.
    pub fn verify_once(&self) -> Result<(), StoreError> {
        let found = self.verify().sound()?;
        if !self.is_leaving() {
            // Whoever was first has read the same.
            let _ = self.sound.set(found.bytes);
        }
        Ok(())
    }

    /// How much the records took when all of them were read, in bytes; `None`: they were not yet.
    pub fn read(&self) -> Option<u64> {
        self.sound.get().copied()
    }

    /// It is about to be closed.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether it is about to be closed.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Reads every record and every index, and ends early when the database is about to be closed. Others may change records
    /// meanwhile: what does not fit is looked at once more while nobody does.
    pub(super) fn verify(&self) -> Findings {
        let mut findings = Findings::default();
        for kind in Kind::ALL {
            findings.counts.insert(kind, 0);
            self.verify_kind(kind, &mut findings);
        }
        for tree in [
            &self.by_head,
            &self.by_author,
            &self.runs_at,
            &self.history_next,
            // What stands in these is made of the records, but damage is found only by reading.
            &self.lists,
            &self.journal,
            &self.journal_of,
            &self.journal_at,
        ] {
            let mut damage = tree.iter().take_while(|_| !self.is_leaving());
            if let Some(error) = damage.find_map(Result::err) {
                findings.problems.push(error.to_string());
            }
        }
        findings
    }

    fn verify_kind(&self, kind: Kind, findings: &mut Findings) {
        // The last line of the history that is being read.
        let mut last: Option<Raw> = None;
        for raw in self.raws(DOING, kind) {
            let raw = match raw {
                Ok(raw) => raw,
                Err(_) if self.is_leaving() => return,
                Err(error) => {
                    // Where sled can't go on, it would say so for ever.
                    findings.problems.push(error.cause);
                    break;
                }
            };
            findings.bytes += (raw.key.len() + raw.value.len()) as u64;
            match self.problem(&raw).and_then(|_| self.problem_now(&raw)) {
                Some(problem) => findings.problems.push(problem),
                None => *findings.counts.entry(kind).or_default() += 1,
            }
            if kind == Kind::History {
                let before = last.replace(raw);
                let ended = before.filter(|before| {
                    let next = last.as_ref().map(|next| history_of(&next.key));
                    next != Some(history_of(&before.key))
                });
                findings.problems.extend(self.unfinished(ended));
            }
        }
        findings.problems.extend(self.unfinished(last));
    }

    /// What is wrong with a record as it was read: it can't be decoded, or an index does not lead to it.
    fn problem(&self, raw: &Raw) -> Option<String> {
        let line = match self.line(DOING, raw) {
            Ok(line) => line,
            Err(error) => return Some(error.cause),
        };
        let (by_head, by_author, runs_at) = match &line {
            Line::Pull(state) => {
                let Places { by_head, by_author } = Places::of(state);
                (by_head, by_author, Vec::new())
            }
            Line::Runs(_) => (None, BTreeSet::new(), runs_places(raw)),
            _ => return None,
        };
        let leads = by_head.into_iter().map(|key| (&self.by_head, key));
        let leads = leads.chain(by_author.into_iter().map(|key| (&self.by_author, key)));
        let leads = leads.chain(runs_at.into_iter().map(|key| (&self.runs_at, key)));
        // An entry too many does no harm: who follows one looks at the record.
        leads.into_iter().find_map(|(index, key)| lack(index, &key))
    }

    /// What is wrong with the record that stands there now.
    fn problem_now(&self, raw: &Raw) -> Option<String> {
        let _alone = self.alone();
        match self.tree(raw.kind).get(&raw.key) {
            Ok(Some(value)) => self.problem(&Raw {
                kind: raw.kind,
                key: raw.key.clone(),
                value,
            }),
            Ok(None) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// Whether the history that ends with this line would go on before its end.
    fn unfinished(&self, last: Option<Raw>) -> Option<String> {
        let last = last.filter(|raw| raw.kind == Kind::History)?;
        let subject = history_of(&last.key);
        let is_behind = |last: &[u8]| {
            let next = self.history_next.get(subject).ok().flatten();
            let next = next.and_then(|next| keys::number_in(&next));
            next > keys::trailing_number(last)
        };
        if is_behind(&last.key) {
            return None;
        }
        let _alone = self.alone();
        let lines = self.history.scan_prefix(subject);
        let last = lines.keys().next_back()?;
        match last.is_ok_and(|last| is_behind(&last)) {
            true => None,
            false => Some(format!(
                "the history of {} goes on before its end",
                subject.escape_ascii()
            )),
        }
    }
}

/// The part of a line's key that is its subject's.
pub(super) fn history_of(key: &[u8]) -> &[u8] {
    &key[..key.len().saturating_sub(8)]
}

/// The index entries of stored runs: those that were written with them. What a newer program would write may differ.
fn runs_places(raw: &Raw) -> Vec<Vec<u8>> {
    let stored: Option<IndexedRuns> = serde_json::from_slice(&raw.value).ok();
    let shas = stored.map(|(shas, _)| shas).unwrap_or_default();
    shas.iter()
        .filter_map(|sha| keys::runs_at_of(&raw.key, sha.as_str()))
        .collect()
}

/// That an index has no such entry, or can't be read.
fn lack(index: &Tree, key: &[u8]) -> Option<String> {
    match index.contains_key(key) {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "the index {} lacks {}",
            String::from_utf8_lossy(&index.name()),
            key.escape_ascii()
        )),
        Err(error) => Some(error.to_string()),
    }
}

impl Findings {
    /// Nothing is wrong.
    pub fn sound(self) -> Result<Self, StoreError> {
        let Some(first) = self.problems.first() else {
            return Ok(self);
        };
        let more = match self.problems.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        Err(failed(super::disk::RECOVERING)(format!("{first}{more}")))
    }
}
