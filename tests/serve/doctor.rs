//! `drawbridge doctor` as an operator runs it, with a stand-in that is in the state that is to be found.

use crate::process::{Bench, Ended, Process, drawbridge};
use chrono::TimeDelta;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{Fault, FaultKind, NewPr};
use serde_json::Value;
use std::process::Command;

const PUBLIC: &str = "https://drawbridge.example.com";

/// `drawbridge doctor` with all that the server has, and the server's own port where one runs.
fn command(bench: &Bench, args: &[&str]) -> Command {
    let mut command = drawbridge(&[&["doctor"], args].concat());
    command
        .env("APP_ID", bench.github.app_id().to_string())
        .env("PRIVATE_KEY", bench.github.private_key_pem())
        .env("WEBHOOK_SECRET", bench.github.webhook_secret())
        .env("GITHUB_API_URL", bench.github.api_url())
        .env("PUBLIC_URL", PUBLIC)
        // Nobody listens there.
        .env("PORT", "9")
        .env("DATA_DIR", bench.data_dir());
    command
}

fn run(command: Command) -> Ended {
    Process::start(command).end()
}

/// What it says there is to do.
fn to_do(bench: &Bench) -> Vec<String> {
    let ended = run(command(bench, &["--json"]));
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    let findings = report["findings"].as_array().expect("a list").clone();
    let to_do: Vec<_> = findings
        .iter()
        .filter(|finding| finding["weight"] == "to_do")
        .map(|finding| {
            assert!(finding["do"].is_string(), "{finding}");
            format!(
                "{} {}",
                finding["what"].as_str().expect("a text"),
                finding["do"].as_str().expect("a text")
            )
        })
        .collect();
    assert_eq!(
        ended.code,
        Some(i32::from(!to_do.is_empty())),
        "{}",
        ended.err
    );
    to_do
}

/// A stand-in with nothing left to do.
async fn healthy() -> Bench {
    let bench = Bench::new().await;
    let github = &bench.github;
    github.hold_deliveries(true);
    github.set_app_permission("merge_queues", Some("read"));
    github.set_app_event("team", true);
    github.deliver_to(&format!("{PUBLIC}/api/github/webhooks"));
    github.write_file(
        "engine",
        ".github/drawbridge.yaml",
        "enabled: true\n",
        "maya",
    );
    github.restrict_branches(&["pull-request/", "drawbridge/"]);
    github.require_checks("main", &[(GATE_NAME, Some(github.app_id()))]);
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_is_well_the_doctor_says_so() {
    let bench = healthy().await;
    let ended = run(command(&bench, &[]));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    for seen in [
        "✓ GitHub accepts the credentials of drawbridge",
        "✓ It asks for all permissions",
        "✓ acme/engine: enabled; rules protect the mirrors and require the gates.",
        "All is well.",
    ] {
        assert!(ended.out.contains(seen), "no {seen} in\n{}", ended.out);
    }
    assert!(!ended.out.contains(&bench.github.webhook_secret()));
    let changed = bench.github.exchanges();
    let changed: Vec<_> = changed
        .iter()
        .filter(|one| one.method != "GET" && !one.route.ends_with("/access_tokens"))
        .collect();
    assert!(changed.is_empty(), "it only looks: {changed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_thing_that_is_not_right_is_named_with_what_to_do() {
    type Change = fn(&Bench);
    let cases: &[(Change, &[&str])] = &[
        (
            |b| b.github.set_app_permission("checks", Some("read")),
            &[
                "permission checks: write",
                "/organizations/acme/settings/apps/drawbridge/permissions",
            ],
        ),
        (
            |b| b.github.set_app_event("status", false),
            &["event status", "Subscribe to events"],
        ),
        (
            |b| b.github.deliver_to("https://elsewhere.example.com/x"),
            &["https://elsewhere.example.com/x", PUBLIC],
        ),
        (
            |b| b.github.deliver_nowhere(),
            &["has no webhook", "/api/github/webhooks"],
        ),
        (
            |b| {
                b.github.deliver_nowhere();
                b.github.hold_deliveries(false);
                b.github.open_pr(NewPr::by("sam"));
                b.github
                    .deliver_to(&format!("{PUBLIC}/api/github/webhooks"));
            },
            &[
                "did not arrive, the newest (pull_request",
                "/advanced shows",
            ],
        ),
        (
            |b| b.github.set_budget(100, TimeDelta::minutes(30)),
            &["acme: ", "requests are left until", "Nothing is lost"],
        ),
        (
            |b| b.github.suspend_installation(true),
            &[
                "acme: the installation is suspended",
                "settings/installations/",
            ],
        ),
        (
            |b| {
                b.github.write_file(
                    "engine",
                    ".github/drawbridge.yaml",
                    "enbled: true\n",
                    "maya",
                );
            },
            &[
                "acme/engine: the configuration has a mistake",
                ".github/drawbridge.yaml",
                "enbled",
            ],
        ),
        (
            |b| b.github.restrict_branches(&["pull-request/"]),
            &[
                "no ruleset restricts creations, updates, deletions of the branches drawbridge/**/*",
                "/acme/engine/settings/rules",
            ],
        ),
        (
            |b| b.github.restrict_branches(&["drawbridge/"]),
            &[
                "no ruleset restricts creations, updates, deletions",
                "pull-request/*",
                "/acme/engine/settings/rules",
            ],
        ),
        (
            |b| b.github.require_checks("main", &[]),
            &["no ruleset requires `backend-status-check` on main"],
        ),
        (
            |b| b.github.require_checks("main", &[(GATE_NAME, None)]),
            &["required, but from anybody"],
        ),
        (
            |b| b.github.require_checks("main", &[(GATE_NAME, Some(1))]),
            &["required from another app"],
        ),
    ];
    for (change, words) in cases {
        let bench = healthy().await;
        change(&bench);
        let to_do = to_do(&bench).join("\n");
        for word in *words {
            assert!(to_do.contains(word), "no {word} in\n{to_do}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_github_that_is_away_or_refuses_is_a_finding() {
    let bench = healthy().await;
    bench
        .github
        .fault(Fault::times(50, "GET", "/app", FaultKind::Status(503)));
    let found = to_do(&bench);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("GitHub answered 503")
            && found[0].contains("Nothing on GitHub was looked at"),
        "{found:?}"
    );
    let mut other = command(&bench, &[]);
    other.env("APP_ID", "1");
    bench.github.clear_faults();
    let refused = run(other);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .out
            .contains("does not accept the app's credentials"),
        "{}",
        refused.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_are_wrong_or_missing_are_findings_too() {
    let bench = healthy().await;
    let mut wrong = command(&bench, &[]);
    wrong.env_remove("WEBHOOK_SECRET");
    let mut none = command(&bench, &[]);
    for name in ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"] {
        none.env_remove(name);
    }
    for (command, words) in [
        (wrong, "WEBHOOK_SECRET: is missing"),
        (none, "No credentials are given"),
    ] {
        let ended = run(command);
        assert_eq!(ended.code, Some(1), "{}", ended.out);
        assert!(
            ended.out.contains(words) && ended.out.contains('→'),
            "{}",
            ended.out
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_is_asked_and_a_stopped_one_s_state_is_read() {
    let bench = healthy().await;
    let serving = bench.serve();
    bench.github.hold_deliveries(false);
    bench.github.open_pr(NewPr::by("sam"));
    bench.github.deliveries_settled().await;
    let mut beside = command(&bench, &[]);
    beside.env("PORT", serving.address.port().to_string());
    beside.env_remove("PUBLIC_URL");
    let ended = run(beside);
    assert!(
        ended.out.contains("✓ The server runs and is ready."),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("deliveries of a day arrived"),
        "{}",
        ended.out
    );
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    let ended = run(command(&bench, &[]));
    assert!(
        ended.out.contains("No server answers here; the state in"),
        "{}",
        ended.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_looked_at_is_said() {
    let bench = healthy().await;
    bench.github.add_repo("gearbox");
    let ended = run(command(&bench, &["--repositories", "1"]));
    assert!(
        ended.out.contains("1 of 2 repositories were looked at"),
        "{}",
        ended.out
    );
    let asked = bench.github.exchanges();
    assert!(
        asked
            .iter()
            .all(|one| !one.path.starts_with("/repos/acme/gearbox"))
    );
}
