//! The store in a directory of its own, in sled: one process, no server.
//!
//! Every call of sled may wait for the disk or for another writer, so none is made on an async thread; what is to be written is encoded
//! there, and what was just used is found there (`recent`). What has to
//! be on disk before it is answered waits for the `flusher`; everything else reaches it within half a second.
//! sled's transactions exclude one another and every other write, and are found whole or not at all after a crash.

mod as_store;
mod beside;
mod change;
mod closed;
mod collected;
mod disk;
mod due;
mod flusher;
mod forget;
mod group;
mod holder;
mod home;
mod inbox;
mod journal;
mod keys;
mod lines;
mod listed;
mod lists;
mod marks;
mod pages;
mod portable;
mod prune;
mod read;
mod recent;
mod records;
mod sequence;
mod snapshots;
mod standing;
#[cfg(test)]
mod tests;
mod tools;
mod verify;
mod whole;
mod writer;

pub use lines::Kind;
pub use portable::Counts;
pub use snapshots::Snapshot;
pub use standing::OnDisk;
pub use tools::{Compacted, Imported, StateDir, Verified};

use super::lists::Touched;
use super::{
    Accepted, Aside, Change, Delivery, HistoryEntry, InboxEntry, InboxId, Loss, Record, Retention,
    Store, StoreError,
};
use crate::telemetry::Flushes;
use beside::Beside;
use chrono::{DateTime, Utc};
use disk::Disk;
use flusher::{Epoch, Flusher, MEND_EVERY};
use group::Piece;
use holder::Holder;
use home::{Home, Lock};
use recent::{Known, Recent, Sized};
use records::failed;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, oneshot, watch};
use writer::Writer;

/// One kind of what is remembered.
type OfRecent<K, V> = fn(&Recent) -> &Known<K, V>;

/// The store in sled.
///
/// Dropping it waits for the disk; [`SledStore::close`] does the same without blocking an async thread.
#[derive(Debug)]
pub struct SledStore {
    /// First, and then those below, so that their threads have ended and let go of the database before that is dropped; the flusher's
    /// ends after the others.
    writer: Writer,
    /// Reads what was not read when it was opened.
    _beside: Option<Beside>,
    flusher: Flusher,
    flushes: Flushes,
    holder: Arc<Holder>,
    /// Deliveries that are not in the journal yet.
    arrived: Arc<journal::Waiting>,
    /// Tells who looks what was changed.
    touched: broadcast::Sender<Touched>,
    /// Where snapshots go; a temporary store has none.
    snapshots: Option<PathBuf>,
    /// The last change that is in a snapshot of this process, and of which database: one that was opened anew may have lost some,
    /// and counts others in their places.
    last_snapshot: Mutex<Option<(Epoch, u64)>>,
    /// When the snapshots were last found to hold everything.
    saved_until: Mutex<Option<DateTime<Utc>>>,
    /// Last, so that nobody else opens the directory before this process has let go of it, and shared with work that goes on when
    /// nobody waits for it any more. A temporary store has none.
    lock: Option<Arc<Lock>>,
}

impl SledStore {
    /// Opens the store in `data_dir`, or creates both. Blocks, a large store for seconds: not for async threads.
    ///
    /// A store that is damaged is set aside, and another one takes its place; [`Store::loss`] tells. A large one that was closed as
    /// it should be is read while it is in use; [`SledStore::damaged`] tells.
    ///
    /// # Errors
    /// The directory can't be created or read, another process has it open, or it was written in a schema this
    /// version does not know.
    pub fn open(data_dir: &Path, now: DateTime<Utc>) -> Result<Self, StoreError> {
        Self::open_at(Home::new(data_dir), now)
    }

    fn open_at(home: Home, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let lock = home.lock(disk::STOP_IT)?;
        let disk = home.open(now)?;
        let disk = home.tighten(disk, now, home::SPARE)?;
        let snapshots = Some(home.snapshots());
        Self::over(Holder::new(disk, Some(home), now), snapshots, Some(lock))
    }

    /// An empty store that is gone when it is dropped, for trials and tests. It counts as having heard of everything:
    /// it is born in 1970.
    ///
    /// # Errors
    /// The system's directory for temporary files can't be written to.
    pub fn temporary() -> Result<Self, StoreError> {
        let born = DateTime::UNIX_EPOCH;
        let disk = Disk::temporary(born)?;
        Self::over(Holder::new(disk, None, born), None, None)
    }

    fn over(
        holder: Holder,
        snapshots: Option<PathBuf>,
        lock: Option<Lock>,
    ) -> Result<Self, StoreError> {
        const STARTING: &str = "starting the threads that write to disk";
        let holder = Arc::new(holder);
        let flushes = Flushes::default();
        let flusher = Flusher::start(holder.clone(), MEND_EVERY, flushes.clone())
            .map_err(failed(STARTING))?;
        let waits = flusher
            .waits()
            .ok_or_else(|| failed(STARTING)("it has ended"))?;
        let read = holder.disk("opening the store")?.read();
        let beside = read
            .is_none()
            .then(|| Beside::start(holder.clone(), waits.clone()));
        let beside = beside.transpose()?;
        let writer = Writer::start(holder.clone(), waits).map_err(failed(STARTING))?;
        Ok(Self {
            writer,
            _beside: beside,
            flusher,
            flushes,
            holder,
            arrived: Arc::default(),
            touched: broadcast::channel(lists::TOLD).0,
            snapshots,
            last_snapshot: Mutex::default(),
            saved_until: Mutex::default(),
            lock: lock.map(Arc::new),
        })
    }

    /// Takes a snapshot, unless nothing changed since the last one of this process; the newest `keep` stay. Changes wait while
    /// the records are collected ([`Snapshot::paused`]).
    ///
    /// # Errors
    /// It can't be written, or a record can't be read. Those from before stay.
    pub async fn snapshot(
        &self,
        now: DateTime<Utc>,
        keep: usize,
    ) -> Result<Option<Snapshot>, StoreError> {
        let Some(dir) = self.snapshots.clone() else {
            return Ok(None);
        };
        let last = *lock(&self.last_snapshot);
        let taken = self.run("taking a snapshot", move |disk| {
            if last == Some((disk.epoch, disk.sequence()?)) {
                return Ok(None);
            }
            let taken = disk.snapshot(&dir, now, keep)?;
            Ok(Some((disk.epoch, taken)))
        });
        let taken = taken.await?.map(|(of, taken)| {
            *lock(&self.last_snapshot) = Some((of, taken.sequence));
            taken
        });
        *lock(&self.saved_until) = Some(now);
        Ok(taken)
    }

    /// Tells when the database was opened anew after the disk could not be written to. What was not on disk then is lost: the inbox
    /// and what is due have to be looked at again.
    pub fn reopened(&self) -> watch::Receiver<u64> {
        self.holder.reopened.subscribe()
    }

    /// Tells what is wrong when damage is found in a state that is in use: nothing can be read or written any more, and the next
    /// start restores it.
    pub fn damaged(&self) -> watch::Receiver<Option<String>> {
        self.holder.damaged.subscribe()
    }

    /// Writes everything to disk and lets go of the directory.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn close(self) -> Result<(), StoreError> {
        let flushed = self.flush().await;
        let closed = tokio::task::spawn_blocking(move || drop(self)).await;
        flushed.and(closed.map_err(failed("closing the store")))
    }

    /// Runs `work` on a thread that may block. Once begun it is completed, also when nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Disk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let disk = self.holder.disk(doing)?;
        let lock = self.lock.clone();
        let work = move || {
            let done = work(&disk);
            drop(disk);
            drop(lock);
            done
        };
        let done = tokio::task::spawn_blocking(work).await;
        if done.is_err()
            && let Ok(disk) = self.holder.disk(doing)
        {
            // It broke off: nobody knows what it has changed.
            disk.recent.clear();
        }
        let done = done.map_err(failed(doing)).flatten();
        if done.is_err() {
            self.flusher.suspect();
        }
        done
    }

    /// Has it written by the thread that writes, after all that was given to it before. Once given it is completed, also when nobody
    /// waits for it any more.
    async fn write<T>(
        &self,
        doing: &'static str,
        piece: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Piece,
    ) -> Result<T, StoreError> {
        let (answer, written) = oneshot::channel();
        self.writer.give(piece(answer));
        let broke_off = |_| failed::<&str>(doing)("the thread that writes broke off; see the log");
        let written = written.await.map_err(broke_off).flatten();
        if written.is_err() {
            self.flusher.suspect();
        }
        written
    }

    /// What was used just now, or else what `read` finds.
    async fn look<K, V>(
        &self,
        doing: &'static str,
        (of, key): (OfRecent<K, V>, K),
        read: fn(&Disk, &K) -> Result<Sized<V>, StoreError>,
    ) -> Result<Arc<V>, StoreError>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        let disk = self.holder.disk(doing)?;
        match of(&disk.recent).ask(&key).await {
            Ok(known) => Ok(known),
            Err(place) => {
                let read = self.run(doing, move |disk| read(disk, &key)).await?;
                Ok(place.keep(read))
            }
        }
    }

    /// Returns when what was written to this database before the call is on disk.
    async fn on_disk(&self, doing: &'static str, of: Epoch) -> Result<(), StoreError> {
        self.flusher.wait(of).await.map_err(failed(doing))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
