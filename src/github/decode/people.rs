//! `member`, `membership`, `organization`, `team`: who belongs to whom, and who may do what, has changed.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::Event;
use crate::domain::ids::InstallationId;
use crate::github::wire::{WireAccount, WireId};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    installation: Option<WireId>,
    member: Option<WireAccount>,
    membership: Option<WireMembership>,
}

#[derive(Deserialize)]
struct WireMembership {
    user: Option<WireAccount>,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    if delivery.event_name == "organization"
        && !matches!(action.as_str(), "member_added" | "member_removed")
    {
        return ignored_action(delivery, &action);
    }
    let payload: Payload = delivery.read()?;
    let Some(installation) = payload.installation else {
        return ignored(NO_INSTALLATION);
    };
    let user = payload.member.or_else(|| payload.membership?.user);
    Ok(Decoded::Event(Event::PeopleChanged {
        installation: InstallationId(installation.id),
        user: user.and_then(|user| user.id()),
    }))
}
