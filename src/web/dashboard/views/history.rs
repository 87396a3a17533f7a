//! What happened to a pull request: deliveries, and what came of them.

use crate::domain::pull::PullState;
use crate::store::lists::Arrival;
use crate::store::{HistoryEntry, StoreError};
use crate::web::dashboard::access::Visible;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// So many lines are shown.
const HAPPENINGS: usize = 200;

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct HappeningView {
    /// When.
    pub at: DateTime<Utc>,
    /// `delivery`, `decision`, `action` or `result`.
    pub kind: &'static str,
    /// What, in one sentence.
    pub what: String,
    /// The delivery that it is, or those that led to it, the newest last; at most 16 of them, and those alone that may be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<String>,
}

/// What happened, the newest first.
pub(super) async fn happenings(
    visible: &Visible,
    pull: &PullState,
) -> Result<Vec<HappeningView>, StoreError> {
    let arrivals = visible.arrivals(pull.number.0, HAPPENINGS).await?;
    let history = visible.history(pull, &arrivals, HAPPENINGS).await?;
    let mut all: Vec<HappeningView> = history.into_iter().map(done).collect();
    all.extend(arrivals.into_iter().map(arrived));
    all.sort_by_key(|happening| std::cmp::Reverse(happening.at));
    all.truncate(HAPPENINGS);
    Ok(all)
}

fn done(line: HistoryEntry) -> HappeningView {
    HappeningView {
        at: line.at,
        kind: line.kind.as_str(),
        what: line.what,
        deliveries: line.deliveries.iter().map(ToString::to_string).collect(),
    }
}

fn arrived(arrival: Arrival) -> HappeningView {
    HappeningView {
        at: arrival.at,
        kind: "delivery",
        what: format!("{}: {}", arrival.event_name, arrival.what),
        deliveries: vec![arrival.delivery.to_string()],
    }
}
