//! What chance has in store for one life of the process: when it ends, and what fails until then.

use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::clock::Clock;
use drawbridge::store::StoreError;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Clones are the same.
#[derive(Clone)]
pub struct Fate(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    died: watch::Sender<bool>,
}

struct Inner {
    rng: StdRng,
    /// How many more things happen in this life; `None`: it goes on.
    left: Option<u32>,
    dead: bool,
    /// Nothing fails any more.
    calm: bool,
    /// The time at `since`.
    base: DateTime<Utc>,
    since: Option<Instant>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    /// Not done; an error of GitHub or the network.
    Refused(u16),
    Dropped,
    /// Done, and nobody learns of it.
    AnswerLost,
}

impl Fate {
    pub fn new(seed: u64, base: DateTime<Utc>) -> Self {
        Self(Arc::new(Shared {
            inner: Mutex::new(Inner {
                rng: StdRng::seed_from_u64(seed),
                left: None,
                dead: false,
                calm: false,
                base,
                since: None,
            }),
            died: watch::Sender::new(false),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life begins, within a runtime of its own; it ends after so many things.
    pub fn lives(&self, left: Option<u32>) {
        self.0.died.send_replace(false);
        let mut inner = self.inner();
        (inner.left, inner.dead) = (left, false);
        inner.since = Some(Instant::now());
    }

    /// The life is over; the time stays.
    pub fn ends(&self) {
        let now = self.now();
        let mut inner = self.inner();
        (inner.base, inner.since) = (now, None);
    }

    /// From now on nothing fails and nobody dies.
    pub fn calms_down(&self) {
        let mut inner = self.inner();
        (inner.calm, inner.left) = (true, None);
    }

    /// Returns when the process has died.
    pub async fn death(&self) {
        // The sender lives as long as this.
        let _ = self.0.died.subscribe().wait_for(|died| *died).await;
    }

    /// Life goes on for so long on the story's clock, which stands still while anybody has something to do. Whoever dies meanwhile does
    /// nothing more.
    pub async fn goes_on(&self, time: Duration) {
        if tokio::time::timeout(time, self.death()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }

    /// Something happens. Where the process dies of it nothing more is done.
    pub async fn passes(&self) {
        if self.counts() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process is dead, or dies of this.
    fn counts(&self) -> bool {
        let mut inner = self.inner();
        match &mut inner.left {
            Some(0) => inner.dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        if inner.dead {
            self.0.died.send_replace(true);
        }
        inner.dead
    }

    /// A little time goes by.
    pub async fn dawdles(&self, most_ms: u64) {
        let wait = self.choose(0..=most_ms);
        if wait > 0 {
            self.goes_on(Duration::from_millis(wait)).await;
        }
    }

    pub fn choose(&self, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.inner().rng.gen_range(range)
    }

    pub fn store_works(&self, doing: &'static str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        if inner.calm || !inner.rng.gen_ratio(1, 200) {
            return Ok(());
        }
        let cause = "the disk is tired".to_owned();
        Err(StoreError { doing, cause })
    }

    pub fn outcome(&self) -> Outcome {
        let mut inner = self.inner();
        if inner.calm {
            return Outcome::Answered;
        }
        match inner.rng.gen_range(0..100) {
            0..2 => Outcome::Refused(502),
            2 => Outcome::Refused(503),
            3..5 => Outcome::Dropped,
            5..8 => Outcome::AnswerLost,
            _ => Outcome::Answered,
        }
    }
}

impl Clock for Fate {
    fn now(&self) -> DateTime<Utc> {
        let inner = self.inner();
        let lived = inner.since.map_or(Duration::ZERO, |since| since.elapsed());
        inner.base + TimeDelta::from_std(lived).unwrap_or(TimeDelta::zero())
    }
}
