//! What would happen, told to people: in a terminal, and in the check of a changed configuration.

use super::gate::fenced;
use super::{backend, code, plain, reason, skip_reason};
use crate::domain::config::{ConfigError, RepoConfig};
use crate::domain::event::Conclusion;
use crate::domain::filter::{ChangedFile, Filter};
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::pipeline::BackendSpec;
use crate::domain::preview::{Preview, members_pull_request, preview};
use crate::domain::run::{Job, JobState, Run};
use crate::domain::trust::Verdict;
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// For a terminal; no colours, nothing wider than it has to be.
pub fn preview_for_terminal(
    preview: &Preview,
    config: &RepoConfig,
    files: Option<&[ChangedFile]>,
) -> String {
    let mut text = String::new();
    if let Some(verdict) = &preview.verdict {
        let _ = writeln!(text, "{}", unmarked(&trust(verdict)));
    }
    for run in &preview.runs {
        let gates: Vec<&str> = run.gates.iter().map(|gate| gate.name.as_str()).collect();
        let _ = writeln!(text, "\n{} → {}", run.pipeline, gates.join(", "));
        let width = run
            .jobs
            .iter()
            .map(|job| job.spec.name.chars().count())
            .max();
        let width = width.unwrap_or(0).min(50);
        if run.jobs.is_empty() {
            text.push_str("  no jobs\n");
        }
        for job in &run.jobs {
            let (word, why) = outlook(job, run, config, files);
            let name = &job.spec.name;
            let pad = width.saturating_sub(name.chars().count());
            let optional = if job.spec.required { "" } else { " (optional)" };
            let _ = writeln!(
                text,
                "  {word:<5} {name}{:pad$}  {}{optional}",
                "",
                unmarked(&why)
            );
        }
    }
    if preview.runs.is_empty() {
        text.push_str("\nNothing would run.\n");
    }
    if !preview.idle.is_empty() {
        let _ = writeln!(text, "\nNot started by this: {}.", preview.idle.join(", "));
    }
    text
}

/// For the check of a changed configuration.
pub fn preview_in_markdown(
    preview: &Preview,
    config: &RepoConfig,
    files: Option<&[ChangedFile]>,
) -> String {
    let mut text = String::new();
    for run in &preview.runs {
        let gates: Vec<String> = run.gates.iter().map(|gate| code(&gate.name)).collect();
        let _ = writeln!(
            text,
            "\n### {} → {}\n\n| job | by | here |\n|---|---|---|",
            code(&run.pipeline),
            gates.join(", ")
        );
        for job in &run.jobs {
            let (word, why) = outlook(job, run, config, files);
            let optional = if job.spec.required {
                ""
            } else {
                " _(optional)_"
            };
            let row = format!(
                "| {}{optional} | {} | {word}: {why} |",
                code(&job.spec.name),
                backend(&job.spec.backend)
            );
            let _ = writeln!(text, "{row}");
        }
    }
    if !preview.idle.is_empty() {
        let idle: Vec<String> = preview.idle.iter().map(|name| code(name)).collect();
        let _ = writeln!(
            text,
            "\nNot started by a pull request like this: {}.",
            idle.join(", ")
        );
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
        },
        Ok(config) => {
            let imagined = members_pull_request(base, files.to_vec());
            let enabled = RepoConfig {
                enabled: true,
                ..config.clone()
            };
            let preview = preview(&enabled, &imagined, now);
            let title = match config.enabled {
                true => "The proposed configuration is valid",
                false => "The proposed configuration is valid, and turns Drawbridge off here",
            };
            Gate {
                status: GateStatus::Completed(Conclusion::Success),
                title: title.to_owned(),
                summary: format!(
                    "The configuration on the default branch stays in force until this is merged. With the one proposed \
                     here, this pull request, opened by a member, would run:\n{}",
                    preview_in_markdown(&preview, &enabled, Some(files))
                ),
                approve_button: false,
            }
        }
    }
}

fn trust(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Trusted => "Trusted: the head is mirrored.".to_owned(),
        Verdict::Approved(_) => "Approved: the head is mirrored.".to_owned(),
        Verdict::AutoSyncOff { draft: true } => {
            "Trusted, but drafts wait for `/ok to test`: nothing runs before it.".to_owned()
        }
        Verdict::AutoSyncOff { draft: false } => {
            "Trusted, but automatic builds are off: nothing runs before `/ok to test`.".to_owned()
        }
        Verdict::NeedsVetting(reasons) => {
            let mut text = "Needs vetting, so nothing runs before `/ok to test`:".to_owned();
            for entry in reasons {
                let _ = write!(text, "\n  - {}", reason(entry));
            }
            text
        }
    }
}

/// What becomes of a job, in a word, and why.
fn outlook(
    job: &Job,
    run: &Run,
    config: &RepoConfig,
    files: Option<&[ChangedFile]>,
) -> (&'static str, String) {
    match &job.state {
        JobState::Skipped(reason) => ("skip", skip_reason(job, reason)),
        JobState::Waiting => {
            let needs: Vec<String> = job.spec.needs.iter().map(|name| code(name)).collect();
            (
                "wait",
                format!(
                    "after {}; {}",
                    needs.join(", "),
                    why_it_runs(job, run, config, files)
                ),
            )
        }
        _ => {
            let word = match job.spec.backend {
                BackendSpec::Check { .. } => "watch",
                _ => "run",
            };
            (word, why_it_runs(job, run, config, files))
        }
    }
}

/// Which of its conditions a job that runs has met.
pub fn why_it_runs(
    job: &Job,
    run: &Run,
    config: &RepoConfig,
    files: Option<&[ChangedFile]>,
) -> String {
    let labels = run.scene.pull.as_ref().map(|pull| &pull.labels);
    let label = job
        .spec
        .labels
        .iter()
        .find(|label| labels.is_some_and(|labels| labels.contains(*label)));
    if let Some(label) = label {
        return format!("the label {} is there", code(label));
    }
    if job.spec.changes.is_empty() {
        return "always".to_owned();
    }
    if run.ignore_changes {
        return "always (`ignore_changes`)".to_owned();
    }
    let Some(files) = files else {
        return "every filter counts as matched, because nobody says what changed".to_owned();
    };
    let touched = job.spec.changes.iter().find_map(|name| {
        let filter = Filter::new(name, config.filters.get(name)?).ok()?;
        Some((name, filter.touched_by(files)?.to_owned()))
    });
    match touched {
        Some((filter, path)) => format!("{} matches {}", code(filter), code(&path)),
        None => "asked for".to_owned(),
    }
}

/// Without Markdown's quotes: a terminal shows them as they are.
fn unmarked(text: &str) -> String {
    let plain: Vec<String> = text.lines().map(plain).collect();
    plain.join("\n").replace('`', "")
}
