//! Workflows that a request starts: what GitHub refuses, what it answers, and what it tells as the run goes on.

mod sandbox_support;

use std::collections::BTreeMap;

use drawbridge::sandbox::{NewCommit, NewPr};
use sandbox_support::{Client, Ear, REPO};
use serde_json::{Value, json};

const BUILD: &str = "\
name: Build
run-name: Build ${{ inputs.framework }} for ${{ inputs.arch }}
on:
  push:
  workflow_dispatch:
    inputs:
      framework: { required: true, type: string }
      arch: { default: amd64, type: choice, options: [amd64, arm64] }
jobs:
  image:
    name: Image
    runs-on: ubuntu-latest
";

const DISPATCH: &str = "/repos/acme/engine/actions/workflows/build.yml/dispatches";

async fn with_workflow() -> Client {
    let client = Client::start().await;
    let sandbox = &client.sandbox;
    sandbox.write_file("engine", ".github/workflows/build.yml", BUILD, "maya");
    sandbox.write_file("engine", ".github/workflows/lint.yml", "on: push", "maya");
    client
}

fn inputs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    owned.collect()
}

#[tokio::test]
async fn a_dispatch_answers_with_the_run_and_runs_the_branch_as_it_is() {
    let client = with_workflow().await;
    let head = client.sandbox.loose_commit(NewCommit::signed_by("mel"));
    client.sandbox.push_branch("pull-request/7", &head, "maya");
    let body = json!({ "ref": "pull-request/7", "inputs": { "framework": "vllm" }, "return_run_details": true });
    let (status, answer) = client.post(DISPATCH, body).await;
    assert_eq!(status, 200);
    let id = answer["workflow_run_id"].as_u64().unwrap();
    assert!(
        answer["run_url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("{REPO}/actions/runs/{id}"))
    );

    let run = client.json(&format!("{REPO}/actions/runs/{id}")).await;
    assert_eq!(run["event"], "workflow_dispatch");
    assert_eq!(run["name"], "Build");
    assert_eq!(run["path"], ".github/workflows/build.yml");
    assert_eq!(run["display_title"], "Build vllm for amd64");
    assert_eq!(run["head_branch"], "pull-request/7");
    assert_eq!(run["head_sha"], *head);
    let view = client.sandbox.dispatched_runs().pop().unwrap();
    assert_eq!((view.run_id, view.workflow.as_str()), (id, "build.yml"));
    assert_eq!(
        (view.reference.as_str(), view.sha),
        ("pull-request/7", head)
    );
    assert_eq!(view.inputs, inputs(&[("framework", "vllm")]));
    assert_eq!(
        (view.status.as_str(), view.conclusion),
        ("in_progress", None)
    );
}

#[tokio::test]
async fn an_older_server_answers_nothing_and_the_run_is_found_in_the_list() {
    let client = with_workflow().await;
    client.sandbox.set_run_details(false);
    let body = json!({ "ref": "main", "inputs": { "framework": "x" }, "return_run_details": true });
    assert_eq!(client.post(DISPATCH, body).await, (204, Value::Null));
    let main = client.sandbox.branch("main").unwrap();
    let list = format!("{REPO}/actions/workflows/build.yml/runs");
    let query =
        format!("event=workflow_dispatch&branch=main&head_sha={main}&created=%3E%3D2020-01-01");
    let found = client.json(&format!("{list}?{query}")).await;
    assert_eq!(found["total_count"], 1);
    let id = found["workflow_runs"][0]["workflow_id"].as_u64().unwrap();
    let by_id = client
        .json(&format!("{REPO}/actions/workflows/{id}/runs"))
        .await;
    assert_eq!(by_id["workflow_runs"], found["workflow_runs"]);
    for (path, count) in [
        (format!("{list}?event=push"), 0),
        (format!("{list}?created=%3C2020-01-01"), 0),
        (format!("{REPO}/actions/workflows/lint.yml/runs"), 0),
        (format!("{REPO}/actions/runs?event=workflow_dispatch"), 1),
    ] {
        assert_eq!(client.json(&path).await["total_count"], count, "{path}");
    }
    let unknown = format!("{REPO}/actions/workflows/nothing.yml/runs");
    assert_eq!(client.get(&unknown).await.status(), 404);
}

#[tokio::test]
async fn a_dispatch_that_does_not_fit_the_workflow_is_refused() {
    let client = with_workflow().await;
    let stale = client
        .sandbox
        .loose_commit(NewCommit::signed_by("mel").file(".github/workflows/build.yml", "on: push"));
    client.sandbox.push_branch("stale", &stale, "maya");
    let many: BTreeMap<_, _> = (0..26).map(|n| (format!("i{n}"), "x")).collect();
    let good = json!({ "framework": "vllm" });
    for (file, reference, sent, expected) in [
        (
            "build.yml",
            "nowhere",
            good.clone(),
            "No ref found for: nowhere",
        ),
        (
            "build.yml",
            "stale",
            good.clone(),
            "Workflow does not have 'workflow_dispatch' trigger",
        ),
        (
            "lint.yml",
            "main",
            json!({}),
            "Workflow does not have 'workflow_dispatch' trigger",
        ),
        (
            "build.yml",
            "main",
            json!({ "framework": "a", "x": "y" }),
            "Unexpected inputs provided: [\"x\"]",
        ),
        (
            "build.yml",
            "main",
            json!({}),
            "Required input 'framework' not provided",
        ),
        (
            "build.yml",
            "main",
            json!({ "framework": "a", "arch": "sparc" }),
            "Provided value 'sparc' for input 'arch' not in the list of allowed values",
        ),
        (
            "build.yml",
            "main",
            json!({ "framework": 1 }),
            "Invalid request.\n\nFor 'properties/framework', 1 is not a string.",
        ),
        (
            "build.yml",
            "main",
            json!(many),
            "Invalid request.\n\nNo more than 25 properties are allowed; 26 were supplied.",
        ),
    ] {
        let path = format!("{REPO}/actions/workflows/{file}/dispatches");
        let (status, answer) = client
            .post(&path, json!({ "ref": reference, "inputs": sent }))
            .await;
        assert_eq!((status, answer["message"].as_str()), (422, Some(expected)));
    }
    // Only what the default branch has can be dispatched.
    let new = client.sandbox.loose_commit(
        NewCommit::signed_by("mel").file(".github/workflows/new.yml", "on: workflow_dispatch"),
    );
    client.sandbox.push_branch("topic", &new, "mel");
    let path = format!("{REPO}/actions/workflows/new.yml/dispatches");
    assert_eq!(client.post(&path, json!({ "ref": "topic" })).await.0, 404);
    client.sandbox.set_app_permission("actions", Some("read"));
    assert_eq!(
        client
            .post(DISPATCH, json!({ "ref": "main", "inputs": good }))
            .await
            .0,
        403
    );
    assert!(client.sandbox.dispatched_runs().is_empty());
}

#[tokio::test]
async fn a_held_run_waits_is_begun_cancelled_and_run_again() {
    let (client, ear) = (with_workflow().await, Ear::open().await);
    let pr = client.sandbox.open_pr(NewPr::by("maya"));
    client
        .sandbox
        .push_branch("pull-request/1", &client.sandbox.head(pr), "maya");
    client.sandbox.deliver_to(&ear.url);
    client.sandbox.hold_runs(true);
    let body = json!({ "ref": "refs/heads/pull-request/1", "inputs": { "framework": "vllm" }, "return_run_details": true });
    let (_, answer) = client.post(DISPATCH, body).await;
    let id = answer["workflow_run_id"].as_u64().unwrap();
    let state = || {
        let view = client.sandbox.dispatched_runs().pop().unwrap();
        (view.status, view.conclusion, view.attempt)
    };
    assert_eq!(state(), ("queued".to_owned(), None, 1));
    client.sandbox.begin_run(id);
    assert_eq!(state(), ("in_progress".to_owned(), None, 1));
    let one = format!("{REPO}/actions/runs/{id}");
    assert_eq!(
        client.post(&format!("{one}/cancel"), Value::Null).await.0,
        202
    );
    assert_eq!(
        state(),
        ("completed".to_owned(), Some("cancelled".to_owned()), 1)
    );
    assert_eq!(
        client
            .post(&format!("{one}/rerun-failed-jobs"), Value::Null)
            .await
            .0,
        201
    );
    assert_eq!(state(), ("queued".to_owned(), None, 2));

    let again = client.json(&one).await;
    assert!(again["run_started_at"].as_str() > again["created_at"].as_str());
    assert!(
        again["previous_attempt_url"]
            .as_str()
            .unwrap()
            .ends_with("/attempts/1")
    );

    client.sandbox.deliveries_settled().await;
    let told: Vec<String> = client
        .sandbox
        .deliveries()
        .into_iter()
        .filter(|one| one.status.is_some())
        .map(|one| format!("{} {}", one.event, one.action.unwrap_or_default()))
        .collect();
    let expected = [
        "workflow_run requested",
        "check_run created",
        "workflow_job queued",
        "workflow_job in_progress",
        "workflow_run in_progress",
        "check_run completed",
        "check_suite completed",
        "workflow_job completed",
        "workflow_run completed",
        "workflow_run requested",
        "check_run created",
        "workflow_job queued",
    ];
    assert_eq!(told, expected);
    let job = client.sandbox.deliveries().pop().unwrap().payload["workflow_job"].clone();
    assert_eq!(
        (job["run_id"].as_u64(), job["run_attempt"].as_u64()),
        (Some(id), Some(2))
    );
    assert_eq!(
        (&job["name"], &job["workflow_name"]),
        (&json!("Image"), &json!("Build"))
    );
    assert_eq!(job["head_branch"], "pull-request/1");
}

#[tokio::test]
async fn runs_may_end_by_themselves() {
    let client = with_workflow().await;
    client.sandbox.set_auto_finish(Some("success"));
    for _ in 0..3 {
        let body = json!({ "ref": "main", "inputs": { "framework": "vllm" } });
        assert_eq!(client.post(DISPATCH, body).await.0, 204);
    }
    let ended = client.sandbox.dispatched_runs();
    assert_eq!(ended.len(), 3);
    assert!(
        ended
            .iter()
            .all(|run| run.conclusion.as_deref() == Some("success"))
    );
    client.sandbox.set_auto_finish(None);
    client
        .post(
            DISPATCH,
            json!({ "ref": "main", "inputs": { "framework": "x" } }),
        )
        .await;
    let open = client.sandbox.dispatched_runs().pop().unwrap();
    client.sandbox.finish_run(open.run_id, "failure");
    let ended = client.sandbox.dispatched_runs().pop().unwrap();
    assert_eq!(ended.conclusion.as_deref(), Some("failure"));
}
