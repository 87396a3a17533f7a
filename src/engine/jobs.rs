//! Does on the backends what the jobs of runs ask for.

use super::runs::Pass;
use super::standing::backend;
use super::tasks::{self, Kind, Task};
use super::{Engine, Failure};
use crate::backends::{Backend, BackendError, Observed, Started};
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::Handle;
use crate::store::{EntryKind, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// So many requests to backends are under way at a time.
const CONCURRENT: usize = 8;
/// How long the requests of one round may take altogether: the subject has other jobs, and news waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// So often in a row a backend may refuse to say how a job stands before the job counts as lost.
const MOST_REFUSALS: u32 = 8;

/// When a job is asked for that can't be asked: its callback or its time limit ends it long before.
const NEVER: TimeDelta = TimeDelta::days(30);

/// What came of a step.
enum Outcome {
    Started(Started),
    Observed(Observed, Option<Duration>),
    Cancelled,
    Failed(BackendError),
}

impl Outcome {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Started(_) | Self::Observed(..) | Self::Cancelled => "done",
            Self::Failed(BackendError::Refused { .. }) => "refused",
            Self::Failed(BackendError::Elsewhere { .. }) => "elsewhere",
            Self::Failed(BackendError::NotAsked { .. }) => "put_off",
            Self::Failed(_) => "failed",
        }
    }
}

impl Engine {
    /// Asks for the builds if that has to be; whether it was.
    pub(super) async fn read_builds(&self, pass: &mut Pass) -> Result<bool, Failure> {
        let (Some(branch), Some(sha)) = (pass.state.branch(), pass.state.must_read().cloned())
        else {
            return Ok(false);
        };
        self.keep(pass).await?;
        let github = self.shared.github.of(&pass.state.repo);
        let builds = match pass.state.follows_reports() {
            true => github.reports(&branch, &sha).await?,
            false => github.builds(&branch, &sha).await?,
        };
        if self.stands_anew(pass).await? {
            // They may be the new stand's, and the next pass, which is due by now, knows of it.
            return Ok(false);
        }
        let head = self.store().head(pass.state.repo.id, &sha).await?;
        pass.state.builds_are(&sha, builds, head.as_ref());
        pass.settle(self.now());
        Ok(true)
    }

    async fn stands_anew(&self, pass: &Pass) -> Result<bool, StoreError> {
        let Some(known) = &pass.pull else {
            return Ok(false);
        };
        let present = self.store().pull(known.key()).await?;
        Ok(present.is_some_and(|present| present.stands != known.stands))
    }

    /// Takes the steps that are to be taken now; whether there were any.
    pub(super) async fn step_jobs(&self, pass: &mut Pass) -> Result<bool, StoreError> {
        let now = self.now();
        let tasks = tasks::begin(pass, now);
        if tasks.is_empty() {
            pass.stepped_at = Some(now);
            return Ok(false);
        }
        pass.stepped_at = None;
        // From here on they may have been started, whatever becomes of this process.
        self.keep(pass).await?;
        let starts = |task: &Task| matches!(task.kind, Kind::Start { .. });
        if tasks.iter().any(starts) {
            self.store().flush().await?;
        }
        let deadline = Instant::now() + PATIENCE;
        let done: Vec<(Arc<Task>, Outcome)> = futures::stream::iter(tasks)
            .map(|task| self.clone().take(Arc::new(task), deadline))
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (task, outcome) in done {
            self.note(pass, &task, outcome);
        }
        pass.settle(self.now());
        Ok(true)
    }

    /// A defect in the handling of one job, or a backend that hangs, must not take the others with it.
    async fn take(self, task: Arc<Task>, deadline: Instant) -> (Arc<Task>, Outcome) {
        let later = |message: &str| {
            Outcome::Failed(BackendError::Transient {
                message: message.to_owned(),
                retry_after: None,
            })
        };
        if Instant::now() >= deadline {
            return (task, later("other backends are slow to answer"));
        }
        let asked = task.clone();
        let asking = async move { self.ask_backend(&asked).await };
        let asking = tokio::spawn(tracing::Instrument::in_current_span(asking));
        let asking = AbortOnDropHandle::new(asking);
        let outcome = match tokio::time::timeout_at(deadline, asking).await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(Ok(Err(error))) => Outcome::Failed(error),
            Ok(Err(error)) => {
                tracing::error!(%error, job = task.assignment.job.job, "asking a backend broke off");
                later("a defect in Drawbridge keeps it from asking the backend; its log says more")
            }
            Err(_) => later("the backend did not answer in time"),
        };
        (task, outcome)
    }

    async fn ask_backend(&self, task: &Task) -> Result<Outcome, BackendError> {
        let a = &task.assignment;
        let backend = self.shared.backends.of(&a.repo, &a.spec)?;
        if let (Kind::Start { .. }, Some(why)) = (task.kind, &task.lacks) {
            return Err(BackendError::Refused {
                message: why.clone(),
            });
        }
        match (task.kind, &task.handle) {
            (Kind::Start { look_first, rerun }, previous) => {
                // What others report has no handle of ours.
                let observed = Handle(String::new());
                let previous = match &a.spec {
                    BackendSpec::Check { .. } => Some(&observed),
                    _ => previous.as_ref(),
                };
                if rerun
                    && let Some(previous) = previous
                    && let Some(again) = backend.rerun(a, previous).await?
                {
                    return Ok(Outcome::Started(again));
                }
                if look_first && let Some(found) = backend.find(a).await? {
                    return Ok(Outcome::Started(found));
                }
                Ok(Outcome::Started(backend.start(a).await?))
            }
            (Kind::Observe, Some(handle)) => {
                let observed = backend.observe(a, handle).await?;
                Ok(Outcome::Observed(observed, self.poll_of(&*backend, handle)))
            }
            (Kind::Cancel, Some(handle)) => {
                backend.cancel(a, handle).await?;
                Ok(Outcome::Cancelled)
            }
            (Kind::Cancel, None) => {
                // It may have been started without our knowing.
                if let Some(found) = backend.find(a).await? {
                    backend.cancel(a, &found.handle).await?;
                }
                Ok(Outcome::Cancelled)
            }
            (Kind::Observe, None) => Ok(Outcome::Observed(Observed::default(), None)),
        }
    }

    fn note(&self, pass: &mut Pass, task: &Task, outcome: Outcome) {
        let asked = backend(&task.assignment.spec);
        let work = self.shared.metrics.work();
        work.asked_backend(asked, task.kind.as_str(), outcome.as_str());
        let now = self.now();
        let (pipeline, number) = &task.run;
        let found = pass.state.lines.get_mut(pipeline);
        let run = found.and_then(|line| line.runs.iter_mut().find(|run| run.number == *number));
        let Some(run) = run else { return };
        let job = task.job;
        let name = run.jobs[job].spec.name.clone();
        let what = match outcome {
            Outcome::Started(Started { handle, report }) => {
                run.started(job, handle, report, now);
                let wait = self.first_poll(task, &run.jobs[job].handle);
                run.poll_at(job, now + wait.unwrap_or(NEVER));
                let attempt = run.jobs[job].attempt;
                let what =
                    format!("started {name} (run {number} of {pipeline}, attempt {attempt})");
                Some((EntryKind::Action, what))
            }
            Outcome::Observed(Observed { handle, report }, poll) => {
                if let Some(handle) = handle {
                    run.is_called(job, handle);
                }
                let attempt = run.jobs[job].attempt;
                run.reported(job, attempt, report, now);
                let wait = poll.map(|poll| waited(poll, run.jobs[job].started_at, now));
                run.poll_at(job, now + wait.unwrap_or(NEVER));
                None
            }
            Outcome::Cancelled => {
                run.cancelled(job);
                let what = format!("cancelled {name} (run {number} of {pipeline})");
                Some((EntryKind::Action, what))
            }
            Outcome::Failed(BackendError::NotAsked { retry_after, .. }) => {
                let at = self.retry_at(1, Some(retry_after));
                run.put_off(job, task.before.as_deref(), at);
                None
            }
            Outcome::Failed(error) => {
                tracing::warn!(%error, job = name, "a backend could not be used");
                let text = error.to_string();
                match (&error, task.kind) {
                    (BackendError::Refused { .. }, Kind::Start { .. }) => {
                        run.start_refused(job, text.clone(), now);
                    }
                    // What it does not know it need not stop.
                    (
                        BackendError::Refused { .. } | BackendError::Elsewhere { .. },
                        Kind::Cancel,
                    ) => run.cancelled(job),
                    (BackendError::Elsewhere { .. }, _) => {
                        if run.built_another(job, text.clone(), now) {
                            let sha = run.scene.sha.clone();
                            pass.state.needs_anchor(&sha);
                        }
                    }
                    (BackendError::Refused { .. }, Kind::Observe)
                        if task.failures + 1 >= MOST_REFUSALS =>
                    {
                        run.lost(job, text.clone(), now);
                    }
                    (error, _) => {
                        let asked_for = match error {
                            BackendError::Transient { retry_after, .. } => *retry_after,
                            _ => None,
                        };
                        let at = self.retry_at(task.failures + 1, asked_for);
                        run.backend_failed(job, text.clone(), at);
                    }
                }
                Some((EntryKind::Result, format!("{name}: {text}")))
            }
        };
        if let Some((kind, what)) = what {
            pass.happened(now, kind, what);
        }
    }

    /// How long to wait before a job that was just started is asked for.
    fn first_poll(&self, task: &Task, handle: &Option<Handle>) -> Option<TimeDelta> {
        let backend = self
            .shared
            .backends
            .of(&task.assignment.repo, &task.assignment.spec)
            .ok()?;
        let poll = self.poll_of(&*backend, handle.as_ref()?)?;
        TimeDelta::from_std(poll).ok()
    }

    /// How often a job is asked for at first; `None`: it can't be asked.
    fn poll_of(&self, backend: &dyn Backend, handle: &Handle) -> Option<Duration> {
        let advised = backend.poll(handle)?;
        Some(self.shared.pace.job_poll.unwrap_or(advised))
    }
}

/// A job that has run for long is asked for more seldom: a tenth of its age, at least `shortest` and at most ten minutes.
fn waited(shortest: Duration, started_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
    let shortest = TimeDelta::from_std(shortest).unwrap_or(TimeDelta::minutes(1));
    let age = started_at.map_or(TimeDelta::zero(), |started| now - started);
    (age / 10).clamp(shortest, TimeDelta::minutes(10).max(shortest))
}
