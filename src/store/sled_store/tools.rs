//! What an operator does with a state while no server runs on it: export, import, verify, compact.

use super::disk::{self, Disk};
use super::home::{COMPACTED, Home};
use super::lines::{Filling, Kind};
use super::portable::{Counts, Incoming, Writer};
use super::records::failed;
use super::{StoreError, sequence, snapshots};
use chrono::{DateTime, Utc};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What whoever is not the server is told while that runs.
const STOP_THE_SERVER: &str = "stop the server first. While it runs, `drawbridge state export --snapshot` and \
                               `drawbridge state verify` read the files in its directory `snapshots`";

/// A directory with a state, DATA_DIR.
#[derive(Debug, Clone)]
pub struct StateDir {
    home: Home,
}

/// What was read, and what is wrong.
#[derive(Debug)]
pub struct Verified {
    /// How many records can be read.
    pub counts: Counts,
    /// How much they take, keys and values.
    pub bytes: u64,
    /// Each in one line; none: it is sound.
    pub problems: Vec<String>,
}

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    /// How many records.
    pub counts: Counts,
    /// When they stood like this.
    pub taken_at: DateTime<Utc>,
    /// Where the state that was there before is kept.
    pub kept_in: Option<PathBuf>,
}

/// What compacting came to.
#[derive(Debug)]
pub struct Compacted {
    /// How many records.
    pub counts: Counts,
    /// The size of the directory, in bytes.
    pub before: u64,
    /// The same afterwards.
    pub after: u64,
}

impl StateDir {
    /// The one in `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            home: Home::new(data_dir),
        }
    }

    /// Where the state itself is.
    pub fn path(&self) -> PathBuf {
        self.home.state()
    }

    /// Whether nobody has it open; somebody who is just closing it is waited for, half a second at most.
    ///
    /// # Errors
    /// Somebody has it open, or the directory can't be used.
    pub fn is_free(&self) -> Result<(), StoreError> {
        self.home.lock(STOP_THE_SERVER).map(drop)
    }

    /// Writes all records as lines of JSON.
    ///
    /// # Errors
    /// There is no state, somebody has it open, a record can't be read, or `to` can't be written.
    pub fn export(
        &self,
        now: DateTime<Utc>,
        to: impl Write + Send + 'static,
    ) -> Result<Counts, StoreError> {
        const DOING: &str = "exporting the state";
        let _lock = self.lock_what_is_there()?;
        Disk::look_at(&self.path(), now, move |disk| {
            let mut writer = Writer::begin(to, disk.origin(now)?)?;
            for kind in Kind::ALL {
                for raw in disk.raws(DOING, kind) {
                    writer.line(&disk.line(DOING, &raw?)?)?;
                }
            }
            Ok(writer.end()?.1)
        })
    }

    /// Writes the records of a snapshot as lines of JSON. A server may run meanwhile.
    ///
    /// # Errors
    /// The snapshot is damaged, or `to` can't be written.
    pub fn export_snapshot(snapshot: &Path, to: impl Write) -> Result<Counts, StoreError> {
        let (mut to, mut writer) = (Some(to), None);
        snapshots::read(snapshot, |incoming| {
            match (incoming, &mut writer, to.take()) {
                (Incoming::Header(header), _, Some(to)) => {
                    writer = Some(Writer::begin(to, header.origin())?);
                }
                (Incoming::Line(line), Some(writer), _) => writer.line(&line)?,
                _ => {}
            }
            Ok(())
        })?;
        match writer {
            Some(writer) => Ok(writer.end()?.1),
            None => Ok(Counts::new()),
        }
    }

    /// Takes over the records of an export or a snapshot. `replace`: a state that is there is kept under another name;
    /// otherwise it is an error.
    ///
    /// # Errors
    /// There is a state, somebody has it open, or the file is no whole state. The state that is there stays as it is.
    pub fn import(
        &self,
        now: DateTime<Utc>,
        from: &Path,
        replace: bool,
    ) -> Result<Imported, StoreError> {
        let _lock = self.home.lock(STOP_THE_SERVER)?;
        self.home.settle()?;
        let state = self.path();
        let there = fs::read_dir(&state).is_ok_and(|mut files| files.next().is_some());
        if there && !replace {
            return Err(disk::about(
                &state,
                "there is a state already; with --replace it is kept under another name, and this one takes its place",
            ));
        }
        let new = self.home.begin(now)?;
        let filled = snapshots::fill(&new, from);
        let (header, counts) = match filled {
            Ok(filled) => {
                self.home.end(new)?;
                filled
            }
            Err(error) => {
                drop(new);
                self.home.abandon();
                return Err(error);
            }
        };
        let kept_in = there.then(|| self.home.unused_name("replaced", now));
        if !there {
            // An empty directory is in the way.
            let _ = fs::remove_dir(&state);
        }
        self.home.put_in_place(kept_in.as_deref())?;
        Ok(Imported {
            counts,
            taken_at: header.taken_at,
            kept_in,
        })
    }

    /// Reads everything.
    ///
    /// # Errors
    /// There is no state, somebody has it open, or it can't even be opened.
    pub fn verify(&self, now: DateTime<Utc>) -> Result<Verified, StoreError> {
        let _lock = self.lock_what_is_there()?;
        let written = sequence::read_mark(&self.path()).unwrap_or(0);
        Disk::look_at(&self.path(), now, move |disk| {
            let mut found = disk.verify();
            found.problems.extend(disk.lacks(written)?);
            Ok(Verified {
                counts: found.counts,
                bytes: found.bytes,
                problems: found.problems,
            })
        })
    }

    /// Reads an export or a snapshot to its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify_file(path: &Path) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        snapshots::read(path, |incoming| {
            if let Incoming::Line(line) = incoming {
                *counts.entry(line.kind()).or_default() += 1;
            }
            Ok(())
        })?;
        Ok(counts)
    }

    /// Writes the state into a directory of its own, which then takes its place: sled never gives room back.
    ///
    /// # Errors
    /// There is no state, somebody has it open, or it is damaged; it stays as it is then.
    pub fn compact(&self, now: DateTime<Utc>) -> Result<Compacted, StoreError> {
        let _lock = self.lock_what_is_there()?;
        let compacted = self.home.compact(now)?;
        Ok(compacted)
    }

    fn lock_what_is_there(&self) -> Result<super::Lock, StoreError> {
        let nothing = || {
            disk::about(
                &self.path(),
                "there is no state here; name the server's DATA_DIR with --data-dir",
            )
        };
        if !self.path().join("conf").exists() && !self.path().join("db").exists() {
            return Err(nothing());
        }
        let lock = self.home.lock(STOP_THE_SERVER)?;
        self.home.settle()?;
        match self.path().join("db").exists() {
            true => Ok(lock),
            false => Err(disk::about(&self.path(), "its file `db` is gone")),
        }
    }
}

impl Home {
    /// Writes the state into a new directory. Whoever calls it holds the lock, and nothing has the state open.
    pub fn compact(&self, now: DateTime<Utc>) -> Result<Compacted, StoreError> {
        const DOING: &str = "compacting the state";
        let before = size(&self.state()).map_err(failed(DOING))?;
        let home = self.clone();
        let counts = Disk::look_at(&self.state(), now, move |old| {
            let found = old.verify().sound()?;
            let new = home.begin(now)?;
            let mut filling = Filling::new(&new);
            for kind in Kind::ALL {
                for raw in old.raws(DOING, kind) {
                    filling.add(old.line(DOING, &raw?)?)?;
                }
            }
            filling.end()?;
            new.take_over(old)?;
            let written = new.verify().sound()?;
            if written.counts != found.counts {
                return Err(failed(DOING)(
                    "not every record arrived; the old state stays",
                ));
            }
            home.end(new)?;
            Ok(found.counts)
        })?;
        let old = self.unused_name(COMPACTED, now);
        self.put_in_place(Some(&old))?;
        fs::remove_dir_all(&old).map_err(failed(DOING))?;
        let after = size(&self.state()).map_err(failed(DOING))?;
        Ok(Compacted {
            counts,
            before,
            after,
        })
    }
}

/// The size of all files in a directory.
pub(super) fn size(dir: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += match kind.is_dir() {
            true => size(&entry.path())?,
            false => kind.len(),
        };
    }
    Ok(sum)
}
