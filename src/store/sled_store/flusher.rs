//! Group commit: however many callers wait for the disk, one flush serves all that waited when it began.
//!
//! One thread of its own does nothing but flush, so that no async thread ever blocks on the disk. After a failed flush
//! nothing more is said to be on disk until the database was mended: what the failed call was to write may be lost
//! without a trace, and a later call that succeeds would say nothing about it. Mending is tried again and again.

use crate::telemetry::Flushes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
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
    /// Somebody waits for what was written to the database that was in use then.
    Wait(Epoch, Waiter),
    /// Something else than a flush failed.
    Suspect,
}

/// Counts the databases: another one is in use after each time that one was mended. What was written to one that is gone never
/// reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// Who flushes: the database.
pub(super) trait Flushed: Send + 'static {
    /// Returns when all that was written before its call is on disk.
    fn flush(&mut self) -> Result<(), String>;
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
        let epoch = Arc::new(AtomicU64::new(0));
        let waits = Waits {
            queue,
            epoch: epoch.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("drawbridge-flush".into())
            .spawn(move || serve(&messages, flushed, mend_every, &flushes, &epoch))?;
        Ok(Self {
            waits: Some(waits),
            thread: Some(thread),
        })
    }

    /// The database in use, before something is written to it.
    pub fn epoch(&self) -> Option<Epoch> {
        self.waits.as_ref().map(Waits::epoch)
    }

    /// Waits until all that was written since `epoch` was asked for is on disk; `None`: all that was written before the call.
    pub async fn wait(&self, epoch: Option<Epoch>) -> Result<(), String> {
        const GONE: &str = "the thread that writes to disk has ended";
        let (waiter, done) = oneshot::channel();
        let waits = self.waits.as_ref().ok_or(GONE)?;
        waits.then(epoch.unwrap_or_else(|| waits.epoch()), |flushed| {
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
    epoch: Arc<AtomicU64>,
}

impl Waits {
    /// The database in use, before something is written to it.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::SeqCst))
    }

    /// Says how the next flush ended that begins after the call, if it is of the same database; dropped unsaid once the thread has
    /// ended.
    pub fn then(&self, epoch: Epoch, waiter: impl FnOnce(Result<(), String>) + Send + 'static) {
        let _ = self.queue.send(Message::Wait(epoch, Box::new(waiter)));
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
    epoch: &AtomicU64,
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
                        // Before anybody gets the next one: what is written to that is known as such.
                        epoch.fetch_add(1, Ordering::SeqCst);
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
        if broken.is_none() && !waiters.is_empty() {
            let began = Instant::now();
            flushed_at = Some(began);
            let flush = flushed.flush();
            flushes.ended(&flush, began.elapsed(), waiters.len());
            broken = flush.err();
        }
        let present = Epoch(epoch.load(Ordering::SeqCst));
        for (of, waiter) in waiters {
            waiter(match &broken {
                Some(why) => Err(why.clone()),
                None if of != present => Err(LOST.to_owned()),
                None => Ok(()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Metrics, Standing};
    use std::sync::atomic::AtomicUsize;

    /// Flushes by a closure; mended when `mended` says so.
    struct By<F> {
        flush: F,
        mended: Option<mpsc::Receiver<()>>,
    }

    impl<F: FnMut() -> Result<(), String> + Send + 'static> Flushed for By<F> {
        fn flush(&mut self) -> Result<(), String> {
            (self.flush)()
        }

        fn probe(&mut self) -> Result<(), String> {
            (self.flush)()
        }

        fn mend(&mut self) -> Result<(), String> {
            let mended = self.mended.as_ref().expect("it breaks");
            mended.try_recv().map_err(|_| "still broken".to_owned())
        }
    }

    /// The count that operators see.
    fn failures_of(flushes: &Flushes) -> f64 {
        let metrics = Metrics::default();
        metrics.include(flushes);
        let text = metrics.text(&Standing::default());
        let mut lines = text.lines();
        let count =
            lines.find_map(|line| line.strip_prefix("drawbridge_store_flush_failures_total "));
        count.unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn those_who_wait_again_and_again_keep_nobody_from_mending_it() {
        let (mended, mends) = mpsc::channel();
        let mut broken = true;
        let by = By {
            flush: move || match std::mem::take(&mut broken) {
                true => Err("full".to_owned()),
                false => Ok(()),
            },
            mended: Some(mends),
        };
        let flusher = Flusher::start(by, Duration::from_secs(1), Flushes::default()).unwrap();
        mended.send(()).unwrap();
        let again_and_again = async { while flusher.wait(None).await.is_err() {} };
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, again_and_again)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn all_that_wait_while_a_flush_runs_share_the_next_one() {
        let flushes = Arc::new(AtomicUsize::new(0));
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let count = flushes.clone();
        let flush = move || {
            count.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok(())
        };
        let flushed = By {
            flush,
            mended: None,
        };
        let flusher = Flusher::start(flushed, MEND_EVERY, Flushes::default()).unwrap();

        let first = flusher.wait(None);
        let later = async {
            // The first wait is registered and its flush has begun when this is polled.
            has_begun.recv().unwrap();
            let group = futures::future::join_all((0..10).map(|_| flusher.wait(None)));
            let release = async {
                go_on.send(()).unwrap();
                go_on.send(()).unwrap();
            };
            futures::join!(group, release).0
        };
        let (first, later) = futures::join!(first, later);

        assert_eq!(first, Ok(()));
        assert!(later.iter().all(Result::is_ok));
        assert_eq!(flushes.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_on_disk_until_it_was_mended() {
        for by_suspicion in [false, true] {
            let mut failures = 1;
            let flush = move || match failures {
                0 => Ok(()),
                _ => {
                    failures -= 1;
                    Err("no space left".to_owned())
                }
            };
            let (mend, mended) = mpsc::channel();
            let flushed = By {
                flush,
                mended: Some(mended),
            };
            let flushes = Flushes::default();
            let flusher =
                Flusher::start(flushed, Duration::from_millis(1), flushes.clone()).unwrap();
            if by_suspicion {
                flusher.suspect();
            }
            for _ in 0..3 {
                let error = flusher.wait(None).await.unwrap_err();
                assert!(["no space left", "still broken"].contains(&error.as_str()));
            }
            // While it lasts the count goes on, and not longer.
            while failures_of(&flushes) < 3.0 {
                tokio::task::yield_now().await;
            }
            mend.send(()).unwrap();
            while flusher.wait(None).await.is_err() {
                tokio::task::yield_now().await;
            }
            let counted = failures_of(&flushes);
            flusher.wait(None).await.unwrap();
            assert_eq!(failures_of(&flushes), counted);
        }
    }

    #[tokio::test]
    async fn who_waits_for_what_a_mended_database_has_lost_is_told_so() {
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let mut first = true;
        let flush = move || match std::mem::take(&mut first) {
            true => {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Err("full".to_owned())
            }
            false => Ok(()),
        };
        let (mend, mended) = mpsc::channel();
        mend.send(()).unwrap();
        let by = By {
            flush,
            mended: Some(mended),
        };
        let flusher = Flusher::start(by, Duration::ZERO, Flushes::default()).unwrap();
        let written = flusher.epoch();
        let fails = flusher.wait(None);
        let meanwhile = async {
            has_begun.recv().unwrap();
            let lost = flusher.wait(written);
            let go_on = async { go_on.send(()).unwrap() };
            futures::join!(lost, go_on).0
        };
        let (fails, lost) = futures::join!(fails, meanwhile);
        assert_eq!(fails, Err("full".to_owned()));
        assert_eq!(lost, Err(LOST.to_owned()));
        assert_eq!(flusher.wait(None).await, Ok(()));
    }
}
