//! What jobs and GitLab tell the server.

use super::process::{Bench, Serving, read};
use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::backends::JobTokens;
use drawbridge::domain::ids::{PrNumber, RepoId, RunSubject};
use drawbridge::domain::run::JobRef;
use drawbridge::github::AppKey;
use reqwest::RequestBuilder;
use serde_json::json;
use std::process::Command;

const REPORT: &str = r#"{"status":"in_progress"}"#;

fn token(bench: &Bench, expires: DateTime<Utc>) -> String {
    let key = AppKey::parse(&bench.github.private_key_pem()).expect("a key");
    let job = JobRef {
        repo: RepoId(1),
        subject: RunSubject::Pull(PrNumber(7)),
        pipeline: "backends".to_owned(),
        run: 1,
        since: DateTime::UNIX_EPOCH,
        job: "bakery".to_owned(),
        attempt: 1,
    };
    let now = Utc::now();
    JobTokens::new(&key)
        .sign(&job, now, expires)
        .expect("a token")
}

fn live(bench: &Bench) -> String {
    token(bench, Utc::now() + TimeDelta::hours(1))
}

fn report(serving: &Serving, token: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = serving
        .http
        .post(serving.url("/api/jobs/report"))
        .body(body);
    request.header("authorization", format!("Bearer {token}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_taken_once_and_its_repetition_is_fine() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let token = live(&bench);
    let (status, answer) = read(report(&serving, &token, REPORT)).await;
    assert_eq!(status, 202, "{answer}");
    assert!(answer.contains("recorded"), "{answer}");
    let (status, answer) = read(report(&serving, &token, REPORT)).await;
    assert_eq!(status, 202);
    assert!(answer.contains("already accepted"), "{answer}");
    // A key of its own makes it another one.
    let again = report(&serving, &token, REPORT).header("idempotency-key", "2");
    assert!(read(again).await.1.contains("recorded"));
    drop(serving);
    // On disk, and the token is known after a restart, too.
    let serving = bench.serve();
    let (_, answer) = read(report(&serving, &token, REPORT)).await;
    assert!(answer.contains("already accepted"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_is_none_is_told_why() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let token = live(&bench);
    for (body, words) in [
        ("", "not a report"),
        ("{}", "missing field `status`"),
        (r#"{"status":"completed"}"#, "needs a `conclusion`"),
        (
            r#"{"status":"queued","sttaus":1}"#,
            "unknown field `sttaus`",
        ),
    ] {
        let (status, answer) = read(report(&serving, &token, body)).await;
        assert_eq!(status, 400, "{body}: {answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let error = answer["error"].as_str().expect("a reason");
        assert!(error.contains(words), "{error}");
    }
    let large = format!(
        r#"{{"status":"queued","summary":"{}"}}"#,
        "x".repeat(256 * 1024)
    );
    assert_eq!(read(report(&serving, &token, large)).await.0, 413);
    let got = serving.http.get(serving.url("/api/jobs/report"));
    assert_eq!(read(got).await.0, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_can_report() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let expired = token(&bench, Utc::now() - TimeDelta::hours(1));
    let (status, answer) = read(report(&serving, &expired, REPORT)).await;
    assert_eq!(status, 401);
    assert!(answer.contains("expired"), "{answer}");
    let other = Bench::new().await;
    let theirs = live(&other);
    let secret = bench.github.webhook_secret();
    for wrong in [theirs.as_str(), "", "x", "a.b.c", &secret] {
        // Nor is anything of the body looked at.
        for body in [REPORT, "not json"] {
            let (status, answer) = read(report(&serving, wrong, body)).await;
            assert_eq!(status, 401, "{wrong}: {answer}");
        }
    }
    let url = serving.url("/api/jobs/report");
    let (status, answer) = read(serving.http.post(&url).body(REPORT)).await;
    assert_eq!(status, 401);
    assert!(answer.contains("Authorization: Bearer"), "{answer}");
    let basic = serving.http.post(&url).body(REPORT);
    let basic = basic.header("authorization", format!("Basic {}", live(&bench)));
    let answer = basic.send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    serving.process.signal("TERM");
    let log = serving.process.end().err;
    assert!(!log.contains(&theirs) && !log.contains(&expired), "{log}");
}

const GITLAB: &str = r#"
[connections.kiln]
type = "gitlab"
url = "https://gitlab.example.com"
project = "acme/kiln"
ref = "main"
trigger_token = "t"
api_token = "a"
webhook_token = "the hook's is in the environment"
repositories = ["acme/*"]
"#;

fn with_gitlab(bench: &Bench) -> Command {
    let file = bench.data_dir().join("settings.toml");
    std::fs::write(&file, GITLAB).expect("a file");
    let mut command = bench.command(&["--config", file.to_str().expect("a path")]);
    command.env("CONNECTION_KILN_WEBHOOK_TOKEN", "hook-hush");
    command
}

fn hook(serving: &Serving, token: &str, body: &serde_json::Value) -> RequestBuilder {
    let request = serving.http.post(serving.url("/api/gitlab/webhooks"));
    let request = request.header("x-gitlab-event", "Pipeline Hook");
    request
        .header("x-gitlab-token", token)
        .body(body.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gitlab_is_heard_by_its_token_alone() {
    let bench = Bench::new().await;
    let serving = bench.serve_with(with_gitlab(&bench));
    let job = JobRef {
        repo: RepoId(1),
        subject: RunSubject::Schedule,
        pipeline: "backends".to_owned(),
        run: 1,
        since: DateTime::UNIX_EPOCH,
        job: "kiln".to_owned(),
        attempt: 1,
    };
    let job = job.encode();
    let pipeline = |variables: serde_json::Value| json!({ "object_kind": "pipeline", "object_attributes": { "id": 61, "status": "success", "variables": variables } });
    let ours =
        pipeline(json!([{ "key": "X", "value": "y" }, { "key": "DRAWBRIDGE_JOB", "value": job }]));
    for token in ["", "hook-hus", "hook-hush-", "t", "a"] {
        let (status, answer) = read(hook(&serving, token, &ours)).await;
        assert_eq!(status, 401, "{token:?}: {answer}");
    }
    let (status, answer) =
        read(hook(&serving, "hook-hush", &ours).header("x-gitlab-event-uuid", "1")).await;
    assert_eq!(status, 202);
    assert!(answer.contains("recorded"), "{answer}");
    for other in [
        pipeline(json!([])),
        pipeline(json!([{ "key": "DRAWBRIDGE_JOB", "value": "x" }])),
        json!({ "object_kind": "push" }),
        json!({}),
    ] {
        let (status, answer) = read(hook(&serving, "hook-hush", &other)).await;
        assert_eq!(status, 202, "{other}");
        assert!(answer.contains("ignored"), "{answer}");
    }
    assert_eq!(read(hook(&serving, "hook-hush", &json!([]))).await.0, 400);
    let plain = Bench::new().await;
    let serving = plain.serve();
    assert_eq!(read(hook(&serving, "", &ours)).await.0, 404);
}
