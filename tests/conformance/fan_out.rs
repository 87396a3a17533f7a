//! Calls of what a fan-out of builds needs, and the webhooks that follow.

use super::sandbox_support::Client;
use drawbridge::sandbox::{NewCommit, NewPr};
use reqwest::Method;
use serde_json::json;

/// Makes them all.
pub async fn call(client: &Client) {
    dispatches(client).await;
    statuses(client).await;
    branches(client).await;
    queue(client).await;
}

fn repo(client: &Client) -> String {
    format!("/repos/{}", client.sandbox.full_name())
}

fn name(client: &Client) -> String {
    let full = client.sandbox.full_name();
    full.split('/').next_back().unwrap_or_default().to_owned()
}

/// Asks without a body, and expects this answer.
async fn ask(client: &Client, method: Method, path: &str, expected: u16) {
    let answer = client.request(method, path, &client.token).send();
    let status = answer.await.expect("an answer").status();
    assert_eq!(status.as_u16(), expected, "{path}");
}

async fn get(client: &Client, path: &str, expected: u16) {
    ask(client, Method::GET, path, expected).await;
}

async fn dispatches(client: &Client) {
    let (repo, sandbox) = (repo(client), &client.sandbox);
    let file = "on:\n  workflow_dispatch:\n    inputs: { arch: { required: true } }\njobs: { image: {} }\n";
    sandbox.write_file(&name(client), ".github/workflows/fan.yml", file, "maya");
    let workflow = format!("{repo}/actions/workflows/fan.yml");
    let dispatches = format!("{workflow}/dispatches");
    let body = json!({ "ref": "main", "inputs": { "arch": "amd64" }, "return_run_details": true });
    let (status, run) = client.post(&dispatches, body.clone()).await;
    assert_eq!(status, 200);
    let id = run["workflow_run_id"].as_u64().expect("an id");
    sandbox.set_run_details(false);
    for conclusion in ["success", "timed_out", "neutral", "action_required"] {
        sandbox.set_auto_finish(Some(conclusion));
        assert_eq!(client.post(&dispatches, body.clone()).await.0, 204);
    }
    sandbox.set_auto_finish(None);
    assert_eq!(
        client
            .post(&dispatches, json!({ "ref": "nowhere" }))
            .await
            .0,
        422
    );
    assert_eq!(
        client.post(&dispatches, json!({ "ref": "main" })).await.0,
        422
    );
    let one = format!("{repo}/actions/runs/{id}");
    ask(client, Method::POST, &format!("{one}/cancel"), 202).await;
    sandbox.hold_runs(true);
    ask(
        client,
        Method::POST,
        &format!("{one}/rerun-failed-jobs"),
        201,
    )
    .await;
    sandbox.begin_run(id);
    sandbox.hold_runs(false);
    sandbox.annotate_run(id, "drawbridge output digest", "sha256:1");
    sandbox.finish_run(id, "failure");
    annotations(client, id).await;
    let query = "event=workflow_dispatch&branch=main&created=%3E%3D2020-01-01&actor=maya&status=failure&per_page=3";
    get(client, &format!("{workflow}/runs?{query}"), 200).await;
    get(client, &format!("{repo}/actions/runs?{query}"), 200).await;
    get(
        client,
        &format!("{repo}/actions/workflows/none.yml/runs"),
        404,
    )
    .await;
}

/// What a job of a run noted, as one comes to it from the run.
async fn annotations(client: &Client, run: u64) {
    let repo = repo(client);
    let run = client.json(&format!("{repo}/actions/runs/{run}")).await;
    let suite = format!("{repo}/check-suites/{}", run["check_suite_id"]);
    let jobs = format!("{suite}/check-runs?filter=latest&per_page=100&page=1");
    let jobs = client.json(&jobs).await;
    let job = &jobs["check_runs"][0];
    assert_eq!(job["output"]["annotations_count"], 1);
    let job = format!("{repo}/check-runs/{}/annotations", job["id"]);
    let all = client.json(&format!("{job}?per_page=100&page=1")).await;
    assert_eq!(all[0]["message"], "sha256:1");
    get(client, &format!("{repo}/check-suites/1/check-runs"), 404).await;
    get(client, &format!("{repo}/check-runs/1/annotations"), 404).await;
}

async fn statuses(client: &Client) {
    let (repo, sandbox) = (repo(client), &client.sandbox);
    let head = sandbox.branch("main").expect("main is there");
    let url = Some("https://ci.example/1");
    sandbox.report_status(
        &head,
        "ci/other",
        "pending",
        "other-ci",
        url,
        Some("Building"),
    );
    sandbox.report_status(&head, "ci/other", "failure", "other-ci", None, None);
    let ours = format!("{repo}/statuses/{head}");
    let body = json!({ "state": "success", "context": "ours", "description": "Fine", "target_url": "https://x.example" });
    assert_eq!(client.post(&ours, body).await.0, 201);
    assert_eq!(
        client
            .post(
                &ours,
                json!({ "state": "error", "description": "x".repeat(141) })
            )
            .await
            .0,
        422
    );
    get(
        client,
        &format!("{repo}/commits/{head}/status?per_page=1&page=2"),
        200,
    )
    .await;
    get(
        client,
        &format!("{repo}/commits/main/statuses?per_page=1"),
        200,
    )
    .await;
    let pull = sandbox.open_pr(NewPr::by("sam"));
    sandbox.add_label(pull, "fast", "maya");
    sandbox.remove_label(pull, "fast", "maya");
    get(client, &format!("{repo}/pulls/{pull}"), 200).await;
}

async fn branches(client: &Client) {
    let (repo, sandbox) = (repo(client), &client.sandbox);
    let main = sandbox.branch("main").expect("main is there");
    sandbox.push_branch("release/2", &main, "maya");
    let new = NewCommit::signed_by("maya").file("two.txt", "2");
    sandbox.push_to_branch("release/2", new, "maya");
    sandbox.require_checks(
        "main",
        &[("gate", Some(sandbox.app_id())), ("ci/other", None)],
    );
    for path in [
        "branches/main",
        "branches/release%2F2",
        "rules/branches/main",
        "rules/branches/none",
        "compare/main...release%2F2",
        "compare/release%2F2...main?per_page=1&page=2",
    ] {
        get(client, &format!("{repo}/{path}"), 200).await;
    }
    get(client, &format!("{repo}/branches/none"), 404).await;
    get(client, &format!("{repo}/compare/main...none"), 404).await;
    let older = format!("{repo}/branches/main/protection/required_status_checks");
    get(client, &older, 403).await;
    let dispatches = format!("{repo}/dispatches");
    let body = json!({ "event_type": "built", "client_payload": { "digest": "sha256:1" } });
    assert_eq!(client.post(&dispatches, body).await.0, 204);
}

async fn queue(client: &Client) {
    let sandbox = &client.sandbox;
    let pulls: Vec<u64> = (0..3).map(|_| sandbox.open_pr(NewPr::by("maya"))).collect();
    for pull in &pulls {
        sandbox.enqueue(*pull, "maya");
    }
    sandbox.merge_group_finished(pulls[0]);
    sandbox.merge_group_invalidated(pulls[1]);
    sandbox.dequeue(pulls[2], "maya");
}
