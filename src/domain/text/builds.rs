//! What others build, in a gate.

use super::{code, link, plain, plural};
use crate::domain::event::{Build, BuildStatus, Conclusion};
use crate::domain::gate::newest;
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::{Job, JobState, Run, Standing, TriggerKind};
use std::fmt::Write;

/// How many builds are listed one by one.
const LISTED: usize = 300;

/// What the implied pipeline's only job observes.
fn observed(run: &Run) -> &[Build] {
    run.jobs.first().map_or(&[], |job| job.observed.as_slice())
}

pub(super) fn implied_title(run: &Run, standing: Standing) -> String {
    let builds = newest(observed(run));
    if let Some(excuse) = run.jobs.first().and_then(|job| job.excuse.as_ref()) {
        return plain(&format!("Skipped by {}: {}", excuse.by, excuse.reason));
    }
    match standing {
        Standing::Running => running_builds(&builds, &run.scene.branch),
        Standing::Failed => failed_builds(&builds),
        Standing::Passed => match builds.as_slice() {
            [one] => plain(&format!("{} passed", one.name)),
            _ => format!("All {} passed", plural(builds.len(), "build", "builds")),
        },
    }
}

fn running_builds(builds: &[&Build], branch: &str) -> String {
    let mut open = builds
        .iter()
        .filter(|build| !matches!(build.status, BuildStatus::Ended(_)));
    match (open.next(), open.count()) {
        (None, _) if builds.is_empty() => {
            format!("Waiting for builds to start on {}", plain(branch))
        }
        (None, _) => "All builds have ended; making sure that none is missing".to_owned(),
        (Some(one), 0) => plain(&format!("Waiting for {}", one.name)),
        (Some(first), more) => plain(&format!("Waiting for {} and {more} more", first.name)),
    }
}

fn failed_builds(builds: &[&Build]) -> String {
    let mut failed = builds.iter().filter_map(|build| match build.status {
        BuildStatus::Ended(conclusion) if !conclusion.passes() => Some((build, conclusion)),
        _ => None,
    });
    match (failed.next(), failed.count()) {
        (None, _) => "The builds were cancelled".to_owned(),
        (Some((one, conclusion)), 0) => plain(&format!("{}: {}", one.name, in_words(conclusion))),
        (Some((first, _)), more) => plain(&format!("{} and {more} more did not pass", first.name)),
    }
}

pub(super) fn builds(run: &Run, text: &mut String) {
    text.push_str("\n### Builds\n");
    if observed(run).is_empty() {
        let _ = writeln!(text, "No build has started yet. {}.", what_builds(run));
        return;
    }
    build_table(observed(run), text);
}

/// That a job waits for others to begin something, and how they would; `None`: it does not.
pub(super) fn nothing_observed(run: &Run, job: &Job) -> Option<String> {
    let BackendSpec::Check { pattern, .. } = &job.spec.backend else {
        return None;
    };
    if !job.observed.is_empty() || !matches!(job.state, JobState::Active(_)) {
        return None;
    }
    let nothing = match run.implied {
        true => "No build has started yet".to_owned(),
        false => format!("Nothing called {} was reported yet", code(pattern)),
    };
    Some(format!("{nothing}. {}", what_builds(run)))
}

/// What makes a workflow build the branch of a run.
fn what_builds(run: &Run) -> String {
    let branch = match (&run.scene.pull, run.scene.trigger) {
        (Some(_), _) => "pull-request/[0-9]+",
        (None, TriggerKind::MergeGroup) => "gh-readonly-queue/**",
        (None, _) => &run.scene.branch,
    };
    format!(
        "A workflow builds this branch if it has `on: push` for {}",
        code(branch)
    )
}

pub(super) fn build_table(builds: &[Build], text: &mut String) {
    text.push_str("| build | state |\n|---|---|\n");
    for build in newest(builds).into_iter().take(LISTED) {
        let name = build_name(build.workflow_name.as_deref(), &build.name);
        let _ = writeln!(
            text,
            "| {} | {} |",
            link(&name, build.url.as_deref()),
            build_state(build.status)
        );
    }
}

/// What a build is called, with the workflow that it is a part of.
pub fn build_name(workflow: Option<&str>, name: &str) -> String {
    match workflow {
        Some(workflow) => format!("{workflow} / {name}"),
        None => name.to_owned(),
    }
}

/// How a build stands, in one word: `passed`, `failed`, `running`, `waiting` or `skipped`.
pub fn build_colour(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Queued => "waiting",
        BuildStatus::Running => "running",
        BuildStatus::Ended(Conclusion::Skipped) => "skipped",
        BuildStatus::Ended(conclusion) if conclusion.passes() => "passed",
        BuildStatus::Ended(_) => "failed",
    }
}

/// A build's state, with a sign.
pub fn build_state(status: BuildStatus) -> &'static str {
    match status {
        BuildStatus::Queued => "⏳ waiting to start",
        BuildStatus::Running => "🏃 running",
        BuildStatus::Ended(conclusion) => match conclusion {
            Conclusion::Skipped => "⏭️ skipped",
            Conclusion::Neutral => "✅ neutral",
            Conclusion::Success => "✅ passed",
            Conclusion::Cancelled => "⛔ was cancelled",
            Conclusion::TimedOut => "❌ ran out of time",
            Conclusion::ActionRequired => "✋ waits for an action",
            Conclusion::StartupFailure => "❌ could not start",
            Conclusion::Failure | Conclusion::Stale => "❌ failed",
        },
    }
}

pub(super) fn in_words(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Cancelled => "was cancelled",
        Conclusion::TimedOut => "ran out of time",
        Conclusion::ActionRequired => "waits for an action",
        Conclusion::StartupFailure => "could not start",
        Conclusion::Stale => "never ended",
        _ => "failed",
    }
}
