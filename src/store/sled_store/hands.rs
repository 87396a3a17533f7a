//! The few threads that work on the database.
//!
//! sled's pages live as long as they are used, and the C library keeps what a thread allocates in an arena of that thread. The runtime's
//! threads for blocking work come and go by the dozen, each with a bit of the database in its arena: over a month of deliveries memory
//! grew to six times of what two threads that stay need (`examples/soak.rs`). Nor does the database get faster by more:
//! writers take turns.

use super::lock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;

/// One for what takes long (a snapshot, forgetting), and one for all else meanwhile.
const HANDS: usize = 2;

type Work = Box<dyn FnOnce() + Send>;

/// Takes work and hands it to the threads, in the order in which it came; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Hands {
    /// Taken away on drop, which is how the threads learn of the end.
    queue: Option<Sender<Work>>,
    /// Joined on drop: what was begun is completed, and nothing holds the database open afterwards.
    threads: Vec<JoinHandle<()>>,
}

impl Hands {
    /// Starts the threads.
    pub fn start() -> std::io::Result<Self> {
        let (queue, work) = channel();
        let work = Arc::new(Mutex::new(work));
        let threads = (0..HANDS)
            .map(|_| {
                let work = work.clone();
                Builder::new()
                    .name("drawbridge-store".into())
                    .spawn(move || serve(&work))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            queue: Some(queue),
            threads,
        })
    }

    /// Does the work and returns what came of it; an error when it panicked. Once called it is done, also when nobody waits
    /// for it any more.
    pub fn work<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, &'static str>> + use<T, W> {
        let (done, told) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // Without its threads nobody is told, which is an error below.
            let _ = queue.send(Box::new(move || {
                let _ = done.send(work());
            }));
        }
        async { told.await.map_err(|_| "its thread panicked or has ended") }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(queue: &Mutex<Receiver<Work>>) {
    loop {
        // The lock is held while waiting, so that one waits for work and the others for their turn to wait.
        let next = lock(queue).recv();
        let Ok(work) = next else { return };
        // The panic was reported by its hook; whoever waits learns of it because nothing is sent.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_stops_nobody_else() {
        let hands = Hands::start().expect("threads");
        for _ in 0..2 * HANDS {
            let broken = hands.work(|| panic!("a page is damaged")).await;
            assert!(broken.is_err(), "{broken:?}");
        }
        assert_eq!(hands.work(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_takes_long_does_not_hold_up_what_is_short() {
        let hands = Hands::start().expect("threads");
        let (end, ended) = channel::<()>();
        let long = hands.work(move || ended.recv().is_ok());
        assert_eq!(hands.work(|| 7).await, Ok(7));
        end.send(()).expect("the long work waits");
        assert_eq!(long.await, Ok(true));
    }

    #[test]
    fn what_was_handed_over_is_done_before_the_end() {
        let hands = Hands::start().expect("threads");
        let (doing, done) = channel();
        for number in 0..100 {
            let doing = doing.clone();
            drop(hands.work(move || doing.send(number)));
        }
        drop((hands, doing));
        assert_eq!(done.iter().count(), 100);
    }
}
