//! What a gate says of a run.

use super::builds::{builds, implied_title};
use super::jobs::{failure, graph, job_notes, job_table};
use super::{code, plain, plural};
use crate::domain::event::Conclusion;
use crate::domain::gate::{Gate, GateStatus, status_of};
use crate::domain::pipeline::{BackendSpec, GateSpec};
use crate::domain::pull::GateName;
use crate::domain::run::{Blocker, Job, JobState, Run, Standing, TriggerKind};
use crate::domain::runs::RunsState;
use std::fmt::Write;

/// Why a job can't be started: another one passed without giving an output that it takes.
pub fn output_missing(of: &Job, output: &str) -> String {
    let how = match of.spec.backend {
        BackendSpec::Workflow(_) => format!(
            "print `::notice title=drawbridge output {output}::` and the value in a step of its workflow"
        ),
        _ => format!("report `{output}` in its `outputs`"),
    };
    format!(
        "`{}` passed and gave no output `{output}`, which this job takes: {how}, or take it out of this job",
        of.spec.name
    )
}

/// A gate whose run is about to begin.
pub fn gate_starting(preface: &str, trouble: Option<&str>) -> Gate {
    let title = match trouble {
        None => "The jobs are about to start".to_owned(),
        Some(trouble) => plain(&format!(
            "The jobs can't start yet, will be tried again: {trouble}"
        )),
    };
    Gate {
        status: GateStatus::InProgress,
        title,
        summary: preface.to_owned(),
        approve_button: false,
        link: None,
    }
}

/// A gate that the configuration has no more.
pub fn gate_retired(now: &[(GateName, Gate)]) -> Gate {
    let names: Vec<String> = now.iter().map(|(name, _)| code(&name.name)).collect();
    let instead = match names.as_slice() {
        [] => String::new(),
        names => format!(" What counts at this commit: {}.", names.join(", ")),
    };
    Gate {
        status: GateStatus::Completed(Conclusion::Neutral),
        title: "Not configured any more".to_owned(),
        summary: format!(
            "The configuration has no pipeline with this check any more, so it blocks nothing.{instead} If a branch \
             rule still requires it, a maintainer can take it out there.\n"
        ),
        approve_button: false,
        link: None,
    }
}

/// A gate whose run was replaced or stopped before it ended. It does not let a merge through: the commit may become the
/// head again, and then it is decided anew.
pub fn gate_left() -> Gate {
    Gate {
        status: GateStatus::Completed(Conclusion::Cancelled),
        title: "Nobody waits for this commit any more".to_owned(),
        summary: "A newer commit took its place, or its pull request or branch was closed, before its jobs had ended.\n"
            .to_owned(),
        approve_button: false,
        link: None,
    }
}

/// One gate of a run, below what else is to be said.
pub fn gate_of_run(preface: &str, runs: &RunsState, run: &Run, spec: &GateSpec) -> Gate {
    let jobs = jobs_of(run, spec);
    let standing = match run.queued {
        true => Standing::Running,
        false => run.standing(spec),
    };
    let mut summary = preface.to_owned();
    if run.implied {
        builds(run, &mut summary);
    } else if !jobs.is_empty() {
        job_table(run, &jobs, &mut summary);
        graph(&jobs, &mut summary);
        job_notes(&jobs, &mut summary);
    }
    if let Some(trouble) = &runs.trouble {
        let _ = writeln!(summary, "\n**Waiting:** {}.", code(trouble));
    }
    let title = match standing {
        _ if run.queued => "Waits for the run before it".to_owned(),
        _ if run.implied => implied_title(run, standing),
        Standing::Running => title_running(&jobs),
        Standing::Failed => title_failed(run, spec),
        Standing::Passed if run.jobs.is_empty() => nothing_for(run.scene.trigger),
        Standing::Passed => title_passed(&jobs),
    };
    Gate {
        status: status_of(standing),
        title,
        summary,
        approve_button: false,
        link: match standing {
            Standing::Failed => link_of_failure(run, spec),
            Standing::Running | Standing::Passed => None,
        },
    }
}

/// Where the job is to be read that is to blame first.
fn link_of_failure(run: &Run, spec: &GateSpec) -> Option<String> {
    let mut roots = run
        .blockers(spec)
        .into_iter()
        .map(|blocker| blocker.because_of.unwrap_or(blocker.job));
    roots.find_map(|job| run.jobs[job].report.url.clone())
}

/// The jobs that count for a gate, and those that they need.
fn jobs_of<'a>(run: &'a Run, spec: &GateSpec) -> Vec<&'a Job> {
    match &spec.jobs {
        None => run.jobs.iter().collect(),
        Some(names) => {
            let named = |job: &&Job| names.contains(&job.spec.name);
            run.jobs.iter().filter(named).collect()
        }
    }
}

fn title_running(jobs: &[&Job]) -> String {
    let open: Vec<&&Job> = jobs
        .iter()
        .filter(|job| job.spec.required && job.excuse.is_none() && is_open(job))
        .collect();
    // What runs is more telling than what waits for it.
    let first = open
        .iter()
        .find(|job| matches!(job.state, JobState::Active(_)))
        .or(open.first());
    let Some(first) = first else {
        return "Making sure that nothing is missing".to_owned();
    };
    let trouble = match &first.trouble {
        Some(trouble) => format!(" ({trouble})"),
        None => String::new(),
    };
    plain(&match open.len() {
        1 => format!("Waiting for {}{trouble}", first.spec.name),
        n => format!(
            "Waiting for {} and {} more{trouble}",
            first.spec.name,
            n - 1
        ),
    })
}

fn title_failed(run: &Run, spec: &GateSpec) -> String {
    let mut blockers = run.blockers(spec);
    // A job that failed by itself tells more than those that it kept from running.
    if blockers.iter().any(|blocker| blocker.because_of.is_none()) {
        blockers.retain(|blocker| blocker.because_of.is_none());
    }
    let sentence = |blocker: &Blocker| {
        let job = &run.jobs[blocker.job];
        let name = &job.spec.name;
        match (blocker.because_of, &job.trouble) {
            (Some(root), _) => format!(
                "{name} did not run because {} did not pass",
                run.jobs[root].spec.name
            ),
            (None, Some(trouble)) => format!("{name}: {trouble}"),
            (None, None) => format!("{name}: {}", failure(job)),
        }
    };
    plain(&match (blockers.first(), blockers.len()) {
        (None, _) => "A job did not pass".to_owned(),
        (Some(one), 1) => sentence(one),
        (Some(first), n) => format!(
            "{} and {} more did not pass",
            run.jobs[first.job].spec.name,
            n - 1
        ),
    })
}

/// A run without jobs: its pipeline has none for what it is for.
fn nothing_for(trigger: TriggerKind) -> String {
    match trigger {
        TriggerKind::MergeGroup => "Nothing to run: no job is for merge groups".to_owned(),
        _ => "Nothing to run".to_owned(),
    }
}

fn title_passed(jobs: &[&Job]) -> String {
    let passed = jobs.iter().filter(|job| job.passed()).count();
    let skipped = jobs
        .iter()
        .filter(|job| matches!(job.state, JobState::Skipped(_)))
        .count();
    let excused: Vec<&&Job> = jobs.iter().filter(|job| job.excuse.is_some()).collect();
    let mut title = match (passed, skipped) {
        (0, 0) => "No job has to pass".to_owned(),
        (0, _) => "Nothing to run: no job is for what changed here".to_owned(),
        (n, 0) if n == jobs.len() => format!("{} passed", plural(n, "job", "jobs")),
        (n, 0) => format!("{} passed", plural(n, "required job", "jobs")),
        (n, skipped) => format!("{} passed, {skipped} not needed", plural(n, "job", "jobs")),
    };
    if let Some(first) = excused.first() {
        let by = first
            .excuse
            .as_ref()
            .map_or("", |excuse| excuse.by.as_str());
        let _ = write!(title, "; {} skipped by {by}", first.spec.name);
        if excused.len() > 1 {
            let _ = write!(title, " and {} more", excused.len() - 1);
        }
    }
    plain(&title)
}

fn is_open(job: &Job) -> bool {
    !matches!(job.state, JobState::Ended(_) | JobState::Skipped(_))
}
