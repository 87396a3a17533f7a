//! The log: readable by people or by machines, and never a secret in it.

use super::process::{Bench, PATIENCE};
use drawbridge::sandbox::{Fault, FaultKind, NewCommit, NewPr, Permission, Visibility};
use serde_json::Value;
use std::process::Command;

/// Everything the app does, so that everything it logs is in the log; says the log.
async fn log_of(bench: &Bench, command: Command) -> String {
    let serving = bench.serve_with(command);
    let github = &bench.github;
    github.add_org_member("mel", Visibility::Private);
    github.set_permission("vera", Permission::Write);
    bench.enable();
    let ours = github.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
    bench.mirrored(ours).await;
    github.revoke_tokens();
    github.fault(Fault::once("GET", "/repos/*", FaultKind::Status(502)));
    let theirs = github.open_pr(NewPr::by("sam").commit(NewCommit::unsigned_by("sam")));
    github.comment(
        theirs,
        "vera",
        &format!("/ok to test {}", github.head(theirs)),
    );
    bench.mirrored(theirs).await;
    bench.gated(theirs).await;
    // One that is refused, and one that is no event.
    let forged = serving
        .http
        .post(serving.hook())
        .header("x-hub-signature-256", "sha256=00")
        .body("{}");
    assert_eq!(forged.send().await.expect("an answer").status(), 401);
    github.send_event("pull_request", serde_json::json!({ "action": "opened" }));
    github.deliveries_settled().await;
    serving.process.signal("TERM");
    let ended = serving.process.end_within(PATIENCE);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    format!("{}\n{}", ended.out, ended.err)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_log_even_when_everything_is_logged() {
    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    command.env("LOG_LEVEL", "trace");
    let log = log_of(&bench, command).await;
    assert!(
        log.contains(" TRACE ") && log.contains("drawbridge::") && log.contains("hyper"),
        "the log is too short to say anything"
    );
    let key = bench.github.private_key_pem();
    let secret = bench.github.webhook_secret();
    let escaped = key.replace('\n', "\\n");
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    // `eyJ` begins every JWT: it is `{"` in base64.
    for hidden in lines.chain([
        secret.as_str(),
        escaped.as_str(),
        "PRIVATE KEY",
        "ghs_",
        "eyJ",
        "Bearer e",
        "sha256=",
    ]) {
        if let Some(line) = log.lines().find(|line| line.contains(hidden)) {
            panic!("{hidden:?} is in the log: {line}");
        }
    }
    assert!(!log.contains('\u{1b}'), "colours are for terminals");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_json_every_line_is_an_object() {
    let bench = Bench::new().await;
    let mut command = bench.command(&["--log-format", "json"]);
    command.env("LOG_LEVEL", "debug");
    let log = log_of(&bench, command).await;
    for line in log.lines().filter(|line| !line.is_empty()) {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_sign_in_is_in_the_log() {
    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    let secret = bench.github.client_secret();
    command
        .env("LOG_LEVEL", "trace")
        .env("CLIENT_ID", bench.github.client_id())
        .env("CLIENT_SECRET", &secret);
    let serving = bench.serve_with(command);
    let alone = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let browser = alone.build().expect("a client");
    let header = |answer: &reqwest::Response, name: &str| {
        let value = answer.headers()[name].to_str().expect("text");
        value.to_owned()
    };
    let away = browser.get(serving.url("/sign-in/github")).send().await;
    let away = away.expect("an answer");
    let kept = header(&away, "set-cookie");
    let kept = kept.split(';').next().expect("a cookie");
    let agreed = format!("{}&login=maya", header(&away, "location"));
    let back = browser.get(agreed).send().await.expect("an answer");
    let back = header(&back, "location");
    let code = back
        .split("code=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let code = code.expect("a code").to_owned();
    let again = || browser.get(&back).header("cookie", kept).send();
    let signed_in = again().await.expect("an answer");
    assert_eq!(signed_in.status(), 303);
    let session = header(&signed_in, "set-cookie");
    let session = session
        .split(['=', ';'])
        .nth(1)
        .expect("a session")
        .to_owned();
    // Once more, which GitHub refuses.
    assert_eq!(again().await.expect("an answer").status(), 400);
    let verifier_or_state = kept.split('=').nth(1).expect("a value").to_owned();
    serving.process.signal("TERM");
    let ended = serving.process.end_within(PATIENCE);
    let log = format!("{}\n{}", ended.out, ended.err);
    assert!(log.contains("somebody has signed in with GitHub"), "{log}");
    for hidden in [
        &secret,
        &code,
        &session,
        &verifier_or_state,
        "ghu_",
        "ghr_",
        "code_verifier",
    ] {
        if let Some(line) = log.lines().find(|line| line.contains(hidden)) {
            panic!("{hidden:?} is in the log: {line}");
        }
    }
}
