//! What a gate says of the jobs of a run.

use super::{code, inert, link, plain, plural};
use crate::domain::event::{Build, BuildStatus, Conclusion};
use crate::domain::gate::{Gate, GateStatus, newest, status_of};
use crate::domain::pipeline::{BackendSpec, GateSpec};
use crate::domain::pull::GateName;
use crate::domain::run::{Blocker, Job, JobState, Run, SkipReason, Standing, Stop, TriggerKind};
use crate::domain::runs::RunsState;
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// How many jobs and builds are listed one by one.
const LISTED: usize = 300;
/// A picture of more jobs than this helps nobody.
const DRAWN: usize = 80;

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
    }
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

/// What came of a job that did not pass.
fn failure(job: &Job) -> String {
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

fn job_table(run: &Run, jobs: &[&Job], text: &mut String) {
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
            state(job),
            time(job),
            why(job)
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

fn state(job: &Job) -> String {
    if job.excuse.is_some() && !job.passed() {
        return "⏭️ skipped by a vetter".to_owned();
    }
    match &job.state {
        JobState::Waiting => "⏳ waiting".to_owned(),
        JobState::Skipped(SkipReason::Need(_)) => "⏭️ did not run".to_owned(),
        JobState::Skipped(_) => "⏭️ not needed".to_owned(),
        JobState::Starting { .. } => "⏳ starting".to_owned(),
        JobState::Active(status) => build_state(*status).to_owned(),
        JobState::Ended(conclusion) => build_state(BuildStatus::Ended(*conclusion)).to_owned(),
    }
}

fn time(job: &Job) -> String {
    match (job.started_at, job.ended_at) {
        (Some(started), Some(ended)) => duration(started, ended),
        (Some(started), None) => format!("since {}", started.format("%H:%M UTC")),
        (None, _) => String::new(),
    }
}

/// A span in hours, minutes or seconds, as people say it.
fn duration(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    span((to - from).num_seconds().max(0).unsigned_abs())
}

fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

fn why(job: &Job) -> String {
    let mut reasons = Vec::new();
    if let Some(excuse) = &job.excuse {
        reasons.push(format!("{}: {}", code(&excuse.by), code(&excuse.reason)));
    }
    match &job.state {
        JobState::Skipped(reason) => reasons.push(skip_reason(job, reason)),
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
        _ => {}
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
    reasons.join("; ").replace('|', "\\|")
}

/// Why a job does not run.
pub fn skip_reason(job: &Job, reason: &SkipReason) -> String {
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
        SkipReason::Need(name) => format!("{} did not pass or did not run", code(name)),
    }
}

/// The graph of the jobs, where there is one.
fn graph(jobs: &[&Job], text: &mut String) {
    if jobs.len() > DRAWN || jobs.iter().all(|job| job.spec.needs.is_empty()) {
        return;
    }
    text.push_str("\n```mermaid\ngraph LR\n");
    for (at, job) in jobs.iter().enumerate() {
        let _ = writeln!(
            text,
            "  j{at}[\"{}\"]:::{}",
            label(&job.spec.name),
            colour(job)
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

fn colour(job: &Job) -> &'static str {
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
fn job_notes(jobs: &[&Job], text: &mut String) {
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

/// A text from outside, as a quotation: it can't pretend to be a part of what we say, nor notify anybody. What can't be
/// seen behind it keeps an `@` from naming anybody, a `#7` from linking and a `<` from beginning HTML, which could end the quotation
/// (`</blockquote>`); code shows both as they were.
fn quoted(summary: &str) -> String {
    // A lone carriage return ends a line, too (CommonMark, 2.1).
    let summary = summary.replace("\r\n", "\n");
    let lines: Vec<String> = summary
        .split(['\n', '\r'])
        .map(|line| {
            let mut quoted = "> ".to_owned();
            let mut rest = line.chars().peekable();
            while let Some(c) = rest.next() {
                quoted.push(c);
                let number = rest.peek().is_some_and(char::is_ascii_digit);
                if matches!(c, '@' | '<') || (c == '#' && number) {
                    quoted.push('\u{200b}');
                }
            }
            quoted
        })
        .collect();
    lines.join("\n")
}

/// What the implied pipeline's only job observes.
fn observed(run: &Run) -> &[Build] {
    run.jobs.first().map_or(&[], |job| job.observed.as_slice())
}

fn implied_title(run: &Run, standing: Standing) -> String {
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

fn builds(run: &Run, text: &mut String) {
    text.push_str("\n### Builds\n");
    if observed(run).is_empty() {
        let _ = writeln!(
            text,
            "No build has started yet. A workflow builds this branch if it has `on: push` for `{}`.",
            match run.scene.pull {
                Some(_) => "pull-request/[0-9]+",
                None => "gh-readonly-queue/**",
            }
        );
        return;
    }
    build_table(observed(run), text);
}

fn build_table(builds: &[Build], text: &mut String) {
    text.push_str("| build | state |\n|---|---|\n");
    for build in newest(builds).into_iter().take(LISTED) {
        let name = match &build.workflow_name {
            Some(workflow) => format!("{workflow} / {}", build.name),
            None => build.name.clone(),
        };
        let _ = writeln!(
            text,
            "| {} | {} |",
            link(&name, build.url.as_deref()),
            build_state(build.status)
        );
    }
}

/// A build's state, with a sign.
pub(super) fn build_state(status: BuildStatus) -> &'static str {
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

fn in_words(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Cancelled => "was cancelled",
        Conclusion::TimedOut => "ran out of time",
        Conclusion::ActionRequired => "waits for an action",
        Conclusion::StartupFailure => "could not start",
        Conclusion::Stale => "never ended",
        _ => "failed",
    }
}

/// Whether a check job is the only thing that is shown of a backend.
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
