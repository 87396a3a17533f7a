//! A repository: its open pull requests, and what its branches and schedules ran.

use super::badge::{BadgeView, badges};
use super::runs::{PipelineState, RunsItem, pipelines, runs};
use super::{Listed, Part, ROWS, RepoView, repo, stage_of, stage_word};
use crate::store::lists::{PullRow, RunsRow, Search};
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
    /// How many of its open pull requests wait for a vetter.
    pub waiting: WaitingView,
    /// Its open pull requests, the newest first, as far as they were looked for; of those that wait for a vetter, the longest wait first.
    pub pulls: Listed<PullItem>,
    /// The latest runs of its merge groups, branches and schedules.
    pub runs: Listed<RunsItem>,
    /// Badges of its default branch, where everybody can read them.
    pub badges: Vec<BadgeView>,
}

/// How many wait for a vetter.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct WaitingView {
    /// So many.
    pub count: usize,
    /// Whether there are more, which were not counted.
    pub more: bool,
    /// Since when the one waits that waits the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
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

/// Which pull requests are looked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web::dashboard) struct PullsAsked {
    /// Where the part begins: the `next` of the one before.
    pub after: Option<String>,
    /// How they stand: `vetting`, `running`, `failed`, `passed` or `unsettled`. Of those that wait for a vetter the longest wait comes first.
    #[serde(default)]
    pub stage: String,
    /// Words in the number, the title, the author's login, the base branch or at the beginning of the head's SHA. `#7` is that one alone.
    #[serde(default)]
    pub q: String,
}

pub(in crate::web::dashboard) async fn repository(
    seer: &Seer,
    visible: &Visible,
    asked: &PullsAsked,
) -> Result<RepositoryView, Refusal> {
    let waiting = visible.waiting().await?;
    Ok(RepositoryView {
        repository: repo(visible),
        waiting: WaitingView {
            count: waiting.count,
            more: waiting.more,
            since: waiting.since,
        },
        pulls: pulls(visible, asked).await?,
        runs: runs(visible, &Part::default()).await?,
        badges: badges(seer, visible).await?,
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

/// The repositories, by name.
pub(in crate::web::dashboard) async fn repositories(
    seer: &Seer,
    part: &Part,
) -> Result<Listed<RepoView>, Refusal> {
    let page = seer.repos(part.asked_by(seer, ROWS)?).await?;
    Ok(Listed::for_seer(seer, page.map(|visible| repo(&visible))))
}
