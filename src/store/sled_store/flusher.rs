//! Group commit: however many callers wait for the disk, one flush serves all that waited when it began.
//!
//! One thread of its own does nothing but flush, so that no async thread ever blocks on the disk. After a failed flush
//! nothing more is said to be on disk until the database was mended: what the failed call was to write may be lost
//! without a trace, and a later call that succeeds would say nothing about it. Mending is tried again and again.

use crate::telemetry::Flushes;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long after a failed attempt to mend the next one is made.
pub(super) const MEND_EVERY: Duration = Duration::from_secs(1);

/// The least time from the beginning of one flush to that of the next: who waits meanwhile shares it. A flush wakes several threads of
/// sled's, however little there is to write.
const BETWEEN: Duration = Duration::from_millis(2);

const LOST: &str = "the disk could not be written to meanwhile";

/// Told how a flush ended.
type Waiter = Box<dyn FnOnce(Result<(), String>) + Send>;

enum Message {
    /// Somebody waits for what was written to this database.
    Wait(Epoch, Waiter),
    /// Something else than a flush failed.
    Suspect,
}

/// Counts the databases: another one is in use after each time that one was mended. What was written to one that is gone never
/// reaches the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl Epoch {
    /// Of the database that is opened after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Who flushes: the database.
pub(super) trait Flushed: Send + 'static {
    /// Returns when all that was written before its call is on disk, with the database that it was written to.
    fn flush(&mut self) -> Result<Epoch, String>;
    /// Whether something can still be written.
    fn probe(&mut self) -> Result<(), String>;
    /// After a failure: makes it work again.
    fn mend(&mut self) -> Result<(), String>;
}

/// Hands out waits for the next flush; its thread ends when it is dropped.
#[derive(Debug)]
pub(super) struct Flusher {
    /// Where waiters queue; taken away on drop, which is how the thread learns of the end.
    waits: Option<Waits>,
    /// Joined on drop: afterwards nothing of the thread's holds the database open.
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread, which counts its flushes.
    pub fn start(
        flushed: impl Flushed,
        mend_every: Duration,
        flushes: Flushes,
    ) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::channel();
        let waits = Waits { queue };
        let thread = std::thread::Builder::new()
            .name("drawbridge-flush".into())
            .spawn(move || serve(&messages, flushed, mend_every, &flushes))?;
        Ok(Self {
            waits: Some(waits),
            thread: Some(thread),
        })
    }

    /// Waits until all that was written to this database before the call is on disk.
    pub async fn wait(&self, of: Epoch) -> Result<(), String> {
        const GONE: &str = "the thread that writes to disk has ended";
        let (waiter, done) = oneshot::channel();
        let waits = self.waits.as_ref().ok_or(GONE)?;
        waits.then(of, |flushed| {
            // A caller that no longer waits is no error.
            let _ = waiter.send(flushed);
        });
        done.await.map_err(|_| GONE)?
    }

    /// Where others may wait; its thread does not end before they are dropped.
    pub fn waits(&self) -> Option<Waits> {
        self.waits.clone()
    }

    /// Has it found out soon whether the database still works.
    pub fn suspect(&self) {
        if let Some(waits) = &self.waits {
            waits.suspect();
        }
    }
}

/// A place to wait for flushes.
#[derive(Debug, Clone)]
pub(super) struct Waits {
    queue: mpsc::Sender<Message>,
}

impl Waits {
    /// Says how the next flush ended that begins after the call, if it is of this database; dropped unsaid once the thread has
    /// ended.
    pub fn then(&self, of: Epoch, waiter: impl FnOnce(Result<(), String>) + Send + 'static) {
        let _ = self.queue.send(Message::Wait(of, Box::new(waiter)));
    }

    /// Has it found out soon whether the database still works.
    pub fn suspect(&self) {
        // Without its thread nothing works anyway, and every wait says so.
        let _ = self.queue.send(Message::Suspect);
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.waits.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported to all who waited.
            let _ = thread.join();
        }
    }
}

/// The thread: collects who waits, flushes once, tells them all.
fn serve(
    messages: &mpsc::Receiver<Message>,
    mut flushed: impl Flushed,
    mend_every: Duration,
    flushes: &Flushes,
) {
    let mut broken: Option<String> = None;
    // When mending it was last tried.
    let mut tried_at = Instant::now();
    let mut flushed_at: Option<Instant> = None;
    loop {
        let first = match &broken {
            None => messages.recv().ok(),
            Some(_) => {
                // However many wait and are told that it is broken, its time comes.
                let left = mend_every.checked_sub(tried_at.elapsed());
                match left.map(|left| messages.recv_timeout(left)) {
                    None | Some(Err(mpsc::RecvTimeoutError::Timeout)) => {
                        broken = flushed.mend().err();
                        tried_at = Instant::now();
                        // Counted again and again, so that whoever looks at the count sees that it goes on.
                        if broken.is_some() {
                            flushes.failed();
                        }
                        continue;
                    }
                    Some(received) => received.ok(),
                }
            }
        };
        let Some(first) = first else { return };
        if let Some(left) = flushed_at.and_then(|at| BETWEEN.checked_sub(at.elapsed())) {
            std::thread::sleep(left);
        }
        // Whoever joins after this line waits for the next flush: this one may have passed over their writes.
        let mut waiters = Vec::new();
        let mut suspected = false;
        for message in std::iter::once(first).chain(messages.try_iter()) {
            match message {
                Message::Wait(of, waiter) => waiters.push((of, waiter)),
                Message::Suspect => suspected = true,
            }
        }
        if broken.is_none() && suspected {
            broken = flushed.probe().err();
            if broken.is_some() {
                flushes.failed();
            }
        }
        if waiters.is_empty() {
            continue;
        }
        let on_disk = match broken.take() {
            Some(why) => Err(why),
            None => {
                let began = Instant::now();
                flushed_at = Some(began);
                let flush = flushed.flush();
                flushes.ended(&flush, began.elapsed(), waiters.len());
                flush
            }
        };
        for (of, waiter) in waiters {
            waiter(match &on_disk {
                Ok(present) if of == *present => Ok(()),
                Ok(_) => Err(LOST.to_owned()),
                Err(why) => Err(why.clone()),
            });
        }
        broken = on_disk.err();
    }
}

#[cfg(test)]
mod tests;
