//! The deliveries that came, and what became of them.

use super::{Listed, ROWS};
use crate::domain::ids::Subject;
use crate::domain::masked::masked;
use crate::domain::printable::printable;
use crate::store::Aside;
use crate::store::lists::{Arrival, Search};
use crate::web::dashboard::access::Seer;
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many deliveries that could not be decoded are shown.
const ASIDES: usize = 20;
/// So much of the payload of each.
const BEGINNING: usize = 2_000;

/// The deliveries that came.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct DeliveriesView {
    /// The newest first; the last 20,000 are known.
    pub deliveries: Listed<DeliveryView>,
    /// Those that could not be decoded, the newest first; only for who sees everything.
    pub set_aside: Vec<AsideView>,
}

/// A delivery.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct DeliveryView {
    /// `X-GitHub-Delivery`.
    pub id: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `X-GitHub-Event`, or what else brought the news.
    pub event: String,
    /// What it says, or why nothing came of it.
    pub what: String,
    /// Whether nothing came of it.
    pub ignored: bool,
    /// Whom it was given to.
    pub concerns: Vec<ConcernView>,
}

/// Whom a delivery was given to.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct ConcernView {
    /// `owner/name`, where the repository is still known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The pull request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// In words.
    pub says: String,
}

/// A delivery that could not be decoded.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct AsideView {
    /// `X-GitHub-Delivery`.
    pub id: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Why it could not be decoded.
    pub reason: String,
    /// The beginning of its payload, with what looks like a secret taken out.
    pub payload: String,
}

/// Which deliveries are looked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web::dashboard) struct DeliveriesAsked {
    /// Where the part begins: the `next` of the one before.
    pub after: Option<String>,
    /// Words in the event or in what it says, or the beginning of the id.
    #[serde(default)]
    pub q: String,
}

pub(in crate::web::dashboard) async fn deliveries(
    seer: &Seer,
    asked: &DeliveriesAsked,
) -> Result<DeliveriesView, Refusal> {
    let part = super::Part {
        after: asked.after.clone(),
    };
    let words = Search::of(&asked.q, None).words;
    let page = seer.arrivals(words, part.asked_by(seer, 2 * ROWS)?).await?;
    let mut deliveries = Listed {
        rows: Vec::new(),
        next: page.next.and_then(|next| seer.give_out(&next)),
    };
    for arrival in page.rows {
        deliveries.rows.push(view(seer, arrival).await?);
    }
    let asides = seer.asides(ASIDES).await?;
    Ok(DeliveriesView {
        deliveries,
        set_aside: asides.into_iter().map(aside).collect(),
    })
}

pub(super) async fn view(seer: &Seer, arrival: Arrival) -> Result<DeliveryView, Refusal> {
    let mut concerns = Vec::new();
    for subject in &arrival.subjects {
        let row = match subject.repository() {
            Some(id) => seer.repo(id).await?,
            None => None,
        };
        concerns.push(ConcernView {
            repository: row.map(|row| row.name.to_string()),
            pull: match subject {
                Subject::Pull(key) => Some(key.number.0),
                _ => None,
            },
            says: in_words(subject),
        });
    }
    Ok(DeliveryView {
        id: arrival.delivery.to_string(),
        at: arrival.at,
        event: arrival.event_name,
        what: arrival.what,
        ignored: arrival.subjects.is_empty(),
        concerns,
    })
}

fn in_words(subject: &Subject) -> String {
    match subject {
        Subject::Pull(key) => format!("#{}", key.number),
        Subject::Runs(_, of) => format!("runs of {of}"),
        Subject::Head(_, sha) => format!("the gates of {}", sha.short()),
        Subject::Repository(_) => "the configuration".to_owned(),
        other => other.to_string(),
    }
}

fn aside(aside: Aside) -> AsideView {
    let payload: String = aside.payload.chars().take(BEGINNING).collect();
    AsideView {
        id: aside.delivery.to_string(),
        at: aside.received_at,
        event: printable(&aside.event_name, 100),
        reason: masked(&aside.reason),
        payload: masked(&payload),
    }
}
