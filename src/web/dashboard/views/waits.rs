//! What a pull request waits for besides its own jobs.

use super::in_words;
use crate::domain::ids::{PrNumber, PullKey, RunSubject, Sha, Subject};
use crate::domain::pull::{PullState, Required};
use crate::domain::text;
use crate::store::lists::RepoStanding;
use crate::web::dashboard::access::{Seer, Visible};
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A check of others that the base branch requires.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RequiredView {
    /// The check's name or the status's context.
    pub name: String,
    /// `passed`, `failed`, `running`, `waiting` or `skipped`.
    pub stage: &'static str,
    /// How it stands at the head, in words.
    pub state: &'static str,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Changed files that no filter matches.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct UncoveredView {
    /// Why that matters.
    pub says: String,
    /// The first of them.
    pub files: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

pub(super) fn required(state: &PullState) -> Vec<RequiredView> {
    let view = |check: &Required| RequiredView {
        name: check.name.clone(),
        stage: text::required_colour(check),
        state: in_words(text::required_state(check)),
        url: check.url.clone(),
    };
    let open = state.open_head().is_some();
    let checks = state.required.iter().filter(|_| open);
    checks.map(view).collect()
}

pub(super) fn uncovered(state: &PullState) -> Option<UncoveredView> {
    let says = text::why_covered(&state.uncovered)?;
    let (files, more) = text::uncovered_files(&state.uncovered);
    Some(UncoveredView {
        says,
        files: files.to_vec(),
        more,
    })
}

/// Until when GitHub's limits keep it, its runs or its head from being brought up to date.
pub(super) fn waits_for_limits(
    seer: &Seer,
    visible: &Visible,
    number: u64,
    head: Option<&Sha>,
) -> Option<DateTime<Utc>> {
    let (repo, pull) = (visible.row.id, PrNumber(number));
    let mut subjects = vec![
        Subject::Pull(PullKey { repo, number: pull }),
        Subject::Runs(repo, RunSubject::Pull(pull)),
    ];
    subjects.extend(head.map(|sha| Subject::Head(repo, sha.clone())));
    let engine = &seer.dashboard.engine;
    engine.held_until(visible.row.installation, &subjects)
}

/// Why there is nothing to show of a pull request in a repository that may be seen.
pub(super) fn no_pull(seer: &Seer, visible: &Visible, number: u64) -> Refusal {
    let key = PullKey {
        repo: visible.row.id,
        number: PrNumber(number),
    };
    let waits = seer.dashboard.engine.waits_since(&Subject::Pull(key));
    Refusal::NoPull(match (waits, visible.row.standing) {
        (Some(since), _) => {
            text::waits_in_inbox(since, waits_for_limits(seer, visible, number, None))
        }
        (None, RepoStanding::Archived) => text::nothing_in_archived(),
        (None, RepoStanding::Disabled) => text::nothing_where_disabled(),
        (None, RepoStanding::Enabled | RepoStanding::Broken) => text::nothing_heard_of(number),
    })
}
