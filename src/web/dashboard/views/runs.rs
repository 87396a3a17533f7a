//! What merge groups, branches and schedules ran.

use super::pull::all_runs;
use super::{Listed, Part, ROWS, RepoView, RunView, repo, stage_word};
use crate::domain::gate::{gates_of_runs, most_pressing};
use crate::domain::ids::{RepoName, RunSubject};
use crate::domain::pages;
use crate::domain::run::Standing;
use crate::domain::runs::RunsState;
use crate::store::lists::{LineRow, RunsRow};
use crate::web::dashboard::access::{Seer, Visible};
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The runs of one subject in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RunsItem {
    /// `pull`, `merge_group`, `branch` or `schedule`.
    pub kind: &'static str,
    /// The pull request's number, or the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The pull request of a merge group: the one that its branch is named after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// Where its page is on this server.
    pub page: String,
    /// `running`, `failed` or `passed`; `unsettled`: no run counts any more.
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

/// The runs of a merge group, a branch or the schedule.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RunsView {
    /// Where.
    pub repository: RepoView,
    /// As it is listed.
    #[serde(flatten)]
    pub listed: RunsItem,
    /// How its runs stand, in the words of the gate that stands most in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What stands in the way of asking GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The commit that its latest run is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// Where that is on GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its runs that are kept, those that count first.
    pub runs: Vec<RunView>,
}

/// Whose runs are looked at.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web::dashboard) struct RunsAsked {
    /// The branch, of a merge group (`gh-readonly-queue/…`) or a branch.
    #[serde(default)]
    pub name: String,
}

/// The runs of merge groups, branches and schedules.
pub(in crate::web::dashboard) async fn runs(
    visible: &Visible,
    part: &Part,
) -> Result<Listed<RunsItem>, Refusal> {
    let page = visible.latest_runs(part.asked(ROWS)?).await?;
    let name = &visible.row.name;
    Ok(Listed::of(page.map(|row| item_of_runs(&row, name))))
}

/// Those of one of them.
pub(in crate::web::dashboard) async fn runs_of(
    seer: &Seer,
    visible: &Visible,
    kind: &str,
    asked: &RunsAsked,
) -> Result<RunsView, Refusal> {
    let subject = RunSubject::with_branch(kind, &asked.name).ok_or(Refusal::NotFound)?;
    let state = visible.runs(&subject).await?.ok_or(Refusal::NotFound)?;
    // Where none of its runs counts any more, those that do are none.
    let row = RunsRow::of(&state).unwrap_or_else(|| RunsRow {
        repo: state.repo.id,
        subject,
        lines: Vec::new(),
        over: true,
        began: None,
    });
    let latest = row.lines.iter().max_by_key(|line| line.began);
    let site = seer.dashboard.github.site();
    let name = &visible.row.name;
    Ok(RunsView {
        repository: repo(visible),
        listed: item_of_runs(&row, name),
        says: says(&state, &row.lines),
        trouble: state.trouble.clone(),
        sha: latest.map(|line| line.sha.to_string()),
        url: latest.map(|line| format!("{site}/{name}/commit/{}", line.sha)),
        runs: all_runs(&state, seer.dashboard.now()),
    })
}

fn says(state: &RunsState, lines: &[LineRow]) -> Option<String> {
    let gates = lines
        .iter()
        .flat_map(|line| gates_of_runs(state, &line.sha, ""));
    let gates: Vec<_> = gates.collect();
    most_pressing(gates.into_iter().map(|(_, gate)| gate)).map(|gate| gate.title)
}

pub(in crate::web::dashboard) fn item_of_runs(row: &RunsRow, name: &RepoName) -> RunsItem {
    let subject = &row.subject;
    RunsItem {
        kind: subject.kind(),
        name: match subject {
            RunSubject::Pull(number) => Some(number.to_string()),
            _ => subject.branch().map(str::to_owned),
        },
        pull: subject.queued_pull().map(|number| number.0),
        page: pages::runs_of(name, subject),
        stage: match row.lines.is_empty() {
            true => "unsettled",
            false => stage_word(row.stage()),
        },
        pipelines: pipelines(row),
    }
}

pub(super) fn pipelines(row: &RunsRow) -> Vec<PipelineState> {
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
