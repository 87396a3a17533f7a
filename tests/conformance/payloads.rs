//! Every payload that GitHub publishes as an example, signed and delivered to the running app.

use super::npm::{self, EXAMPLES};
use super::settle;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::playground::Playground;
use drawbridge::sandbox::{NewCommit, NewPr, Options, Visibility};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many examples this version of the package has: a test of fewer would prove less than it says.
const COUNT: usize = 329;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_github_is_accepted_and_the_app_goes_on() {
    let Some(examples) = npm::read(&EXAMPLES) else {
        return;
    };
    let panics = count_panics();
    let playground = Playground::start(Options::default())
        .await
        .expect("both start");
    let github = &playground.github;
    github.add_org_member("mel", Visibility::Private);
    github.write_file(
        "engine",
        ".github/drawbridge.yaml",
        "enabled: true\n",
        "maya",
    );
    settle(&playground).await;

    let (mut sent, mut wrong) = (0, Vec::new());
    for event in examples.as_array().expect("a list") {
        let name = event["name"].as_str().expect("a name");
        for (index, payload) in event["examples"]
            .as_array()
            .expect("examples")
            .iter()
            .enumerate()
        {
            let (status, answer) = post(&playground, name, payload).await;
            sent += 1;
            if status != 202 || answer.contains("set aside") {
                wrong.push(format!("{name} {index}: {status} {}", answer.trim()));
            }
        }
    }
    assert_eq!((sent, wrong), (COUNT, Vec::new()));
    settle(&playground).await;

    let commit = NewCommit::signed_by("mel").file("src/lib.rs", "faster");
    let pull = github.open_pr(NewPr::by("mel").commit(commit));
    settle(&playground).await;
    let head = github.head(pull);
    assert_eq!(
        github.branch(&format!("pull-request/{pull}")),
        Some(head.clone())
    );
    assert!(github.check(&head, GATE_NAME).is_some());
    playground.stop().await.expect("both stop");
    assert_eq!(
        panics.load(Ordering::SeqCst),
        0,
        "something panicked; see above"
    );
}

async fn post(playground: &Playground, event: &str, payload: &Value) -> (u16, String) {
    let body = payload.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(playground.github.webhook_secret().as_bytes())
        .expect("any key");
    mac.update(body.as_bytes());
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let answer = client
        .post(playground.app().webhook_url())
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", uuid::Uuid::new_v4().to_string())
        .header(
            "x-hub-signature-256",
            format!("sha256={}", hex::encode(mac.finalize().into_bytes())),
        )
        .body(body)
        .send()
        .await
        .expect("an answer");
    (
        answer.status().as_u16(),
        answer.text().await.expect("a text"),
    )
}

/// Counts the panics of this process from now on: a worker's is caught, and only logged.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counting, before) = (count.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        counting.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    count
}
