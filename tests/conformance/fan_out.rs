//! Calls of what a fan-out of builds needs, and the webhooks that follow.

use super::sandbox_support::Client;
use reqwest::Method;
use serde_json::{Value, json};

/// Makes them all.
pub async fn call(client: &Client) {
    dispatches(client).await;
}

fn repo(client: &Client) -> String {
    format!("/repos/{}", client.sandbox.full_name())
}

fn name(client: &Client) -> String {
    let full = client.sandbox.full_name();
    full.split('/').next_back().unwrap_or_default().to_owned()
}

/// Gets, and expects this answer.
async fn get(client: &Client, path: &str, expected: u16) {
    let answer = client.request(Method::GET, path, &client.token).send();
    let status = answer.await.expect("an answer").status();
    assert_eq!(status.as_u16(), expected, "{path}");
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
    assert_eq!(
        client.post(&format!("{one}/cancel"), Value::Null).await.0,
        202
    );
    sandbox.hold_runs(true);
    assert_eq!(
        client
            .post(&format!("{one}/rerun-failed-jobs"), Value::Null)
            .await
            .0,
        201
    );
    sandbox.begin_run(id);
    sandbox.hold_runs(false);
    sandbox.finish_run(id, "failure");
    let query = "event=workflow_dispatch&branch=main&created=%3E2020-01-01&actor=maya&status=failure&per_page=3";
    get(client, &format!("{workflow}/runs?{query}"), 200).await;
    get(client, &format!("{repo}/actions/runs?{query}"), 200).await;
    get(
        client,
        &format!("{repo}/actions/workflows/none.yml/runs"),
        404,
    )
    .await;
}
