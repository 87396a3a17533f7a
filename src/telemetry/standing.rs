//! What stands somewhere at this moment, read when it is asked for.

use super::made;
use chrono::{DateTime, TimeDelta, Utc};
use prometheus::{Gauge, GaugeVec, IntGauge, IntGaugeVec, Opts, Registry};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// So many installations are told apart; an app that anybody may install has thousands.
const INSTALLATIONS: usize = 50;
/// Whoever has less than this part of its limit left is told of first.
const NEAR_ITS_LIMIT: u32 = 5;

/// How everything stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Whether deliveries are taken in.
    pub ready: bool,
    /// When what may be missing was lost, until it was made good.
    pub lost_at: Option<DateTime<Utc>>,
    /// How many entries wait in the inbox.
    pub inbox_entries: usize,
    /// How many bytes they have.
    pub inbox_bytes: u64,
    /// How many they may have.
    pub inbox_limit: u64,
    /// For how long the oldest waits.
    pub inbox_oldest: Option<TimeDelta>,
    /// How many subjects are worked on.
    pub busy: usize,
    /// How many subjects wait for a time.
    pub later: usize,
    /// The jobs that have not ended.
    pub jobs: Vec<JobStands>,
    /// Each installation's budget.
    pub budgets: Vec<(u64, Budget)>,
    /// How many bytes the state has on disk.
    pub store_bytes: Option<u64>,
    /// How many bytes may still be written there.
    pub free_bytes: Option<u64>,
    /// How many snapshots there are.
    pub snapshots: Option<usize>,
    /// The time up to which they hold everything.
    pub saved_until: Option<DateTime<Utc>>,
}

/// Some jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobStands {
    /// What executes them.
    pub backend: &'static str,
    /// How they stand.
    pub state: &'static str,
    /// How many.
    pub count: usize,
    /// For how long the oldest stands so.
    pub oldest: TimeDelta,
}

/// What an installation may ask of GitHub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// In an hour.
    pub limit: Option<u32>,
    /// What is left of that.
    pub remaining: Option<u32>,
    /// Whether nothing is asked, because GitHub said so.
    pub paused: bool,
    /// How many requests wait for their turn.
    pub waiting: usize,
}

impl Budget {
    fn is_near_its_limit(&self) -> bool {
        let left = self.remaining.zip(self.limit);
        left.is_some_and(|(left, limit)| left < limit / NEAR_ITS_LIMIT)
    }
}

pub(super) struct Gauges {
    ready: IntGauge,
    lost: IntGauge,
    inbox_entries: IntGauge,
    inbox_bytes: IntGauge,
    inbox_limit: IntGauge,
    inbox_oldest: Gauge,
    subjects: IntGaugeVec,
    jobs: IntGaugeVec,
    jobs_oldest: GaugeVec,
    limit: IntGaugeVec,
    remaining: IntGaugeVec,
    paused: IntGaugeVec,
    waiting: IntGaugeVec,
    /// The installations that were told of last.
    told_of: Mutex<HashSet<u64>>,
    store_bytes: IntGauge,
    free_bytes: IntGauge,
    snapshots: IntGauge,
    saved_until: Gauge,
}

impl Gauges {
    pub(super) fn new(registry: &Registry) -> Self {
        let one = |name: &str, help: &str| made(registry, IntGauge::new(name, help));
        let seconds = |name: &str, help: &str| made(registry, Gauge::new(name, help));
        let by = |name: &str, help: &str, labels: &[&str]| {
            made(registry, IntGaugeVec::new(Opts::new(name, help), labels))
        };
        let of_core = ["installation", "resource"];
        let oldest = Opts::new(
            "drawbridge_jobs_oldest_seconds",
            "For how long the oldest job that is starting, queued or running was started, by backend and state.",
        );
        Self {
            ready: one(
                "drawbridge_ready",
                "1 if deliveries are taken in, as /readyz says.",
            ),
            lost: one(
                "drawbridge_data_lost",
                "1 from a loss of the state until everything was compared with GitHub.",
            ),
            inbox_entries: one("drawbridge_inbox_entries", "How much waits to be taken in."),
            inbox_bytes: one("drawbridge_inbox_bytes", "How many bytes that has."),
            inbox_limit: one(
                "drawbridge_inbox_limit_bytes",
                "How many bytes may wait; above that deliveries are refused (INBOX_LIMIT_MIB).",
            ),
            inbox_oldest: seconds(
                "drawbridge_inbox_oldest_seconds",
                "For how long the oldest delivery waits to be taken in; 0 if none does.",
            ),
            subjects: by(
                "drawbridge_subjects",
                "Subjects by what they do: `busy` are worked on, `later` wait for a time.",
                &["state"],
            ),
            jobs: by(
                "drawbridge_jobs",
                "Jobs that have not ended, by backend and state.",
                &["backend", "state"],
            ),
            jobs_oldest: made(registry, GaugeVec::new(oldest, &["backend", "state"])),
            limit: by(
                "drawbridge_github_limit",
                "Requests an hour that GitHub allows an installation.",
                &of_core,
            ),
            remaining: by(
                "drawbridge_github_limit_remaining",
                "How many of them are left.",
                &of_core,
            ),
            paused: by(
                "drawbridge_github_paused",
                "1 while nothing is asked for an installation because GitHub said so.",
                &["installation"],
            ),
            waiting: by(
                "drawbridge_github_requests_waiting",
                "Requests that wait until the limits have room.",
                &["installation"],
            ),
            told_of: Mutex::default(),
            store_bytes: one(
                "drawbridge_store_bytes",
                "How many bytes the state has on disk.",
            ),
            free_bytes: one(
                "drawbridge_disk_free_bytes",
                "How many bytes can still be written where the state is.",
            ),
            snapshots: one(
                "drawbridge_snapshots",
                "How many snapshots of the state there are.",
            ),
            saved_until: seconds(
                "drawbridge_snapshot_timestamp_seconds",
                "The time up to which the newest snapshot holds everything; without one, when the state was made.",
            ),
        }
    }

    pub(super) fn show(&self, standing: &Standing) {
        self.ready.set(standing.ready.into());
        self.lost.set(standing.lost_at.is_some().into());
        self.inbox_entries.set(size(standing.inbox_entries as u64));
        self.inbox_bytes.set(size(standing.inbox_bytes));
        self.inbox_limit.set(size(standing.inbox_limit));
        self.inbox_oldest
            .set(seconds(standing.inbox_oldest.unwrap_or_default()));
        for (state, count) in [("busy", standing.busy), ("later", standing.later)] {
            self.subjects
                .with_label_values(&[state])
                .set(size(count as u64));
        }
        self.jobs.reset();
        self.jobs_oldest.reset();
        for jobs in &standing.jobs {
            let labels = [jobs.backend, jobs.state];
            let count = size(jobs.count as u64);
            self.jobs.with_label_values(&labels).set(count);
            let oldest = self.jobs_oldest.with_label_values(&labels);
            oldest.set(seconds(jobs.oldest));
        }
        self.show_budgets(&standing.budgets);
        if let Some(bytes) = standing.store_bytes {
            self.store_bytes.set(size(bytes));
        }
        if let Some(bytes) = standing.free_bytes {
            self.free_bytes.set(size(bytes));
        }
        if let Some(count) = standing.snapshots {
            self.snapshots.set(size(count as u64));
        }
        if let Some(until) = standing.saved_until {
            self.saved_until.set(until.timestamp_millis() as f64 / 1e3);
        }
    }

    fn show_budgets(&self, budgets: &[(u64, Budget)]) {
        for gauges in [&self.limit, &self.remaining, &self.paused, &self.waiting] {
            gauges.reset();
        }
        let mut told_of = self.told_of.lock().unwrap_or_else(PoisonError::into_inner);
        let mut budgets = budgets.to_vec();
        // The same as before as long as nobody is near its limit: each other one would be a series more for Prometheus to keep.
        budgets.sort_by_key(|(id, budget)| {
            let left = budget.remaining.unwrap_or(u32::MAX);
            let (near, known) = (budget.is_near_its_limit(), told_of.contains(id));
            (!near, !known, left, *id)
        });
        budgets.truncate(INSTALLATIONS);
        *told_of = budgets.iter().map(|(id, _)| *id).collect();
        for (id, budget) in &budgets {
            let id = id.to_string();
            let core = [id.as_str(), "core"];
            if let Some(limit) = budget.limit {
                self.limit.with_label_values(&core).set(limit.into());
            }
            if let Some(remaining) = budget.remaining {
                let gauge = self.remaining.with_label_values(&core);
                gauge.set(remaining.into());
            }
            let paused = self.paused.with_label_values(&core[..1]);
            paused.set(budget.paused.into());
            let waiting = self.waiting.with_label_values(&core[..1]);
            waiting.set(size(budget.waiting as u64));
        }
    }
}

fn size(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds().max(0) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn only_so_many_installations_are_told_apart_and_none_stays_that_is_gone() {
        let metrics = Metrics::default();
        let budget = |remaining| Budget {
            limit: Some(5000),
            remaining: Some(remaining),
            ..Budget::default()
        };
        let mut standing = Standing {
            budgets: (0..1000).map(|id| (id, budget(5000 - id as u32))).collect(),
            ..Standing::default()
        };
        let lines = |standing: &Standing| {
            let text = metrics.text(standing);
            let of = |line: &&str| line.starts_with("drawbridge_github_limit_remaining{");
            text.lines()
                .filter(of)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let told = lines(&standing);
        assert_eq!(told.len(), INSTALLATIONS);
        let least = r#"drawbridge_github_limit_remaining{installation="999",resource="core"} 4001"#;
        assert!(told.iter().any(|line| line == least), "{told:?}");
        // Another one has less by now, and is not near its limit; then it is.
        let tells_of_another = |standing: &Standing| {
            let told = lines(standing);
            assert_eq!(told.len(), INSTALLATIONS);
            told.iter().any(|line| line.contains("=\"3\","))
        };
        standing.budgets[3] = (3, budget(1000));
        assert!(!tells_of_another(&standing));
        standing.budgets[3] = (3, budget(999));
        assert!(tells_of_another(&standing));
        standing.budgets.truncate(1);
        assert_eq!(lines(&standing).len(), 1);
    }
}
