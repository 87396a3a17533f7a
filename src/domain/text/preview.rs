//! What would happen, told to people: in a terminal, and in the check of a changed configuration.
//!
//! Every sentence is written once, as Markdown whose foreign texts stand in code spans; a terminal gets it without the quotes.

mod terminal;

pub use terminal::{preview_for_terminal, valid_configuration};

use super::gate::fenced;
use super::{backend, code, plain, plural, reason, skip_reason};
use crate::domain::config::{ConfigError, RepoConfig};
use crate::domain::event::Conclusion;
use crate::domain::filter::{ChangedFile, Filter};
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::pipeline::{BackendSpec, GateSpec, Pipeline, Trigger};
use crate::domain::preview::{Imagined, Preview, members_pull_request, preview};
use crate::domain::run::{Changed, Job, JobState, Run, TriggerKind};
use crate::domain::trust::{Reason, Verdict};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many jobs, files and reasons are listed.
const LISTED: usize = 300;
/// How many needs of a job are named.
const NEEDS_NAMED: usize = 2;

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// `run`, `watch` (others run it), `wait` or `skip`.
    pub decision: &'static str,
    /// Why, as Markdown.
    pub why: String,
}

/// What becomes of a job of an imagined run, and why.
pub fn outlook(job: &Job, run: &Run, config: &RepoConfig, imagined: &Imagined) -> Outlook {
    let (decision, mut why) = match &job.state {
        JobState::Skipped(reason) => ("skip", skip_reason(run, job, reason)),
        JobState::Waiting => {
            let after = format!("after {}", needs(job, run));
            match condition(job, run, config, imagined) {
                None => ("wait", after),
                Some(condition) => ("wait", format!("{after}; {condition}")),
            }
        }
        _ => {
            let decision = match job.spec.backend {
                BackendSpec::Check { .. } => "watch",
                _ => "run",
            };
            let why = condition(job, run, config, imagined);
            (decision, why.unwrap_or_else(|| "always".to_owned()))
        }
    };
    let counts = |gate: &GateSpec| {
        gate.jobs
            .as_ref()
            .is_none_or(|jobs| jobs.contains(&job.spec.name))
    };
    if !job.spec.required {
        why.push_str(" (optional)");
    } else if !run.gates.iter().any(counts) {
        why.push_str(" (in no gate)");
    }
    Outlook { decision, why }
}

/// The condition that a job has met; `None`: it has none.
fn condition(job: &Job, run: &Run, config: &RepoConfig, imagined: &Imagined) -> Option<String> {
    let spec = &job.spec;
    let labels = run.scene.pull.as_ref().map(|pull| &pull.labels);
    let is_there = |label: &&String| labels.is_some_and(|labels| labels.contains(*label));
    if let Some(label) = spec.labels.iter().find(is_there) {
        return Some(format!("label {}", code(label)));
    }
    if spec.changes.is_empty() {
        return None;
    }
    if run.ignore_changes {
        return Some("whatever changed".to_owned());
    }
    if run.scene.changed == Changed::Everything {
        return Some("every filter counts".to_owned());
    }
    let files = imagined.changed.as_deref().unwrap_or_default();
    let touched = spec.changes.iter().find_map(|name| {
        let filter = Filter::new(name, config.filters.get(name)?).ok()?;
        Some((name, filter.touched_by(files)?.to_owned()))
    });
    touched.map(|(filter, path)| format!("{} matches {}", code(filter), code(&path)))
}

/// The jobs that a job needs: all jobs of a matrix by the name that they share.
fn needs(job: &Job, run: &Run) -> String {
    let mut names: Vec<&str> = Vec::new();
    for need in &job.spec.needs {
        let key = run.jobs.iter().find(|other| other.spec.name == *need);
        let key = key.map_or(need.as_str(), |other| other.spec.key.as_str());
        let mut of_key = run.jobs.iter().filter(|other| other.spec.key == key);
        let name = match of_key.all(|other| job.spec.needs.contains(&other.spec.name)) {
            true => key,
            false => need,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let shown: Vec<String> = names
        .iter()
        .take(NEEDS_NAMED)
        .map(|name| code(name))
        .collect();
    match names.len().saturating_sub(NEEDS_NAMED) {
        0 => shown.join(" and "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// For the check of a changed configuration.
pub fn preview_in_markdown(preview: &Preview, config: &RepoConfig, imagined: &Imagined) -> String {
    let mut text = format!("{}\n", event(preview, imagined));
    for (at, entry) in reasons(preview).iter().enumerate() {
        let _ = writeln!(text, "{}- {entry}", if at == 0 { "\n" } else { "" });
    }
    for warning in warnings(preview, imagined) {
        let _ = writeln!(text, "\n{warning}");
    }
    if waits_for_vetter(preview) {
        let _ = writeln!(text, "\n{AFTER_APPROVAL}");
    }
    let mut room = LISTED;
    for run in &preview.runs {
        let heading = format!("{} → {}", code(&run.pipeline), gates(run));
        let _ = writeln!(text, "\n### {heading}\n{}", in_short(run));
        if run.implied || run.jobs.is_empty() {
            continue;
        }
        text.push_str("\n| job | by | here |\n|---|---|---|\n");
        for job in run.jobs.iter().take(room) {
            let Outlook { decision, why } = outlook(job, run, config, imagined);
            let _ = writeln!(
                text,
                "| {} | {} | **{decision}**: {why} |",
                code(&job.spec.name),
                backend(&job.spec.backend)
            );
        }
        if run.jobs.len() > room {
            let _ = writeln!(text, "\n… and {} more.", run.jobs.len() - room);
        }
        room = room.saturating_sub(run.jobs.len());
    }
    if preview.runs.is_empty() {
        text.push_str("\nNothing would run.\n");
    }
    if let Some(note) = not_started(preview, config) {
        let _ = writeln!(text, "\n{note}");
    }
    text
}

/// The check of a changed configuration.
pub fn gate_of_proposal(
    proposed: &Result<RepoConfig, ConfigError>,
    base: &str,
    files: &[ChangedFile],
    now: DateTime<Utc>,
) -> Gate {
    match proposed {
        Err(problem) => Gate {
            status: GateStatus::Completed(Conclusion::Failure),
            title: plain(&format!("{} has a mistake", problem.path)),
            summary: format!(
                "Merged as it is, this would not come into force: the last configuration without mistakes would stay.\n\n\
                 ```\n{}\n```\n",
                fenced(&problem.to_string())
            ),
            approve_button: false,
            link: None,
        },
        Ok(config) => {
            let imagined = members_pull_request(base, files.to_vec());
            let enabled = RepoConfig {
                enabled: true,
                ..config.clone()
            };
            let preview = preview(&enabled, &imagined, now);
            let (title, then) = match config.enabled {
                true => (
                    "The proposed configuration is valid",
                    "What the one proposed here would do with this pull request, if a member had opened it:",
                ),
                false => (
                    "The proposed configuration is valid, and turns Drawbridge off here",
                    "With the one proposed here nothing happens any more, because it does not say `enabled: true`. What it would do \
                     with this pull request if it did, and a member had opened it:",
                ),
            };
            Gate {
                status: GateStatus::Completed(Conclusion::Success),
                title: title.to_owned(),
                summary: format!(
                    "The configuration on the default branch stays in force until this is merged. {then}\n\n{}",
                    preview_in_markdown(&preview, &enabled, &imagined)
                ),
                approve_button: false,
                link: None,
            }
        }
    }
}

/// Markdown as a terminal shows it: without the quotes of code. Foreign texts have none of their own.
pub fn unmarked(markdown: &str) -> String {
    markdown.replace('`', "")
}

const AFTER_APPROVAL: &str = "Nothing runs before a vetter's `/ok to test`. After it:";

fn waits_for_vetter(preview: &Preview) -> bool {
    let verdict = preview.verdict.as_ref();
    verdict.is_some_and(|verdict| !verdict.allows_mirror())
}

/// What is imagined, and the verdict.
fn event(preview: &Preview, imagined: &Imagined) -> String {
    let branch = code(&imagined.branch);
    let by = match imagined.member {
        true if imagined.author == "member" => "a member".to_owned(),
        _ => code(&imagined.author),
    };
    let draft = if imagined.draft {
        "draft"
    } else {
        "pull request"
    };
    let what = match (imagined.trigger, &imagined.command) {
        (TriggerKind::Command, Some((name, _))) => format!(
            "{} by a vetter, on a {draft} to {branch}, opened by {by}",
            code(&format!("/{name}"))
        ),
        (TriggerKind::PullRequest | TriggerKind::Command, _) => {
            format!("A {draft} to {branch}, opened by {by}")
        }
        (TriggerKind::MergeGroup, _) => return format!("A merge group for {branch}."),
        (TriggerKind::Push, _) => return format!("A push to {branch}."),
        (TriggerKind::Schedule, _) => return format!("A schedule, on {branch}."),
    };
    let verdict = match &preview.verdict {
        Some(Verdict::NeedsVetting(_)) => "needs vetting, because",
        Some(Verdict::AutoSyncOff { draft: true }) => {
            "trusted, but drafts don't build by themselves."
        }
        Some(Verdict::AutoSyncOff { draft: false }) => "trusted, but automatic builds are off.",
        _ => "trusted, so the head is mirrored.",
    };
    format!("{what}: {verdict}")
}

/// Why it needs vetting, without the commit that nobody imagined: who opened it wrote it.
pub fn reasons(preview: &Preview) -> Vec<String> {
    let Some(Verdict::NeedsVetting(reasons)) = &preview.verdict else {
        return Vec::new();
    };
    let mut sentences = Vec::new();
    for entry in reasons.iter().take(LISTED) {
        match entry {
            Reason::Untrusted { .. } => {}
            Reason::Unverified { .. } => {
                sentences.push("Its commits have no verified signature.".to_owned());
            }
            other => sentences.push(reason(other)),
        }
    }
    sentences
}

/// A command line can't ask GitHub who somebody is.
fn unknown_membership(preview: &Preview, imagined: &Imagined) -> Option<String> {
    let Some(Verdict::NeedsVetting(reasons)) = &preview.verdict else {
        return None;
    };
    let untrusted = |reason: &Reason| matches!(reason, Reason::AuthorUntrusted(_));
    let person = !imagined.author.ends_with("[bot]");
    (person && reasons.iter().any(untrusted)).then(|| {
        format!(
            "Nobody was asked whether {} is a member; `--member` says so.",
            code(&imagined.author)
        )
    })
}

fn warnings(preview: &Preview, imagined: &Imagined) -> Vec<String> {
    let mut warnings = Vec::new();
    let compares =
        |run: &Run| !run.ignore_changes && run.jobs.iter().any(|job| !job.spec.changes.is_empty());
    if imagined.changed.is_none()
        && imagined.trigger != TriggerKind::Schedule
        && preview.runs.iter().any(compares)
    {
        warnings.push("It is not said what changed, so every filter counts as matched.".to_owned());
    }
    if !preview.uncovered.is_empty() {
        let shown: Vec<String> = preview
            .uncovered
            .iter()
            .take(3)
            .map(|path| code(path))
            .collect();
        let more = match preview.uncovered.len().saturating_sub(3) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        warnings.push(format!(
            "Every gate fails, because `require_filter_coverage` is on and no filter matches {}{more}.",
            shown.join(", ")
        ));
    }
    warnings
}

/// How many jobs do what.
fn in_short(run: &Run) -> String {
    if run.implied {
        return "waits for every build that the push of the mirror starts".to_owned();
    }
    if run.jobs.is_empty() {
        return "no job is for this event: passes at once".to_owned();
    }
    let count = |is: fn(&JobState) -> bool| run.jobs.iter().filter(|job| is(&job.state)).count();
    let skipped = count(|state| matches!(state, JobState::Skipped(_)));
    let waiting = count(|state| matches!(state, JobState::Waiting));
    if skipped == run.jobs.len() {
        return format!("{}, none of which is needed: passes at once", jobs(skipped));
    }
    let begun = run.jobs.len() - skipped - waiting;
    let mut text = format!("{}: {begun} at once", jobs(run.jobs.len()));
    if waiting > 0 {
        let _ = write!(text, ", {waiting} after others");
    }
    if skipped > 0 {
        let _ = write!(text, ", {skipped} skipped");
    }
    text
}

fn jobs(count: usize) -> String {
    plural(count, "job", "jobs")
}

fn gates(run: &Run) -> String {
    gate_names(&run.gates)
}

fn gate_names(gates: &[GateSpec]) -> String {
    let names: Vec<String> = gates.iter().map(|gate| code(&gate.name)).collect();
    names.join(", ")
}

fn not_started(preview: &Preview, config: &RepoConfig) -> Option<String> {
    let idle = |pipeline: &&Pipeline| preview.idle.contains(&pipeline.name);
    let idle: Vec<String> = config
        .pipelines
        .iter()
        .filter(idle)
        .map(|pipeline| format!("{} (on {})", code(&pipeline.name), triggers(pipeline)))
        .collect();
    (!idle.is_empty()).then(|| format!("Not started by this: {}.", idle.join(", ")))
}

fn triggers(pipeline: &Pipeline) -> String {
    let trigger = |trigger: &Trigger| match trigger {
        Trigger::PullRequest => "pull_request".to_owned(),
        Trigger::MergeGroup => "merge_group".to_owned(),
        Trigger::Push(globs) => {
            let globs: Vec<String> = globs.iter().map(|glob| code(glob)).collect();
            format!("push to {}", globs.join(", "))
        }
        Trigger::Schedule(cron) => format!("schedule {}", code(cron)),
        Trigger::Command(name) => code(&format!("/{name}")),
    };
    let triggers: Vec<String> = pipeline.on.iter().map(trigger).collect();
    triggers.join(" and ")
}

#[cfg(test)]
mod tests;
