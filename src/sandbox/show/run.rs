//! Workflow runs.

use serde_json::{Value, json};

use super::{commit, node, pull, repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::checks::Run;

/// A workflow's id is made from its name: the stand-in has no table of workflows.
fn workflow_id(run: &Run) -> u64 {
    run.name
        .bytes()
        .fold(7, |id, byte| (id * 31 + u64::from(byte)) % 100_000_007)
}

fn path(run: &Run) -> String {
    format!(".github/workflows/{}.yml", run.name.replace(' ', "-"))
}

/// GitHub's `workflow-run`.
pub(crate) fn run(hub: &Hub, run: &Run) -> Value {
    let (api, id) = (repo::api(hub, run.repo), run.id);
    let this = format!("{api}/actions/runs/{id}");
    let head = hub.objects.get(&run.head_sha);
    json!({
        "id": id,
        "node_id": node("WFR", id),
        "name": run.name,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": path(run),
        "display_title": head.map_or("", |commit| commit.message.lines().next().unwrap_or_default()),
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": workflow_id(run),
        "check_suite_id": run.suite,
        "check_suite_node_id": node("CS", run.suite),
        "url": this,
        "html_url": format!("{}/actions/runs/{id}", repo::html(hub, run.repo)),
        "pull_requests": pull::on_head(hub, run.repo, &run.head_sha),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "run_started_at": stamp(run.created_at),
        "actor": user::simple(hub, run.actor),
        "triggering_actor": user::simple(hub, run.actor),
        "referenced_workflows": [],
        "previous_attempt_url": null,
        "jobs_url": format!("{this}/jobs"),
        "logs_url": format!("{this}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.suite),
        "artifacts_url": format!("{this}/artifacts"),
        "cancel_url": format!("{this}/cancel"),
        "rerun_url": format!("{this}/rerun"),
        "workflow_url": format!("{api}/actions/workflows/{}", workflow_id(run)),
        "head_commit": head.map(commit::simple),
        "repository": repo::minimal(hub, run.repo),
        "head_repository": repo::minimal(hub, run.head_repo),
        "head_repository_id": run.head_repo,
    })
}

/// The `workflow` of a `workflow_run` payload.
pub(crate) fn workflow(hub: &Hub, run: &Run) -> Value {
    let (id, html) = (workflow_id(run), repo::html(hub, run.repo));
    let path = path(run);
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
