//! The directory that holds the store and what belongs to it, DATA_DIR:
//!
//! - `lock`: held while somebody has it open;
//! - `state/`: the store in use, sled's;
//! - `state.filling/`: one that is being filled to take its place, and not whole yet;
//! - `state.coming/`: the same when it is whole, for the moment in which they change places;
//! - `state.broken-<UTC time>/`: one that could not be used. Nobody but the operator deletes it;
//! - `snapshots/`: what it is restored from then.

use super::disk::{self, Disk};
use super::records::failed;
use super::tools::size;
use super::{Loss, StoreError, sequence, snapshots};
use chrono::{DateTime, Utc};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A state may take so many times the room of its records, and [`SPARE`] more, before it is written anew.
const LOOSE: u64 = 4;
/// In bytes: sled's own structures, and what a day leaves.
pub(super) const SPARE: u64 = 256 * 1024 * 1024;
/// A state of so many bytes is read in no time.
const LARGE: u64 = 32 * 1024 * 1024;

/// The right to use the directory, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// What the state before is called while the one that was written anew takes its place.
pub(super) const COMPACTED: &str = "compacted";

/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Home {
    dir: PathBuf,
    /// A state of more bytes that was closed as it should be is in use before all of it was read.
    large: u64,
}

impl Home {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.to_owned(),
            large: LARGE,
        }
    }

    /// The same, where any state is large.
    #[cfg(test)]
    pub fn of_large_states(data_dir: &Path) -> Self {
        Self {
            large: 0,
            ..Self::new(data_dir)
        }
    }

    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    pub fn snapshots(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    fn filling(&self) -> PathBuf {
        self.dir.join("state.filling")
    }

    fn coming(&self) -> PathBuf {
        self.dir.join("state.coming")
    }

    /// Locks the directory, and creates it if it is not there. `remedy`: what to do if somebody else has it.
    pub fn lock(&self, remedy: &str) -> Result<Lock, StoreError> {
        disk::create_private(&self.dir)?;
        let path = self.dir.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| disk::about(&path, &error.to_string()))?;
        // A store that was just closed may be held a moment longer by a task that is being dropped.
        for _ in 1..disk::LOCK_ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(disk::LOCK_PAUSE),
                Err(TryLockError::Error(error)) => {
                    return Err(disk::about(&path, &error.to_string()));
                }
            }
        }
        Err(disk::in_use(&self.dir, remedy))
    }

    /// Opens the store. One that is damaged is set aside, and another takes its place.
    pub fn open(&self, now: DateTime<Utc>) -> Result<Disk, StoreError> {
        const DOING: &str = "clearing away the state from before it was written anew";
        self.settle()?;
        if let Some(why) = self.what_is_gone()? {
            return self.replace(&why, now);
        }
        let disk = match Disk::open(&self.state(), now, self.large) {
            Err(error) if error.doing == disk::RECOVERING => self.replace(&error.cause, now),
            opened => opened,
        }?;
        // Another one has taken its place, holds all that was in it, and is sound.
        for old in self.named(COMPACTED).map_err(failed(DOING))? {
            remove_if_there(&old).map_err(failed(DOING))?;
        }
        Ok(disk)
    }

    /// Writes a state anew that takes much more room than what is in it: sled uses room again that became free, and gives little of
    /// it back, so that without this a busy server's directory would only grow. Where that fails, having no room for a second one,
    /// say, the state is used as it is.
    pub fn tighten(&self, disk: Disk, now: DateTime<Utc>, spare: u64) -> Result<Disk, StoreError> {
        let Some(takes) = self.loose(&disk, spare)? else {
            return Ok(disk);
        };
        drop(disk);
        tracing::info!(
            takes,
            "most of the state's room is not used; writing it anew"
        );
        match self.compact(now) {
            Ok(done) => tracing::info!(
                before = done.before,
                after = done.after,
                "wrote the state anew, as most of its room was not used any more"
            ),
            Err(error) => {
                self.abandon();
                tracing::warn!(
                    %error,
                    takes,
                    "can't write the state anew, and most of its room is not used; going on with it as it is"
                );
            }
        }
        // Whatever was left half done is completed or cleared away first.
        self.open(now)
    }

    /// How much room the state takes, where that is much more than what was in it when it was read.
    pub fn loose(&self, disk: &Disk, spare: u64) -> Result<Option<u64>, StoreError> {
        let Some(read) = disk.read() else {
            return Ok(None);
        };
        let takes = size(&self.state()).map_err(failed("measuring the state"))?;
        Ok((takes > read.saturating_mul(LOOSE).saturating_add(spare)).then_some(takes))
    }

    /// sled takes a file that is gone for one that never was.
    fn what_is_gone(&self) -> Result<Option<String>, StoreError> {
        let state = self.state();
        if state.join("db").exists() {
            return Ok(None);
        }
        Ok(match state.join("conf").exists() {
            true => Some("its file `db` is gone".to_owned()),
            false => (!snapshots::list(&self.snapshots())?.is_empty())
                .then(|| "there are snapshots, and no state".to_owned()),
        })
    }

    /// Completes or clears away what a process that died left half done.
    pub fn settle(&self) -> Result<(), StoreError> {
        const DOING: &str = "completing what an earlier process began";
        let (state, coming) = (self.state(), self.coming());
        remove_if_there(&self.filling()).map_err(failed(DOING))?;
        if state.exists() || !coming.exists() {
            remove_if_there(&coming).map_err(failed(DOING))?;
        } else {
            fs::rename(&coming, &state).map_err(failed(DOING))?;
            disk::sync_dir(&self.dir).map_err(failed(DOING))?;
        }
        Ok(())
    }

    /// Sets the store aside and lets another take its place.
    fn replace(&self, why: &str, now: DateTime<Utc>) -> Result<Disk, StoreError> {
        let state = self.state();
        let kept_in = state.exists().then(|| self.unused_name("broken", now));
        let (new, restored_to) = self.restore(now)?;
        // A loss that the snapshot tells of reaches further back.
        let earlier = new.loss().and_then(|loss| loss.restored_to);
        new.note_loss(Some(Loss {
            at: now,
            why: why.to_owned(),
            kept_in: kept_in.clone(),
            restored_to: match new.loss() {
                Some(_) => earlier,
                None => restored_to,
            },
        }))?;
        self.end(new)?;
        self.put_in_place(kept_in.as_deref())?;
        // The one from before the damaged one was written is nothing to go on with, but may be of use to somebody.
        const KEEPING: &str = "keeping the state from before it was written anew";
        for old in self.named(COMPACTED).map_err(failed(KEEPING))? {
            fs::rename(&old, self.unused_name("broken", now)).map_err(failed(KEEPING))?;
        }
        tracing::error!(
            why,
            kept_in = kept_in.map(|path| path.display().to_string()),
            restored_to = restored_to.map(|at| at.to_rfc3339()),
            "the state could not be used; it was set aside, and another took its place"
        );
        Disk::open(&state, now, self.large)
    }

    /// A new store from the newest snapshot that is whole, and that one's time; without one it is empty.
    fn restore(&self, now: DateTime<Utc>) -> Result<(Disk, Option<DateTime<Utc>>), StoreError> {
        for path in snapshots::list(&self.snapshots())? {
            let disk = self.begin(now)?;
            match snapshots::fill(&disk, &path) {
                Ok((header, _)) => return Ok((disk, Some(header.taken_at))),
                Err(error) => tracing::error!(
                    %error,
                    snapshot = %path.display(),
                    "a snapshot can't be used; trying the one before"
                ),
            }
        }
        Ok((self.begin(now)?, None))
    }

    /// An empty store that is to take the place of the present one.
    pub fn begin(&self, now: DateTime<Utc>) -> Result<Disk, StoreError> {
        let filling = self.filling();
        remove_if_there(&filling).map_err(failed("clearing away an unfinished store"))?;
        Disk::open(&filling, now, self.large)
    }

    /// The store that was begun is full: it is closed, and damage to it is found from now on.
    pub fn end(&self, new: Disk) -> Result<(), StoreError> {
        new.flush()?;
        let written = new.sequence()?;
        drop(new);
        sequence::write_mark(&self.filling(), written)
            .map_err(failed("noting what the new state holds"))
    }

    /// Clears away a store that was begun, closed and is of no use. What stays is cleared away before the next is begun.
    pub fn abandon(&self) {
        let _ = remove_if_there(&self.filling());
    }

    /// The store that was begun, filled and closed becomes the present one; the one before is kept under this name.
    pub fn put_in_place(&self, kept_in: Option<&Path>) -> Result<(), StoreError> {
        const DOING: &str = "replacing the state";
        fs::rename(self.filling(), self.coming()).map_err(failed(DOING))?;
        if let Some(kept_in) = kept_in {
            fs::rename(self.state(), kept_in).map_err(failed(DOING))?;
        }
        fs::rename(self.coming(), self.state()).map_err(failed(DOING))?;
        disk::sync_dir(&self.dir).map_err(failed(DOING))
    }

    /// The states that were kept for that reason.
    fn named(&self, what: &str) -> std::io::Result<Vec<PathBuf>> {
        let begin = format!("state.{what}-");
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&begin) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// A name in this directory that nothing has.
    pub fn unused_name(&self, what: &str, now: DateTime<Utc>) -> PathBuf {
        let name = format!("state.{what}-{}", now.format("%Y%m%dT%H%M%SZ"));
        let others = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.clone())
            .chain(others)
            .map(|name| self.dir.join(name))
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.dir.join(name))
    }
}

fn remove_if_there(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
