//! News of backends. Each ignores what does not fit: an earlier attempt, a job that has ended, one that does not exist.

use super::{Cancel, Handle, Job, JobState, Report, Run, Stop, TriggerKind};
use crate::domain::event::{BuildStatus, Conclusion};
use crate::domain::pipeline::BackendSpec;
use chrono::{DateTime, Utc};

/// How often in a row a backend is asked in vain to stop a job before that is given up.
pub const MOST_CANCELS: u32 = 8;
/// The most handles of earlier attempts that are kept.
const MOST_EARLIER: usize = 50;
/// The longest reason of a backend that is kept, in characters.
const LONGEST_TROUBLE: usize = 1_000;

impl Run {
    /// Its backend is about to be asked to start it: from here on it may be started, and its time runs. A start that was
    /// begun before and whose answer was not seen is the same attempt.
    pub fn start_begins(&mut self, job: usize, now: DateTime<Utc>) {
        let (counts, Some(job)) = (self.counts(), self.jobs.get_mut(job)) else {
            return;
        };
        let new = job.state == JobState::Starting { perhaps: false };
        if !counts || !new || job.cancel == Cancel::Wanted {
            return;
        }
        job.attempt += 1;
        job.state = JobState::Starting { perhaps: true };
        job.started_at = Some(now);
        job.cancel = Cancel::No;
        job.put_handle_aside();
    }

    /// A person ran the workflow run of an ended job again, on GitHub's own page. That is a start like any other: the job
    /// goes on, and how it stands is asked for. One that has still to be stopped, or runs again anyway, stays as it is.
    pub fn run_again_elsewhere(&mut self, job: usize, handle: Handle, now: DateTime<Utc>) {
        let (counts, Some(job)) = (self.counts(), self.jobs.get_mut(job)) else {
            return;
        };
        let ended = matches!(job.state, JobState::Ended(_)) && job.is_final();
        if !counts || !ended || job.cancel == Cancel::Wanted {
            return;
        }
        job.again();
        job.retried = 0;
        job.attempt += 1;
        job.put_handle_aside();
        job.handle = Some(handle);
        job.cancel = Cancel::No;
        job.started_at = Some(now);
        job.state = JobState::Active(BuildStatus::Queued);
        job.report.status = Some(BuildStatus::Queued);
    }

    /// Its backend has it. If it was stopped meanwhile, its backend is told so.
    pub fn started(&mut self, job: usize, handle: Handle, report: Report, now: DateTime<Utc>) {
        let Some(started) = self.jobs.get_mut(job).filter(|job| job.attempt > 0) else {
            return;
        };
        if started.is_check() {
            if started.state == (JobState::Starting { perhaps: true }) {
                started.is_asked();
                started.state = JobState::Active(BuildStatus::Queued);
                started.settle(false, now);
            }
            return;
        }
        let unknown = started.handle.is_none();
        if unknown {
            started.handle = Some(handle);
        }
        if started.is_begun() {
            started.is_asked();
            started.hear(report, now);
        } else if unknown && (started.stopped.is_some() || started.ended_at.is_none()) {
            started.cancel = Cancel::Wanted;
        }
    }

    /// Its backend will not start it, whatever time passes: it ends as `startup_failure` and is not retried by itself.
    pub fn start_refused(&mut self, job: usize, why: String, now: DateTime<Utc>) {
        if let Some(job) = self.jobs.get_mut(job)
            && matches!(job.state, JobState::Starting { .. })
        {
            let cancel = job.cancel;
            job.stop(Conclusion::StartupFailure, Stop::Refused, now);
            job.cancel = cancel;
            job.trouble = Some(bounded(why));
        }
    }

    /// Its backend, which had it, does not know it any more or will not tell: it ends as `stale`.
    pub fn lost(&mut self, job: usize, why: String, now: DateTime<Utc>) {
        if let Some(job) = self.jobs.get_mut(job)
            && matches!(job.state, JobState::Active(_))
            && !job.is_check()
        {
            job.stop(Conclusion::Stale, Stop::Lost, now);
            job.trouble = Some(bounded(why));
        }
    }

    /// What its backend started builds another commit. On a branch that moved on before the workflow began: it is started again, on
    /// the anchor of its commit, which stands where it is. Whether it is.
    pub fn built_another(&mut self, job: usize, why: String, now: DateTime<Utc>) -> bool {
        let has_anchor = self.scene.trigger != TriggerKind::MergeGroup;
        match self.jobs.get_mut(job) {
            Some(job) if has_anchor && job.is_begun() && !job.anchored => {
                job.again();
                true
            }
            Some(moved) => {
                if matches!(moved.state, JobState::Starting { .. }) {
                    moved.state = JobState::Active(BuildStatus::Queued);
                }
                self.lost(job, why, now);
                false
            }
            None => false,
        }
    }

    /// Its backend was not asked, as a limit is kept to; it will be at `until`. A start is as it was `before` then.
    pub fn put_off(&mut self, job: usize, before: Option<&Job>, until: DateTime<Utc>) {
        let Some(job) = self.jobs.get_mut(job) else {
            return;
        };
        if let Some(before) = before {
            job.clone_from(before);
        }
        job.not_before = Some(until);
    }

    /// Its backend could not be asked and will be again, not before `retry_at`; how to stop a job is asked at most eight
    /// times in a row.
    pub fn backend_failed(&mut self, job: usize, why: String, retry_at: DateTime<Utc>) {
        let Some(job) = self.jobs.get_mut(job) else {
            return;
        };
        let cancelling = job.cancel == Cancel::Wanted;
        let asked = matches!(job.state, JobState::Starting { .. } | JobState::Active(_));
        if !cancelling && !asked {
            return;
        }
        job.failures = job.failures.saturating_add(1);
        if cancelling && job.failures >= MOST_CANCELS {
            job.is_asked();
            job.cancel = Cancel::Done;
        } else {
            job.not_before = Some(retry_at);
        }
        if job.stopped != Some(Stop::Lost) {
            job.trouble = Some(bounded(why));
        }
    }

    /// What its backend says of one attempt: only the latest counts, and only until it has ended; what runs is not queued
    /// again. Whether anything changed. What others report for a `check` job is `observed`.
    pub fn reported(
        &mut self,
        job: usize,
        attempt: u32,
        report: Report,
        now: DateTime<Utc>,
    ) -> bool {
        let counts = self.counts();
        self.jobs
            .get_mut(job)
            .filter(|job| counts && job.attempt == attempt && job.is_begun() && !job.is_check())
            .is_some_and(|job| job.hear(report, now))
    }

    /// Its backend is not asked again before that time.
    pub fn poll_at(&mut self, job: usize, at: DateTime<Utc>) {
        if let Some(job) = self.jobs.get_mut(job)
            && job.is_begun()
        {
            job.not_before = Some(at);
        }
    }

    /// Its backend was told to stop it, or does not know it.
    pub fn cancelled(&mut self, job: usize) {
        if let Some(job) = self.jobs.get_mut(job)
            && job.cancel == Cancel::Wanted
        {
            job.is_asked();
            job.cancel = Cancel::Done;
        }
    }

    /// The job whose latest attempt is that workflow run.
    pub fn job_of_workflow_run(&self, id: u64) -> Option<usize> {
        self.jobs.iter().position(|job| {
            let handle = job.handle.as_ref();
            matches!(job.spec.backend, BackendSpec::Workflow(_))
                && handle.and_then(Handle::workflow_run) == Some(id)
        })
    }
}

impl Job {
    fn put_handle_aside(&mut self) {
        self.earlier.extend(self.handle.take());
        let surplus = self.earlier.len().saturating_sub(MOST_EARLIER);
        self.earlier.drain(..surplus);
    }

    /// Its backend could be asked. Why a job was lost stays to be read.
    fn is_asked(&mut self) {
        if self.stopped != Some(Stop::Lost) {
            self.trouble = None;
        }
        self.failures = 0;
        self.not_before = None;
    }
}

fn bounded(mut why: String) -> String {
    if let Some((end, _)) = why.char_indices().nth(LONGEST_TROUBLE) {
        why.truncate(end);
        why.push('…');
    }
    why
}
