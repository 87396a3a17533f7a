//! Who waits, and what each of them is told.

use super::*;
use crate::telemetry::{Metrics, Standing};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Flushes by a closure; mended when `mended` says so.
struct By<F> {
    flush: F,
    mended: Option<mpsc::Receiver<()>>,
    present: Epoch,
}

/// The first database, and the one after it.
const FIRST: Epoch = Epoch(0);
const SECOND: Epoch = Epoch(1);

impl<F: FnMut() -> Result<(), String> + Send + 'static> Flushed for By<F> {
    fn flush(&mut self) -> Result<Epoch, String> {
        (self.flush)().map(|()| self.present)
    }

    fn probe(&mut self) -> Result<(), String> {
        (self.flush)()
    }

    fn mend(&mut self) -> Result<(), String> {
        let mended = self.mended.as_ref().expect("it breaks");
        mended.try_recv().map_err(|_| "still broken".to_owned())?;
        self.present = self.present.next();
        Ok(())
    }
}

/// The count that operators see.
fn failures_of(flushes: &Flushes) -> f64 {
    let metrics = Metrics::default();
    metrics.include(flushes);
    let text = metrics.text(&Standing::default());
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("drawbridge_store_flush_failures_total "));
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
        present: FIRST,
    };
    let flusher = Flusher::start(by, Duration::from_secs(1), Flushes::default()).unwrap();
    mended.send(()).unwrap();
    let again_and_again = async { while flusher.wait(SECOND).await.is_err() {} };
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
        present: FIRST,
    };
    let flusher = Flusher::start(flushed, MEND_EVERY, Flushes::default()).unwrap();

    let first = flusher.wait(FIRST);
    let later = async {
        // The first wait is registered and its flush has begun when this is polled.
        has_begun.recv().unwrap();
        let group = futures::future::join_all((0..10).map(|_| flusher.wait(FIRST)));
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
            present: FIRST,
        };
        let flushes = Flushes::default();
        let flusher = Flusher::start(flushed, Duration::from_millis(1), flushes.clone()).unwrap();
        if by_suspicion {
            flusher.suspect();
        }
        for _ in 0..3 {
            let error = flusher.wait(FIRST).await.unwrap_err();
            assert!(["no space left", "still broken"].contains(&error.as_str()));
        }
        // While it lasts the count goes on, and not longer.
        while failures_of(&flushes) < 3.0 {
            tokio::task::yield_now().await;
        }
        mend.send(()).unwrap();
        while flusher.wait(SECOND).await.is_err() {
            tokio::task::yield_now().await;
        }
        let counted = failures_of(&flushes);
        flusher.wait(SECOND).await.unwrap();
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
        present: FIRST,
    };
    let flusher = Flusher::start(by, Duration::ZERO, Flushes::default()).unwrap();
    let fails = flusher.wait(FIRST);
    let meanwhile = async {
        has_begun.recv().unwrap();
        let lost = flusher.wait(FIRST);
        let go_on = async { go_on.send(()).unwrap() };
        futures::join!(lost, go_on).0
    };
    let (fails, lost) = futures::join!(fails, meanwhile);
    assert_eq!(fails, Err("full".to_owned()));
    assert_eq!(lost, Err(LOST.to_owned()));
    assert_eq!(flusher.wait(SECOND).await, Ok(()));
}
