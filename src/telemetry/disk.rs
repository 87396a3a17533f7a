//! Flushes of the store. The store makes its own, as it is opened by many who show no metrics.

use super::buckets;
use prometheus::{Histogram, HistogramOpts, IntCounter, Registry};
use std::fmt;
use std::time::Duration;

/// What is counted of flushes. Clones share it.
#[derive(Clone)]
pub struct Flushes {
    seconds: Histogram,
    waiters: Histogram,
    failed: IntCounter,
}

impl fmt::Debug for Flushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flushes")
    }
}

impl Default for Flushes {
    fn default() -> Self {
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            Histogram::with_opts(opts).expect("a name that Prometheus takes")
        };
        Self {
            seconds: histogram(
                "drawbridge_store_flush_seconds",
                "How long a flush of the state to disk took.",
                buckets::QUICK,
            ),
            waiters: histogram(
                "drawbridge_store_flush_writes",
                "How many that waited for the disk one flush served.",
                buckets::MANY,
            ),
            failed: IntCounter::new(
                "drawbridge_store_flush_failures_total",
                "Flushes that failed, and attempts to write again after that; deliveries are refused until one succeeds.",
            )
            .expect("a name that Prometheus takes"),
        }
    }
}

impl Flushes {
    /// One ended.
    pub fn ended<T, E>(&self, outcome: &Result<T, E>, after: Duration, waiters: usize) {
        self.seconds.observe(after.as_secs_f64());
        // Far fewer wait than a float can count.
        self.waiters.observe(waiters as f64);
        if outcome.is_err() {
            self.failed();
        }
    }

    /// Something else than a flush found that the state can't be written, or still can't.
    pub fn failed(&self) {
        self.failed.inc();
    }

    pub(super) fn register(&self, registry: &Registry) {
        // A second store under the same names would not be shown; an app has one.
        let _ = registry.register(Box::new(self.seconds.clone()));
        let _ = registry.register(Box::new(self.waiters.clone()));
        let _ = registry.register(Box::new(self.failed.clone()));
    }
}
