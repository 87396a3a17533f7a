//! One delivery: what it said, and what became of it.

use super::deliveries::{DeliveryView, view as row};
use crate::domain::ids::DeliveryId;
use crate::domain::masked::masked;
use crate::domain::printable::printable;
use crate::domain::text;
use crate::engine::LONGEST_KEPT;
use crate::store::Kept;
use crate::store::lists::Arrival;
use crate::web::dashboard::access::{Said, SeenDelivery, Seer};
use crate::web::dashboard::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// One delivery.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct DeliveryPageView {
    /// As it is listed.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// Whether it could not be read as the event that it claims to be; `what` says why.
    pub set_aside: bool,
    /// What was done because of it by those it was given to and who follow them, the first first, as long as their histories
    /// tell of it.
    pub done: Vec<DoneView>,
    /// What GitHub sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentView>,
    /// Why it can't be taken in again; missing: it can, by who may write in its repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_again: Option<String>,
    /// Why that, or its payload, is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct DoneView {
    /// When.
    pub at: DateTime<Utc>,
    /// `decision`, `action` or `result`.
    pub kind: &'static str,
    /// What, in one sentence.
    pub what: String,
}

/// What GitHub sent.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct SentView {
    /// What GitHub wrote around it. Signatures, cookies and the like are not kept.
    pub headers: Vec<HeaderView>,
    /// By which algorithm it was signed; missing: it was read from GitHub's own list of deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// So many bytes it had.
    pub bytes: u64,
    /// The payload, with what looks like a secret taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
}

/// A header.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct HeaderView {
    /// Its name, in lower case.
    pub name: String,
    /// What it says.
    pub value: String,
}

pub(in crate::web::dashboard) async fn delivery(
    seer: &Seer,
    id: &str,
) -> Result<DeliveryPageView, Refusal> {
    let id = DeliveryId::parse(id).map_err(|_| Refusal::NotFound)?;
    let seen = seer.delivery(&id).await?;
    let missing = missing(&seen.said, seer.dashboard.engine.keeps_payloads());
    let done = match &seen.arrival {
        Some(arrival) => seer.done_for(arrival).await?,
        None => Vec::new(),
    };
    let set_aside =
        seen.aside.is_some() || matches!(&seen.said, Said::This(kept) if kept.aside.is_some());
    let mut delivery = row(seer, arrival_of(&seen, id)).await?;
    delivery.ignored &= seen.arrival.is_some();
    Ok(DeliveryPageView {
        delivery,
        set_aside,
        done: done
            .into_iter()
            .map(|line| DoneView {
                at: line.at,
                kind: line.kind.as_str(),
                what: line.what,
            })
            .collect(),
        not_again: match &seen.said {
            Said::This(kept) => kept.lacks(),
            _ => Some(text::again_without_payload()),
        },
        sent: match seen.said {
            Said::This(kept) => Some(sent(*kept)),
            _ => None,
        },
        missing,
    })
}

/// As the journal has it, or as it was set aside or kept.
fn arrival_of(seen: &SeenDelivery, delivery: DeliveryId) -> Arrival {
    if let Some(arrival) = &seen.arrival {
        return arrival.clone();
    }
    let (at, event, what) = match (&seen.aside, &seen.said) {
        (Some(aside), _) => (aside.received_at, &aside.event_name[..], &aside.reason[..]),
        (None, Said::This(kept)) => (
            kept.at,
            &kept.event_name[..],
            kept.aside.as_deref().unwrap_or_default(),
        ),
        (None, _) => (DateTime::UNIX_EPOCH, "", ""),
    };
    Arrival {
        delivery,
        at,
        event_name: printable(event, 100),
        // Why it could not be read may quote it.
        what: masked(what),
        subjects: Vec::new(),
        about: None,
    }
}

fn missing(said: &Said, keeps: bool) -> Option<String> {
    Some(match said {
        Said::This(kept) if kept.payload.is_none() => {
            text::payload_too_long(kept.bytes, LONGEST_KEPT as u64)
        }
        Said::This(_) => return None,
        Said::Damaged => text::payload_damaged(),
        Said::NotKept if keeps => text::payload_not_kept(),
        Said::NotKept => text::payloads_are_off(),
        Said::NotNow => text::payload_not_now(),
        Said::Hidden => text::payload_hidden(),
    })
}

fn sent(kept: Kept) -> SentView {
    let headers = kept.headers.into_iter();
    SentView {
        headers: headers
            .map(|(name, value)| HeaderView { name, value })
            .collect(),
        signed: kept.signed,
        bytes: kept.bytes,
        payload: kept.payload.map(|text| {
            // What is nested too deeply to be read is shown as it was written.
            serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
        }),
    }
}
