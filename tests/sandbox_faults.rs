//! The stand-in misbehaves on order, and only then.

mod sandbox_support;

use std::time::Duration;

use drawbridge::sandbox::{Fault, FaultKind, NewPr};
use reqwest::Method;
use sandbox_support::{Client, REPO};
use serde_json::{Value, json};

#[tokio::test]
async fn refusals_carry_what_github_sends_with_them() {
    let client = Client::start().await;
    let order = |kind| {
        client
            .sandbox
            .fault(Fault::once("GET", "/repos/{owner}/{repo}", kind))
    };
    order(FaultKind::Status(500));
    assert_eq!(client.get(REPO).await.status(), 500);
    assert_eq!(client.get(REPO).await.status(), 200, "only once");
    order(FaultKind::Html(502));
    let page = client.get(REPO).await;
    assert_eq!(page.status(), 502);
    assert!(page.text().await.unwrap().starts_with("<html>"));
    order(FaultKind::SecondaryLimit {
        retry_after: Some(7),
    });
    assert_eq!(client.get(REPO).await.headers()["retry-after"], "7");
    order(FaultKind::SecondaryLimit { retry_after: None });
    let silent = client.get(REPO).await;
    assert_eq!(
        (
            silent.status().as_u16(),
            silent.headers().get("retry-after")
        ),
        (403, None)
    );
    order(FaultKind::PrimaryLimit { reset_in_s: 60 });
    assert_eq!(
        client.get(REPO).await.headers()["x-ratelimit-remaining"],
        "0"
    );
    order(FaultKind::MissingPermission);
    assert_eq!(client.get(REPO).await.status(), 403);
    order(FaultKind::WrongJson);
    assert_eq!(client.json(REPO).await["id"], Value::Null);
    order(FaultKind::Delay(Duration::from_millis(5)));
    assert_eq!(client.get(REPO).await.status(), 200);
    assert_eq!(client.sandbox.unmet_faults(), 0);
}

#[tokio::test]
async fn a_lost_answer_was_still_done_and_a_dropped_request_was_not() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let path = format!("{REPO}/issues/{pr}/comments");
    let post = async |kind| {
        client
            .sandbox
            .fault(Fault::once("POST", "*/comments", kind));
        let request = client
            .request(Method::POST, &path, &client.token)
            .json(&json!({ "body": "hello" }));
        match request.send().await {
            Ok(answer) => answer.bytes().await.map(|_| ()).map_err(|_| ()),
            Err(_) => Err(()),
        }
    };
    assert_eq!(post(FaultKind::DropConnection).await, Err(()));
    assert_eq!(client.sandbox.comments(pr).len(), 0);
    assert_eq!(post(FaultKind::AnswerLost).await, Err(()));
    assert_eq!(client.sandbox.comments(pr).len(), 1);
    assert_eq!(post(FaultKind::HalfAnswer).await, Err(()));
    assert_eq!(client.sandbox.comments(pr).len(), 2);
    let exchanges = client.sandbox.exchanges();
    assert_eq!(
        exchanges.iter().filter(|exchange| exchange.faulty).count(),
        3
    );
    assert_eq!(
        exchanges.last().unwrap().route,
        "/repos/{owner}/{repo}/issues/{issue_number}/comments"
    );
    assert_eq!(
        exchanges.last().unwrap().request_body,
        Some(json!({ "body": "hello" }))
    );
}

#[tokio::test]
async fn a_hung_request_goes_on_when_released() {
    let client = Client::start().await;
    client
        .sandbox
        .fault(Fault::once("GET", REPO, FaultKind::Hang));
    let asking = client.get(REPO);
    let releasing = async {
        client
            .sandbox
            .wait_until("the request hangs", |sandbox| sandbox.hung() == 1)
            .await;
        client.sandbox.release_hung();
    };
    let (answer, ()) = tokio::join!(asking, releasing);
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_head_can_move_in_the_middle() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let before = client.sandbox.head(pr);
    let hook = move |sandbox: &drawbridge::sandbox::Sandbox| {
        sandbox.push(pr, vec![]);
    };
    client.sandbox.on_request(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}",
        Box::new(hook),
    );
    let seen = client.json(&format!("{REPO}/pulls/{pr}")).await;
    assert_ne!(seen["head"]["sha"], before.as_str());
    assert_eq!(seen["head"]["sha"], client.sandbox.head(pr).as_str());
}

#[tokio::test]
async fn people_can_drive_it_over_http() {
    let client = Client::start().await;
    let act = async |deed: &str, body: Value| client.post(&format!("/_sandbox/{deed}"), body).await;
    let (status, opened) = act(
        "open-pr",
        json!({ "author": "stranger", "commits": [{ "author": "stranger", "verified": false }] }),
    )
    .await;
    assert_eq!((status, opened["number"].as_u64()), (200, Some(1)));
    assert_eq!(act("push", json!({ "pr": 1 })).await.0, 200);
    assert_eq!(
        act("comment", json!({ "pr": 1, "by": "maya", "body": "/help" }))
            .await
            .0,
        200
    );
    assert_eq!(
        act("finish-build", json!({ "pr": 1 })).await.0,
        422,
        "no build is under way"
    );
    assert_eq!(
        act("close", json!({ "pr": 1, "by": "stranger" })).await.0,
        200
    );
    assert_eq!(
        act("close", json!({ "pr": 1, "by": "stranger", "why": "?" }))
            .await
            .0,
        422,
        "an unknown field"
    );
    let state = client.json("/_sandbox/state").await;
    assert_eq!(state["pull_requests"][0]["open"], false);
    assert_eq!(state["pull_requests"][0]["comments"][0]["body"], "/help");
}

#[tokio::test]
async fn nothing_answers_after_a_shutdown() {
    let client = Client::start().await;
    assert_eq!(client.get(REPO).await.status(), 200);
    let url = client.sandbox.api_url();
    client.sandbox.shutdown().await;
    assert!(client.http.get(url).send().await.is_err());
}
