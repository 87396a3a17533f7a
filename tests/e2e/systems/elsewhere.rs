//! Jobs that a workflow of another repository executes, told by `repository_dispatch` and answering by callback.

use super::{Connections, finish, report, town};
use drawbridge::sandbox::FaultKind;
use serde_json::{Value, json};

const DISPATCHES: &str = "/repos/{owner}/{repo}/dispatches";
const DEPLOY: &str = "deploy: {dispatch: {repository: acme/deploy, event: test}, inputs: {STAGE: '${{ pr.number }}'}}";

fn ours(payload: &Value, name: &str) -> String {
    payload["drawbridge"][name]
        .as_str()
        .expect("a text")
        .to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_of_another_repository_is_told_and_answers() {
    let mut town = town(Connections::default(), DEPLOY).await;
    town.github().add_repo("deploy");
    let pr = town.mirrored_pr().await;
    let sent = town.github().repository_dispatches();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(
        (sent[0].repo.as_str(), sent[0].event_type.as_str()),
        ("acme/deploy", "test")
    );
    let payload = &sent[0].client_payload;
    assert_eq!(payload["sha"], town.head(pr));
    assert_eq!(payload["inputs"], json!({ "STAGE": pr.to_string() }));
    assert!(ours(payload, "report_url").ends_with("/api/jobs/report"));
    let token = ours(payload, "token");
    town.gate(pr).is("in_progress").says("Waiting for deploy");
    report(
        &town,
        &token,
        json!({ "status": "in_progress", "title": "rolling out" }),
    )
    .await;
    town.gate(pr).is("in_progress").says("rolling out");
    let url = "https://github.com/acme/deploy/actions/runs/7";
    report(
        &town,
        &token,
        json!({ "status": "completed", "conclusion": "success", "url": url }),
    )
    .await;
    town.gate(pr)
        .is("success")
        .says(&format!("[`deploy`](<{url}>)"));
    finish(town, &[&token]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_makes_a_second_event_of_the_same_job() {
    let mut town = town(Connections::default(), DEPLOY).await;
    town.github().add_repo("deploy");
    town.fault("POST", DISPATCHES, FaultKind::AnswerLost);
    let pr = town.mirrored_pr().await;
    let sent = town.github().repository_dispatches();
    let ids: Vec<_> = sent
        .iter()
        .map(|sent| ours(&sent.client_payload, "id"))
        .collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    // Either of them may answer.
    let token = ours(&sent[0].client_payload, "token");
    report(
        &town,
        &token,
        json!({ "status": "completed", "conclusion": "failure" }),
    )
    .await;
    town.gate(pr).is("failure");
    finish(town, &[&token]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_without_the_app_fails_the_job_with_that_reason() {
    let mut town = town(Connections::default(), DEPLOY).await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("failure")
        .says("it does not exist, or the app is not installed on it");
    finish(town, &[]).await;
}
