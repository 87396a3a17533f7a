//! `pull_request`.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::{Event, PullChange, PullHint};
use crate::domain::ids::PrNumber;
use crate::github::wire::{WireAccount, account};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Payload {
    pull_request: WirePull,
    #[serde(default)]
    changes: Option<Changes>,
}

#[derive(Deserialize)]
struct Changes {
    base: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WirePull {
    number: u64,
    user: Option<WireAccount>,
    head: WireHead,
    updated_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct WireHead {
    sha: String,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    let change = match action.as_str() {
        "opened" => PullChange::Opened,
        "synchronize" => PullChange::Pushed,
        "closed" => PullChange::Closed,
        "labeled" | "unlabeled" => PullChange::Labels,
        "reopened" | "ready_for_review" | "converted_to_draft" | "edited" => PullChange::Other,
        other => return ignored_action(delivery, other),
    };
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let payload: Payload = delivery.read()?;
    if action == "edited" && payload.changes.is_none_or(|changes| changes.base.is_none()) {
        return ignored("only the title or the description of the pull request was edited");
    }
    let pull = payload.pull_request;
    let hint = PullHint {
        number: PrNumber(pull.number),
        author: account(pull.user.as_ref()),
        head: delivery.sha(&pull.head.sha)?,
        updated_at: pull.updated_at,
        created_at: pull.created_at,
    };
    Ok(Decoded::Event(Event::Pull { repo, change, hint }))
}
