//! `check_run`: somebody pressed a button of one of our own gates. What other apps report is in [`super::builds`].

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, builds, ignored, ignored_action};
use crate::domain::event::{APPROVE_BUTTON, AccountKind, Button, Event};
use crate::domain::ids::CheckRunId;
use crate::github::wire::{WireApp, bounded};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    check_run: WireCheckRun,
    requested_action: Option<WireButton>,
}

#[derive(Deserialize)]
struct WireCheckRun {
    id: u64,
    name: String,
    head_sha: String,
    app: Option<WireApp>,
}

#[derive(Deserialize)]
struct WireButton {
    identifier: Option<String>,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    match action.as_str() {
        "created" | "completed" => return builds::check_run(delivery),
        "rerequested" | "requested_action" => {}
        other => return ignored_action(delivery, other),
    }
    let Some((repo, sender)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let Payload {
        check_run,
        requested_action,
    } = delivery.read()?;
    if check_run.app.is_none_or(|app| app.id != delivery.me.app_id) {
        return ignored("a button of another app's check");
    }
    let pressed = requested_action.and_then(|button| button.identifier);
    let button = match (action.as_str(), pressed.as_deref()) {
        ("rerequested", _) => Button::Rerun,
        (_, Some(APPROVE_BUTTON)) => Button::Approve,
        _ => return ignored("a button that this version does not have"),
    };
    let Some(sender) = sender.filter(|sender| sender.kind == AccountKind::User) else {
        return ignored("a button counts only when a person presses it");
    };
    Ok(Decoded::Event(Event::GatePressed {
        repo,
        sha: delivery.sha(&check_run.head_sha)?,
        check_run: CheckRunId(check_run.id),
        gate: bounded(&check_run.name),
        button,
        sender,
        at: delivery.now,
    }))
}
