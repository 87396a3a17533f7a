//! Deliveries that are what they should be.

use super::process::{Bench, Serving, read};
use super::refusals::{signed, signed_with};
use drawbridge::sandbox::{NewPr, Permission, Sandbox};
use serde_json::{Value, json};

/// The comments of the app on a pull request that contain `words`.
fn answers(github: &Sandbox, pull: u64, words: &str) -> usize {
    let by_app = github
        .comments(pull)
        .into_iter()
        .filter(|comment| comment.author == "drawbridge[bot]");
    by_app
        .filter(|comment| comment.body.contains(words))
        .count()
}

/// A repository with the app enabled, and a stranger's pull request.
async fn with_a_pull(bench: &Bench) -> u64 {
    bench.github.set_permission("vera", Permission::Write);
    bench.enable();
    let pull = bench.github.open_pr(NewPr::by("sam"));
    bench
        .github
        .wait_until("the stranger is told", |github| {
            answers(github, pull, "/ok to test") == 1
        })
        .await;
    pull
}

/// The payload of the newest delivery of an event.
fn payload(github: &Sandbox, event: &str) -> Value {
    let newest = github
        .deliveries()
        .into_iter()
        .rfind(|delivery| delivery.event == event);
    newest.expect("such a delivery").payload
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_accepted_and_a_second_one_of_its_id_changes_nothing() {
    let bench = Bench::new().await;
    let _serving = bench.serve();
    let pull = with_a_pull(&bench).await;
    bench.github.comment(pull, "sam", "/help");
    bench
        .github
        .wait_until("help", |github| answers(github, pull, "/status") >= 1)
        .await;
    // The sender notes the answer after the server has given it.
    bench.github.deliveries_settled().await;
    let comment = bench
        .github
        .deliveries()
        .into_iter()
        .rfind(|one| one.event == "issue_comment" && one.payload["comment"]["body"] == "/help")
        .expect("the delivery");
    assert_eq!(comment.status, Some(202));
    let before = answers(&bench.github, pull, "");
    assert_eq!(bench.github.redeliver(&comment.guid).await, 202);
    // Deliveries of one pull request are taken in one after the other: once this one is answered, the other one is done.
    bench.github.comment(pull, "vera", "/ok to test 0123456789");
    bench
        .github
        .wait_until("an answer", |github| {
            answers(github, pull, "0123456789") == 1
        })
        .await;
    assert_eq!(answers(&bench.github, pull, ""), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_accepted_like_json() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let pull = with_a_pull(&bench).await;
    bench.github.deliver_nowhere();
    bench.github.comment(pull, "sam", "/help");
    let payload = payload(&bench.github, "issue_comment").to_string();
    for content_type in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
    ] {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload)
            .finish();
        let request = signed(&serving, &bench, "issue_comment", form.as_bytes())
            .header("content-type", content_type);
        assert_eq!(
            read(request).await,
            (202, "{\"status\":\"accepted\"}\n".to_owned())
        );
    }
    bench
        .github
        .wait_until("help", |github| answers(github, pull, "/status") >= 1)
        .await;
    let other = signed(&serving, &bench, "issue_comment", b"load=x")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(read(other).await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_secret_is_changed_both_are_accepted() {
    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    command.env("WEBHOOK_SECRET", "the new one, the old one");
    let serving = bench.serve_with(command);
    for (secret, status) in [
        ("the new one", 202),
        ("the old one", 202),
        ("the new one, the old one", 401),
        ("another", 401),
        ("", 401),
    ] {
        let request = signed_with(&serving, secret, "ping", b"{}");
        assert_eq!(read(request).await.0, status, "{secret:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_decoded_is_set_aside_and_holds_nothing_up() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    for broken in [
        json!({ "action": "opened" }),
        json!([]),
        json!({ "action": "opened", "number": "one", "pull_request": null }),
    ] {
        let request = signed(
            &serving,
            &bench,
            "pull_request",
            broken.to_string().as_bytes(),
        );
        let (status, answer) = read(request).await;
        assert_eq!(
            (status, answer.contains("set aside")),
            (202, true),
            "{answer}"
        );
    }
    let line = serving.process.err.wait_for("reason", |line| {
        line.contains("set a delivery aside")
            .then(|| line.to_owned())
    });
    assert!(line.contains("missing field `repository`"), "{line}");
    with_a_pull(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_any_other_kind_is_recorded_and_ignored() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    for (event, body) in [
        ("ping", "{\"zen\":\"Keep it logically awesome.\"}"),
        ("no_such_event", "{}"),
        ("star", "[1]"),
        ("ping", "null"),
    ] {
        let (status, answer) = read(signed(&serving, &bench, event, body.as_bytes())).await;
        assert_eq!(
            (status, answer.as_str()),
            (202, "{\"status\":\"recorded; there is nothing to do\"}\n"),
            "{event}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_of_25_mib_is_accepted_and_a_byte_more_is_not() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let most = 25 * 1024 * 1024;
    let of_size = |size: usize| {
        let mut body = b"{\"zen\":\"".to_vec();
        body.resize(size - 2, b'z');
        body.extend(b"\"}");
        body
    };
    let (status, answer) = read(signed(&serving, &bench, "ping", &of_size(most))).await;
    assert_eq!(status, 202, "{answer}");
    // A length that is too large is enough for the answer: no body is sent.
    let head = format!("content-length: {}", most + 1);
    assert_eq!(status_of(&serving, &head, &[]).await, 413);
    // Without a length to tell from, the body comes in pieces.
    let body = of_size(most + 1);
    assert_eq!(
        status_of(&serving, "transfer-encoding: chunked", &body).await,
        413
    );
    assert_eq!(serving.get("/healthz").await.0, 200);
}

/// Sends a request with the form of a signature, its body in pieces, and reads the status of the answer. The request
/// stops where the server has to have answered: what it would leave unread could cost the client the answer.
async fn status_of(serving: &Serving, header: &str, body: &[u8]) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(serving.address)
        .await
        .expect("it listens");
    let head = format!(
        "POST /api/github/webhooks HTTP/1.1\r\nhost: {}\r\n{header}\r\nx-hub-signature-256: sha256={}\r\n\r\n",
        serving.address,
        "0".repeat(64)
    );
    let mut sent = head.into_bytes();
    for (i, piece) in body.chunks(1 << 20).enumerate() {
        let separator = if i == 0 { "" } else { "\r\n" };
        sent.extend(format!("{separator}{:x}\r\n", piece.len()).into_bytes());
        sent.extend(piece);
    }
    stream.write_all(&sent).await.expect("it reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"}\n") {
        assert_ne!(stream.read_buf(&mut answer).await.expect("an answer"), 0);
    }
    let answer = String::from_utf8(answer).expect("a text");
    assert!(
        answer.ends_with("{\"error\":\"a delivery has at most 25 MiB\"}\n"),
        "{answer}"
    );
    answer["HTTP/1.1 ".len()..][..3].parse().expect("a status")
}
