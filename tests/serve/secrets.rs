//! Known secrets, and all that leaves the process: the log, each answer, the command line, the state on disk.

use super::process::{Bench, PATIENCE, read};
use super::refusals::signed;
use drawbridge::sandbox::{Fault, FaultKind, NewPr, Permission, Visibility};
use std::path::Path;

/// Stands in every secret of a connection.
const CANARY: &str = "c4n4ry-0123456789";

const CONNECTIONS: &str = r#"
public_url = "https://drawbridge.example.com"
[connections.bakery]
type = "http"
# Nobody listens there.
url = "http://127.0.0.1:9/jobs"
token = "c4n4ry-0123456789-bakery"
repositories = ["acme/*"]
[connections.kiln]
type = "gitlab"
url = "http://127.0.0.1:9"
project = "acme/kiln"
ref = "main"
trigger_token = "c4n4ry-0123456789-trigger"
api_token = "c4n4ry-0123456789-api"
webhook_token = "c4n4ry-0123456789-webhook"
repositories = ["acme/*"]
"#;

const CONFIG: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      bake: {connection: bakery}
      fire: {connection: kiln}
";

/// All of a directory's files, one after the other, as far as they are text.
fn all_files(dir: &Path, into: &mut String) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all_files(&path, into);
        } else if !path.ends_with("settings.toml") {
            let content = std::fs::read(&path).unwrap_or_default();
            into.push_str(&String::from_utf8_lossy(&content));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_log_an_answer_the_command_line_or_the_state() {
    let bench = Bench::new().await;
    let settings = bench.data_dir().join("settings.toml");
    std::fs::write(&settings, CONNECTIONS).expect("a file");
    let mut command = bench.command(&["--config", settings.to_str().expect("a path")]);
    command.env("LOG_LEVEL", "trace");
    let serving = bench.serve_with(command);
    let github = &bench.github;
    github.add_org_member("mel", Visibility::Private);
    github.set_permission("vera", Permission::Write);
    github.fault(Fault::once("GET", "/repos/*", FaultKind::Status(500)));
    github.write_file("engine", ".github/drawbridge.yaml", CONFIG, "maya");
    let pull = github.open_pr(NewPr::by("mel"));
    // The mirror is there, so that the jobs are tried, and both connections fail.
    bench.mirrored(pull).await;
    serving.process.err.wait_for("failed start", |line| {
        (line.contains("127.0.0.1:9") || line.contains("refused")).then_some(())
    });
    let mut shown = String::new();
    let forged = "eyJhbGciOiJIUzI1NiJ9.e30.c4n4ry";
    let url = |path: &str| serving.url(path);
    let http = &serving.http;
    for request in [
        http.get(url("/healthz")),
        http.get(url("/readyz")),
        http.get(url("/metrics")),
        http.get(url("/.env")),
        http.post(url("/api/github/webhooks")).body("{}"),
        signed(&serving, &bench, "push", b"{"),
        signed(&serving, &bench, "push", b"{}"),
        signed(&serving, &bench, "pull_request", br#"{"action":"opened"}"#),
        http.post(url("/api/jobs/report")).body("{}"),
        http.post(url("/api/jobs/report")).bearer_auth(forged),
        http.post(url("/api/gitlab/webhooks"))
            .header("x-gitlab-token", "x"),
        http.post(url("/api/gitlab/webhooks"))
            .header("x-gitlab-token", format!("{CANARY}-webhook")),
    ] {
        let (status, answer) = read(request).await;
        shown.push_str(&format!("{status} {answer}\n"));
    }
    assert!(shown.contains("alive") && shown.contains("401 "), "{shown}");
    let proc = format!("/proc/{}/cmdline", serving.process.id());
    shown.push_str(&std::fs::read_to_string(proc).unwrap_or_default());
    for check in github.check_runs(&github.head(pull)) {
        shown.push_str(&format!("{check:?}\n"));
    }
    serving.process.signal("TERM");
    let ended = serving.process.end_within(PATIENCE);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains(" TRACE "), "everything is logged");
    shown.push_str(&ended.out);
    shown.push_str(&ended.err);
    all_files(bench.data_dir(), &mut shown);
    let key = github.private_key_pem();
    let secret = github.webhook_secret();
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    for hidden in lines.chain([secret.as_str(), CANARY, "PRIVATE KEY", "ghs_", "Bearer e"]) {
        if let Some(line) = shown.lines().find(|line| line.contains(hidden)) {
            panic!(
                "{hidden:?} is shown: {}",
                line.chars().take(500).collect::<String>()
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_of_a_server_is_never_dumped() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    let limits = format!("/proc/{}/limits", serving.process.id());
    let limits = std::fs::read_to_string(limits).expect("limits of a process that runs");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
}
