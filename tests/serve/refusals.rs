//! Requests that are not what they should be: each row of the table, and what is common to all answers.

use super::process::{Bench, Serving, read};
use hmac::{Hmac, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sha2::Sha256;

const BODY: &[u8] = b"{\"zen\":\"Design for failure.\"}";

/// `sha256=…` over a body.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A delivery of its own id, signed with the stand-in's secret.
pub fn signed(serving: &Serving, bench: &Bench, event: &str, body: &[u8]) -> RequestBuilder {
    signed_with(serving, &bench.github.webhook_secret(), event, body)
}

pub fn signed_with(serving: &Serving, secret: &str, event: &str, body: &[u8]) -> RequestBuilder {
    unsigned(serving, body)
        .header("x-github-event", event)
        .header("x-github-delivery", uuid::Uuid::new_v4().to_string())
        .header("x-hub-signature-256", signature(secret, body))
}

fn unsigned(serving: &Serving, body: &[u8]) -> RequestBuilder {
    serving.http.post(serving.hook()).body(body.to_vec())
}

/// An answer that is one line of JSON with a reason, and nothing of ours.
fn is_short(answer: &str, bench: &Bench) {
    assert!(
        answer.ends_with('\n') && answer.lines().count() == 1 && answer.len() < 200,
        "{answer:?}"
    );
    let json: Value = serde_json::from_str(answer).expect("JSON");
    let fields = json.as_object().expect("an object");
    assert!(
        fields.len() == 1 && fields.values().all(Value::is_string),
        "{answer}"
    );
    assert!(
        !answer.contains(&bench.github.webhook_secret()) && !answer.contains("/src/"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unproven_delivery_is_refused_whatever_it_says() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let right = signature(&bench.github.webhook_secret(), BODY);
    let bare = right.trim_start_matches("sha256=").to_owned();
    let others = signature(&bench.github.webhook_secret(), b"{}");
    let sha1 = format!("sha1={}", &bare[..40]);
    for (name, value) in [
        ("x-nothing", ""),
        ("x-hub-signature", sha1.as_str()),
        ("x-hub-signature", right.as_str()),
        ("x-hub-signature-256", ""),
        ("x-hub-signature-256", "sha256="),
        ("x-hub-signature-256", sha1.as_str()),
        ("x-hub-signature-256", bare.as_str()),
        ("x-hub-signature-256", &right[..70]),
        ("x-hub-signature-256", &format!("{right}00")),
        (
            "x-hub-signature-256",
            "sha256=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        ),
        (
            "x-hub-signature-256",
            signature("another secret", BODY).as_str(),
        ),
        ("x-hub-signature-256", signature("", BODY).as_str()),
        ("x-hub-signature-256", others.as_str()),
    ] {
        for (body, event) in [
            (BODY, "ping"),
            (BODY, ""),
            (b"not json", "ping"),
            (b"", "ping"),
        ] {
            let request = unsigned(&serving, body)
                .header(name, value)
                .header("x-github-event", event)
                .header("x-github-delivery", "1");
            let (status, answer) = read(request).await;
            let proven =
                signature(&bench.github.webhook_secret(), body) == value && name.ends_with("256");
            assert!(
                status == 401 && !proven,
                "{name}: {value}: {status} {answer}"
            );
            is_short(&answer, &bench);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proven_delivery_that_is_none_is_told_why() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let proven = |body: &[u8]| {
        unsigned(&serving, body).header(
            "x-hub-signature-256",
            signature(&bench.github.webhook_secret(), body),
        )
    };
    let both = |request: RequestBuilder| {
        request
            .header("x-github-event", "push")
            .header("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
    };
    let long = "x".repeat(101);
    let cases: Vec<(&str, RequestBuilder)> = vec![
        ("JSON", both(proven(b"not json"))),
        ("JSON", both(proven(b""))),
        ("JSON", both(proven(b"{\"a\":1"))),
        ("JSON", both(proven(b"\xff\xfe"))),
        ("JSON", both(proven(&b"[".repeat(100_000)))),
        (
            "X-GitHub-Event",
            proven(BODY).header("x-github-delivery", "1"),
        ),
        (
            "X-GitHub-Event",
            proven(BODY)
                .header("x-github-delivery", "1")
                .header("x-github-event", ""),
        ),
        (
            "X-GitHub-Event",
            proven(BODY)
                .header("x-github-delivery", "1")
                .header("x-github-event", long.as_str()),
        ),
        (
            "X-GitHub-Delivery",
            proven(BODY).header("x-github-event", "push"),
        ),
        (
            "X-GitHub-Delivery",
            proven(BODY)
                .header("x-github-event", "push")
                .header("x-github-delivery", ""),
        ),
        (
            "X-GitHub-Delivery",
            proven(BODY)
                .header("x-github-event", "push")
                .header("x-github-delivery", "72d3162e cc78"),
        ),
        (
            "payload",
            both(proven(BODY)).header("content-type", "application/x-www-form-urlencoded"),
        ),
    ];
    for (reason, request) in cases {
        let (status, answer) = read(request).await;
        assert!(
            status == 400 && answer.contains(reason),
            "{reason}: {status} {answer}"
        );
        is_short(&answer, &bench);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_methods_and_other_places_are_refused_in_one_line_of_json() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let hook = "/api/github/webhooks";
    for (method, path, expected) in [
        (Method::GET, hook, 405),
        (Method::PUT, hook, 405),
        (Method::PATCH, hook, 405),
        (Method::DELETE, hook, 405),
        (Method::OPTIONS, hook, 405),
        (Method::HEAD, hook, 405),
        (Method::POST, "/healthz", 405),
        (Method::DELETE, "/readyz", 405),
        // (What GET says there is the dashboard's.)
        (Method::POST, "/", 405),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/api", 404),
        (Method::POST, "/api/github/webhooks/", 404),
        (Method::POST, "/api/github/webhooks/../webhooks2", 404),
        (Method::GET, "/.env", 404),
    ] {
        let request = serving.http.request(method.clone(), serving.url(path));
        let (status, answer) = read(request).await;
        assert_eq!(status, expected, "{method} {path}");
        if method != Method::HEAD {
            is_short(&answer, &bench);
        }
    }
}
