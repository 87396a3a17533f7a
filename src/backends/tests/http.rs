//! An HTTP service of the operator's. The examples of `docs/backends/http.md` are what is sent and taken.

use super::*;
use crate::domain::event::{BuildStatus, Conclusion};
use serde_json::json;

const PUBLIC: Option<&str> = Some("https://drawbridge.example.com");
const CONTRACT: &str = include_str!("../../../docs/backends/http.md");

/// The JSON below a heading of the contract.
fn example(heading: &str) -> Value {
    let (_, rest) = CONTRACT.split_once(heading).expect(heading);
    let (_, rest) = rest.split_once("```json\n").expect(heading);
    let (json, _) = rest.split_once("```").expect(heading);
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{heading}: {error}"))
}

fn service(server: &Server) -> Connection {
    Connection::Http(HttpConnection {
        url: format!("{}/jobs", server.url),
        token: Some("hush".into()),
        status_url: Some(format!("{}/jobs/{{id}}/state", server.url)),
    })
}

async fn bakery(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Backend>) {
    let server = Server::start(answer).await;
    let all = backends(&server.url, Some(service(&server)), PUBLIC);
    let backend = all.of(&repo(), &connection("x")).unwrap();
    (server, backend)
}

#[tokio::test]
async fn a_job_is_posted_as_the_contract_says() {
    let (server, backend) = bakery(|_| reply(202, example("### The answer"))).await;
    let a = assignment(connection("x"));
    let started = backend.start(&a).await.unwrap();
    assert_eq!(started.handle, Handle("loaf-17".into()));
    assert_eq!(started.report.status, Some(BuildStatus::Queued));
    assert_eq!(
        started.report.url.as_deref(),
        Some("https://bakery.example.com/loaves/17")
    );
    let seen = server.only();
    let id = job().id();
    assert_eq!(seen.line, "POST /jobs");
    assert_eq!(seen.header("authorization"), "Bearer hush");
    assert_eq!(seen.header("idempotency-key"), id);
    assert_eq!(seen.header("content-type"), "application/json");
    let sent = seen.json();
    // The token of the report is the job's.
    let token = sent["report"]["token"].as_str().unwrap();
    let until = noon() + TimeDelta::minutes(70);
    let tokens = JobTokens::new(&app_key());
    assert_eq!(tokens.verify(token, until), Ok(job()));
    assert_eq!(
        tokens.verify(token, until + TimeDelta::minutes(2)),
        Err(BadToken::Expired)
    );
    // All else stands in the contract, word for word.
    let mut documented = example("### Start");
    documented["id"] = id.into();
    documented["report"]["token"] = token.into();
    assert_eq!(sent, documented);
}

#[tokio::test]
async fn every_report_of_the_contract_is_one() {
    for heading in ["### While it runs", "### At its end"] {
        let report = parse_report(example(heading).to_string().as_bytes());
        report.unwrap_or_else(|error| panic!("{heading}: {error}"));
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_enough() {
    for body in [
        "",
        "ok",
        "[]",
        "{}",
        r#"{"id":null,"url":"javascript:x"}"#,
        r#"{"id":""}"#,
    ] {
        let (_server, backend) = bakery(move |_| reply(202, body)).await;
        let started = backend.start(&assignment(connection("x"))).await.unwrap();
        assert_eq!(started.handle, Handle(job().id()), "{body}");
        assert_eq!(started.report.url, None);
    }
    let (_server, backend) = bakery(|_| reply(200, r#"{"id":17}"#)).await;
    let started = backend.start(&assignment(connection("x"))).await.unwrap();
    assert_eq!(started.handle, Handle("17".into()));
}

#[tokio::test]
async fn what_was_perhaps_taken_is_posted_again_under_the_same_key() {
    let (server, backend) = bakery(|_| reply(202, r#"{"id":"loaf-17"}"#)).await;
    let a = assignment(connection("x"));
    backend.start(&a).await.unwrap();
    let found = backend.find(&a).await.unwrap().unwrap();
    assert_eq!(found.handle, Handle("loaf-17".into()));
    let keys: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.header("idempotency-key").to_owned())
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].len() >= 32);
}

#[tokio::test]
async fn no_is_told_apart_from_not_now() {
    let a = assignment(connection("x"));
    for status in [400, 401, 403, 404, 409, 422, 301, 302, 307] {
        let body = r#"{"message":"no oven for\nrye\u001b[31m"}"#;
        let (server, backend) =
            bakery(move |_| (status, Some(("location", "/elsewhere")), body.to_owned())).await;
        let message = refused(backend.start(&a).await.unwrap_err());
        assert_eq!(
            message,
            format!("x answered {status} while taking the job: no oven for rye[31m")
        );
        // A redirect is not followed: the token is for this address.
        assert_eq!(server.seen().len(), 1);
    }
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let (_server, backend) = bakery(move |_| {
            (
                status,
                Some(("retry-after", "7")),
                "<html>x</html>".to_owned(),
            )
        })
        .await;
        let (message, rest) = transient(backend.start(&a).await.unwrap_err());
        assert_eq!(message, format!("x answered {status} while taking the job"));
        assert_eq!(rest, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn a_service_that_is_away_or_babbles_is_tried_again() {
    let a = assignment(connection("x"));
    let (_server, backend) = bakery(|_| reply(202, "x".repeat(70_000))).await;
    let (message, _) = transient(backend.start(&a).await.unwrap_err());
    assert_eq!(message, "x gave too large an answer while taking the job");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gone = HttpConnection {
        url: url.clone(),
        token: Some("hush".into()),
        status_url: None,
    };
    let all = backends(&url, Some(Connection::Http(gone)), PUBLIC);
    let backend = all.of(&repo(), &connection("x")).unwrap();
    let (message, rest) = transient(backend.start(&a).await.unwrap_err());
    assert_eq!(
        (message.as_str(), rest),
        ("x can't be reached while taking the job", None)
    );
}

#[tokio::test]
async fn its_state_is_asked_for_where_there_is_an_address_for_it() {
    let (server, backend) = bakery(|_| reply(200, example("### At its end"))).await;
    let a = assignment(connection("x"));
    let handle = Handle("loaf 17/../x".into());
    let observed = backend.observe(&a, &handle).await.unwrap();
    assert_eq!(observed.handle, None);
    assert_eq!(
        observed.report.status,
        Some(BuildStatus::Ended(Conclusion::Success))
    );
    let seen = server.only();
    assert_eq!(seen.line, "GET /jobs/loaf%2017%2F%2E%2E%2Fx/state");
    assert_eq!(seen.header("authorization"), "Bearer hush");
    assert!(backend.poll(&handle).is_some());

    let (_server, backend) = bakery(|_| reply(200, r#"{"status":"great"}"#)).await;
    let (message, _) = transient(backend.observe(&a, &handle).await.unwrap_err());
    assert!(message.contains("unknown variant `great`"), "{message}");

    let without = HttpConnection {
        url: "http://127.0.0.1:9".into(),
        token: None,
        status_url: None,
    };
    let all = backends(
        "http://127.0.0.1:9",
        Some(Connection::Http(without)),
        PUBLIC,
    );
    let backend = all.of(&repo(), &connection("x")).unwrap();
    assert_eq!(backend.observe(&a, &handle).await, Ok(Observed::default()));
    assert_eq!(backend.poll(&handle), None);
}

#[tokio::test]
async fn a_job_is_cancelled_and_that_it_is_gone_is_fine() {
    let a = assignment(connection("x"));
    let handle = Handle("loaf-17".into());
    for status in [200, 202, 204, 404, 409, 410] {
        let (server, backend) = bakery(move |_| reply(status, "")).await;
        backend.cancel(&a, &handle).await.unwrap();
        let mut documented = example("### Cancel");
        documented["id"] = job().id().into();
        assert_eq!(server.only().json(), documented);
        // A service that remembers the key of the start must not take this for the start.
        assert_ne!(server.only().header("idempotency-key"), job().id());
    }
    let (_server, backend) = bakery(|_| reply(403, "")).await;
    refused(backend.cancel(&a, &handle).await.unwrap_err());
    assert_eq!(backend.rerun(&a, &handle).await, Ok(None));
}

#[tokio::test]
async fn without_a_public_address_or_the_right_to_it_nothing_is_sent() {
    let (server, _) = bakery(|_| reply(202, "")).await;
    let all = backends(&server.url, Some(service(&server)), None);
    let backend = all.of(&repo(), &connection("x")).unwrap();
    let message = refused(
        backend
            .start(&assignment(connection("x")))
            .await
            .unwrap_err(),
    );
    assert!(message.contains("PUBLIC_URL"), "{message}");
    let mut other = repo();
    other.name = RepoName::parse("evil/engine").unwrap();
    let message = refused(all.of(&other, &connection("x")).err().unwrap());
    assert!(
        message.contains("evil/engine has no connection `x`"),
        "{message}"
    );
    assert!(all.may_use(&repo().name, "x").is_ok());
    assert_eq!(
        all.may_use(&repo().name, "y").unwrap_err(),
        "acme/engine has no connection `y`: it may use `x`"
    );
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_secret_that_a_service_says_back_is_shown_to_nobody() {
    let said = |status| {
        move |seen: &Seen| {
            let text = format!(
                "you sent {} and {}",
                seen.header("authorization"),
                seen.text
            );
            // Only so much of a reason is shown: the body's secret comes early enough in this one.
            let token = seen.json()["report"]["token"].to_string();
            let short = format!("you sent {} and {token}", seen.header("authorization"));
            reply(
                status,
                json!({ "message": short, "title": text, "id": "loaf-17" }),
            )
        }
    };
    for status in [400, 503] {
        let (_server, backend) = bakery(said(status)).await;
        let a = assignment(connection("x"));
        let error = backend.start(&a).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("you sent Bearer *** and "), "{shown}");
        assert!(!shown.contains("hush") && !shown.contains("eyJ"), "{shown}");
    }
    let (_server, backend) = bakery(said(202)).await;
    let started = backend.start(&assignment(connection("x"))).await.unwrap();
    let shown = format!("{started:?}");
    assert!(shown.contains("you sent Bearer *** and "), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
    assert_eq!(started.handle, Handle("loaf-17".into()));
}
