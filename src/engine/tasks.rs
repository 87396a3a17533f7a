//! The steps that the jobs of runs ask for, each with what its backend is told.

use super::runs::Pass;
use crate::backends::Assignment;
use crate::domain::ids::{Repo, RunSubject};
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::{Handle, Job, JobState, Run, Step};
use crate::domain::runs::RunsState;
use crate::domain::text;
use chrono::{DateTime, Utc};

/// So many jobs are started, asked for or cancelled before what came of it is kept.
const AT_ONCE: usize = 64;

/// One step on one job of one run.
pub(super) struct Task {
    /// The pipeline's name and the run's number.
    pub(super) run: (String, u64),
    pub(super) job: usize,
    pub(super) kind: Kind,
    pub(super) assignment: Assignment,
    pub(super) handle: Option<Handle>,
    pub(super) failures: u32,
    /// What a start found it as.
    pub(super) before: Option<Box<Job>>,
    /// Why it can't be started: an output that it takes was not given.
    pub(super) lacks: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `look_first`: it may have been started already.
    Start {
        look_first: bool,
        rerun: bool,
    },
    Observe,
    Cancel,
}

impl Kind {
    /// As metrics name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Observe => "observe",
            Self::Cancel => "cancel",
        }
    }
}

/// The steps of all runs, at most so many at once; those that start a job are noted as begun.
pub(super) fn begin(pass: &mut Pass, now: DateTime<Utc>) -> Vec<Task> {
    let mut tasks = begun_tasks(pass, now);
    let known_runs = known_runs(&pass.state);
    for task in &mut tasks {
        task.assignment.has_rivals = has_rivals(&pass.state, task);
        task.assignment.known_runs.clone_from(&known_runs);
    }
    tasks
}

fn begun_tasks(pass: &mut Pass, now: DateTime<Utc>) -> Vec<Task> {
    let mut tasks = Vec::new();
    let (repo, subject) = (pass.state.repo.clone(), pass.state.subject.clone());
    let anchors = pass.state.anchor_names();
    // What is only asked does not keep another run's jobs from being started or stopped.
    for asks in [false, true] {
        for run in pass.state.runs_mut() {
            let mut steps = run.steps(now);
            steps.retain(|step| asks == matches!(step, Step::Observe { .. }));
            if pass.adrift.contains(&run.scene.sha) {
                steps.retain(|step| !run.starts_workflow(step));
            }
            for step in steps {
                if tasks.len() >= AT_ONCE {
                    return tasks;
                }
                let anchor = anchors.get(&run.scene.sha);
                tasks.push(task_of(run, step, anchor, &repo, &subject, now));
            }
        }
    }
    tasks
}

/// A step as a task; a start is noted as begun. Which runs others have is filled in later.
fn task_of(
    run: &mut Run,
    step: Step,
    anchor: Option<&String>,
    repo: &Repo,
    subject: &RunSubject,
    now: DateTime<Utc>,
) -> Task {
    let mut before = None;
    let (job, kind) = match step {
        Step::Start { job, rerun } => {
            let look_first = run.jobs[job].state == JobState::Starting { perhaps: true };
            before = Some(Box::new(run.jobs[job].clone()));
            if !look_first {
                run.jobs[job].anchored = anchor.is_some();
            }
            run.start_begins(job, now);
            (job, Kind::Start { look_first, rerun })
        }
        Step::Observe { job } => (job, Kind::Observe),
        Step::Cancel { job } => (job, Kind::Cancel),
    };
    let me = run.job_ref(repo.id, subject, job);
    Task {
        run: (run.pipeline.clone(), run.number),
        job,
        kind,
        handle: match kind {
            Kind::Start { .. } => run.jobs[job].previous().cloned(),
            Kind::Observe | Kind::Cancel => run.jobs[job].handle.clone(),
        },
        failures: run.jobs[job].failures,
        before,
        lacks: run
            .missing_output(job)
            .map(|(of, name)| text::output_missing(of, name)),
        assignment: Assignment {
            branch: match anchor.filter(|_| run.jobs[job].anchored) {
                Some(anchor) => anchor.clone(),
                None => run.scene.branch.clone(),
            },
            repo: repo.clone(),
            scene: run.scene.clone(),
            spec: run.jobs[job].spec.backend.clone(),
            inputs: run.inputs(job, &me),
            reference: run.reference(job, &me),
            started_at: run.jobs[job].started_at.unwrap_or(now),
            deadline: run.jobs[job].deadline(),
            known_runs: Vec::new(),
            has_rivals: false,
            wanted_outputs: run.wanted_outputs(job),
            observed: run.jobs[job].observed.clone(),
            job: me,
        },
    }
}

/// The workflow runs that jobs already have or had.
fn known_runs(state: &RunsState) -> Vec<u64> {
    let workflows = state
        .runs()
        .flat_map(|run| &run.jobs)
        .filter(|job| matches!(job.spec.backend, BackendSpec::Workflow(_)));
    workflows
        .flat_map(|job| job.earlier.iter().chain(&job.handle))
        .filter_map(Handle::workflow_run)
        .collect()
}

/// Whether other starts of a job's workflow for its commit wait, too, until it is known which workflow run is theirs.
fn has_rivals(state: &RunsState, task: &Task) -> bool {
    let a = &task.assignment;
    if !matches!(a.spec, BackendSpec::Workflow(_)) {
        return false;
    }
    let here = state.runs().filter(|run| run.scene.sha == a.scene.sha);
    let jobs = here.flat_map(|run| {
        let own = run.pipeline == task.run.0 && run.number == task.run.1;
        let jobs = run.jobs.iter().enumerate();
        jobs.filter(move |(at, _)| !own || *at != task.job)
    });
    let mut rivals = jobs.filter(|(_, job)| {
        let handle = job.handle.as_ref();
        let unknown = handle.and_then(Handle::workflow_run).is_none();
        job.is_begun() && unknown && job.spec.backend == a.spec
    });
    rivals.next().is_some()
}
