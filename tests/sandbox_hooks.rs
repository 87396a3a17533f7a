//! The stand-in's deliveries: signed, in order unless a test wants otherwise, logged, and sent again when asked.

mod sandbox_support;

use drawbridge::sandbox::{NewPr, Permission};
use hmac::{Hmac, Mac};
use reqwest::Method;
use sandbox_support::{Client, Ear, REPO};
use serde_json::{Value, json};
use sha2::Sha256;

#[tokio::test]
async fn deliveries_are_signed_over_the_raw_body() {
    let (client, ear) = (Client::start().await, Ear::open().await);
    client.sandbox.deliver_to(&ear.url);
    client.sandbox.open_pr(NewPr::by("stranger"));
    client.sandbox.deliveries_settled().await;
    let heard = ear.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 1);
    let (headers, body) = &heard[0];
    let mut mac =
        Hmac::<Sha256>::new_from_slice(client.sandbox.webhook_secret().as_bytes()).unwrap();
    mac.update(body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(headers["x-hub-signature-256"].to_str().unwrap(), expected);
    assert_eq!(headers["x-github-event"], "pull_request");
    assert_eq!(headers["content-type"], "application/json");
    let payload: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(payload["action"], "opened");
    assert_eq!(
        payload["installation"]["id"],
        client.sandbox.installation_id()
    );
    assert_eq!(
        payload["pull_request"]["head"]["repo"]["full_name"],
        "stranger/engine"
    );
}

#[tokio::test]
async fn a_mirror_push_starts_a_build_and_its_end_is_told() {
    let (client, ear) = (Client::start().await, Ear::open().await);
    let pr = client.sandbox.open_pr(NewPr::by("maya"));
    client.sandbox.deliver_to(&ear.url);
    let body = json!({ "ref": "refs/heads/pull-request/1", "sha": client.sandbox.head(pr) });
    assert_eq!(client.post(&format!("{REPO}/git/refs"), body).await.0, 201);
    client
        .sandbox
        .finish_build("pull-request/1", "build", "failure");
    client.sandbox.deliveries_settled().await;
    let told: Vec<String> = client
        .sandbox
        .deliveries()
        .into_iter()
        .filter(|delivery| delivery.status == Some(202))
        .map(|delivery| format!("{} {}", delivery.event, delivery.action.unwrap_or_default()))
        .collect();
    let expected = [
        "push ",
        "check_suite requested",
        "workflow_run requested",
        "check_run created",
        "workflow_run in_progress",
        "check_run completed",
        "check_suite completed",
        "workflow_run completed",
    ];
    assert_eq!(told, expected);
    let last = client.sandbox.deliveries().pop().unwrap().payload;
    assert_eq!(last["workflow_run"]["head_branch"], "pull-request/1");
    assert_eq!(last["workflow_run"]["conclusion"], "failure");
}

#[tokio::test]
async fn held_deliveries_go_in_any_order() {
    let (client, ear) = (Client::start().await, Ear::open().await);
    client.sandbox.deliver_to(&ear.url);
    client.sandbox.hold_deliveries(true);
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    client.sandbox.close_pr(pr, "stranger");
    client.sandbox.set_permission("vera", Permission::Write);
    client.sandbox.deliveries_settled().await;
    let held = client.sandbox.held();
    assert_eq!(held.len(), 3);
    assert!(ear.events().is_empty());
    assert_eq!(client.sandbox.deliver(&held[2].guid).await, 202);
    assert_eq!(client.sandbox.deliver(&held[0].guid).await, 202);
    client.sandbox.drop_delivery(&held[1].guid);
    client.sandbox.hold_deliveries(false);
    client.sandbox.deliveries_settled().await;
    assert_eq!(ear.events(), ["member", "pull_request"]);
}

#[tokio::test]
async fn missed_deliveries_are_listed_and_sent_again_with_their_guid() {
    let (client, ear) = (Client::start().await, Ear::open().await);
    for _ in 0..3 {
        client.sandbox.open_pr(NewPr::by("stranger"));
    }
    let app = async |method: Method, path: &str| {
        client
            .request(method, path, &client.jwt(-5, 300))
            .send()
            .await
            .unwrap()
    };
    let page = app(Method::GET, "/app/hook/deliveries?per_page=2").await;
    let link = page.headers()["link"].to_str().unwrap().to_owned();
    let newest: Value = page.json().await.unwrap();
    assert_eq!(newest.as_array().unwrap().len(), 2);
    assert_eq!(newest[0]["status_code"], 502);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let oldest: Value = app(
        Method::GET,
        next.trim_start_matches(&client.sandbox.api_url()),
    )
    .await
    .json()
    .await
    .unwrap();
    assert_eq!(oldest.as_array().unwrap().len(), 1);

    client.sandbox.deliver_to(&ear.url);
    ear.answer.send_replace(500);
    let again = app(
        Method::POST,
        &format!("/app/hook/deliveries/{}/attempts", oldest[0]["id"]),
    )
    .await;
    assert_eq!(again.status(), 202);
    client.sandbox.deliveries_settled().await;
    ear.answer.send_replace(202);
    let guid = oldest[0]["guid"].as_str().unwrap();
    assert_eq!(client.sandbox.redeliver(guid).await, 202);
    let log: Value = app(Method::GET, "/app/hook/deliveries")
        .await
        .json()
        .await
        .unwrap();
    let codes: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["guid"] == guid)
        .map(|item| item["status_code"].clone())
        .collect();
    assert_eq!(codes, [json!(202), json!(500), json!(502)]);
    let heard: Vec<_> = ear
        .heard
        .lock()
        .unwrap()
        .iter()
        .map(|(headers, _)| headers["x-github-delivery"].clone())
        .collect();
    assert_eq!(heard, [guid, guid]);
}

#[tokio::test]
async fn only_the_push_to_an_open_pull_request_synchronises_it() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let before = client.sandbox.head(pr);
    let after = client.sandbox.push(pr, vec![]);
    let last = client.sandbox.deliveries().pop().unwrap();
    assert_eq!(last.action.as_deref(), Some("synchronize"));
    assert_eq!(
        (
            last.payload["before"].as_str(),
            last.payload["after"].as_str()
        ),
        (Some(&*before), Some(&*after))
    );
    client.sandbox.close_pr(pr, "stranger");
    let count = client.sandbox.deliveries().len();
    let unseen = client.sandbox.push(pr, vec![]);
    assert_eq!(client.sandbox.deliveries().len(), count);
    client.sandbox.reopen_pr(pr, "stranger");
    assert_eq!(client.sandbox.head(pr), unseen);
}
