//! A pull request: what it needs next, and everything that led there.

use super::waits::{no_pull, required, uncovered, waits_for_limits};
use super::{
    HappeningView, RepoView, RequiredView, RunView, TreeStep, UncoveredView, happenings, repo, run,
    tree,
};
use crate::domain::gate::{GateStatus, foremost, gates_of_pull};
use crate::domain::ids::{PrNumber, RunSubject};
use crate::domain::pull::{Mirror, PullState};
use crate::domain::run::Run;
use crate::domain::runs::RunsState;
use crate::domain::text;
use crate::store::lists::trust_word;
use crate::web::dashboard::access::{Seer, Visible};
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A pull request.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PullView {
    /// Where.
    pub repository: RepoView,
    /// Its number.
    pub number: u64,
    /// What its author calls it.
    pub title: String,
    /// Where it is on GitHub.
    pub url: String,
    /// What is needed next, in one sentence.
    pub next: String,
    /// `vetting`, `running`, `failed`, `passed`, `unsettled` or `closed`.
    pub stage: &'static str,
    /// What stands in the way of asking GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What stands in the way of starting or following its jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_trouble: Option<String>,
    /// Until when GitHub's limits are used up, while something has to be asked or done for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_until: Option<DateTime<Utc>>,
    /// Who opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// The branch it wants to be merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Since when that is the head, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_since: Option<DateTime<Utc>>,
    /// `trusted`, `approved`, `needs vetting`, `trusted, waits to be started` or `not judged`.
    pub trust: &'static str,
    /// The mirror.
    pub mirror: MirrorView,
    /// The latest approvals, the newest first.
    pub approvals: Vec<ApprovalView>,
    /// Its gates.
    pub gates: Vec<GateView>,
    /// The checks of others that its base branch requires.
    pub required: Vec<RequiredView>,
    /// The changed files that no filter matches, where the configuration asks for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncovered: Option<UncoveredView>,
    /// How its head was judged; missing: it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Vec<TreeStep>>,
    /// Its runs, those that count first.
    pub runs: Vec<RunView>,
    /// What happened, the newest first.
    pub history: Vec<HappeningView>,
}

/// The mirror of a pull request.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct MirrorView {
    /// The branch.
    pub branch: String,
    /// Where it is; missing: there is none, or it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How it stands, in words.
    pub says: String,
}

/// An approval.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct ApprovalView {
    /// The only commit it counts for.
    pub sha: String,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it is for the present head.
    pub counts: bool,
}

/// A gate.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct GateView {
    /// Its name.
    pub name: String,
    /// `queued`, `in_progress`, or how it ended.
    pub status: &'static str,
    /// `vetting`, `running`, `failed`, `passed` or `unsettled`.
    pub stage: &'static str,
    /// What it says.
    pub title: String,
}

pub(in crate::web::dashboard) async fn pull(
    seer: &Seer,
    visible: &Visible,
    number: u64,
) -> Result<PullView, Refusal> {
    let Some(state) = visible.pull(number).await? else {
        return Err(no_pull(seer, visible, number));
    };
    let runs = visible.runs(&RunSubject::Pull(PrNumber(number))).await?;
    let history = happenings(visible, &state).await?;
    let now = seer.dashboard.clock.now();
    let gates = gates(&state, runs.as_ref());
    let view = state.view.as_ref();
    Ok(PullView {
        repository: repo(visible),
        number,
        title: view.map(|view| view.title.clone()).unwrap_or_default(),
        url: format!(
            "{}/{}/pull/{number}",
            seer.dashboard.github.site(),
            visible.row.name
        ),
        next: text::next_step(&state, runs.as_ref()),
        stage: stage(&state, runs.as_ref()),
        trouble: state.trouble.clone(),
        jobs_trouble: runs.as_ref().and_then(|runs| runs.trouble.clone()),
        limits_until: waits_for_limits(seer, visible, number, state.open_head()),
        author: state.author.as_ref().map(|author| author.login.clone()),
        draft: view.is_some_and(|view| view.draft),
        base: view.map(|view| view.base.clone()),
        labels: view.map_or_else(Vec::new, |view| view.labels.iter().cloned().collect()),
        head: view.map(|view| view.head.to_string()),
        head_since: state.heads.last().map(|head| head.since),
        trust: trust_word(state.verdict.as_ref()),
        mirror: mirror(&state),
        approvals: approvals(&state),
        gates,
        required: required(&state),
        uncovered: uncovered(&state),
        tree: tree(&state),
        runs: runs.map_or_else(Vec::new, |runs| all_runs(&runs, now)),
        history,
    })
}

fn stage(state: &PullState, runs: Option<&RunsState>) -> &'static str {
    if state.view.as_ref().is_some_and(|view| !view.open) {
        return "closed";
    }
    foremost(state, runs).map_or("unsettled", |one| stage_of_gate(state, one.status))
}

fn stage_of_gate(state: &PullState, status: GateStatus) -> &'static str {
    use crate::domain::event::Conclusion;
    match status {
        GateStatus::Queued => "unsettled",
        GateStatus::InProgress => "running",
        GateStatus::Completed(Conclusion::ActionRequired) if state.verdict.is_some() => "vetting",
        GateStatus::Completed(Conclusion::ActionRequired) => "unsettled",
        GateStatus::Completed(end) if end.passes() => "passed",
        GateStatus::Completed(_) => "failed",
    }
}

fn gates(state: &PullState, runs: Option<&RunsState>) -> Vec<GateView> {
    let gates = gates_of_pull(state, runs).into_iter();
    let view =
        |(name, gate): (crate::domain::pull::GateName, crate::domain::gate::Gate)| GateView {
            name: name.name,
            status: match gate.status {
                GateStatus::Queued => "queued",
                GateStatus::InProgress => "in_progress",
                GateStatus::Completed(end) => end.as_str(),
            },
            stage: stage_of_gate(state, gate.status),
            title: gate.title,
        };
    gates.map(view).collect()
}

fn mirror(state: &PullState) -> MirrorView {
    let head = state.open_head();
    let (at, says) = match &state.observed_mirror {
        Mirror::At(sha) if Some(sha) == head => (Some(sha), "is at this head"),
        Mirror::At(sha) if state.heads.iter().any(|seen| seen.sha == *sha) => {
            (Some(sha), "is at an earlier head")
        }
        Mirror::At(sha) => (Some(sha), "is at another commit"),
        Mirror::Absent => (None, "is not there"),
        Mirror::Unknown => (None, "is not known yet"),
    };
    MirrorView {
        branch: state.mirror_branch(),
        at: at.map(ToString::to_string),
        says: says.to_owned(),
    }
}

fn approvals(state: &PullState) -> Vec<ApprovalView> {
    let newest_first = state.approvals.iter().rev();
    let view = |approval: &crate::domain::trust::Approval| ApprovalView {
        sha: approval.sha.to_string(),
        by: approval.by.login.clone(),
        at: approval.at,
        counts: state.open_head() == Some(&approval.sha),
    };
    newest_first.map(view).collect()
}

/// Those that count come first, then the newest.
pub(super) fn all_runs(runs: &RunsState, now: DateTime<Utc>) -> Vec<RunView> {
    let mut all: Vec<&Run> = runs.runs().collect();
    all.sort_by_key(|run| (!run.counts(), std::cmp::Reverse(run.created_at)));
    all.into_iter().map(|one| run(one, now)).collect()
}
