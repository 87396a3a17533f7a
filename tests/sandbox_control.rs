//! The stand-in's own routes, for a demonstration by hand, and GitHub's pages, to look at.

mod sandbox_support;

use drawbridge::sandbox::{NewCommit, NewPr};
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

#[tokio::test]
async fn github_s_pages_show_what_there_is_and_nothing_on_them_acts() {
    let client = Client::start().await;
    let sandbox = &client.sandbox;
    let hostile = "<script>alert(1)</script>";
    let pr = sandbox.open_pr(
        NewPr::by("sam")
            .title(hostile)
            .commit(NewCommit::unsigned_by("sam")),
    );
    sandbox.comment(pr, "vera", &format!("Please **wait**. {hostile}"));
    let head = sandbox.head(pr);
    let check = json!({
        "name": "gate", "head_sha": head, "status": "completed", "conclusion": "action_required",
        "details_url": "http://127.0.0.1:1/r/acme/engine/pull/1",
        "output": { "title": "A maintainer has to read it", "summary": "| job | state |\n|---|---|\n| build | waits |" },
        "actions": [{ "label": "OK to test", "description": "Approve this commit", "identifier": "ok" }],
    });
    let (status, made) = client.post("/repos/acme/engine/check-runs", check).await;
    assert_eq!(status, 201, "{made}");
    let body = json!({ "ref": "main" });
    sandbox.write_file(
        "engine",
        ".github/workflows/build.yml",
        "on: workflow_dispatch",
        "maya",
    );
    assert_eq!(client.post(DISPATCH, body).await.0, 204);
    let run = sandbox.dispatched_runs()[0].run_id;

    let check = made["id"].as_u64().expect("an id");
    for (path, shown) in [
        (
            "/acme/engine".to_owned(),
            vec!["&lt;script&gt;", "action required", "gate"],
        ),
        (
            format!("/acme/engine/pull/{pr}"),
            vec![
                "<strong>wait</strong>",
                "vera",
                &head[..9],
                "A maintainer has to read it",
            ],
        ),
        (
            format!("/acme/engine/runs/{check}"),
            vec![
                "<td>waits</td>",
                "OK to test",
                "View more details on drawbridge",
            ],
        ),
        (
            format!("/acme/engine/actions/runs/{run}"),
            vec!["build.yml", "finish-job"],
        ),
    ] {
        let answer = client
            .http
            .get(format!("{}{path}", sandbox.api_url()))
            .send()
            .await
            .expect("an answer");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .expect("a text")
            .to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let page = answer.text().await.expect("a page");
        for one in shown {
            assert!(page.contains(one), "{path}: no {one} in {page}");
        }
        assert!(!page.contains("<script"), "{path}: {page}");
    }
    for nothing in [
        "/acme/nothing/pull/1",
        "/acme/engine/pull/99",
        "/acme/engine/runs/1",
        "/acme/engine/x",
    ] {
        assert_eq!(client.get(nothing).await.status(), 404, "{nothing}");
    }
}
