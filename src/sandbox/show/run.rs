//! Workflow runs.

use serde_json::{Value, json};

use super::{commit, node, pull, repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::checks::Run;

/// A workflow's id is made from its file's path: the stand-in has no table of workflows.
pub(crate) fn workflow_id(path: &str) -> u64 {
    path.bytes()
        .fold(7, |id, byte| (id * 31 + u64::from(byte)) % 100_000_007)
}

/// What a run is called in lists: what the dispatch made of `run-name`, or the commit's first line.
fn title(hub: &Hub, run: &Run) -> String {
    if let Some(dispatch) = &run.dispatch {
        return dispatch.title.clone();
    }
    let message = hub
        .objects
        .get(&run.head_sha)
        .map_or("", |commit| &commit.message);
    message.lines().next().unwrap_or_default().to_owned()
}

/// GitHub's `workflow-run`.
pub(crate) fn run(hub: &Hub, run: &Run) -> Value {
    let (api, id) = (repo::api(hub, run.repo), run.id);
    let this = format!("{api}/actions/runs/{id}");
    let head = hub.objects.get(&run.head_sha);
    let path = run.path();
    let workflow = workflow_id(&path);
    let before = (run.attempt > 1).then(|| format!("{this}/attempts/{}", run.attempt - 1));
    json!({
        "id": id,
        "node_id": node("WFR", id),
        "name": run.name,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": path,
        "display_title": title(hub, run),
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": workflow,
        "check_suite_id": run.suite,
        "check_suite_node_id": node("CS", run.suite),
        "url": this,
        "html_url": format!("{}/actions/runs/{id}", repo::html(hub, run.repo)),
        "pull_requests": pull::on_head(hub, run.repo, &run.head_sha),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "run_started_at": stamp(run.started_at),
        "actor": user::simple(hub, run.actor),
        "triggering_actor": user::simple(hub, run.actor),
        "referenced_workflows": [],
        "previous_attempt_url": before,
        "jobs_url": format!("{this}/jobs"),
        "logs_url": format!("{this}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.suite),
        "artifacts_url": format!("{this}/artifacts"),
        "cancel_url": format!("{this}/cancel"),
        "rerun_url": format!("{this}/rerun"),
        "workflow_url": format!("{api}/actions/workflows/{workflow}"),
        "head_commit": head.map(commit::simple),
        "repository": repo::minimal(hub, run.repo),
        "head_repository": repo::minimal(hub, run.head_repo),
        "head_repository_id": run.head_repo,
    })
}

/// The `workflow` of a `workflow_run` payload.
pub(crate) fn workflow(hub: &Hub, run: &Run) -> Value {
    let (path, html) = (run.path(), repo::html(hub, run.repo));
    let id = workflow_id(&path);
    json!({
        "id": id,
        "node_id": node("W", id),
        "name": run.name,
        "path": path,
        "state": "active",
        "created_at": stamp(hub.repo(run.repo).created_at),
        "updated_at": stamp(hub.repo(run.repo).created_at),
        "url": format!("{}/actions/workflows/{id}", repo::api(hub, run.repo)),
        "html_url": format!("{html}/blob/main/{path}"),
        "badge_url": format!("{html}/workflows/{}/badge.svg", super::commit::escape(&run.name)),
    })
}

/// The `workflow_job` of a payload: the one job of a run, whose id is that of its check run.
pub(crate) fn job(hub: &Hub, run: &Run) -> Value {
    let (api, id) = (repo::api(hub, run.repo), run.check);
    let page = format!("{}/actions/runs/{}", repo::html(hub, run.repo), run.id);
    let (begun, done) = (run.status != "queued", run.status == "completed");
    let completed_at = done.then(|| stamp(run.updated_at));
    // A step ends in one of four ways.
    let step = run
        .conclusion
        .as_deref()
        .map(|conclusion| match conclusion {
            "success" | "neutral" => "success",
            "cancelled" | "skipped" => conclusion,
            _ => "failure",
        });
    let steps = begun.then(|| {
        json!({
            "name": "Set up job",
            "number": 1,
            "status": run.status,
            "conclusion": step,
            "started_at": stamp(run.started_at),
            "completed_at": completed_at,
        })
    });
    json!({
        "id": id,
        "run_id": run.id,
        "run_url": format!("{api}/actions/runs/{}", run.id),
        "run_attempt": run.attempt,
        "node_id": node("CR", id),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "url": format!("{api}/actions/jobs/{id}"),
        "html_url": format!("{page}/job/{id}"),
        "check_run_url": format!("{api}/check-runs/{id}"),
        "workflow_name": run.name,
        "name": run.job(),
        "status": run.status,
        "conclusion": run.conclusion,
        "created_at": stamp(run.started_at),
        "started_at": stamp(run.started_at),
        "completed_at": completed_at,
        "steps": Vec::from_iter(steps),
        "labels": ["ubuntu-latest"],
        "runner_id": begun.then_some(1),
        "runner_name": begun.then_some("sandbox runner"),
        "runner_group_id": begun.then_some(1),
        "runner_group_name": begun.then_some("Default"),
    })
}
