//! GitLab, in the shapes of its documentation.

use super::*;
use crate::domain::event::{BuildStatus, Conclusion};
use serde_json::json;

fn pipeline(id: u64, status: &str) -> Value {
    json!({
        "id": id, "iid": 4, "project_id": 1, "sha": "c".repeat(40), "ref": "main", "status": status, "source": "trigger",
        "created_at": "2026-03-04T12:00:01.000Z", "web_url": format!("https://gitlab.example.com/acme/kiln/-/pipelines/{id}"),
        "detailed_status": { "text": status },
    })
}

async fn kiln(
    webhook_token: Option<&str>,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Backend>) {
    let server = Server::start(answer).await;
    let connection_ = Connection::GitLab(GitLabConnection {
        url: server.url.clone(),
        project: "acme/kiln".into(),
        reference: "main".into(),
        trigger_token: "trigger-hush".into(),
        api_token: "api-hush".into(),
        webhook_token: webhook_token.map(Into::into),
    });
    let all = backends(&server.url, Some(connection_), None);
    let backend = all.of(&repo(), &connection("x")).unwrap();
    (server, backend)
}

fn form(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn a_pipeline_is_triggered_with_inputs_and_our_own_variables() {
    let (server, backend) = kiln(None, |_| reply(201, pipeline(61, "created"))).await;
    let mut a = assignment(connection("x"));
    let started = backend.start(&a).await.unwrap();
    assert_eq!(started.handle, Handle("61".into()));
    assert_eq!(started.report.status, Some(BuildStatus::Queued));
    assert_eq!(
        started.report.url.as_deref(),
        Some("https://gitlab.example.com/acme/kiln/-/pipelines/61")
    );
    let seen = server.only();
    assert_eq!(
        seen.line,
        "POST /api/v4/projects/acme%2Fkiln/trigger/pipeline"
    );
    assert_eq!(
        seen.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    // The trigger token alone is enough.
    assert_eq!(seen.header("private-token"), "");
    let sent = form(&seen.text);
    let variable = |name: &str| sent[&format!("variables[{name}]")].as_str();
    assert_eq!(
        (sent["token"].as_str(), sent["ref"].as_str()),
        ("trigger-hush", "main")
    );
    assert_eq!(variable("FLOUR"), "rye & more");
    assert_eq!(variable("DRAWBRIDGE_ID"), job().id());
    assert_eq!(JobRef::decode(variable("DRAWBRIDGE_JOB")), Some(job()));
    assert_eq!(variable("DRAWBRIDGE_SHA"), "a".repeat(40));
    assert_eq!(variable("DRAWBRIDGE_BRANCH"), "pull-request/7");
    assert_eq!(variable("DRAWBRIDGE_REPOSITORY"), "acme/engine");
    assert_eq!(variable("DRAWBRIDGE_PR"), "7");
    assert_eq!(sent.len(), 9);

    a.reference = Some("release/1 2".into());
    backend.start(&a).await.unwrap();
    assert_eq!(form(&server.seen()[1].text)["ref"], "release/1 2");
}

#[tokio::test]
async fn an_input_can_not_take_the_place_of_ours_or_break_the_form() {
    let (server, backend) = kiln(None, |_| reply(201, pipeline(61, "created"))).await;
    for name in ["DRAWBRIDGE_SHA", "a-b", "a]", "", "é"] {
        let mut a = assignment(connection("x"));
        a.inputs = BTreeMap::from([(name.to_owned(), String::new())]);
        let message = refused(backend.start(&a).await.unwrap_err());
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn gitlab_s_own_reason_is_told() {
    let (_server, backend) = kiln(None, |_| {
        reply(400, r#"{"message":{"base":["Reference not found"]}}"#)
    })
    .await;
    let message = refused(
        backend
            .start(&assignment(connection("x")))
            .await
            .unwrap_err(),
    );
    assert_eq!(
        message,
        r#"x answered 400 while starting the pipeline: {"base":["Reference not found"]}"#
    );
    let (_server, backend) = kiln(None, |_| reply(503, "GitLab is not responding")).await;
    let (message, _) = transient(
        backend
            .start(&assignment(connection("x")))
            .await
            .unwrap_err(),
    );
    assert!(message.contains("503"), "{message}");
}

#[tokio::test]
async fn a_pipeline_is_asked_for_cancelled_and_retried() {
    let a = assignment(connection("x"));
    let handle = Handle("61".into());
    let (server, backend) = kiln(None, |seen| match seen.line.as_str() {
        "GET /api/v4/projects/acme%2Fkiln/pipelines/61" => reply(200, pipeline(61, "failed")),
        "POST /api/v4/projects/acme%2Fkiln/pipelines/61/cancel" => {
            reply(200, pipeline(61, "canceled"))
        }
        "POST /api/v4/projects/acme%2Fkiln/pipelines/61/retry" => {
            reply(201, pipeline(61, "failed"))
        }
        _ => reply(404, r#"{"message":"404 Not found"}"#),
    })
    .await;
    let observed = backend.observe(&a, &handle).await.unwrap();
    assert_eq!(
        observed.report.status,
        Some(BuildStatus::Ended(Conclusion::Failure))
    );
    backend.cancel(&a, &handle).await.unwrap();
    let again = backend.rerun(&a, &handle).await.unwrap().unwrap();
    assert_eq!(again.handle, handle);
    assert_eq!(again.report.status, Some(BuildStatus::Queued));
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("private-token") == "api-hush")
    );

    let gone = Handle("62".into());
    backend.cancel(&a, &gone).await.unwrap();
    assert_eq!(backend.rerun(&a, &gone).await, Ok(None));
    let message = refused(backend.observe(&a, &gone).await.unwrap_err());
    assert_eq!(message, "x has no pipeline 62 any more");
    refused(
        backend
            .observe(&a, &Handle("../1".into()))
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn a_pipeline_whose_start_was_not_answered_is_found_by_its_variable() {
    let a = assignment(connection("x"));
    let ours = job().id();
    let (server, backend) = kiln(None, move |seen| {
        if seen.line.contains("/pipelines?") {
            return reply(
                200,
                json!([pipeline(63, "running"), pipeline(62, "pending")]),
            );
        }
        let mine = seen.line.contains("/pipelines/62/variables");
        let value = if mine { ours.as_str() } else { "another" };
        reply(
            200,
            json!([{ "key": "FLOUR", "value": "x" }, { "key": "DRAWBRIDGE_ID", "value": value }]),
        )
    })
    .await;
    let found = backend.find(&a).await.unwrap().unwrap();
    assert_eq!(found.handle, Handle("62".into()));
    assert_eq!(
        server.seen()[0].line,
        "GET /api/v4/projects/acme%2Fkiln/pipelines?source=trigger&ref=main&updated_after=2026%2D03%2D04T11%3A50%3A00Z\
         &order_by=id&sort=desc&per_page=100&page=1"
    );

    let (_server, backend) = kiln(None, |seen| {
        if seen.line.contains("/pipelines?") {
            reply(200, json!([pipeline(63, "running")]))
        } else {
            reply(200, "[]")
        }
    })
    .await;
    assert_eq!(backend.find(&a).await, Ok(None));

    let (_server, backend) = kiln(None, |_| reply(502, "")).await;
    transient(backend.find(&a).await.unwrap_err());
}

#[tokio::test]
async fn it_is_asked_less_often_where_its_webhook_tells() {
    let (_server, without) = kiln(None, |_| reply(500, "")).await;
    let (_server, with) = kiln(Some("hook-hush"), |_| reply(500, "")).await;
    let handle = Handle("61".into());
    assert!(without.poll(&handle).unwrap() < with.poll(&handle).unwrap());
}

#[tokio::test]
async fn a_retried_pipeline_does_not_end_by_what_had_ended_before() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    let (asked, told) = (Arc::new(AtomicU32::new(0)), "2026-03-04T11:00:00.000Z");
    let count = asked.clone();
    let (_server, backend) = kiln(None, move |seen| {
        let retried = seen.line.ends_with("/retry");
        let end = match count.fetch_add(1, SeqCst) {
            // Before the retry, its answer, and a moment after it.
            0..=2 => told,
            _ => "2026-03-04T12:00:00.000Z",
        };
        let mut shown = pipeline(61, "failed");
        shown["finished_at"] = end.into();
        reply(if retried { 201 } else { 200 }, shown)
    })
    .await;
    let a = assignment(connection("x"));
    let again = backend.rerun(&a, &Handle("61".into())).await.unwrap();
    let handle = again.unwrap().handle;
    let observed = backend.observe(&a, &handle).await.unwrap();
    assert_eq!(observed.report.status, None);
    let observed = backend.observe(&a, &handle).await.unwrap();
    assert_eq!(
        observed.report.status,
        Some(BuildStatus::Ended(Conclusion::Failure))
    );
    assert_eq!(asked.load(SeqCst), 4);
}

#[tokio::test]
async fn a_secret_that_gitlab_says_back_is_shown_to_nobody() {
    let echo = |seen: &Seen| {
        let sent = format!("{} {}", seen.header("private-token"), seen.text);
        reply(400, json!({ "message": sent }))
    };
    let (_server, backend) = kiln(None, echo).await;
    let a = assignment(connection("x"));
    for error in [
        backend.start(&a).await.unwrap_err(),
        backend.observe(&a, &Handle("61".into())).await.unwrap_err(),
    ] {
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("***") && !shown.contains("hush"), "{shown}");
    }
}
