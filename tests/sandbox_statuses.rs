//! What others say about a commit: labels on its pull request, commit statuses, check runs of other apps.

mod sandbox_support;

use drawbridge::sandbox::{NewCheck, NewPr, Sandbox};
use sandbox_support::{Client, REPO};
use serde_json::{Value, json};

fn last(sandbox: &Sandbox, event: &str) -> Value {
    let all = sandbox.deliveries().into_iter();
    let found = all.rev().find(|one| one.event == event);
    found.expect("one was sent").payload
}

#[tokio::test]
async fn labels_are_put_on_and_taken_off_once() {
    let client = Client::start().await;
    let (first, second) = (
        client.sandbox.open_pr(NewPr::by("sam")),
        client.sandbox.open_pr(NewPr::by("sam")),
    );
    let sent = client.sandbox.deliveries().len();
    client.sandbox.add_label(first, "test:vllm", "vera");
    client.sandbox.add_label(first, "test:vllm", "vera");
    assert_eq!(client.sandbox.deliveries().len(), sent + 1);
    let labeled = last(&client.sandbox, "pull_request");
    assert_eq!(
        (&labeled["action"], &labeled["label"]["name"]),
        (&json!("labeled"), &json!("test:vllm"))
    );
    let pull = client.json(&format!("{REPO}/pulls/{first}")).await;
    assert_eq!(pull["labels"][0]["name"], "test:vllm");
    client.sandbox.add_label(second, "test:vllm", "vera");
    let other = client.json(&format!("{REPO}/pulls/{second}")).await;
    assert_eq!(other["labels"], pull["labels"]);

    client.sandbox.remove_label(first, "test:vllm", "vera");
    let unlabeled = last(&client.sandbox, "pull_request");
    assert_eq!(
        (&unlabeled["action"], &unlabeled["label"]),
        (&json!("unlabeled"), &labeled["label"])
    );
    assert_eq!(unlabeled["pull_request"]["labels"], json!([]));
    let pull = client.json(&format!("{REPO}/pulls/{first}")).await;
    assert_eq!(pull["labels"], json!([]));
}

#[tokio::test]
async fn the_newest_status_of_each_context_counts() {
    let client = Client::start().await;
    let head = client.sandbox.branch("main").unwrap();
    let ours = format!("{REPO}/statuses/{head}");
    let combined = async || {
        let shown = client.json(&format!("{REPO}/commits/main/status")).await;
        (
            shown["state"].as_str().unwrap().to_owned(),
            shown["total_count"].as_u64().unwrap(),
        )
    };
    assert_eq!(combined().await, ("pending".to_owned(), 0));
    let url = Some("https://ci.example/1");
    client.sandbox.report_status(
        &head,
        "ci/jenkins",
        "pending",
        "jenkins",
        url,
        Some("Building"),
    );
    let body =
        json!({ "state": "success", "context": "ours", "description": "Fine", "target_url": null });
    let (status, made) = client.post(&ours, body).await;
    assert_eq!(
        (status, made["creator"]["type"].as_str()),
        (201, Some("Bot"))
    );
    assert_eq!(combined().await, ("pending".to_owned(), 2));
    client
        .sandbox
        .report_status(&head, "ci/jenkins", "error", "jenkins", None, None);
    assert_eq!(combined().await, ("failure".to_owned(), 2));
    client
        .sandbox
        .report_status(&head, "ci/jenkins", "success", "jenkins", None, None);
    assert_eq!(combined().await, ("success".to_owned(), 2));

    let list = client
        .json(&format!("{REPO}/commits/{head}/statuses"))
        .await;
    let states: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["success", "error", "success", "pending"]);
    assert_eq!(list[0]["creator"]["login"], "jenkins");
    let told = last(&client.sandbox, "status");
    assert_eq!(
        (&told["sha"], &told["state"], &told["context"]),
        (&json!(head), &json!("success"), &json!("ci/jenkins"))
    );
    assert_eq!(told["branches"][0]["name"], "main");
    assert_eq!(told["sender"]["login"], "jenkins");
    let views = client.sandbox.statuses(&head);
    assert_eq!((views.len(), views[0].target_url.as_deref()), (4, url));

    assert_eq!(client.post(&ours, json!({ "state": "great" })).await.0, 422);
    let long = json!({ "state": "error", "description": "x".repeat(141) });
    assert_eq!(client.post(&ours, long).await.0, 422);
    let nowhere = format!("{REPO}/statuses/{}", "0".repeat(40));
    assert_eq!(
        client.post(&nowhere, json!({ "state": "error" })).await.0,
        422
    );
    client.sandbox.set_app_permission("statuses", Some("read"));
    assert_eq!(client.post(&ours, json!({ "state": "error" })).await.0, 403);
}

#[tokio::test]
async fn check_runs_of_other_apps_are_told_and_found() {
    let client = Client::start().await;
    let head = client.sandbox.branch("main").unwrap();
    let old = NewCheck::completed(&head, "other-ci", "lint", "failure").on("main");
    client.sandbox.report_check(old);
    let slow = client
        .sandbox
        .report_check(NewCheck::in_progress(&head, "other-ci", "slow"));
    let created = last(&client.sandbox, "check_run");
    assert_eq!(
        (&created["action"], &created["check_run"]["app"]["slug"]),
        (&json!("created"), &json!("other-ci"))
    );
    client.sandbox.complete_check(slow, "success");
    let completed = last(&client.sandbox, "check_run");
    assert_eq!(
        (&completed["action"], &completed["check_run"]["id"]),
        (&json!("completed"), &json!(slow))
    );
    let (_, ours) = client
        .post(
            &format!("{REPO}/check-runs"),
            json!({ "name": "lint", "head_sha": head }),
        )
        .await;

    let app = completed["check_run"]["app"]["id"].as_u64().unwrap();
    for (query, count) in [
        ("", 3),
        ("?check_name=lint", 2),
        ("?status=completed", 2),
        (&format!("?app_id={app}&filter=all"), 2),
        (&format!("?app_id={app}&check_name=lint"), 1),
    ] {
        let found = client
            .json(&format!("{REPO}/commits/{head}/check-runs{query}"))
            .await;
        assert_eq!(found["total_count"], count, "{query}");
    }
    let again = json!({ "name": "lint", "head_sha": head, "conclusion": "success" });
    client.post(&format!("{REPO}/check-runs"), again).await;
    let ours_by = |filter: &str| {
        let app = &ours["app"]["id"];
        format!("{REPO}/commits/{head}/check-runs?app_id={app}&filter={filter}")
    };
    assert_eq!(client.json(&ours_by("all")).await["total_count"], 2);
    let latest = client.json(&ours_by("latest")).await;
    assert_eq!(
        (
            &latest["total_count"],
            &latest["check_runs"][0]["conclusion"]
        ),
        (&json!(1), &json!("success"))
    );
}
