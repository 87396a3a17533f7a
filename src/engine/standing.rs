//! How the engine stands, for those who run it: what waits, what runs, what came of runs. Nothing is decided by it.

use super::Engine;
use crate::domain::event::BuildStatus;
use crate::domain::ids::{RepoId, Subject};
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::{Job, JobState, Run, Standing as RunStanding};
use crate::domain::runs::RunsState;
use crate::store::StoreError;
use crate::telemetry::{Budget, JobStands, Standing};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The jobs that have not ended, by the subject of their runs.
#[derive(Default)]
pub(super) struct Jobs(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    unended: HashMap<Subject, Vec<Unended>>,
    /// Those that were worked on while what an earlier process left is being read: theirs is newer than what is read.
    newer: Option<HashSet<Subject>>,
}

struct Unended {
    backend: &'static str,
    state: &'static str,
    /// When it was started; `None`: it was not.
    since: Option<DateTime<Utc>>,
}

impl Jobs {
    fn are(&self, subject: Subject, state: &RunsState) {
        let mut inner = self.lock();
        if let Some(newer) = &mut inner.newer {
            newer.insert(subject.clone());
        }
        inner.put(subject, state);
    }

    /// Nothing is kept of a subject any more.
    pub(super) fn are_none(&self, subject: &Subject) {
        let mut inner = self.lock();
        if let Some(newer) = &mut inner.newer {
            newer.insert(subject.clone());
        }
        inner.unended.remove(subject);
    }

    /// Nothing is kept of a repository any more.
    pub(super) fn forget(&self, repo: RepoId) {
        let is_there = |subject: &Subject| matches!(subject, Subject::Runs(of, _) if *of == repo);
        self.lock().unended.retain(|subject, _| !is_there(subject));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand(&self, now: DateTime<Utc>) -> Vec<JobStands> {
        let mut stand: BTreeMap<_, (usize, TimeDelta)> = BTreeMap::new();
        for job in self.lock().unended.values().flatten() {
            let (count, oldest) = stand.entry((job.backend, job.state)).or_default();
            *count += 1;
            let age = job.since.map_or(TimeDelta::zero(), |since| now - since);
            *oldest = age.max(*oldest);
        }
        let each = stand.into_iter().map(|(of, (count, oldest))| JobStands {
            backend: of.0,
            state: of.1,
            count,
            oldest,
        });
        each.collect()
    }
}

impl Inner {
    fn put(&mut self, subject: Subject, state: &RunsState) {
        let runs = state.runs().filter(|run| !run.is_over());
        let jobs: Vec<_> = runs.flat_map(|run| &run.jobs).filter_map(unended).collect();
        match jobs.is_empty() {
            true => self.unended.remove(&subject),
            false => self.unended.insert(subject, jobs),
        };
    }
}

fn unended(job: &Job) -> Option<Unended> {
    let (state, since) = match job.state {
        JobState::Waiting => ("waiting", None),
        JobState::Starting { .. } => ("starting", job.started_at),
        JobState::Active(BuildStatus::Queued) => ("queued", job.started_at),
        JobState::Active(_) => ("running", job.started_at),
        JobState::Skipped(_) | JobState::Ended(_) => return None,
    };
    Some(Unended {
        backend: backend(&job.spec.backend),
        state,
        since,
    })
}

/// A backend, as metrics name it: connections have names that repositories choose from, so those are not told apart.
pub(super) fn backend(spec: &BackendSpec) -> &'static str {
    match spec {
        BackendSpec::Workflow(_) => "workflow",
        BackendSpec::Check { .. } => "check",
        BackendSpec::Dispatch { .. } => "dispatch",
        BackendSpec::Connection { .. } => "connection",
    }
}

fn outcome(run: &Run) -> &'static str {
    if !run.counts() {
        return "superseded";
    }
    let failed = |gate| run.standing(gate) == RunStanding::Failed;
    match run.gates.iter().any(failed) {
        true => "failure",
        false => "success",
    }
}

impl Engine {
    /// How it stands. What only others know is left out.
    pub fn standing(&self) -> Standing {
        let now = self.now();
        let waits = self.shared.waiting.stand();
        let (busy, later) = self.shared.schedule.stand();
        let budgets = self.shared.github.budgets().into_iter();
        Standing {
            lost_at: self.lost_at(),
            inbox_entries: waits.entries,
            inbox_bytes: waits.bytes,
            inbox_limit: self.shared.pace.inbox_limit,
            inbox_oldest: waits.oldest.map(|at| now - at),
            busy,
            later,
            jobs: self.shared.jobs.stand(now),
            budgets: budgets
                .map(|(id, left)| {
                    let budget = Budget {
                        limit: left.limit,
                        remaining: left.remaining,
                        paused: left.paused_until.is_some(),
                        waiting: left.waiting,
                    };
                    (id.0, budget)
                })
                .collect(),
            ..Standing::default()
        }
    }

    /// A pass over runs ended.
    pub(super) fn note_runs(&self, subject: &Subject, before: &RunsState, after: &RunsState) {
        let same = |a: &Run, b: &Run| a.pipeline == b.pipeline && a.number == b.number;
        let work = self.shared.metrics.work();
        for run in after.runs().filter(|run| run.is_over()) {
            let known = before.runs().find(|earlier| same(earlier, run));
            if known.is_none_or(|earlier| !earlier.is_over()) {
                work.run_ended(&after.subject, outcome(run));
            }
        }
        for run in before.runs().filter(|run| !run.is_over()) {
            if !after.runs().any(|later| same(later, run)) {
                work.run_ended(&after.subject, "superseded");
            }
        }
        self.shared.jobs.are(subject.clone(), after);
    }

    /// Reads which jobs an earlier process left unended; a subject with such a job is due.
    pub(super) async fn recall_jobs(self, due: Vec<Subject>) {
        self.shared.jobs.lock().newer = Some(HashSet::new());
        for subject in due {
            if let Err(error) = self.recall_jobs_of(&subject).await {
                tracing::warn!(%subject, %error, "can't count the jobs of a subject");
            }
        }
        self.shared.jobs.lock().newer = None;
    }

    async fn recall_jobs_of(&self, subject: &Subject) -> Result<(), StoreError> {
        let Subject::Runs(repo, of) = subject else {
            return Ok(());
        };
        if let Some(state) = self.store().runs(*repo, of).await? {
            let mut inner = self.shared.jobs.lock();
            let newer = inner.newer.as_ref();
            if newer.is_none_or(|newer| !newer.contains(subject)) {
                inner.put(subject.clone(), &state);
            }
        }
        Ok(())
    }
}
