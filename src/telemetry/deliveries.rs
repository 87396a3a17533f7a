//! Deliveries on arrival: what became of each, and how long its answer took.

use super::events::EventName;
use super::{buckets, made};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};
use std::time::Duration;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk and will be acted on.
    Accepted,
    /// It is on disk, and there is nothing to do.
    Ignored,
    /// Nothing is kept of it: its repository is not enabled.
    NotEnabled,
    /// It had been accepted before.
    Duplicate,
    /// It is kept, and can't be decoded.
    SetAside,
    /// Its signature is missing or wrong.
    BadSignature,
    /// It is no delivery: a header is missing, its body is not JSON or broke off.
    Malformed,
    /// It is larger than GitHub's are.
    TooLarge,
    /// As much waits as may.
    Full,
    /// GitHub has not said yet who the app is.
    NotReady,
    /// The disk does not take it.
    NotStored,
}

impl Outcome {
    const ALL: [Self; 11] = [
        Self::Accepted,
        Self::Ignored,
        Self::NotEnabled,
        Self::Duplicate,
        Self::SetAside,
        Self::BadSignature,
        Self::Malformed,
        Self::TooLarge,
        Self::Full,
        Self::NotReady,
        Self::NotStored,
    ];

    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
            Self::NotEnabled => "not_enabled",
            Self::Duplicate => "duplicate",
            Self::SetAside => "set_aside",
            Self::BadSignature => "bad_signature",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Full => "full",
            Self::NotReady => "not_ready",
            Self::NotStored => "not_stored",
        }
    }
}

/// What is counted of them.
pub struct Deliveries {
    /// By event, then by outcome. All of them are there from the start, so that the first of its kind is seen as an increase.
    counts: Vec<[IntCounter; Outcome::ALL.len()]>,
    answered: Histogram,
}

impl Deliveries {
    pub(super) fn new(registry: &Registry) -> Self {
        let opts = Opts::new(
            "drawbridge_deliveries_total",
            "Deliveries that came to the webhook, by event and by what became of them.",
        );
        let counts = made(registry, IntCounterVec::new(opts, &["event", "outcome"]));
        let opts = HistogramOpts::new(
            "drawbridge_delivery_answer_seconds",
            "From a delivery's headers to its answer.",
        )
        .buckets(buckets::QUICK.to_vec());
        Self {
            counts: EventName::all()
                .map(|event| Outcome::ALL.map(|of| counts.with_label_values(&[event, of.as_str()])))
                .collect(),
            answered: made(registry, Histogram::with_opts(opts)),
        }
    }

    /// One was answered after this time.
    pub fn answered(&self, event: EventName, outcome: Outcome, after: Duration) {
        if let Some(count) = self.counts.get(event.place()) {
            count[outcome as usize].inc();
        }
        self.answered.observe(after.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Metrics, Standing};

    #[test]
    fn an_event_and_an_outcome_are_counted_under_their_names() {
        for (event, label) in [("push", "push"), ("acme/engine", "other")] {
            for outcome in Outcome::ALL {
                let metrics = Metrics::default();
                let event = EventName::of(Some(event));
                let deliveries = metrics.deliveries();
                deliveries.answered(event, outcome, Duration::ZERO);
                let text = metrics.text(&Standing::default());
                let counted: Vec<&str> = text
                    .lines()
                    .filter(|line| line.starts_with("drawbridge_deliveries_total{"))
                    .filter(|line| !line.ends_with(" 0"))
                    .collect();
                let outcome = outcome.as_str();
                assert_eq!(
                    counted,
                    [format!(
                        "drawbridge_deliveries_total{{event=\"{label}\",outcome=\"{outcome}\"}} 1"
                    )]
                );
            }
        }
    }
}
