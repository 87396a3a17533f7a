//! A delivery is followed by its id from the webhook to the last request that it leads to: in the log, and in the traces that a
//! collector is handed.

use super::process::{Bench, PATIENCE, Serving};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use drawbridge::sandbox::{Fault, FaultKind, NewCommit, NewPr, Visibility};
use serde_json::Value;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// What the collector takes as proof.
const API_KEY: &str = "c4n4ry-of-the-collector";

/// mel's pull request is mirrored at the second try; its delivery, and how the server ended.
async fn story(bench: &Bench, command: Command) -> (String, u64, String) {
    let serving: Serving = bench.serve_with(command);
    let github = &bench.github;
    github.add_org_member("mel", Visibility::Private);
    bench.enable();
    github.deliveries_settled().await;
    let pull = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";
    github.fault(Fault::once("GET", pull, FaultKind::Status(502)));
    let pr = github.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
    bench.mirrored(pr).await;
    bench.gated(pr).await;
    github.deliveries_settled().await;
    let all = github.deliveries();
    let opened = all
        .iter()
        .find(|one| one.event == "pull_request" && one.action.as_deref() == Some("opened"));
    let id = opened.expect("it was delivered").guid.clone();
    serving.process.signal("TERM");
    let ended = serving.process.end_within(PATIENCE);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    (id, pr, ended.err)
}

/// The spans of a line, outermost first.
fn spans(line: &Value) -> &[Value] {
    line["spans"].as_array().map_or(&[], Vec::as_slice)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_leads_from_the_answer_to_the_delivery_to_the_mirror_and_the_gate() {
    let bench = Bench::new().await;
    let mut command = bench.command(&["--log-format", "json"]);
    command.env("LOG_LEVEL", "info,drawbridge=debug");
    let (id, pr, log) = story(&bench, command).await;
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let names = |span: &Value| {
        let delivery = span["delivery"].as_str();
        delivery.is_some_and(|ids| ids.split(' ').any(|one| one == id))
    };
    let followed: Vec<Value> = lines.filter(|line| spans(line).iter().any(names)).collect();
    let pull = format!("acme/engine#{pr}");
    let told = followed
        .iter()
        .position(|line| line["fields"]["message"] == "accepted");
    let told = told.expect("the line of the answer");
    assert_eq!(spans(&followed[told])[0]["pull"], pull.as_str());
    // Where a request was logged, with what answer, and in which kind of span.
    let asked = |method: &str, route: &str, status: u64| {
        let found = followed.iter().position(|line| {
            let fields = &line["fields"];
            let here = fields["route"].as_str().unwrap_or_default();
            fields["method"] == method && here.ends_with(route) && fields["status"] == status
        });
        let at = found.unwrap_or_else(|| panic!("no {method} {route} {status} in {followed:#?}"));
        assert_eq!(spans(&followed[at])[0]["pull"], pull.as_str(), "{route}");
        at
    };
    let failed = asked("GET", &format!("/pulls/{pr}/commits"), 502);
    let again = asked("GET", &format!("/pulls/{pr}/commits"), 200);
    let mirrored = asked("POST", "/git/refs", 201);
    assert!(failed < again && again < mirrored, "in this order");
    let gate = asked("POST", "/check-runs", 201);
    let of_head = spans(&followed[gate])[0]["subject"].as_str();
    let of_pull = spans(&followed[mirrored])[0]["subject"].as_str();
    assert_ne!(of_head, of_pull, "the gate is another subject's");
}

/// What came to the collector: the bodies, and what proved the sender.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<(Bytes, HeaderMap)>>>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_handed_the_spans_of_a_delivery_and_no_secret() {
    let collected = Collected::default();
    let take = |State(into): State<Collected>, headers: HeaderMap, body: Bytes| async move {
        let mut into = into.0.lock().unwrap_or_else(PoisonError::into_inner);
        into.push((body, headers));
    };
    let routes = Router::new()
        .route("/v1/traces", post(take))
        .with_state(collected.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("api-key={API_KEY}"))
        .env("OTEL_SERVICE_NAME", "the-bridge");
    let (id, pr, log) = story(&bench, command).await;
    let collected = collected.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(!collected.is_empty(), "nothing was handed over: {log}");
    let mut all = String::new();
    for (body, headers) in collected.iter() {
        assert_eq!(headers["api-key"], API_KEY);
        assert_eq!(headers["content-type"], "application/x-protobuf");
        // Texts stand in protobuf as they are.
        all.push_str(&String::from_utf8_lossy(body));
    }
    for there in [
        "the-bridge",
        "delivery",
        id.as_str(),
        &format!("acme/engine#{pr}"),
        "/repos/{owner}/{repo}/git/refs",
    ] {
        assert!(all.contains(there), "no {there:?}");
    }
    let key = bench.github.private_key_pem();
    let secret = bench.github.webhook_secret();
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    let hidden = lines.chain([
        secret.as_str(),
        "ghs_",
        "eyJ",
        "Bearer ",
        "sha256=",
        API_KEY,
    ]);
    for hidden in hidden {
        assert!(!all.contains(hidden), "{hidden:?} was handed over");
        assert!(!log.contains(hidden), "{hidden:?} is in the log");
    }
    assert!(!log.contains("traces can't"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_collector_it_works_and_says_once_that_traces_are_dropped() {
    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let (_, _, log) = story(&bench, command).await;
    let said = log.matches("traces can't be handed over").count();
    assert_eq!(said, 1, "{log}");
}
