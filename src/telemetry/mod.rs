//! What the process tells of itself to those who run it: numbers for Prometheus, and traces.
//!
//! Promises: recording is a handful of atomic operations, and never waits; names and label values are bounded (kinds, routes as
//! templates, states), so that no repository, person or payload is in them. Nothing is decided by what is recorded here, and
//! nothing here knows another room but `domain`: whoever records holds a [`Metrics`], as it holds a clock, so that two apps in
//! one process count apart. What is not counted but stands somewhere (the inbox, budgets, the disk) is read when it is asked for
//! ([`Standing`]).

mod buckets;
mod deliveries;
mod disk;
mod events;
mod otlp;
mod requests;
mod standing;
mod work;

pub use deliveries::{Deliveries, Outcome};
pub use disk::Flushes;
pub use events::{EVENTS, EventName};
pub use otlp::{Collector, Exporting, LAST_SPANS};
pub use requests::{Repeat, Requests};
pub use standing::{Budget, JobStands, Standing};
pub use work::{Found, Work};

use prometheus::core;
use prometheus::{Encoder as _, IntGaugeVec, Opts, Registry, TextEncoder};
use std::sync::Arc;

/// The numbers of one app. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    deliveries: Deliveries,
    requests: Requests,
    work: Work,
    standing: standing::Gauges,
}

impl Default for Metrics {
    /// All at nought.
    fn default() -> Self {
        let registry = Registry::new();
        let inner = Inner {
            deliveries: Deliveries::new(&registry),
            requests: Requests::new(&registry),
            work: Work::new(&registry),
            standing: standing::Gauges::new(&registry),
            registry,
        };
        build_info(&inner.registry);
        process(&inner.registry);
        Self(Arc::new(inner))
    }
}

impl Metrics {
    /// Deliveries on arrival.
    pub fn deliveries(&self) -> &Deliveries {
        &self.0.deliveries
    }

    /// Requests to GitHub.
    pub fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// Work on subjects.
    pub fn work(&self) -> &Work {
        &self.0.work
    }

    /// Shows the flushes of a store among the rest.
    pub fn include(&self, flushes: &Flushes) {
        flushes.register(&self.0.registry);
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub fn text(&self, standing: &Standing) -> String {
        self.0.standing.show(standing);
        let mut text = Vec::new();
        // It is written to memory, and all names were checked when they were made.
        let written = TextEncoder::new().encode(&self.0.registry.gather(), &mut text);
        if let Err(error) = written {
            tracing::error!(%error, "can't write the metrics down");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// The content type of [`Metrics::text`].
    pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;
}

/// Registers what was made.
///
/// # Panics
/// Where a name or a label is none, or a name is there twice: any test that makes a [`Metrics`] finds that.
fn made<M: core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<M>,
) -> M {
    let metric = metric.expect("a name and labels that Prometheus takes");
    registry
        .register(Box::new(metric.clone()))
        .expect("a name that no other has");
    metric
}

fn build_info(registry: &Registry) {
    let opts = Opts::new("drawbridge_build_info", "The version that runs; always 1.");
    made(registry, IntGaugeVec::new(opts, &["version"]))
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1);
}

/// Memory, processor time, open files and the time of the start, by the names that all exporters give them.
fn process(registry: &Registry) {
    #[cfg(target_os = "linux")]
    {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        // It has names of its own.
        let _ = registry.register(Box::new(process));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = registry;
}
