//! A repository: its open pull requests, and what its branches and schedules ran.

use super::{Listed, Part, ROWS, RepoView, repo, stage_of, stage_word};
use crate::domain::ids::RunSubject;
use crate::domain::run::Standing;
use crate::store::lists::{LineRow, PullRow, RunsRow, Search};
use crate::web::dashboard::access::{Seer, Visible};
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A repository.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RepositoryView {
    /// Which.
    pub repository: RepoView,
    /// Its open pull requests, the newest first, as far as they were looked for.
    pub pulls: Listed<PullItem>,
    /// The latest runs of its merge groups, branches and schedules.
    pub runs: Listed<RunsItem>,
}

/// An open pull request in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PullItem {
    /// Its number.
    pub number: u64,
    /// What its author calls it.
    pub title: String,
    /// Who opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// The branch it wants to be merged into.
    pub base: String,
    /// Its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// `trusted`, `approved`, `needs vetting`, `trusted, waits to be started` or `not judged`.
    pub trust: String,
    /// Whether the mirror is at its head.
    pub mirrored: bool,
    /// `vetting`, `running`, `failed`, `passed` or `unsettled`.
    pub stage: &'static str,
    /// What its gates say as long as its jobs don't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Its pipelines.
    pub pipelines: Vec<PipelineState>,
    /// Since when its head is the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// The runs of one subject in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RunsItem {
    /// `pull`, `merge_group`, `branch` or `schedule`.
    pub kind: &'static str,
    /// The pull request's number, or the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `running`, `failed` or `passed`.
    pub stage: &'static str,
    /// Its pipelines.
    pub pipelines: Vec<PipelineState>,
}

/// The present run of a pipeline.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PipelineState {
    /// The pipeline.
    pub pipeline: String,
    /// The run's number.
    pub run: u64,
    /// The commit it is for.
    pub sha: String,
    /// `waiting`, `running`, `failed` or `passed`.
    pub stage: &'static str,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
}

/// Which pull requests are looked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web::dashboard) struct PullsAsked {
    /// Where the part begins: the `next` of the one before.
    pub after: Option<String>,
    /// How they stand: `vetting`, `running`, `failed`, `passed` or `unsettled`.
    #[serde(default)]
    pub stage: String,
    /// Words in the number, the title, the author's login, the base branch or at the beginning of the head's SHA.
    #[serde(default)]
    pub q: String,
}

pub(in crate::web::dashboard) async fn repository(
    visible: &Visible,
    asked: &PullsAsked,
) -> Result<RepositoryView, Refusal> {
    Ok(RepositoryView {
        repository: repo(visible),
        pulls: pulls(visible, asked).await?,
        runs: runs(visible, &Part::default()).await?,
    })
}

/// The open pull requests.
pub(in crate::web::dashboard) async fn pulls(
    visible: &Visible,
    asked: &PullsAsked,
) -> Result<Listed<PullItem>, Refusal> {
    let search = Search::of(&asked.q, stage_of(&asked.stage)?);
    let part = Part {
        after: asked.after.clone(),
    };
    let page = visible.pulls(search, part.asked(ROWS)?).await?;
    Ok(Listed::of(page.map(|(row, runs)| item(row, runs.as_ref()))))
}

/// The runs of merge groups, branches and schedules.
pub(in crate::web::dashboard) async fn runs(
    visible: &Visible,
    part: &Part,
) -> Result<Listed<RunsItem>, Refusal> {
    let page = visible.latest_runs(part.asked(ROWS)?).await?;
    Ok(Listed::of(page.map(|row| item_of_runs(&row))))
}

fn item(row: PullRow, runs: Option<&RunsRow>) -> PullItem {
    let counting = runs.filter(|_| row.runs_count);
    PullItem {
        stage: stage_word(row.stage_with(runs)),
        number: row.number.0,
        title: row.title,
        author: row.author,
        draft: row.draft,
        base: row.base,
        head: row.head.map(|head| head.to_string()),
        trust: row.trust,
        mirrored: row.mirrored,
        says: row.gate,
        pipelines: counting.map(pipelines).unwrap_or_default(),
        since: row.since,
    }
}

pub(in crate::web::dashboard) fn item_of_runs(row: &RunsRow) -> RunsItem {
    let (kind, name) = match &row.subject {
        RunSubject::Pull(number) => ("pull", Some(number.to_string())),
        RunSubject::MergeGroup(branch) => ("merge_group", Some(branch.clone())),
        RunSubject::Branch(branch) => ("branch", Some(branch.clone())),
        RunSubject::Schedule => ("schedule", None),
    };
    RunsItem {
        kind,
        name,
        stage: stage_word(row.stage()),
        pipelines: pipelines(row),
    }
}

fn pipelines(row: &RunsRow) -> Vec<PipelineState> {
    let state = |line: &LineRow| PipelineState {
        pipeline: line.pipeline.clone(),
        run: line.run,
        sha: line.sha.to_string(),
        stage: match line.standing {
            None => "waiting",
            Some(Standing::Running) => "running",
            Some(Standing::Failed) => "failed",
            Some(Standing::Passed) => "passed",
        },
        began: line.began,
        ended: line.ended,
    };
    row.lines.iter().map(state).collect()
}

/// The repositories, by name.
pub(in crate::web::dashboard) async fn repositories(
    seer: &Seer,
    part: &Part,
) -> Result<Listed<RepoView>, Refusal> {
    let page = seer.repos(part.asked_by(seer, ROWS)?).await?;
    Ok(Listed::for_seer(seer, page.map(|visible| repo(&visible))))
}

/// How the newest run of a pipeline for one of these stands; `None`: there is none.
pub(in crate::web::dashboard) async fn badge(
    visible: &Visible,
    of: &[RunSubject],
    pipeline: &str,
) -> Result<Option<&'static str>, Refusal> {
    let mut newest: Option<PipelineState> = None;
    for subject in of {
        let runs = visible.runs(subject).await?;
        let row = runs.as_ref().and_then(RunsRow::of);
        let states = row.as_ref().map(pipelines).unwrap_or_default();
        let of_pipeline = states.into_iter().filter(|one| one.pipeline == pipeline);
        newest = newest
            .into_iter()
            .chain(of_pipeline)
            .max_by_key(|one| one.began);
    }
    Ok(newest.map(|one| one.stage))
}
