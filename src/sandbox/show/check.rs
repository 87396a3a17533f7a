//! Check runs and suites.

use serde_json::{Value, json};

use super::{app, commit, node, pull, repo};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::checks::{Annotation, CheckRun, Suite};

/// GitHub's `check-run`, with the part of its suite that says on which branch it ran.
pub(crate) fn run(hub: &Hub, run: &CheckRun) -> Value {
    let (api, id) = (repo::api(hub, run.repo), run.id);
    let this = format!("{api}/check-runs/{id}");
    let page = format!("{}/runs/{id}", repo::html(hub, run.repo));
    let suite = hub
        .suites
        .get(&run.suite)
        .map(|suite| inner_suite(hub, suite));
    json!({
        "id": id,
        "node_id": node("CR", id),
        "name": run.name,
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": this,
        "html_url": page,
        "details_url": run.details_url.clone().unwrap_or(page),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at.map(stamp),
        "completed_at": run.completed_at.map(stamp),
        "output": {
            "title": run.output.title,
            "summary": run.output.summary,
            "text": run.output.text,
            "annotations_count": run.output.annotations.len(),
            "annotations_url": format!("{this}/annotations"),
        },
        "check_suite": suite,
        "app": app::integration(hub, run.app),
        "pull_requests": pull::on_head(hub, run.repo, &run.head_sha),
    })
}

/// GitHub's `check-annotation`.
pub(crate) fn annotation(hub: &Hub, run: &CheckRun, annotation: &Annotation) -> Value {
    let html = repo::html(hub, run.repo);
    json!({
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "start_column": null,
        "end_column": null,
        "annotation_level": annotation.level,
        "title": annotation.title,
        "message": annotation.message,
        "raw_details": null,
        "blob_href": format!("{html}/blob/{}/{}", run.head_sha, annotation.path),
    })
}

/// What the runs of a suite amount to: status and conclusion.
fn verdict(hub: &Hub, suite: u64) -> (&'static str, Option<&str>) {
    let mut runs = hub
        .checks
        .values()
        .filter(|run| run.suite == suite)
        .peekable();
    if runs.peek().is_none() {
        return ("queued", None);
    }
    let mut worst = "success";
    // A later run of a name is another attempt, and replaces the one before.
    let newest: std::collections::BTreeMap<&str, &CheckRun> =
        runs.map(|run| (run.name.as_str(), run)).collect();
    for run in newest.values() {
        match run.conclusion.as_deref() {
            None => return ("in_progress", None),
            Some("success" | "neutral" | "skipped") => {}
            Some(other) => {
                worst = if worst == "failure" {
                    worst
                } else {
                    known(other)
                }
            }
        }
    }
    ("completed", Some(worst))
}

fn known(conclusion: &str) -> &'static str {
    let known = crate::sandbox::model::checks::CONCLUSIONS;
    known
        .into_iter()
        .find(|name| *name == conclusion)
        .unwrap_or("failure")
}

fn inner_suite(hub: &Hub, suite: &Suite) -> Value {
    let (status, conclusion) = verdict(hub, suite.id);
    json!({
        "id": suite.id,
        "node_id": node("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": format!("{}/check-suites/{}", repo::api(hub, suite.repo), suite.id),
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": pull::on_head(hub, suite.repo, &suite.head_sha),
        "app": app::integration(hub, suite.app),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
    })
}

/// GitHub's `check-suite`.
pub(crate) fn suite(hub: &Hub, suite: &Suite) -> Value {
    let mut shown = inner_suite(hub, suite);
    let count = hub
        .checks
        .values()
        .filter(|run| run.suite == suite.id)
        .count();
    shown["latest_check_runs_count"] = json!(count);
    shown["check_runs_url"] = json!(format!(
        "{}/check-runs",
        shown["url"].as_str().unwrap_or_default()
    ));
    shown["head_commit"] = hub
        .objects
        .get(&suite.head_sha)
        .map_or(Value::Null, commit::simple);
    shown["rerequestable"] = json!(true);
    shown["runs_rerequestable"] = json!(true);
    shown
}

/// A suite in the list of a commit, with its repository.
pub(crate) fn listed_suite(hub: &Hub, row: &Suite) -> Value {
    let mut shown = suite(hub, row);
    shown["repository"] = repo::minimal(hub, row.repo);
    shown
}
