//! `repository`: its name, owner, default branch or visibility changed, or it is gone.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::{Event, RepositoryChange};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Payload {
    changes: Option<Changes>,
    repository: Option<WireState>,
}

#[derive(Deserialize)]
struct WireState {
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Changes {
    default_branch: Option<IgnoredAny>,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    let change = match action.as_str() {
        "renamed" | "transferred" | "archived" | "unarchived" | "edited" | "privatized"
        | "publicized" => RepositoryChange::Identity,
        "deleted" => RepositoryChange::Gone,
        other => return ignored_action(delivery, other),
    };
    let payload: Payload = delivery.read()?;
    let other_branch = payload
        .changes
        .is_some_and(|changes| changes.default_branch.is_some());
    if action == "edited" && !other_branch {
        return ignored("the repository was edited, but not its default branch");
    }
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let archived = payload.repository.is_some_and(|state| state.archived);
    let change = match change {
        RepositoryChange::Identity if archived => RepositoryChange::Archived,
        change => change,
    };
    Ok(Decoded::Event(Event::RepositoryChanged { repo, change }))
}
