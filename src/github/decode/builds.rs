//! `workflow_run`, `check_suite`, `check_run` and `status`: somebody's build of a commit changed. Whether anybody waits
//! for it is not known here.
//!
//! `workflow_job` is not taken: a job of Actions is a check run, and the whole of them is the workflow run.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::event::{Build, Event};
use crate::domain::ids::{Repo, Sha};
use crate::domain::pull::mirrored_number;
use crate::github::wire::{WireCheckRun, WireRun, WireStatus, WireSuite};
use serde::Deserialize;

/// GitHub lists at most so many branches of a commit in `status`.
const MOST_BRANCHES: usize = 10;

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

#[derive(Deserialize)]
struct CheckRunPayload {
    check_run: WireCheckRun,
}

#[derive(Deserialize)]
struct StatusPayload {
    sha: String,
    #[serde(flatten)]
    status: WireStatus,
    #[serde(default)]
    branches: Vec<WireBranch>,
}

#[derive(Deserialize)]
struct WireBranch {
    name: String,
    commit: WireTip,
}

#[derive(Deserialize)]
struct WireTip {
    sha: String,
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
    if !run.is_of(repo.id) {
        return ignored("a workflow run of a fork's branch");
    }
    let branch = run.head_branch.clone();
    let sha = delivery.sha(&run.head_sha)?;
    let dispatched = run.is_dispatched_by(delivery.me);
    let mut build = run.build(workflow.and_then(|workflow| workflow.name).as_deref());
    build.dispatched = dispatched;
    changed(delivery, repo, branch, sha, build)
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
    let branch = suite.branch(repo.id).map(str::to_owned);
    let sha = delivery.sha(&suite.head_sha)?;
    let Some(build) = suite.build(delivery.me.app_id, delivery.now) else {
        return ignored(
            "a check suite of our own, of Actions (its workflow runs count), or without check runs",
        );
    };
    changed(delivery, repo, branch, sha, build)
}

/// `created` and `completed`.
pub(super) fn check_run(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let Some((repo, _)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let CheckRunPayload { check_run: run } = delivery.read()?;
    let ours = |app: u64| app == delivery.me.app_id;
    if run.app.as_ref().is_some_and(|app| ours(app.id)) {
        return ignored("a check of our own");
    }
    let branch = run.branch(repo.id).map(str::to_owned);
    let sha = delivery.sha(&run.head_sha)?;
    changed(delivery, repo, branch, sha, run.build(None, delivery.now))
}

pub(super) fn status(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let Some((repo, sender)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    if sender.is_some_and(|sender| delivery.me.is_bot(&sender)) {
        return ignored("a commit status of our own");
    }
    let StatusPayload {
        sha,
        status,
        branches,
    } = delivery.read()?;
    let sha = delivery.sha(&sha)?;
    let branch = branch_of(&sha, &branches);
    changed(delivery, repo, branch, sha, status.build())
}

/// The branch a commit status is told to. A status belongs to a commit and to no branch; only who may push can report
/// one, so that a fork can't. Of the branches listed, which are all of this repository, those count whose tip the
/// commit is: the only mirror among them, otherwise the only branch; where there are several, or the list may be cut,
/// none.
fn branch_of(sha: &Sha, branches: &[WireBranch]) -> Option<String> {
    if branches.len() >= MOST_BRANCHES {
        return None;
    }
    let here = || {
        let tips = branches
            .iter()
            .filter(|branch| branch.commit.sha == sha.as_str());
        tips.map(|branch| branch.name.as_str())
    };
    let is_mirror = |branch: &&str| mirrored_number(branch).is_some();
    let only = |names: Vec<&str>| match names[..] {
        [name] => Some(name.to_owned()),
        _ => None,
    };
    let mirrors: Vec<&str> = here().filter(is_mirror).collect();
    if mirrors.is_empty() {
        only(here().collect())
    } else {
        only(mirrors)
    }
}

fn changed(
    delivery: &Delivery<'_>,
    repo: Repo,
    branch: Option<String>,
    sha: Sha,
    build: Build,
) -> Result<Decoded, DecodeError> {
    Ok(Decoded::Event(Event::BuildChanged {
        repo,
        branch: branch.map(|name| delivery.branch(&name)).transpose()?,
        sha,
        build,
    }))
}
