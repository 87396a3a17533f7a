//! Conclusions: what follows from the news and the time.

use super::needs::{Fate, Graph, Needs};
use super::{JobState, Run, SkipReason, Stop};
use crate::domain::event::{BuildStatus, Conclusion};
use chrono::{DateTime, TimeDelta, Utc};

impl super::Job {
    /// When it counts as timed out.
    pub fn deadline(&self) -> Option<DateTime<Utc>> {
        let limit = TimeDelta::try_seconds(i64::try_from(self.spec.timeout?).ok()?)?;
        self.is_begun()
            .then_some(self.started_at?)?
            .checked_add_signed(limit)
    }
}

impl Run {
    /// Draws every conclusion there is; a second call at the same time changes nothing.
    pub fn advance(&mut self, now: DateTime<Utc>) {
        let graph = Graph::of(&self.jobs);
        // Each round but the last begins or ends a job, retries one of a counted number of times, or is the one time that
        // a job's failure fells the rest.
        while self.round(&graph, now) {}
        let over = self.jobs.iter().all(super::Job::is_final);
        let last = self.jobs.iter().filter_map(|job| job.ended_at).max();
        self.ended_at = over.then(|| last.or(self.ended_at).unwrap_or(now));
    }

    fn round(&mut self, graph: &Graph, now: DateTime<Utc>) -> bool {
        if self.superseded.is_some() {
            self.stop_unended(Conclusion::Cancelled, &Stop::Superseded, now);
            return false;
        }
        let mut changed = false;
        for job in &mut self.jobs {
            if job.deadline().is_some_and(|deadline| deadline <= now) {
                job.stop(Conclusion::TimedOut, Stop::TimeLimit, now);
                changed = true;
            }
            if job.will_retry() {
                job.again();
                job.retried += 1;
                changed = true;
            }
        }
        let mut fates = vec![Fate::Failed; self.jobs.len()];
        for &at in &graph.order {
            changed |= self.follow_needs(at, graph, &fates, now);
            fates[at] = graph.fate(at, &self.jobs[at], &fates);
        }
        changed | (self.fail_fast && self.fell(&fates, now))
    }

    /// A job that was not started (again) stands as its needs say. Whether anything changed.
    fn follow_needs(
        &mut self,
        at: usize,
        graph: &Graph,
        fates: &[Fate],
        now: DateTime<Utc>,
    ) -> bool {
        let job = &self.jobs[at];
        let follows = matches!(
            job.state,
            JobState::Waiting
                | JobState::Starting { perhaps: false }
                | JobState::Skipped(SkipReason::Need(_))
        );
        if !follows {
            return false;
        }
        let state = match graph.judge(at, job, fates) {
            Needs::Unmet(name) => JobState::Skipped(SkipReason::Need(name)),
            Needs::Wait => JobState::Waiting,
            Needs::Met if self.queued => JobState::Waiting,
            // Others start what is observed; only to run it again somebody has to be asked.
            Needs::Met if job.is_check() && job.attempt == 0 => {
                JobState::Active(BuildStatus::Queued)
            }
            Needs::Met => JobState::Starting { perhaps: false },
        };
        let changed = state != job.state;
        let job = &mut self.jobs[at];
        if changed && matches!(job.state, JobState::Skipped(_)) {
            job.felled = false;
        }
        job.state = state;
        if matches!(job.state, JobState::Active(_)) {
            job.attempt = 1;
            job.started_at = Some(now);
            job.settle(false, now);
        }
        changed
    }

    /// `fail_fast`: the first time that a required job has failed, what has not ended is cancelled.
    fn fell(&mut self, fates: &[Fate], now: DateTime<Utc>) -> bool {
        let mut culprits = self
            .jobs
            .iter()
            .zip(fates)
            .filter(|(job, fate)| job.spec.required && !job.felled && **fate == Fate::Failed);
        let Some((culprit, _)) = culprits.next() else {
            return false;
        };
        let why = Stop::FailFast(culprit.spec.name.clone());
        self.stop_unended(Conclusion::Cancelled, &why, now);
        for (job, fate) in self.jobs.iter_mut().zip(fates) {
            job.felled |= *fate == Fate::Failed;
        }
        true
    }

    /// Ends every job that has not ended, or is due for an automatic retry. How many.
    pub(super) fn stop_unended(
        &mut self,
        conclusion: Conclusion,
        why: &Stop,
        now: DateTime<Utc>,
    ) -> usize {
        let mut count = 0;
        for job in &mut self.jobs {
            if !job.is_final() {
                job.stop(conclusion, why.clone(), now);
                // What was stopped on purpose stops nothing else.
                job.felled = true;
                count += 1;
            }
        }
        count
    }
}
