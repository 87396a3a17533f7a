//! What came of runs and gates, for the history.

use super::builds::in_words;
use super::jobs::{duration, failure};
use super::plural;
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::pull::GateName;
use crate::domain::run::{Attempt, Job, Run};

/// A gate was published in another state.
pub fn gate_published(name: &GateName, gate: &Gate) -> String {
    let status = match gate.status {
        GateStatus::Queued => "queued".to_owned(),
        GateStatus::InProgress => "in progress".to_owned(),
        GateStatus::Completed(conclusion) => conclusion.as_str().replace('_', " "),
    };
    format!("{}: {status} – {}", name.name, gate.title)
}

/// A job has ended.
pub fn job_ended(job: &Job) -> String {
    let how = match job.passed() {
        true => "passed".to_owned(),
        false => failure(job),
    };
    let name = &job.spec.name;
    match (job.started_at, job.ended_at) {
        (Some(started), Some(ended)) if job.stopped.is_none() => {
            format!("{name}: {how} after {}", duration(started, ended))
        }
        _ => format!("{name}: {how}"),
    }
}

/// An attempt of a job that another one followed has ended; `None`: it was left before.
pub fn attempt_ended(job: &Job, attempt: &Attempt) -> Option<String> {
    let how = match attempt.conclusion? {
        conclusion if conclusion.passes() => "passed",
        conclusion => in_words(conclusion),
    };
    let lasted = attempt.ended.map(|ended| duration(attempt.began, ended));
    let lasted = lasted.map_or_else(String::new, |lasted| format!(" after {lasted}"));
    let name = &job.spec.name;
    Some(format!(
        "{name}: {how}{lasted} (attempt {})",
        attempt.number
    ))
}

/// Jobs were stopped because their run does not count any more.
pub fn run_replaced(run: &Run, stopped: usize) -> String {
    let why = run.superseded.as_deref().unwrap_or_default();
    let jobs = plural(stopped, "job", "jobs");
    format!(
        "stopped {jobs} of {} run {}: {why}",
        run.pipeline, run.number
    )
}

/// These and others have ended.
pub fn more_jobs_ended(count: usize) -> String {
    format!("{} ended as well", plural(count, "more job", "more jobs"))
}
