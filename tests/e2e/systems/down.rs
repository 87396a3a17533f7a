//! Backends that are down, or say no.

use super::service::{Mood, Service};
use super::{SERVICE_TOKEN, bakery, finish, gate_becomes, gate_shows, report, town};
use drawbridge::sandbox::NewPr;
use serde_json::json;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_asks_for_patience_gets_it_and_nobody_else_waits() {
    let service = Service::start().await;
    service.is(Mood::Down(503, 2, "the oven is being cleaned"));
    let mut town = town(
        bakery(&service.url),
        "bake: {connection: bakery, labels: bread}",
    )
    .await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    town.github().add_label(pr, "bread", "vera");
    let words = "bakery answered 503 while taking the job: the oven is being cleaned";
    gate_shows(&town, &head, "in_progress", words).await;
    let (began, before) = (Instant::now(), service.posts().len());
    let other = town.github().open_pr(NewPr::by("mel"));
    gate_becomes(&town, &town.head(other), "success").await;
    // It was asked to wait two seconds each time, and does.
    let posts = service.posts();
    let lawful = before + 1 + usize::try_from(began.elapsed().as_secs() / 2).expect("a short time");
    assert!(posts.len() <= lawful, "{posts:#?}");
    service.is(Mood::Well);
    service
        .wait_until("it is started", |s| !s.starts("bake").is_empty())
        .await;
    town.settle().await;
    town.gate(pr).is("in_progress").does_not_say("503");
    let keys: std::collections::BTreeSet<_> = service.posts().into_iter().map(|p| p.key).collect();
    assert_eq!(keys.len(), 1, "one start, however often it was posted");
    let job = service.start_of("bake");
    report(
        &town,
        job.token(),
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr).is("success");
    town.mirrored(pr);
    town.mirrored(other);
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_says_no_fails_the_job_with_its_reason() {
    let service = Service::start().await;
    service.is(Mood::Down(422, 0, "no @acme/core <b>flour</b> today"));
    let mut town = town(
        bakery(&service.url),
        "bake: {connection: bakery, retries: 3}",
    )
    .await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("failure")
        .says("bakery answered 422 while taking the job")
        .says("flour");
    assert_eq!(service.posts().len(), 1, "it is not asked again by itself");
    let asked = town.comment(pr, "sam", "/status").await;
    town.answer(pr, asked)
        .does_not_say("@acme")
        .does_not_say("<b>");
    service.is(Mood::Well);
    town.comment(pr, "vera", "/retest").await;
    assert_eq!(service.starts("bake").len(), 1);
    town.gate(pr).is("in_progress").does_not_say("422");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_hangs_holds_up_neither_a_push_nor_other_pull_requests() {
    let service = Service::start().await;
    service.is(Mood::Silent);
    let mut town = town(
        bakery(&service.url),
        "bake: {connection: bakery, labels: bread}",
    )
    .await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.github().add_label(pr, "bread", "vera");
    service
        .wait_until("it is asked", |s| !s.posts().is_empty())
        .await;
    let other = town.github().open_pr(NewPr::by("mel"));
    gate_becomes(&town, &town.head(other), "success").await;
    // The new head is mirrored while the old one's job hangs, and its job has its turn after that.
    let first = service.posts().remove(0).key;
    let old = town.head(pr);
    let head = town.github().push(pr, Vec::new());
    town.github()
        .wait_until("the new head is mirrored", |g| {
            g.branch(&format!("pull-request/{pr}")).as_ref() == Some(&head)
        })
        .await;
    service.is(Mood::Well);
    service
        .wait_until("the old job is cancelled", |s| {
            s.cancelled().contains(&first)
        })
        .await;
    town.settle().await;
    town.allow(pr, &old);
    let job = service.start_of("bake");
    assert_eq!(job.body["sha"], head);
    report(
        &town,
        job.token(),
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr).is("success");
    town.mirrored(pr);
    town.mirrored(other);
    finish(town, &[SERVICE_TOKEN]).await;
}
