//! What is to be done on backends, and when to look again.

use super::{Cancel, Job, JobState, Run};
use crate::domain::pipeline::BackendSpec;
use chrono::{DateTime, Utc};

/// One thing to do on a backend; `job` is the place among the run's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Tell it to stop the latest attempt. Without a handle it is looked for first: it may have been started.
    Cancel {
        /// Which.
        job: usize,
    },
    /// Start it: `start_begins`, then ask the backend, then `started`, `start_refused` or `backend_failed`.
    Start {
        /// Which. With `Starting { perhaps: true }` it is looked for first.
        job: usize,
        /// Whether it was started before in this run (`Job::previous`); of a `check` job always: what failed of what it
        /// observes is to be run again.
        rerun: bool,
    },
    /// Ask how it stands.
    Observe {
        /// Which.
        job: usize,
    },
}

impl Job {
    /// What its backend is to be asked for next.
    fn step(&self, at: usize, held: bool) -> Option<Step> {
        if self.cancel == Cancel::Wanted {
            return Some(Step::Cancel { job: at });
        }
        match self.state {
            _ if held => None,
            JobState::Starting { perhaps } => Some(Step::Start {
                job: at,
                rerun: self.attempt > u32::from(perhaps),
            }),
            JobState::Active(_) if !self.is_check() => Some(Step::Observe { job: at }),
            _ => None,
        }
    }

    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

impl Run {
    /// What is to be done on backends now, at most one step for each job: first what stops, then what starts, then what
    /// only asks, each in the order of the file. While the run is queued only what stops.
    pub fn steps(&self, now: DateTime<Utc>) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .pending()
            .filter(|(job, _)| job.is_due(now))
            .map(|(_, step)| step)
            .collect();
        steps.sort_by_key(|step| match step {
            Step::Cancel { .. } => 0,
            Step::Start { .. } => 1,
            Step::Observe { .. } => 2,
        });
        steps
    }

    /// Whether this step of its starts a workflow.
    pub fn starts_workflow(&self, step: &Step) -> bool {
        matches!(step, Step::Start { job, .. } if matches!(self.jobs[*job].spec.backend, BackendSpec::Workflow(_)))
    }

    /// When something follows from the time alone: the earliest time limit, or the end of the wait before a step. What
    /// `steps` names now is not in it.
    pub fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let limits = self.jobs.iter().filter_map(Job::deadline);
        let waits = self
            .pending()
            .filter_map(|(job, _)| job.not_before)
            .filter(|time| *time > now);
        limits.chain(waits).min()
    }

    fn pending(&self) -> impl Iterator<Item = (&Job, Step)> {
        let held = self.queued || self.superseded.is_some();
        self.jobs
            .iter()
            .enumerate()
            .filter_map(move |(at, job)| Some((job, job.step(at, held)?)))
    }
}
