//! One job: what its state means, and the two ways it leaves it by our doing.

use super::{Cancel, Handle, Job, JobState, Report, Stop};
use crate::domain::event::Conclusion;
use crate::domain::pipeline::{BackendSpec, JobSpec};
use chrono::{DateTime, Utc};

impl Job {
    /// A job that has not been looked at.
    pub(super) fn new(spec: JobSpec) -> Self {
        Self {
            spec,
            state: JobState::Waiting,
            attempt: 0,
            retried: 0,
            handle: None,
            earlier: Vec::new(),
            past: Vec::new(),
            cancel: Cancel::No,
            stopped: None,
            felled: false,
            anchored: false,
            forced_by: None,
            excuse: None,
            started_at: None,
            ended_at: None,
            report: Report::default(),
            observed: Vec::new(),
            set_aside: Vec::new(),
            trouble: None,
            failures: 0,
            not_before: None,
        }
    }

    /// Whether others run it and it is only observed.
    pub fn is_check(&self) -> bool {
        matches!(self.spec.backend, BackendSpec::Check { .. })
    }

    /// Whether its backend may have it.
    pub fn is_begun(&self) -> bool {
        matches!(
            self.state,
            JobState::Active(_) | JobState::Starting { perhaps: true }
        )
    }

    /// Whether nothing more will become of it by itself.
    pub fn is_final(&self) -> bool {
        match self.state {
            JobState::Skipped(_) => true,
            JobState::Ended(_) => !self.will_retry(),
            _ => false,
        }
    }

    /// Whether it ended in a way that says nothing about the change, and is started again by itself.
    pub(super) fn will_retry(&self) -> bool {
        let infrastructure = matches!(
            self.state,
            JobState::Ended(Conclusion::StartupFailure | Conclusion::TimedOut | Conclusion::Stale)
        );
        let refused = self.stopped == Some(Stop::Refused);
        infrastructure && !refused && self.retried < self.spec.retries
    }

    /// What the backend called the start before the one that is due or under way.
    pub fn previous(&self) -> Option<&Handle> {
        match self.state {
            JobState::Starting { perhaps: false } => self.handle.as_ref().or(self.earlier.last()),
            _ => self.earlier.last(),
        }
    }

    /// Ends it, and has its backend told if it may have it. What a `check` job observes belongs to others: it is stopped
    /// only when somebody says so.
    pub(super) fn stop(&mut self, conclusion: Conclusion, why: Stop, now: DateTime<Utc>) {
        if self.is_begun() && (!self.is_check() || matches!(why, Stop::Order(_))) {
            self.cancel = Cancel::Wanted;
        }
        self.state = JobState::Ended(conclusion);
        self.stopped = Some(why);
        self.ended_at = Some(now);
        self.trouble = None;
        self.failures = 0;
        self.not_before = None;
    }

    /// Makes it wait for a new start. Of what the last one said no more is kept than how it went; whom to tell to stop stays.
    pub(super) fn again(&mut self) {
        self.set_aside_failures();
        self.remember_attempt();
        self.state = JobState::Waiting;
        self.stopped = None;
        self.felled = false;
        self.started_at = None;
        self.ended_at = None;
        self.report = Report::default();
        if self.cancel != Cancel::Wanted {
            self.trouble = None;
            self.failures = 0;
            self.not_before = None;
        }
    }
}
