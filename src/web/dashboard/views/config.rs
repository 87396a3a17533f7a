//! A configuration that somebody pastes: whether it is sound, and what it would run. Nothing of it is kept.

use super::super::Dashboard;
use super::super::refusal::Refusal;
use crate::domain::config::{self, ConfigError, RepoConfig, Scope};
use crate::domain::filter::ChangedFile;
use crate::domain::preview::{Imagined, Preview, members_pull_request, preview};
use crate::domain::text::{self, unmarked};
use crate::domain::trust::{MAX_LISTED_FILES, Verdict};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub(in crate::web::dashboard) struct ConfigAsked {
    /// The configuration, as it would stand in `.github/drawbridge.yaml`.
    #[serde(default)]
    pub config: String,
    /// The base branch of the pull request that is imagined.
    #[serde(default)]
    pub branch: String,
    /// The files that it changes, one a line; empty: every filter counts as matched.
    #[serde(default)]
    pub changed: String,
    /// Whether a stranger opens it and not a member.
    #[serde(default)]
    pub stranger: Option<String>,
}

/// What was found out.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PlanView {
    /// The first mistake; missing: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistake: Option<MistakeView>,
    /// What should be known besides.
    pub notes: Vec<String>,
    /// `trusted`, `auto_sync_off` or `needs_vetting`, of the pull request that is imagined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// Why it needs vetting.
    pub reasons: Vec<String>,
    /// What would run.
    pub runs: Vec<PlannedRun>,
    /// Pipelines that a pull request does not start.
    pub not_started: Vec<String>,
}

/// A mistake in a configuration.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct MistakeView {
    /// Its line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Its column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A run that would begin.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PlannedRun {
    /// The pipeline.
    pub pipeline: String,
    /// Its gates.
    pub gates: Vec<String>,
    /// Its jobs.
    pub jobs: Vec<PlannedJob>,
}

/// A job, and what would become of it.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PlannedJob {
    /// Its name.
    pub name: String,
    /// What executes it.
    pub by: String,
    /// `run`, `watch`, `wait` or `skip`.
    pub decision: &'static str,
    /// Why.
    pub reason: String,
}

/// Reads and plans. Takes a moment with large configurations, so it is done on a thread of its own, for few at a time.
pub(in crate::web::dashboard) async fn plan(
    dashboard: &Dashboard,
    asked: ConfigAsked,
) -> Result<PlanView, Refusal> {
    if asked.changed.lines().count() as u64 > MAX_LISTED_FILES {
        let what = format!("At most {MAX_LISTED_FILES} changed files: GitHub lists no more.");
        return Err(Refusal::Bad(what));
    }
    let place = dashboard.planning.clone().acquire_owned().await;
    let place = place.map_err(|_| Refusal::Unavailable)?;
    let now = dashboard.now();
    let planned = tokio::task::spawn_blocking(move || {
        // Kept until it is done, also when nobody waits for it any more.
        let _place = place;
        planned(&asked, now)
    })
    .await;
    planned.map_err(|error| {
        tracing::error!(%error, "can't plan a configuration");
        Refusal::Unavailable
    })
}

fn planned(asked: &ConfigAsked, now: DateTime<Utc>) -> PlanView {
    let read = config::parse(config::PATHS[0], &asked.config, Scope::Repository);
    let read = read.and_then(|file| config::resolve(None, Some(&file), None));
    match read {
        Err(error) => PlanView {
            mistake: Some(mistake(error)),
            notes: Vec::new(),
            verdict: None,
            reasons: Vec::new(),
            runs: Vec::new(),
            not_started: Vec::new(),
        },
        Ok(config) => of(&config, &imagined(asked), now),
    }
}

fn mistake(error: ConfigError) -> MistakeView {
    MistakeView {
        line: error.line,
        column: error.column,
        message: error.message,
        hint: error.hint,
    }
}

fn imagined(asked: &ConfigAsked) -> Imagined {
    let branch = match asked.branch.trim() {
        "" => "main",
        other => other,
    };
    let lines = asked.changed.lines().map(str::trim);
    let files: Vec<ChangedFile> = lines
        .filter(|line| !line.is_empty())
        .map(|path| ChangedFile {
            path: path.to_owned(),
            previous: None,
        })
        .collect();
    let nothing_said = files.is_empty();
    let mut imagined = members_pull_request(branch, files);
    if nothing_said {
        imagined.changed = None;
    }
    if asked.stranger.is_some() {
        imagined.author = "stranger".to_owned();
        imagined.member = false;
    }
    imagined
}

fn of(config: &RepoConfig, imagined: &Imagined, now: DateTime<Utc>) -> PlanView {
    let mut notes = Vec::new();
    if !config.enabled {
        notes.push("`enabled: true` is missing, so nothing would be done. This is what it would do with it.".to_owned());
    }
    if let Some(path) = &config.missing_filters_file {
        notes.push(format!(
            "`filters` names the file `{path}`, which is not looked at here: no filter matches anything."
        ));
    }
    if imagined.changed.is_none() {
        notes.push("It is not said what changed, so every filter counts as matched.".to_owned());
    }
    // The server does nothing where it is not enabled; here everybody wants to see what it would do.
    let config = &RepoConfig {
        enabled: true,
        ..config.clone()
    };
    let preview = preview(config, imagined, now);
    if !preview.uncovered.is_empty() {
        notes.push(format!(
            "Every gate fails, because `require_filter_coverage` is on and no filter matches {} of the changed files.",
            preview.uncovered.len()
        ));
    }
    PlanView {
        mistake: None,
        notes,
        verdict: preview.verdict.as_ref().map(|verdict| match verdict {
            Verdict::Trusted | Verdict::Approved(_) => "trusted",
            Verdict::AutoSyncOff { .. } => "auto_sync_off",
            Verdict::NeedsVetting(_) => "needs_vetting",
        }),
        reasons: text::reasons(&preview),
        runs: runs(&preview, config, imagined),
        not_started: preview.idle,
    }
}

fn runs(preview: &Preview, config: &RepoConfig, imagined: &Imagined) -> Vec<PlannedRun> {
    let runs = preview.runs.iter().map(|run| PlannedRun {
        pipeline: run.pipeline.clone(),
        gates: run.gates.iter().map(|gate| gate.name.clone()).collect(),
        jobs: run
            .jobs
            .iter()
            .map(|job| {
                let outlook = text::outlook(job, run, config, imagined);
                PlannedJob {
                    name: job.spec.name.clone(),
                    by: unmarked(&text::backend(&job.spec.backend)),
                    decision: outlook.decision,
                    reason: outlook.why,
                }
            })
            .collect(),
    });
    runs.collect()
}
