//! Group commit: however many callers wait for the disk, one flush serves all that waited when it began.
//!
//! One thread of its own does nothing but flush, so that no async thread ever blocks on the disk. A failed flush
//! is final: what the failed call was to write may be lost without a trace, and a later call that succeeds says
//! nothing about it. So from then on every caller gets the error, until the store is opened anew.

use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Waiter = oneshot::Sender<Result<(), String>>;

/// Hands out waits for the next flush; its thread ends when it is dropped.
#[derive(Debug)]
pub(super) struct Flusher {
    /// Where waiters queue; taken away on drop, which is how the thread learns of the end.
    queue: Option<mpsc::Sender<Waiter>>,
    /// Joined on drop: afterwards nothing of the thread's holds the database open.
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread. `flush` returns when all that was written before its call is on disk.
    pub fn start(
        flush: impl FnMut() -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, waiters) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("drawbridge-flush".into())
            .spawn(move || serve(&waiters, flush))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Waits until all that was written before the call is on disk.
    pub async fn wait(&self) -> Result<(), String> {
        const GONE: &str = "the thread that writes to disk has ended";
        let (waiter, done) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(GONE)?;
        queue.send(waiter).map_err(|_| GONE)?;
        done.await.map_err(|_| GONE)?
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported to all who waited.
            let _ = thread.join();
        }
    }
}

/// The thread: collects who waits, flushes once, tells them all.
fn serve(waiters: &mpsc::Receiver<Waiter>, mut flush: impl FnMut() -> Result<(), String>) {
    let mut failed: Option<String> = None;
    while let Ok(first) = waiters.recv() {
        // Whoever joins after this line waits for the next flush: this one may have passed over their writes.
        let group: Vec<Waiter> = std::iter::once(first).chain(waiters.try_iter()).collect();
        if failed.is_none() {
            failed = flush().err();
        }
        for waiter in group {
            // A caller that no longer waits is no error.
            let _ = waiter.send(failed.clone().map_or(Ok(()), Err));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn all_that_wait_while_a_flush_runs_share_the_next_one() {
        let flushes = Arc::new(AtomicUsize::new(0));
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let count = flushes.clone();
        let flusher = Flusher::start(move || {
            count.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok(())
        })
        .unwrap();

        let first = flusher.wait();
        let later = async {
            // The first wait is registered and its flush has begun when this is polled.
            has_begun.recv().unwrap();
            let group = futures::future::join_all((0..10).map(|_| flusher.wait()));
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
    async fn a_failed_flush_fails_all_that_come_after_it() {
        let mut results = vec![Ok(()), Err("no space left".to_owned())];
        let flusher = Flusher::start(move || results.pop().unwrap_or(Ok(()))).unwrap();
        for _ in 0..3 {
            assert_eq!(flusher.wait().await, Err("no space left".to_owned()));
        }
    }
}
