//! Reading everything once: sled finds damage only where it reads, and a value that can't be decoded is found only by
//! decoding it.

use super::change::{IndexedRuns, Places};
use super::disk::Disk;
use super::lines::{Kind, Raw};
use super::portable::{Counts, Line};
use super::records::failed;
use super::{StoreError, keys};
use sled::{IVec, Tree};
use std::collections::{BTreeMap, BTreeSet};

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

/// What follows from the records, and has to be there.
#[derive(Default)]
struct Expected {
    by_head: BTreeSet<Vec<u8>>,
    by_author: BTreeSet<Vec<u8>>,
    runs_at: BTreeSet<Vec<u8>>,
    /// subject → the place of the last line of its history.
    last_lines: BTreeMap<Vec<u8>, u64>,
}

impl Disk {
    /// Reads every record and every index.
    pub(super) fn verify(&self) -> Findings {
        let mut findings = Findings::default();
        let mut expected = Expected::default();
        for kind in Kind::ALL {
            *findings.counts.entry(kind).or_default() = 0;
            for raw in self.raws(DOING, kind) {
                let raw = match raw {
                    Ok(raw) => raw,
                    Err(error) => {
                        // Where sled can't go on, it would say so for ever.
                        findings.problems.push(error.cause);
                        break;
                    }
                };
                findings.bytes += (raw.key.len() + raw.value.len()) as u64;
                match self.line(DOING, &raw) {
                    Ok(line) => {
                        *findings.counts.entry(kind).or_default() += 1;
                        expected.of(&line);
                        if kind == Kind::Runs {
                            expected.runs_at.extend(runs_places(&raw));
                        }
                    }
                    Err(error) => findings.problems.push(error.cause),
                }
            }
        }
        for (index, keys) in [
            (&self.by_head, &expected.by_head),
            (&self.by_author, &expected.by_author),
            (&self.runs_at, &expected.runs_at),
        ] {
            compare(index, keys, &mut findings.problems);
        }
        // What stands there is made of the records, but damage is found only by reading.
        for tree in [
            &self.lists,
            &self.journal,
            &self.journal_of,
            &self.journal_at,
        ] {
            compare(tree, &BTreeSet::new(), &mut findings.problems);
        }
        self.compare_counters(&expected.last_lines, &mut findings.problems);
        findings
    }

    fn compare_counters(&self, last_lines: &BTreeMap<Vec<u8>, u64>, problems: &mut Vec<String>) {
        let mut next = BTreeMap::new();
        for entry in &self.history_next {
            match entry {
                Ok((subject, value)) => next.insert(subject.to_vec(), keys::number_in(&value)),
                Err(error) => return problems.push(error.to_string()),
            };
        }
        for (subject, last) in last_lines {
            if next
                .get(subject)
                .copied()
                .flatten()
                .is_none_or(|next| next <= *last)
            {
                problems.push(format!(
                    "the history of {} goes on before its end",
                    subject.escape_ascii()
                ));
            }
        }
    }
}

impl Expected {
    fn of(&mut self, line: &Line) {
        match line {
            Line::Pull(state) => {
                let Places { by_head, by_author } = Places::of(state);
                self.by_head.extend(by_head);
                self.by_author.extend(by_author);
            }
            Line::History { place, entry } => {
                self.last_lines
                    .insert(keys::subject(&entry.subject), *place);
            }
            _ => {}
        }
    }
}

/// The index entries of stored runs: those that were written with them. What a newer program would write may differ.
fn runs_places(raw: &Raw) -> Vec<Vec<u8>> {
    let stored: Option<IndexedRuns> = serde_json::from_slice(&raw.value).ok();
    let shas = stored.map(|(shas, _)| shas).unwrap_or_default();
    shas.iter()
        .filter_map(|sha| keys::runs_at_of(&raw.key, sha.as_str()))
        .collect()
}

/// Reads an index and names what it lacks. An entry too many does no harm: who follows one looks at the record.
fn compare(index: &Tree, expected: &BTreeSet<Vec<u8>>, problems: &mut Vec<String>) {
    let mut there = BTreeSet::new();
    for key in index.iter().keys() {
        match key {
            Ok(key) => there.insert(key),
            Err(error) => return problems.push(failed::<sled::Error>(DOING)(error).cause),
        };
    }
    for key in expected {
        if !there.contains(&IVec::from(key.as_slice())) {
            let name = index.name();
            problems.push(format!(
                "the index {} lacks {}",
                String::from_utf8_lossy(&name),
                key.escape_ascii()
            ));
        }
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
