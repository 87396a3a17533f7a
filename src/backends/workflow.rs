//! GitHub Actions: `workflow_dispatch` on the branch that holds the commit.

use super::declared::Declared;
use super::error::BackendError;
use super::{Assignment, Backend, Observed, Started};
use crate::clock::Clock;
use crate::domain::event::{Build, BuildId, BuildStatus};
use crate::domain::printable::printable;
use crate::domain::run::{Handle, Report};
use crate::github::{
    Dispatched, GitHubError, Repository, RerunOutcome, Sought, WorkflowFile, WorkflowRun,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The input that gets the start's own id, where the workflow declares it.
pub const ID_INPUT: &str = "drawbridge_id";

/// How the title of a notice begins whose message is an output of the job; the output's name follows.
const OUTPUT_TITLE: &str = "drawbridge output ";

/// How the handle of a run that GitHub has not shown yet begins.
const PENDING: &str = "pending:";
/// GitHub's clock may be that much behind ours.
const SKEW: TimeDelta = TimeDelta::minutes(1);
/// What GitHub was told may take that long to be seen in its lists.
const SEEN_AFTER: TimeDelta = TimeDelta::seconds(10);
/// A run that can't be told from others after that time never will be.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(10);
/// How often a run is asked for that deliveries tell of, and one that is not known yet.
const POLL: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(15));

pub(super) struct Workflow {
    pub repository: Repository,
    /// Under `.github/workflows/`.
    pub file: String,
    pub clock: Arc<dyn Clock>,
    pub declared: Arc<Declared>,
}

/// What GitHub shows of a start.
enum Trace {
    /// No run that could be it.
    None,
    /// This run.
    Run(Box<WorkflowRun>),
    /// Runs that may be it, or that of another start.
    Doubtful,
}

fn report(build: &Build) -> Report {
    Report {
        status: Some(build.status),
        url: build.url.clone(),
        ..Report::default()
    }
}

/// The run as we call it, with the attempt that is meant.
fn run_handle(run: &WorkflowRun) -> Option<Handle> {
    match run.build.id {
        BuildId::WorkflowRun(id) => Some(Handle::of_workflow_run(id, run.attempt)),
        _ => None,
    }
}

impl Workflow {
    /// The file in words: `.github/workflows/build.yml` on pull-request/7.
    fn file_on(&self, branch: &str) -> String {
        format!(
            "`.github/workflows/{}` on {}",
            printable(&self.file, 100),
            printable(branch, 100)
        )
    }

    /// What the commit's version of the file says; refused, with what to add, if it can't be started.
    async fn declared(&self, a: &Assignment) -> Result<Arc<WorkflowFile>, BackendError> {
        let on = self.file_on(&a.branch);
        let file = self.declared.at(&self.repository, &self.file, &a.scene.sha);
        let file = file.await?.ok_or_else(|| {
            BackendError::refused(format!(
                "there is no {on}: add the file, with `workflow_dispatch` under `on`, or mend the job's `workflow`"
            ))
        })?;
        if !file.dispatchable {
            return Err(BackendError::refused(format!(
                "{on} can't be started: add `workflow_dispatch` under its `on`"
            )));
        }
        Ok(file)
    }

    /// The inputs to send: the job's, every one of which has to be declared (GitHub refuses others, and a slip must not be
    /// lost), and the start's id where the workflow asks for it.
    fn inputs(
        &self,
        a: &Assignment,
        file: &WorkflowFile,
    ) -> Result<BTreeMap<String, String>, BackendError> {
        let unknown: Vec<String> = a
            .inputs
            .keys()
            .filter(|name| !file.inputs.contains(*name))
            .map(|name| format!("`{}`", printable(name, 60)))
            .collect();
        if !unknown.is_empty() {
            return Err(BackendError::refused(format!(
                "{} does not declare {} {}: add it under `on.workflow_dispatch.inputs`, or take it out of the job",
                self.file_on(&a.branch),
                if unknown.len() == 1 {
                    "the input"
                } else {
                    "the inputs"
                },
                unknown.join(", ")
            )));
        }
        let mut inputs = a.inputs.clone();
        if file.inputs.contains(ID_INPUT) {
            inputs.insert(ID_INPUT.to_owned(), a.job.id());
        }
        Ok(inputs)
    }

    /// The run of this start, as far as GitHub shows.
    async fn seek(&self, a: &Assignment) -> Result<Trace, BackendError> {
        let file = self.declared(a).await?;
        let id = a.job.id();
        let named = file.names_runs_by(ID_INPUT);
        let sought = Sought {
            file: &self.file,
            branch: &a.branch,
            sha: &a.scene.sha,
            since: a.started_at - SKEW,
            key: named.then_some(id.as_str()),
            known: &a.known_runs,
        };
        let mut runs = self.repository.find_dispatched(&sought).await?;
        Ok(match runs.pop() {
            None => Trace::None,
            Some(run) if runs.is_empty() && (named || !a.has_rivals) => Trace::Run(Box::new(run)),
            Some(_) => Trace::Doubtful,
        })
    }

    /// What the file on a branch has to get for its runs to be told apart.
    fn needs_a_name(&self, branch: &str) -> String {
        format!(
            "give {} an input `{ID_INPUT}`, and `run-name` with `${{{{ inputs.{ID_INPUT} }}}}`",
            self.file_on(branch)
        )
    }

    /// What the run says, with the outputs that other jobs take once it has ended well; an error if it builds another commit.
    async fn told(&self, run: &WorkflowRun, a: &Assignment) -> Result<Report, BackendError> {
        self.check_commit(run, a).await?;
        let mut report = report(&run.build);
        if matches!(report.status, Some(BuildStatus::Ended(conclusion)) if conclusion.passes()) {
            let wanted = a.wanted_outputs.iter();
            let titles = wanted.map(|name| format!("{OUTPUT_TITLE}{name}")).collect();
            let notices = self.repository.notices(run, &titles).await?;
            let named = |(title, value): (String, String)| {
                Some((title.strip_prefix(OUTPUT_TITLE)?.to_owned(), value))
            };
            report.outputs = notices.into_iter().filter_map(named).collect();
        }
        Ok(report)
    }

    /// The run as what was started.
    async fn adopted(
        &self,
        run: &WorkflowRun,
        a: &Assignment,
    ) -> Result<Option<Started>, BackendError> {
        Ok(match run_handle(run) {
            Some(handle) => Some(Started {
                handle,
                report: self.told(run, a).await?,
            }),
            None => None,
        })
    }

    /// A run as it is now; `None`: it was deleted.
    async fn known(&self, id: u64) -> Result<Option<WorkflowRun>, BackendError> {
        match self.repository.workflow_run(id).await {
            Ok(run) => Ok(Some(run)),
            Err(GitHubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A run counts only for the commit that is to be built. A dispatch names a branch, and the branch may have moved on
    /// meanwhile; then nobody waits for the run, and it is told to stop.
    async fn check_commit(&self, run: &WorkflowRun, a: &Assignment) -> Result<(), BackendError> {
        if run.sha == a.scene.sha {
            return Ok(());
        }
        if let BuildId::WorkflowRun(id) = run.build.id
            && !matches!(run.build.status, BuildStatus::Ended(_))
            && let Err(error) = self.repository.cancel_run(id).await
        {
            // It ends by itself.
            tracing::debug!(%error, id, "can't cancel the run of another commit");
        }
        Err(BackendError::Elsewhere {
            message: format!(
                "{} moved before the workflow began: it builds {}",
                printable(&a.branch, 100),
                run.sha.short()
            ),
        })
    }

    /// The run's number; `None`: GitHub does not show it (yet).
    async fn number(&self, a: &Assignment, handle: &Handle) -> Result<Option<u64>, BackendError> {
        if let Some(id) = handle.workflow_run() {
            return Ok(Some(id));
        }
        Ok(match self.seek(a).await? {
            Trace::Run(run) => run_handle(&run).as_ref().and_then(Handle::workflow_run),
            Trace::None | Trace::Doubtful => None,
        })
    }
}

fn has_failed(run: &WorkflowRun) -> bool {
    matches!(run.build.status, BuildStatus::Ended(conclusion) if !conclusion.passes())
}

fn still_stopping(id: u64) -> BackendError {
    BackendError::transient(format!(
        "the workflow run {id} has to end before it can run again"
    ))
}

#[async_trait]
impl Backend for Workflow {
    async fn start(&self, a: &Assignment) -> Result<Started, BackendError> {
        let file = self.declared(a).await?;
        let inputs = self.inputs(a, &file)?;
        let dispatched = self
            .repository
            .dispatch_workflow(&self.file, &a.branch, &inputs)
            .await
            .map_err(|error| match error {
                GitHubError::NotFound { .. } => BackendError::refused(format!(
                    "GitHub starts only workflows that the default branch has, and {} has no `.github/workflows/{}`",
                    printable(&self.repository.repo().default_branch, 100),
                    printable(&self.file, 100)
                )),
                error => error.into(),
            })?;
        let (handle, url) = match dispatched {
            Dispatched::Run { id, url } => (Handle(id.to_string()), Some(url)),
            Dispatched::Unknown => (Handle(format!("{PENDING}{}", a.job.id())), None),
        };
        Ok(Started {
            handle,
            report: Report {
                status: Some(BuildStatus::Queued),
                url,
                ..Report::default()
            },
        })
    }

    async fn find(&self, a: &Assignment) -> Result<Option<Started>, BackendError> {
        let age = self.clock.now() - a.started_at;
        match self.seek(a).await? {
            Trace::Run(run) => self.adopted(&run, a).await,
            Trace::None if age < SEEN_AFTER => Err(BackendError::Transient {
                message: "GitHub may have started the workflow and not show it yet".to_owned(),
                retry_after: (SEEN_AFTER - age).to_std().ok(),
            }),
            Trace::None => Ok(None),
            // To start it once more could be to start it twice.
            Trace::Doubtful => Err(BackendError::refused(format!(
                "it may run already, so it is not started again: {}",
                self.needs_a_name(&a.branch)
            ))),
        }
    }

    async fn rerun(
        &self,
        a: &Assignment,
        handle: &Handle,
    ) -> Result<Option<Started>, BackendError> {
        let Some(id) = handle.workflow_run() else {
            return Ok(None);
        };
        let Some(before) = self.known(id).await? else {
            return Ok(None);
        };
        if before.sha != a.scene.sha {
            return Ok(None);
        }
        // It runs again already: the answer of an earlier try was lost, or a person was faster on GitHub's own page.
        if before.attempt > handle.workflow_attempt() && !has_failed(&before) {
            return self.adopted(&before, a).await;
        }
        if !matches!(before.build.status, BuildStatus::Ended(_)) {
            return Err(still_stopping(id));
        }
        match self.repository.rerun_failed(id).await {
            Ok(RerunOutcome::Done) => Ok(Some(Started {
                handle: Handle::of_workflow_run(id, before.attempt + 1),
                report: Report {
                    status: Some(BuildStatus::Queued),
                    ..Report::default()
                },
            })),
            Ok(RerunOutcome::Refused(_)) => match self.known(id).await? {
                Some(now) if now.attempt > before.attempt => self.adopted(&now, a).await,
                Some(now) if !matches!(now.build.status, BuildStatus::Ended(_)) => {
                    Err(still_stopping(id))
                }
                _ => Ok(None),
            },
            Err(GitHubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn observe(&self, a: &Assignment, handle: &Handle) -> Result<Observed, BackendError> {
        let known = handle.workflow_run();
        let run = match known {
            Some(id) => self.known(id).await?.ok_or_else(|| {
                BackendError::refused(format!(
                    "the run {id} of the workflow {} was deleted",
                    printable(&self.file, 100)
                ))
            })?,
            None => match self.seek(a).await? {
                Trace::Run(run) => *run,
                Trace::None | Trace::Doubtful if self.clock.now() - a.started_at > LOST_AFTER => {
                    return Err(BackendError::refused(format!(
                        "GitHub started the workflow and does not say which run it is: {}",
                        self.needs_a_name(&a.branch)
                    )));
                }
                Trace::None | Trace::Doubtful => {
                    return Ok(Observed::default());
                }
            },
        };
        // What is asked a moment after a re-run may still be the attempt before.
        if run.attempt < handle.workflow_attempt() {
            return Ok(Observed::default());
        }
        let report = self.told(&run, a).await?;
        Ok(Observed {
            handle: run_handle(&run).filter(|_| known.is_none()),
            report,
        })
    }

    async fn cancel(&self, a: &Assignment, handle: &Handle) -> Result<(), BackendError> {
        match self.number(a, handle).await? {
            Some(id) => Ok(self.repository.cancel_run(id).await?),
            None if self.clock.now() - a.started_at > LOST_AFTER => Ok(()),
            None => Err(BackendError::transient(
                "GitHub does not show yet which run has to be cancelled",
            )),
        }
    }

    fn poll(&self, handle: &Handle) -> Option<Duration> {
        let (told, unknown) = POLL;
        Some(if handle.workflow_run().is_some() {
            told
        } else {
            unknown
        })
    }
}
