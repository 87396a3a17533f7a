//! The first page: what runs, who waits, and whether the server is well.

use super::{Listed, Part, ROWS, RepoView, RunsItem, item_of_runs, repo};
use crate::github::BudgetLeft;
use crate::store::lists::{Asked, MOST_LOOKS, Page, PullRow};
use crate::web::dashboard::access::Seer;
use crate::web::dashboard::refusal::Refusal;
use crate::web::health;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The whole server, as far as the viewer may see it.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct OverviewView {
    /// Whether it is well, as `/readyz` says it; only for who sees everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthView>,
    /// What each installation may still ask of GitHub; only for who sees everything.
    pub budgets: Vec<BudgetView>,
    /// The open pull requests that wait for a vetter, the one that waits the longest first.
    pub vetting: Listed<VettingView>,
    /// What has runs that are not over.
    pub running: Listed<RunningView>,
    /// The repositories, by name.
    pub repositories: Listed<RepoView>,
}

/// Whether the server is well.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct HealthView {
    /// Whether deliveries are taken in.
    pub ready: bool,
    /// In words.
    pub says: String,
}

/// What an installation may still ask of GitHub.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct BudgetView {
    /// Its number.
    pub installation: u64,
    /// Whose repositories it covers, as far as they are known.
    pub owners: Vec<String>,
    /// How many of its repositories are known; of very many not all are counted.
    pub repositories: usize,
    /// How many requests the hour has; missing: GitHub has not said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How many of them are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// When there are new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewed_at: Option<DateTime<Utc>>,
    /// Until when nothing is asked, because GitHub said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<DateTime<Utc>>,
    /// How many requests wait for their turn.
    pub waiting: usize,
}

/// A pull request that waits for a vetter.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct VettingView {
    /// Where.
    pub repository: String,
    /// Its number.
    pub number: u64,
    /// What its author calls it.
    pub title: String,
    /// Who opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What is needed.
    pub says: String,
    /// Since when its head is the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// Something with runs that are not over.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RunningView {
    /// Where.
    pub repository: String,
    /// What.
    #[serde(flatten)]
    pub runs: RunsItem,
}

pub(in crate::web::dashboard) async fn overview(
    seer: &Seer,
    part: &Part,
) -> Result<OverviewView, Refusal> {
    let (health, budgets) = match seer.sees_everything() {
        true => {
            let state = health::state(&seer.dashboard.engine).await;
            let health = HealthView {
                ready: state.is_ready(),
                says: state.to_string(),
            };
            (Some(health), budgets(seer).await?)
        }
        false => (None, Vec::new()),
    };
    let repos = seer.repos(part.asked_by(seer, 2 * ROWS)?).await?;
    Ok(OverviewView {
        health,
        budgets,
        vetting: vetting(seer, &Part::default()).await?,
        running: running(seer, &Part::default()).await?,
        repositories: Listed::for_seer(seer, repos.map(|visible| repo(&visible))),
    })
}

/// What waits for a vetter.
pub(in crate::web::dashboard) async fn vetting(
    seer: &Seer,
    part: &Part,
) -> Result<Listed<VettingView>, Refusal> {
    let page: Page<PullRow> = seer.vetting(part.asked_by(seer, ROWS)?).await?;
    let next = page.next.and_then(|next| seer.give_out(&next));
    let mut rows = Vec::new();
    for row in page.rows {
        if let Some(found) = seer.repo(row.repo).await? {
            rows.push(VettingView {
                repository: found.name.to_string(),
                number: row.number.0,
                title: row.title,
                author: row.author,
                says: row.gate.unwrap_or(row.trust),
                since: row.since,
            });
        }
    }
    Ok(Listed { rows, next })
}

/// What has runs that are not over.
pub(in crate::web::dashboard) async fn running(
    seer: &Seer,
    part: &Part,
) -> Result<Listed<RunningView>, Refusal> {
    let page = seer.running(part.asked_by(seer, ROWS)?).await?;
    let next = page.next.and_then(|next| seer.give_out(&next));
    let mut rows = Vec::new();
    for row in page.rows {
        if let Some(found) = seer.repo(row.repo).await? {
            rows.push(RunningView {
                repository: found.name.to_string(),
                runs: item_of_runs(&row, &found.name),
            });
        }
    }
    Ok(Listed { rows, next })
}

async fn budgets(seer: &Seer) -> Result<Vec<BudgetView>, Refusal> {
    let most = Asked {
        after: None,
        limit: MOST_LOOKS,
    };
    let mut known: BTreeMap<u64, (BTreeSet<String>, usize)> = BTreeMap::new();
    for visible in seer.repos(most).await?.rows {
        let (owners, count) = known.entry(visible.row.installation.0).or_default();
        owners.insert(visible.row.name.owner().to_owned());
        *count += 1;
    }
    let mut left: BTreeMap<u64, BudgetLeft> = BTreeMap::new();
    for (id, budget) in seer.dashboard.github.budgets() {
        known.entry(id.0).or_default();
        left.insert(id.0, budget);
    }
    let view = |(id, (owners, repositories)): (u64, (BTreeSet<String>, usize))| {
        let left = left.get(&id);
        BudgetView {
            installation: id,
            owners: owners.into_iter().collect(),
            repositories,
            limit: left.and_then(|left| left.limit),
            remaining: left.and_then(|left| left.remaining),
            renewed_at: left.and_then(|left| left.renewed_at),
            paused_until: left.and_then(|left| left.paused_until),
            waiting: left.map_or(0, |left| left.waiting),
        }
    };
    Ok(known.into_iter().map(view).collect())
}
