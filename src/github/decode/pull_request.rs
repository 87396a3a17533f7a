//! `pull_request`.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::{Event, PullChange, PullHint, Shown};
use crate::domain::ids::{PrNumber, Sha};
use crate::github::wire::{WireAccount, account, bounded, branch};
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
    state: Option<String>,
    draft: Option<bool>,
    title: Option<String>,
    base: Option<WireBase>,
    labels: Option<Vec<WireLabel>>,
    commits: Option<u64>,
    changed_files: Option<u64>,
}

#[derive(Deserialize)]
struct WireHead {
    sha: String,
}

#[derive(Deserialize)]
struct WireBase {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Deserialize)]
struct WireLabel {
    name: String,
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
        shows: shown(pull).map(Box::new),
    };
    Ok(Decoded::Event(Event::Pull { repo, change, hint }))
}

/// The rest of the pull request; `None` where some of it is not there.
fn shown(pull: WirePull) -> Option<Shown> {
    let base = pull.base?;
    Some(Shown {
        open: match pull.state?.as_str() {
            "open" => true,
            "closed" => false,
            _ => return None,
        },
        draft: pull.draft?,
        title: bounded(&pull.title.unwrap_or_default()),
        base: branch(&base.name),
        base_sha: Sha::parse(&base.sha).ok(),
        labels: pull.labels?.into_iter().map(|label| label.name).collect(),
        commits: pull.commits?,
        changed_files: pull.changed_files?,
    })
}
