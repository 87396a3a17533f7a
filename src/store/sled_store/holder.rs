//! The database in use, and its exchange in place: after a write that failed (the disk is full, or read-only) sled
//! refuses everything until it is opened anew.
//!
//! What was not flushed before the failure is lost with it, as in a crash: nobody was told that it is on disk. What led
//! to it is still in the inbox or due, and those who work have to look there again ([`Holder::reopened`]).

use super::closed::Closed;
use super::disk::{self, Disk};
use super::flusher::{Epoch, Flushed};
use super::home::{self, Home};
use super::records::failed;
use super::{Loss, StoreError, sequence};
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Shared by all that use the database.
#[derive(Debug)]
pub(super) struct Holder {
    inner: Mutex<Inner>,
    /// Where to open it anew; a temporary store can't be.
    home: Option<Home>,
    opened_at: DateTime<Utc>,
    pub born_at: DateTime<Utc>,
    /// Counts how often it was opened anew.
    pub reopened: watch::Sender<u64>,
    /// What is wrong with it, once damage was found while it is in use.
    pub damaged: watch::Sender<Option<String>>,
}

#[derive(Debug)]
struct Inner {
    /// `None` while it is being opened anew.
    disk: Option<Arc<Disk>>,
    /// One that can't be used any more, while somebody still holds it.
    leaving: Option<Arc<Disk>>,
    /// The one that was given up last had not been read to its end: nobody knew that it was sound.
    unread: bool,
    /// Of the last one.
    epoch: Epoch,
    loss: Option<Loss>,
    /// The last change of which the mark says that it is on disk.
    marked: u64,
}

impl Holder {
    pub fn new(disk: Disk, home: Option<Home>, opened_at: DateTime<Utc>) -> Self {
        Self {
            home,
            opened_at,
            born_at: disk.born_at,
            reopened: watch::channel(0).0,
            damaged: watch::channel(None).0,
            inner: Mutex::new(Inner {
                epoch: disk.epoch,
                loss: disk.loss(),
                disk: Some(Arc::new(disk)),
                leaving: None,
                unread: false,
                marked: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database.
    pub fn disk(&self, doing: &'static str) -> Result<Arc<Disk>, StoreError> {
        let disk = self.lock().disk.clone();
        disk.ok_or_else(|| match *self.damaged.borrow() {
            Some(_) => failed(doing)("the state is damaged; the next start restores it"),
            None => {
                failed(doing)("the disk could not be written to; it is tried again every second")
            }
        })
    }

    pub fn loss(&self) -> Option<Loss> {
        self.lock().loss.clone()
    }

    /// Nothing is missing any more; the database in which that was noted.
    pub fn forget_loss(&self) -> Result<Epoch, StoreError> {
        let disk = self.disk("noting that nothing is missing")?;
        disk.note_loss(None)?;
        let mut inner = self.lock();
        if inner.epoch == disk.epoch {
            inner.loss = None;
        }
        Ok(disk.epoch)
    }

    /// Nobody gets it from now on.
    pub fn let_go(&self, why: &str) {
        let mut inner = self.lock();
        if let Some(disk) = inner.disk.take() {
            tracing::error!(
                error = why,
                "the state can't be written; deliveries are refused until it can"
            );
            inner.unread = disk.read().is_none();
            disk.leave();
            inner.leaving = Some(disk);
        }
    }

    /// Nobody gets it any more, nor another one: what is wrong can be mended at the next start only.
    pub fn found_damaged(&self, why: &str) {
        tracing::error!(
            why,
            "the state is damaged; nothing is taken in any more until the next start, which sets it aside"
        );
        self.damaged.send_replace(Some(why.to_owned()));
        let mut inner = self.lock();
        if let Some(disk) = inner.disk.take() {
            disk.leave();
            inner.leaving = Some(disk);
        }
    }

    /// Opens it anew, once nobody holds the one before.
    fn reopen(&self) -> Result<(), StoreError> {
        const DOING: &str = "opening the store anew";
        let home = self
            .home
            .as_ref()
            .ok_or_else(|| failed(DOING)("a temporary store can't be"))?;
        let leaving = self.lock().leaving.take();
        if let Some(leaving) = leaving {
            let last = Arc::try_unwrap(leaving).map_err(|held| {
                self.lock().leaving = Some(held);
                failed::<&str>(DOING)("somebody still uses it")
            })?;
            // sled may panic when it can't write the last of it.
            let _ = std::thread::spawn(move || drop(last)).join();
        }
        let mut disk = Disk::open(&home.state(), self.opened_at, u64::MAX)?;
        disk.probe()?;
        let mut inner = self.lock();
        inner.epoch = inner.epoch.next();
        disk.epoch = inner.epoch;
        inner.loss = disk.loss();
        inner.disk = Some(Arc::new(disk));
        drop(inner);
        tracing::info!("the state can be written again");
        self.reopened.send_modify(|times| *times += 1);
        Ok(())
    }

    fn flush_and_mark(&self, disk: &Disk) -> Result<(), StoreError> {
        let seen = disk.sequence()?;
        disk.flush()?;
        let Some(home) = &self.home else {
            return Ok(());
        };
        if self.lock().marked != seen {
            // Without a newer note less is known, but nothing wrong.
            match sequence::write_mark(&home.state(), seen) {
                Ok(()) => self.lock().marked = seen,
                Err(error) => tracing::warn!(%error, "can't note how far the state is on disk"),
            }
        }
        Ok(())
    }

    fn try_it<T>(&self, what: impl FnOnce(&Disk) -> Result<T, StoreError>) -> Result<T, String> {
        let disk = self.disk("writing to disk").map_err(|error| error.cause)?;
        let done = what(&disk).map_err(|error| error.cause);
        if let Err(why) = &done {
            self.let_go(why);
        }
        done
    }
}

impl Drop for Holder {
    /// Closes it, and notes that it was closed: the next start need not wait until all of it was read.
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (Some(home), Some(mut disk)) = (&self.home, inner.disk.take()) else {
            return;
        };
        disk.leave();
        for _ in 0..disk::LOCK_ATTEMPTS {
            match Arc::try_unwrap(disk) {
                Ok(last) => {
                    if let Err(error) = close(last, home) {
                        tracing::debug!(%error, "the next start reads the state before it is used");
                    }
                    return;
                }
                // Somebody reads on for a moment.
                Err(held) => disk = held,
            }
            std::thread::sleep(disk::LOCK_PAUSE);
        }
    }
}

fn close(disk: Disk, home: &Home) -> Result<(), StoreError> {
    const DOING: &str = "closing the store";
    let sequence = disk.sequence()?;
    // What is to be written anew is read for that.
    let is_loose = home.loose(&disk, home::SPARE)?.is_some();
    disk.flush()?;
    // sled may panic when it can't write the last of it.
    let closed = std::thread::spawn(move || drop(disk)).join();
    closed.map_err(|_| failed(DOING)("sled panicked"))?;
    match is_loose {
        true => Ok(()),
        false => Closed { sequence }
            .write(&home.state())
            .map_err(failed(DOING)),
    }
}

impl Flushed for Arc<Holder> {
    fn flush(&mut self) -> Result<Epoch, String> {
        self.try_it(|disk| self.flush_and_mark(disk).map(|()| disk.epoch))
    }

    fn probe(&mut self) -> Result<(), String> {
        self.try_it(Disk::probe)
    }

    fn mend(&mut self) -> Result<(), String> {
        if self.damaged.borrow().is_some() {
            return Err("the state is damaged".to_owned());
        }
        self.reopen().map_err(|error| {
            if error.doing == disk::RECOVERING {
                // One that was sound when it was read waits for the next start: a full disk may only look like damage.
                let unread = self.lock().unread;
                match unread {
                    true => self.found_damaged(&error.cause),
                    false => {
                        tracing::error!(%error, "the state can't be opened anew; restarting may help");
                    }
                }
            }
            error.cause
        })
    }
}
