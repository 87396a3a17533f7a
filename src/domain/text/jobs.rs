//! The jobs of a run, in a gate: the table, the picture, and what they have to tell.

use super::builds::{build_state, build_table, in_words, nothing_observed};
use super::{code, inert, link, plain, quoted};
use crate::domain::event::BuildStatus;
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::{Job, JobState, Run, SkipReason, Stop};
use crate::domain::runs::RunsState;
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// How many jobs are listed one by one.
const LISTED: usize = 300;
/// A picture of more jobs than this helps nobody.
const DRAWN: usize = 80;

/// What came of a job that did not pass.
pub(super) fn failure(job: &Job) -> String {
    match (&job.stopped, &job.state) {
        (Some(stop), _) => stopped(job, stop),
        (None, JobState::Ended(conclusion)) => in_words(*conclusion).to_owned(),
        _ => "did not run".to_owned(),
    }
}

/// Why we ended a job.
fn stopped(job: &Job, stop: &Stop) -> String {
    match stop {
        Stop::TimeLimit => match job.spec.timeout {
            Some(limit) => format!("not done within its time limit of {}", span(limit)),
            None => "not done within its time limit".to_owned(),
        },
        Stop::Refused => "could not be started".to_owned(),
        Stop::Lost => "lost by its backend".to_owned(),
        Stop::FailFast(other) => format!("cancelled because {other} did not pass"),
        Stop::Order(words) => words.clone(),
        Stop::Superseded => "cancelled with its run".to_owned(),
    }
}
pub(super) fn job_table(run: &Run, jobs: &[&Job], text: &mut String) {
    let _ = writeln!(
        text,
        "\n### Jobs\nRun {} of {}.",
        run.number,
        code(&run.pipeline)
    );
    text.push_str("\n| job | state | time | why |\n|---|---|---|---|\n");
    let mut rows: Vec<&&Job> = jobs.iter().collect();
    if rows.len() > LISTED {
        // What people look for comes first: the rest may not have room.
        rows.sort_by_key(|job| importance(job));
    }
    for job in rows.iter().take(LISTED) {
        let optional = if job.spec.required {
            ""
        } else {
            " _(optional)_"
        };
        let _ = writeln!(
            text,
            "| {}{optional} | {} | {} | {} |",
            link(&job.spec.name, job.report.url.as_deref()),
            job_state(run, job),
            time(job),
            job_why(run, job).replace('|', "\\|")
        );
    }
    if rows.len() > LISTED {
        let _ = writeln!(text, "\n… and {} more jobs.", rows.len() - LISTED);
    }
}

fn importance(job: &Job) -> u8 {
    match &job.state {
        _ if job.failed() => 0,
        JobState::Active(_) => 1,
        JobState::Starting { .. } | JobState::Waiting => 2,
        JobState::Ended(_) => 3,
        JobState::Skipped(_) => 4,
    }
}

/// How a job stands, in words behind a sign.
pub fn job_state(run: &Run, job: &Job) -> String {
    if job.excuse.is_some() && !job.passed() {
        return "⏭️ skipped by a vetter".to_owned();
    }
    match &job.state {
        JobState::Waiting => "⏳ waiting".to_owned(),
        JobState::Skipped(reason) if !is_by_rule(run, reason) => "⏭️ did not run".to_owned(),
        JobState::Skipped(_) => "⏭️ not needed".to_owned(),
        JobState::Starting { .. } => "⏳ starting".to_owned(),
        JobState::Active(status) => build_state(*status).to_owned(),
        JobState::Ended(conclusion) => build_state(BuildStatus::Ended(*conclusion)).to_owned(),
    }
}

/// Whether a rule alone keeps a job from running: its own conditions, or those of a job at the beginning of what it
/// needs. Otherwise a job that did not pass does.
fn is_by_rule(run: &Run, reason: &SkipReason) -> bool {
    let mut reason = reason;
    // A chain is no longer than there are jobs.
    for _ in 0..=run.jobs.len() {
        let SkipReason::Need(name) = reason else {
            return true;
        };
        match needed(run, name).map(|job| &job.state) {
            Some(JobState::Skipped(further)) => reason = further,
            _ => return false,
        }
    }
    false
}

fn needed<'a>(run: &'a Run, name: &str) -> Option<&'a Job> {
    run.jobs.iter().find(|job| job.spec.name == name)
}

fn time(job: &Job) -> String {
    match (job.started_at, job.ended_at) {
        (Some(started), Some(ended)) => duration(started, ended),
        (Some(started), None) => format!("since {}", started.format("%H:%M UTC")),
        (None, _) => String::new(),
    }
}

/// A span in hours, minutes or seconds, as people say it.
pub(super) fn duration(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    span((to - from).num_seconds().max(0).unsigned_abs())
}

/// So many seconds, as people say it.
pub fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// About so many seconds, in the largest unit that there is one of.
pub fn roughly(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Why it stands so, as Markdown; empty where there is nothing to say.
pub fn job_why(run: &Run, job: &Job) -> String {
    let mut reasons = Vec::new();
    if let Some(excuse) = &job.excuse {
        reasons.push(format!("{}: {}", code(&excuse.by), code(&excuse.reason)));
    }
    match &job.state {
        JobState::Skipped(reason) => reasons.push(skip_reason(run, job, reason)),
        JobState::Waiting if !job.spec.needs.is_empty() => {
            let needs: Vec<String> = job
                .spec
                .needs
                .iter()
                .take(3)
                .map(|name| code(name))
                .collect();
            let more = job.spec.needs.len().saturating_sub(3);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            reasons.push(format!("needs {}{more}", needs.join(", ")));
        }
        _ => reasons.extend(nothing_observed(run, job)),
    }
    if let Some(stop) = &job.stopped {
        reasons.push(code(&stopped(job, stop)));
    }
    if let Some(trouble) = &job.trouble {
        reasons.push(inert(trouble));
    }
    if let Some(title) = &job.report.title {
        reasons.push(inert(title));
    }
    if let Some(by) = &job.forced_by {
        reasons.push(format!("asked for by {}", code(by)));
    }
    if job.attempt > 1 {
        reasons.push(format!("attempt {}", job.attempt));
    }
    reasons.join("; ")
}

/// Why no workflow can be started for a commit that its branch does not hold any more.
pub fn no_anchor(state: &RunsState, error: &str) -> String {
    let branch = state.branch().unwrap_or_default();
    format!(
        "{branch} has moved on, and a branch that holds this commit can't be created: let Drawbridge create branches below \
         drawbridge/. {error}"
    )
}

/// Why a job does not run.
pub fn skip_reason(run: &Run, job: &Job, reason: &SkipReason) -> String {
    let list = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        names.join(", ")
    };
    match reason {
        SkipReason::NothingChanged if job.spec.labels.is_empty() => {
            format!("no changed file matches {}", list(&job.spec.changes))
        }
        SkipReason::NothingChanged => format!(
            "no changed file matches {}, and no label {} is there",
            list(&job.spec.changes),
            list(&job.spec.labels)
        ),
        SkipReason::NoLabel => format!("runs with the label {}", list(&job.spec.labels)),
        SkipReason::OtherBranch => format!("only for {}", list(&job.spec.branches)),
        SkipReason::AuthorNotTrusted => "only for pull requests of trusted users".to_owned(),
        SkipReason::Need(name) => match needed(run, name).map(|job| &job.state) {
            Some(JobState::Skipped(_)) => format!("needs {}, which is skipped", code(name)),
            _ => format!("{} did not pass", code(name)),
        },
    }
}

/// The graph of the jobs, where there is one.
pub(super) fn graph(jobs: &[&Job], text: &mut String) {
    if jobs.len() > DRAWN || jobs.iter().all(|job| job.spec.needs.is_empty()) {
        return;
    }
    text.push_str("\n```mermaid\ngraph LR\n");
    for (at, job) in jobs.iter().enumerate() {
        let _ = writeln!(
            text,
            "  j{at}[\"{}\"]:::{}",
            label(&job.spec.name),
            job_colour(job)
        );
    }
    for (at, job) in jobs.iter().enumerate() {
        for need in &job.spec.needs {
            if let Some(from) = jobs.iter().position(|other| other.spec.name == *need) {
                let _ = writeln!(text, "  j{from} --> j{at}");
            }
        }
    }
    text.push_str(
        "  classDef passed fill:#1a7f37,color:#fff,stroke:#1a7f37\n\
         \x20 classDef failed fill:#cf222e,color:#fff,stroke:#cf222e\n\
         \x20 classDef running fill:#bf8700,color:#fff,stroke:#bf8700\n\
         \x20 classDef waiting fill:#eaeef2,color:#24292f,stroke:#8c959f\n\
         \x20 classDef skipped fill:#fff,color:#57606a,stroke:#8c959f,stroke-dasharray:4\n```\n",
    );
}

/// A name inside a quoted Mermaid label: what could end it or mean something there is spelled out.
fn label(name: &str) -> String {
    let mut label = String::new();
    for c in plain(name).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '(' | ')' | '/' | ':') {
            label.push(c);
        } else {
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}

/// How a job stands, in one word: `passed`, `failed`, `running`, `waiting` or `skipped`.
pub fn job_colour(job: &Job) -> &'static str {
    match &job.state {
        _ if job.excuse.is_some() => "skipped",
        _ if job.passed() => "passed",
        _ if job.failed() => "failed",
        JobState::Active(_) => "running",
        JobState::Skipped(_) => "skipped",
        _ => "waiting",
    }
}

/// What the jobs themselves have to tell, the failed ones first.
pub(super) fn job_notes(jobs: &[&Job], text: &mut String) {
    let mut noted: Vec<&&Job> = jobs
        .iter()
        .filter(|job| job.report.summary.is_some() || !job.observed.is_empty())
        .collect();
    noted.sort_by_key(|job| !job.failed());
    for job in noted {
        let _ = writeln!(text, "\n#### {}", code(&job.spec.name));
        if !job.observed.is_empty() {
            build_table(&job.observed, text);
        }
        if let Some(summary) = &job.report.summary {
            let _ = writeln!(text, "{}", quoted(summary));
        }
    }
}

/// What executes a job, in words.
pub fn backend(spec: &BackendSpec) -> String {
    match spec {
        BackendSpec::Workflow(file) => format!("workflow {}", code(file)),
        BackendSpec::Check { pattern, app: None } => format!("checks called {}", code(pattern)),
        BackendSpec::Check {
            pattern,
            app: Some(app),
        } => format!("checks called {} of {}", code(pattern), code(app)),
        BackendSpec::Dispatch { repository, event } => {
            format!("{} in {}", code(event), code(&repository.to_string()))
        }
        BackendSpec::Connection { name, .. } => format!("connection {}", code(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_cannot_end_its_label_or_begin_anything_in_the_graph() {
        for (name, shown) in [
            ("build (amd64, 12.4)", "build (amd64, 12.4)"),
            (
                "a\"]; click j0 \"https://evil.example\"",
                "a#34;#93;#59; click j0 #34;https://evil.example#34;",
            ),
            ("```\n<script>", "'''#92;u#123;a#125;#60;script#62;"),
            ("#quot;%%", "#35;quot#59;#37;#37;"),
        ] {
            assert_eq!(
                label(name),
                shown.replace("'''", "#39;#39;#39;"),
                "{name:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_label_means_anything_to_mermaid(name in any::<String>()) {
            let label = label(&name);
            prop_assert!(!label.contains(['"', '[', ']', '{', '}', '<', '>', '`', '%', '\n']), "{label}");
            let mut spelled = label.split('#').skip(1).filter_map(|rest| rest.split_once(';'));
            prop_assert!(spelled.all(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit())));
        }
    }
}
