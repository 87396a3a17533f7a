//! Jobs that never report: their time limit ends them.

use super::{SERVICE_TOKEN, bakery, finish, report, service::Service, town};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_never_reports_fails_by_its_time_limit_and_is_cancelled() {
    let service = Service::start().await;
    let mut town = town(
        bakery(&service.url),
        "bake: {connection: bakery, timeout: 1s}",
    )
    .await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("failure")
        .says("bake: not done within its time limit of 1 s");
    let job = service.start_of("bake");
    assert_eq!(service.starts("bake").len(), 1);
    assert_eq!(service.cancelled(), std::slice::from_ref(&job.key));
    // Its token counts a little longer, so that what was sent in time may come late; it changes nothing.
    let late = json!({ "status": "completed", "conclusion": "success" });
    assert_eq!(report(&town, job.token(), late).await.0, 202);
    town.gate(pr).is("failure");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_with_retries_is_started_again_after_its_time_limit_and_only_so_often() {
    let service = Service::start().await;
    let jobs = "bake: {connection: bakery, timeout: 1s, retries: 2}";
    let mut town = town(bakery(&service.url), jobs).await;
    let pr = town.mirrored_pr().await;
    let starts = service.starts("bake");
    let attempts: Vec<_> = starts
        .iter()
        .map(|start| start.body["attempt"].as_u64())
        .collect();
    assert_eq!(attempts, [Some(1), Some(2), Some(3)]);
    let keys: Vec<_> = starts.iter().map(|start| start.key.clone()).collect();
    assert_eq!(service.cancelled(), keys);
    town.gate(pr)
        .is("failure")
        .says("not done within its time limit of 1 s")
        .says("attempt 3");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_reports_in_time_passes() {
    let service = Service::start().await;
    let jobs = "bake: {connection: bakery, retries: 1}";
    let mut town = town(bakery(&service.url), jobs).await;
    let pr = town.mirrored_pr().await;
    let end = |conclusion: &str| json!({ "status": "completed", "conclusion": conclusion });
    let first = service.start_of("bake");
    report(&town, first.token(), end("startup_failure")).await;
    let second = service.start_of("bake");
    assert_ne!(first.key, second.key);
    town.gate(pr).is("in_progress").says("attempt 2");
    report(&town, second.token(), end("success")).await;
    town.gate(pr).is("success");
    assert_eq!(service.starts("bake").len(), 2);
    finish(town, &[SERVICE_TOKEN]).await;
}
