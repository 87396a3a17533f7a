//! The stand-in's own routes, for a demonstration by hand.

mod sandbox_support;

use drawbridge::sandbox::NewPr;
use sandbox_support::Client;
use serde_json::json;

const DISPATCH: &str = "/repos/acme/engine/actions/workflows/build.yml/dispatches";

#[tokio::test]
async fn a_hand_on_the_control_routes_sees_and_ends_dispatched_runs() {
    let client = Client::start().await;
    let file = "on:\n  workflow_dispatch:\n    inputs: { framework: { type: string } }\n";
    let sandbox = &client.sandbox;
    sandbox.write_file("engine", ".github/workflows/build.yml", file, "maya");
    let body = json!({ "ref": "main", "inputs": { "framework": "vllm" } });
    assert_eq!(client.post(DISPATCH, body.clone()).await.0, 204);
    let listed = client.json("/_sandbox/dispatched").await;
    let shown = json!(client.sandbox.dispatched_runs());
    assert_eq!(
        (listed.as_array().map(Vec::len), &listed),
        (Some(1), &shown)
    );
    let run = &listed[0]["run_id"];
    let finish = json!({ "run": run, "conclusion": "failure" });
    assert_eq!(
        client.post("/_sandbox/finish-run", finish.clone()).await.0,
        200
    );
    assert_eq!(client.post("/_sandbox/finish-run", finish).await.0, 422);
    let ended = client.json("/_sandbox/dispatched").await;
    assert_eq!(ended[0]["conclusion"], "failure");

    assert_eq!(
        client
            .post("/_sandbox/hold-runs", json!({ "hold": true }))
            .await
            .0,
        200
    );
    assert_eq!(
        client
            .post("/_sandbox/auto-finish", json!({ "conclusion": "success" }))
            .await
            .0,
        200
    );
    assert_eq!(client.post(DISPATCH, body).await.0, 204);
    let waiting = client.json("/_sandbox/dispatched").await[1].clone();
    assert_eq!(waiting["status"], "queued");
    let begin = json!({ "run": waiting["run_id"] });
    assert_eq!(client.post("/_sandbox/begin-run", begin).await.0, 200);
    let ended = client.json("/_sandbox/dispatched").await;
    assert_eq!(ended[1]["conclusion"], "success");

    let pr = client.sandbox.open_pr(NewPr::by("maya"));
    let label = json!({ "pr": pr, "label": "fast", "by": "maya" });
    let status = json!({ "pr": pr, "context": "ci", "state": "success", "by": "jenkins" });
    let queue = json!({ "pr": pr, "by": "maya" });
    let merged = json!({ "pr": pr, "by": "maya", "reason": "merged" });
    for (deed, body) in [
        ("label", &label),
        ("unlabel", &label),
        ("report-status", &status),
        ("enqueue", &queue),
        ("leave-queue", &merged),
    ] {
        let (status, answer) = client
            .post(&format!("/_sandbox/{deed}"), body.clone())
            .await;
        assert_eq!(status, 200, "{deed}: {answer}");
    }
    assert!(!client.sandbox.is_open(pr));
}
