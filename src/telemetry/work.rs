//! Work on subjects, and what came of it.

use super::{buckets, made};
use crate::domain::ids::{RunSubject, Subject};
use crate::domain::trust::Verdict;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};
use std::time::Duration;

/// The kinds of subjects.
const SUBJECTS: [&str; 8] = [
    "pull_request",
    "head",
    "repository",
    "installation",
    "runs",
    "deliveries",
    "installations",
    "comparison",
];

/// What is counted of backends: which, what it was asked for, how that went.
const BACKENDS: [&str; 4] = ["workflow", "check", "dispatch", "connection"];
const STEPS: [&str; 3] = ["start", "observe", "cancel"];
const OUTCOMES: [&str; 5] = ["done", "refused", "elsewhere", "put_off", "failed"];

fn kind(subject: &Subject) -> usize {
    match subject {
        Subject::Pull(_) => 0,
        Subject::Head(..) => 1,
        Subject::Repository(_) => 2,
        Subject::Installation(_) => 3,
        Subject::Runs(..) => 4,
        Subject::Deliveries => 5,
        Subject::Installations => 6,
        Subject::Comparison(_) => 7,
    }
}

/// What was found by asking, because nobody told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A delivery that GitHub could not hand over.
    Delivery,
    /// A difference between GitHub and what is known.
    Difference,
}

/// What is counted of it.
pub struct Work {
    seconds: [Histogram; 8],
    tried_again: [IntCounter; 8],
    postponed: [IntCounter; 8],
    broke_off: IntCounter,
    mirror: Histogram,
    verdicts: [IntCounter; 4],
    runs: IntCounterVec,
    backends: IntCounterVec,
    found: [IntCounter; 2],
}

impl Work {
    pub(super) fn new(registry: &Registry) -> Self {
        let by_subject = |name: &str, help: &str| {
            let counts = IntCounterVec::new(Opts::new(name, help), &["subject"]);
            let counts = made(registry, counts);
            SUBJECTS.map(|subject| counts.with_label_values(&[subject]))
        };
        let counter = |name: &str, help: &str| made(registry, IntCounter::new(name, help));
        let table = |name: &str, help: &str, labels: &[&str]| {
            made(registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let opts = HistogramOpts::new(
            "drawbridge_processing_seconds",
            "How long one pass over a subject took, by its kind.",
        )
        .buckets(buckets::ASKING.to_vec());
        let seconds = made(registry, HistogramVec::new(opts, &["subject"]));
        let opts = HistogramOpts::new(
            "drawbridge_mirror_delay_seconds",
            "From the arrival of the first delivery that led to it until a mirror was moved.",
        )
        .buckets(buckets::WAITING.to_vec());
        let verdicts = table(
            "drawbridge_verdicts_total",
            "Verdicts on heads that are new or have changed.",
            &["verdict"],
        );
        let backends = table(
            "drawbridge_backend_requests_total",
            "Jobs that a backend was asked to start, to tell of or to cancel, and how that went.",
            &["backend", "step", "outcome"],
        );
        // All of them are there from the start, so that the first of its kind is seen as an increase.
        for backend in BACKENDS {
            for step in STEPS {
                for outcome in OUTCOMES {
                    let _ = backends.with_label_values(&[backend, step, outcome]);
                }
            }
        }
        Self {
            seconds: SUBJECTS.map(|subject| seconds.with_label_values(&[subject])),
            tried_again: by_subject(
                "drawbridge_retries_total",
                "What failed and is tried again later, by kind of subject.",
            ),
            postponed: by_subject(
                "drawbridge_postponed_total",
                "Passes that were not begun because GitHub's limits had no room, by kind of subject.",
            ),
            broke_off: counter(
                "drawbridge_defects_total",
                "Passes over a subject that broke off; each is a defect.",
            ),
            mirror: made(registry, Histogram::with_opts(opts)),
            verdicts: ["trusted", "approved", "auto_sync_off", "needs_vetting"]
                .map(|verdict| verdicts.with_label_values(&[verdict])),
            runs: table(
                "drawbridge_runs_total",
                "Runs that ended, by what they were for and how.",
                &["for", "outcome"],
            ),
            backends,
            found: [
                counter(
                    "drawbridge_lost_deliveries_total",
                    "Deliveries that GitHub could not hand over and that were fetched.",
                ),
                counter(
                    "drawbridge_differences_total",
                    "Differences from GitHub that no delivery had told of.",
                ),
            ],
        }
    }

    /// A pass over a subject ended.
    pub fn passed(&self, subject: &Subject, after: Duration) {
        self.seconds[kind(subject)].observe(after.as_secs_f64());
    }

    /// Something failed and is tried again.
    pub fn tries_again(&self, subject: &Subject) {
        self.tried_again[kind(subject)].inc();
    }

    /// GitHub's limits have no room.
    pub fn postponed(&self, subject: &Subject) {
        self.postponed[kind(subject)].inc();
    }

    /// A pass broke off.
    pub fn broke_off(&self) {
        self.broke_off.inc();
    }

    /// A mirror was moved so long after the delivery that led to it.
    pub fn mirrored(&self, after: chrono::TimeDelta) {
        // A clock that was set back.
        let after = after.to_std().unwrap_or_default();
        self.mirror.observe(after.as_secs_f64());
    }

    /// A head was judged.
    pub fn judged(&self, verdict: &Verdict) {
        let place = match verdict {
            Verdict::Trusted => 0,
            Verdict::Approved(_) => 1,
            Verdict::AutoSyncOff { .. } => 2,
            Verdict::NeedsVetting(_) => 3,
        };
        self.verdicts[place].inc();
    }

    /// A run ended.
    pub fn run_ended(&self, of: &RunSubject, outcome: &'static str) {
        let of = match of {
            RunSubject::Pull(_) => "pull_request",
            RunSubject::MergeGroup(_) => "merge_group",
            RunSubject::Branch(_) => "push",
            RunSubject::Schedule => "schedule",
        };
        self.runs.with_label_values(&[of, outcome]).inc();
    }

    /// A backend was asked for something.
    pub fn asked_backend(&self, backend: &'static str, step: &'static str, outcome: &'static str) {
        self.backends
            .with_label_values(&[backend, step, outcome])
            .inc();
    }

    /// Something was found.
    pub fn found(&self, what: Found) {
        self.found[what as usize].inc();
    }
}
