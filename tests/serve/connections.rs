//! Connections in the settings file: each that is wrong ends the process with code 2 and a message that names it and shows
//! no secret.

use super::process::Bench;
use super::settings::is_refused;
use drawbridge::sandbox::{NewCommit, NewPr, Sandbox};
use std::process::Command;

const BAKERY: &str = r#"
type = "http"
url = "https://bakery.example.com/jobs"
token = "c4n4ry"
repositories = ["acme/*"]
"#;

const KILN: &str = r#"
type = "gitlab"
url = "https://gitlab.example.com"
project = "acme/kiln"
ref = "main"
trigger_token = "c4n4ry"
api_token = "c4n4ry"
repositories = ["acme/engine"]
"#;

fn with(bench: &Bench, connections: &str) -> Command {
    let file = bench.data_dir().join("settings.toml");
    let content = format!("public_url = \"https://drawbridge.example.com\"\n{connections}");
    std::fs::write(&file, content).expect("a file");
    bench.command(&["--config", file.to_str().expect("a path")])
}

fn both(bakery: &str, kiln: &str) -> String {
    format!("[connections.bakery]{bakery}\n[connections.gitlab-main]{kiln}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_connections_are_taken_from_wherever_they_are_given() {
    let bench = Bench::new().await;
    let secret = bench.data_dir().join("secret");
    std::fs::write(&secret, "from-a-file\n").expect("a file");
    let by_file = format!("token_file = {:?}", secret.to_str().expect("a path"));
    let bakery = BAKERY.replace("token = \"c4n4ry\"", &by_file);
    let kiln = KILN.replace("api_token = \"c4n4ry\"\n", "");
    let kiln = kiln.replace("\"acme/kiln\"", "17");
    let mut command = with(&bench, &both(&bakery, &kiln));
    command.env("CONNECTION_GITLAB_MAIN_API_TOKEN", "from-the-environment");
    // Wins over what stands in the file.
    command.env("CONNECTION_BAKERY_TOKEN", "from-the-environment");
    let serving = bench.serve_with(command);
    assert_eq!(serving.get("/healthz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_travels_in_the_open_is_warned_of() {
    let bench = Bench::new().await;
    let bakery = BAKERY.replace("https://bakery.example.com", "http://bakery.internal:8080");
    let serving = bench.serve_with(with(&bench, &both(&bakery, KILN)));
    let line = serving.process.err.wait_for("warning", |line| {
        line.contains("http://").then(|| line.to_owned())
    });
    assert!(line.contains("WARN") && line.contains("bakery"), "{line}");
    assert!(!line.contains("c4n4ry"), "{line}");
}

/// In which connection, what is replaced by what, and words of the message.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_wrong_is_named() {
    let bench = Bench::new().await;
    let cases: &[Case<'_>] = &[
        (
            "bakery",
            "type = \"http\"",
            "",
            &["settings.toml, line", "`type`"],
        ),
        (
            "bakery",
            "\"http\"",
            "\"c4n4ry\"",
            &["settings.toml, line", "`gitlab`"],
        ),
        (
            "bakery",
            "token = ",
            "tokne = ",
            &["settings.toml, line", "tokne"],
        ),
        (
            "bakery",
            "repositories = [\"acme/*\"]",
            "",
            &["connections.bakery.repositories: ", "owner/*"],
        ),
        (
            "bakery",
            "[\"acme/*\"]",
            "[]",
            &["connections.bakery.repositories: "],
        ),
        (
            "bakery",
            "acme/*",
            "*",
            &["connections.bakery.repositories: ", "\"*\""],
        ),
        (
            "bakery",
            "acme/*",
            "*/*",
            &["connections.bakery.repositories: "],
        ),
        (
            "bakery",
            "acme/*",
            "acme",
            &["connections.bakery.repositories: "],
        ),
        (
            "bakery",
            "url = \"https://bakery.example.com/jobs\"",
            "",
            &["connections.bakery.url: is missing"],
        ),
        (
            "bakery",
            "https://",
            "",
            &["connections.bakery.url: ", "https://"],
        ),
        (
            "bakery",
            "https://",
            "ftp://",
            &["connections.bakery.url: "],
        ),
        (
            "bakery",
            "https://",
            "https://me:c4n4ry@",
            &["connections.bakery.url: ", "password"],
        ),
        (
            "bakery",
            "/jobs",
            "/jobs#c4n4ry",
            &["connections.bakery.url: ", "fragment"],
        ),
        (
            "bakery",
            "c4n4ry",
            "",
            &["connections.bakery.token: is empty"],
        ),
        (
            "bakery",
            "c4n4ry",
            "c4n4ry c4n4ry",
            &["connections.bakery.token: "],
        ),
        (
            "bakery",
            "token = ",
            "token_file = \"/x\"\ntoken = ",
            &["connections.bakery.token", "both"],
        ),
        (
            "bakery",
            "token = \"c4n4ry\"",
            "token_file = \"/no/such\"",
            &["connections.bakery.token_file: can't read /no/such"],
        ),
        (
            "bakery",
            "token = ",
            "status_url = \"https://x.example\"\ntoken = ",
            &["connections.bakery.status_url: ", "{id}"],
        ),
        (
            "bakery",
            "token = ",
            "project = 7\ntoken = ",
            &["connections.bakery.project: ", "\"http\""],
        ),
        (
            "bakery",
            "token = ",
            "api_token = ",
            &["connections.bakery.api_token: ", "\"http\""],
        ),
        (
            "gitlab-main",
            "project = \"acme/kiln\"",
            "",
            &["connections.gitlab-main.project: "],
        ),
        (
            "gitlab-main",
            "acme/kiln",
            "acme/../kiln",
            &["connections.gitlab-main.project: "],
        ),
        (
            "gitlab-main",
            "\"acme/kiln\"",
            "[\"c4n4ry\"]",
            &["settings.toml, line", "path or number"],
        ),
        (
            "gitlab-main",
            "ref = \"main\"",
            "",
            &["connections.gitlab-main.ref: is missing"],
        ),
        (
            "gitlab-main",
            "trigger_token = \"c4n4ry\"",
            "",
            &[
                "connections.gitlab-main.trigger_token: is missing",
                "CONNECTION_GITLAB_MAIN_TRIGGER_TOKEN",
            ],
        ),
        (
            "gitlab-main",
            "api_token = \"c4n4ry\"",
            "",
            &["connections.gitlab-main.api_token: is missing", "`api`"],
        ),
        (
            "gitlab-main",
            "api_token",
            "token = \"c4n4ry\"\napi_token",
            &["connections.gitlab-main.token: ", "\"gitlab\""],
        ),
        (
            "gitlab-main",
            ".example.com",
            ".example.com/?c4n4ry",
            &["connections.gitlab-main.url: "],
        ),
    ];
    for (connection, from, to, words) in cases {
        let (mut bakery, mut kiln) = (BAKERY.to_owned(), KILN.to_owned());
        let changed = if *connection == "bakery" {
            &mut bakery
        } else {
            &mut kiln
        };
        assert!(changed.contains(from), "{from}");
        *changed = changed.replacen(from, to, 1);
        is_refused(with(&bench, &both(&bakery, &kiln)), words);
    }
    for name in ["Bakery", "a_b", "\"a b\"", "1", "-"] {
        let text = format!("[connections.{name}]{BAKERY}");
        is_refused(with(&bench, &text), &["connections: ", "lower-case"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_could_not_report_back_is_refused() {
    let bench = Bench::new().await;
    let file = bench.data_dir().join("settings.toml");
    std::fs::write(&file, format!("[connections.bakery]{BAKERY}")).expect("a file");
    let command = bench.command(&["--config", file.to_str().expect("a path")]);
    is_refused(command, &["PUBLIC_URL: is missing", "\"bakery\""]);
    // Without one that reports, it is not needed.
    std::fs::write(&file, format!("[connections.kiln]{KILN}")).expect("a file");
    let command = bench.command(&["--config", file.to_str().expect("a path")]);
    let serving = bench.serve_with(command);
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
}

/// A configuration with a job on a connection.
fn on(connection: &str) -> String {
    format!(
        "enabled: true\npipelines: {{a: {{on: pull_request, jobs: {{b: {{connection: {connection}}}}}}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_names_a_connection_it_may_not_use_has_a_mistake_where_it_is_proposed_and_where_it_stands()
 {
    const FILE: &str = ".github/drawbridge.yaml";
    let bench = Bench::new().await;
    // The stand-in's repository is acme/engine.
    let bakery = BAKERY.replace("acme/*", "acme/other");
    let _serving = bench.serve_with(with(&bench, &both(&bakery, KILN)));
    let github = &bench.github;
    // Where files matter for trust they are looked at, and with them what they propose, at once.
    let files_matter = "enabled: true\ntrust: {always_vet: ['ci/**']}\n";
    github.write_file("engine", FILE, files_matter, "maya");
    for (connection, title) in [
        ("bakery", ".github/drawbridge.yaml has a mistake"),
        ("gitlab-main", "The proposed configuration is valid"),
    ] {
        let commit = NewCommit::signed_by("maya").file(FILE, &on(connection));
        let pull = github.open_pr(NewPr::by("maya").commit(commit));
        let says = |github: &Sandbox| github.check(&github.head(pull), "drawbridge / config");
        github
            .wait_until("the check of the proposal", |github| {
                says(github).and_then(|check| check.title).as_deref() == Some(title)
            })
            .await;
    }
    github.write_file("engine", FILE, &on("bakery"), "maya");
    let pull = github.open_pr(NewPr::by("maya"));
    github
        .wait_until("the gate names the mistake", |github| {
            let gate = github.check(&github.head(pull), "backend-status-check");
            let summary = gate.and_then(|gate| gate.summary).unwrap_or_default();
            summary.contains("names a connection `bakery` that this repository may not use")
        })
        .await;
}
