//! What is shown, as plain structs: pages are written from them, and the API gives them out as they are, so that both say the
//! same. Sentences are those of `domain::text`; what stands between backticks in them is code.

mod attempts;
mod badge;
mod builds;
mod config;
mod deliveries;
mod delivery;
mod history;
mod overview;
mod pull;
mod repository;
mod run;
mod runs;
mod tree;
mod waits;

pub(super) use attempts::{AttemptView, attempts};
pub(super) use badge::{BadgeView, badge};
pub(super) use builds::{BuildView, builds};
pub(super) use config::{ConfigAsked, MistakeView, PlanView, PlannedRun, plan};
pub(super) use deliveries::{
    AsideView, ConcernView, DeliveriesAsked, DeliveriesView, DeliveryView, deliveries,
};
pub(super) use delivery::{DeliveryPageView, SentView, delivery};
pub(super) use history::HappeningView;
pub(super) use overview::{
    BudgetView, OverviewView, RunningView, VettingView, overview, running, vetting,
};
pub(super) use pull::{PullView, pull};
pub(super) use repository::{
    PullItem, PullsAsked, RepositoryView, WaitingView, pulls, repositories, repository,
};
pub(super) use run::{JobView, RunView, run};
pub(super) use runs::{PipelineState, RunsAsked, RunsItem, RunsView, item_of_runs, runs, runs_of};
pub(super) use tree::{CommitView, TreeStep, tree};
pub(super) use waits::{RequiredView, UncoveredView};

use super::access::{Seer, Visible};
use super::refusal::Refusal;
use crate::domain::command::{CommandSpec, TABLE};
use crate::store::lists::{Asked, Cursor, Page, RepoStanding, Stage};
use history::happenings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// What `after` has to be for the next part; missing: there is nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// A part of a list of one repository.
    pub fn of(page: Page<T>) -> Self {
        Self {
            next: page.next.map(|next| next.to_string()),
            rows: page.rows,
        }
    }

    /// A part of a list of several repositories.
    pub fn for_seer(seer: &Seer, page: Page<T>) -> Self {
        Self {
            next: page.next.and_then(|next| seer.give_out(&next)),
            rows: page.rows,
        }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Where the part begins: the `next` of the one before.
    pub after: Option<String>,
}

/// So many rows a page has.
pub(super) const ROWS: usize = 25;

impl Part {
    /// As the store is asked.
    pub fn asked(&self, limit: usize) -> Result<Asked, Refusal> {
        self.placed(limit, Cursor::parse)
    }

    /// As the store is asked for a list of several repositories.
    pub fn asked_by(&self, seer: &Seer, limit: usize) -> Result<Asked, Refusal> {
        self.placed(limit, |after| seer.take_back(after))
    }

    fn placed(
        &self,
        limit: usize,
        place: impl Fn(&str) -> Option<Cursor>,
    ) -> Result<Asked, Refusal> {
        let bad = || {
            Refusal::Bad(
                "`after` is none that a list has given. Begin at its first part.".to_owned(),
            )
        };
        let after = self.after.as_deref().filter(|after| !after.is_empty());
        let after = after.map(|after| place(after).ok_or_else(bad));
        Ok(Asked {
            after: after.transpose()?,
            limit,
        })
    }
}

/// A repository.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct RepoView {
    /// `owner/name`.
    pub name: String,
    /// `enabled`, `disabled`, `broken` or `archived`.
    pub standing: &'static str,
    /// What is wrong with its newest configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether GitHub shows it to everybody, as far as is known.
    pub public: bool,
}

pub(super) fn repo(visible: &Visible) -> RepoView {
    RepoView {
        name: visible.row.name.to_string(),
        standing: match visible.row.standing {
            RepoStanding::Enabled => "enabled",
            RepoStanding::Disabled => "disabled",
            RepoStanding::Broken => "broken",
            RepoStanding::Archived => "archived",
        },
        problem: visible.row.problem.clone(),
        public: visible.public,
    }
}

/// How something stands, without the sign that only says the same again.
fn in_words(state: &str) -> &str {
    state.split_once(' ').map_or(state, |(_, words)| words)
}

/// A stage in one word.
pub(super) fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Vetting => "vetting",
        Stage::Running => "running",
        Stage::Failed => "failed",
        Stage::Passed => "passed",
        Stage::Unsettled => "unsettled",
    }
}

/// The stage of that word.
pub(super) fn stage_of(word: &str) -> Result<Option<Stage>, Refusal> {
    let all = [
        Stage::Vetting,
        Stage::Running,
        Stage::Failed,
        Stage::Passed,
        Stage::Unsettled,
    ];
    match all.into_iter().find(|stage| stage_word(*stage) == word) {
        None if word.is_empty() => Ok(None),
        None => Err(Refusal::Bad(
            "`stage` is vetting, running, failed, passed or unsettled.".to_owned(),
        )),
        found => Ok(found),
    }
}

/// A command that people write in comments.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandView {
    /// The name with what follows it.
    pub usage: &'static str,
    /// Other spellings.
    pub also: Vec<&'static str>,
    /// Who may use it.
    pub who: String,
    /// What it does.
    pub effect: &'static str,
}

/// All commands of this release.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandsView {
    /// In the order of the documentation.
    pub commands: Vec<CommandView>,
}

pub(super) fn commands() -> CommandsView {
    let view = |spec: &CommandSpec| CommandView {
        usage: spec.usage,
        also: spec.aliases.to_vec(),
        who: spec.who.to_string(),
        effect: spec.effect,
    };
    CommandsView {
        commands: TABLE.iter().map(view).collect(),
    }
}
