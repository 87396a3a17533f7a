//! `installation` and `installation_repositories`: where the app may work. GitHub sends both to every app.

use super::{DecodeError, Decoded, Delivery, ignored_action};
use crate::domain::event::{Event, InstallationChange};
use crate::domain::ids::{InstallationId, RepoId};
use crate::github::wire::WireId;
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    installation: WireId,
    #[serde(default)]
    repositories_removed: Vec<WireId>,
}

pub(super) fn changed(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let change = match delivery.action()?.as_str() {
        "created" | "unsuspend" | "new_permissions_accepted" => InstallationChange::Available,
        "suspend" => InstallationChange::Suspended,
        "deleted" => InstallationChange::Deleted,
        other => return ignored_action(delivery, other),
    };
    event(&delivery.read()?, change)
}

pub(super) fn repositories(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    let payload: Payload = delivery.read()?;
    let change = match action.as_str() {
        "added" => InstallationChange::Available,
        "removed" => InstallationChange::Removed(
            payload
                .repositories_removed
                .iter()
                .map(|repo| RepoId(repo.id))
                .collect(),
        ),
        other => return ignored_action(delivery, other),
    };
    event(&payload, change)
}

fn event(payload: &Payload, change: InstallationChange) -> Result<Decoded, DecodeError> {
    let installation = InstallationId(payload.installation.id);
    Ok(Decoded::Event(Event::InstallationChanged {
        installation,
        change,
    }))
}
