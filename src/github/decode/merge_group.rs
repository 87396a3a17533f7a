//! `merge_group`: the merge queue asks for the checks of a group of pull requests, or has no more use for them.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::{Event, MergeGroupChange};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    merge_group: WireGroup,
}

#[derive(Deserialize)]
struct WireGroup {
    head_sha: String,
    head_ref: String,
    base_sha: String,
    base_ref: String,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let change = match delivery.action()?.as_str() {
        "checks_requested" => MergeGroupChange::Requested,
        "destroyed" => MergeGroupChange::Gone,
        other => return ignored_action(delivery, other),
    };
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let Payload { merge_group: group } = delivery.read()?;
    Ok(Decoded::Event(Event::MergeGroup {
        repo,
        branch: delivery.branch(branch(&group.head_ref))?,
        sha: delivery.sha(&group.head_sha)?,
        base_branch: delivery.branch(branch(&group.base_ref))?,
        base_sha: delivery.sha(&group.base_sha)?,
        change,
    }))
}

fn branch(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}
