//! `workflow_run` and `check_suite`: builds on a mirror.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::Event;
use crate::domain::pull::mirrored_number;
use crate::github::wire::{WireRun, WireSuite};
use serde::Deserialize;

const NOT_ON_A_MIRROR: &str = "a build that is not on a mirror";

#[derive(Deserialize)]
struct RunPayload {
    workflow_run: WireRun,
    workflow: Option<WireWorkflow>,
}

#[derive(Deserialize)]
struct WireWorkflow {
    name: Option<String>,
}

#[derive(Deserialize)]
struct SuitePayload {
    check_suite: WireSuite,
}

pub(super) fn workflow_run(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    match delivery.action()?.as_str() {
        "requested" | "in_progress" | "completed" => {}
        other => return ignored_action(delivery, other),
    }
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let RunPayload {
        workflow_run: run,
        workflow,
    } = delivery.read()?;
    let branch = run.head_branch.clone();
    if branch.as_deref().and_then(mirrored_number).is_none() {
        return ignored(NOT_ON_A_MIRROR);
    }
    // A fork may have a branch of the same name.
    if run
        .head_repository
        .as_ref()
        .is_none_or(|head| head.id != repo.id.0)
    {
        return ignored("a workflow run of a fork's branch");
    }
    let sha = delivery.sha(&run.head_sha)?;
    let build = run.build(workflow.and_then(|workflow| workflow.name).as_deref());
    Ok(Decoded::Event(Event::BuildChanged {
        repo,
        branch,
        sha,
        build,
    }))
}

pub(super) fn check_suite(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let action = delivery.action()?;
    if !matches!(action.as_str(), "requested" | "rerequested" | "completed") {
        return ignored_action(delivery, &action);
    }
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let SuitePayload { check_suite: suite } = delivery.read()?;
    let ours = suite
        .app
        .as_ref()
        .is_some_and(|app| app.id == delivery.me.app_id);
    if ours && action == "rerequested" {
        // The payload does not say which check run; GitHub sends no `check_run` for it.
        return ignored(
            "*Re-run all checks* of our own checks is not acted on yet; *Re-run* of the gate is",
        );
    }
    let branch = suite.head_branch.clone();
    if branch.as_deref().and_then(mirrored_number).is_none() {
        return ignored(NOT_ON_A_MIRROR);
    }
    let sha = delivery.sha(&suite.head_sha)?;
    let Some(build) = suite.build(delivery.me.app_id, delivery.now) else {
        return ignored(
            "a check suite of our own, of Actions (its workflow runs count), or without check runs",
        );
    };
    Ok(Decoded::Event(Event::BuildChanged {
        repo,
        branch,
        sha,
        build,
    }))
}
