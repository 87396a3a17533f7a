//! `drawbridge sandbox`, as a newcomer meets it.

use super::process::{Ended, PATIENCE, Process, drawbridge};
use serde_json::Value;
use std::time::Instant;

#[test]
fn the_story_comes_out_right() {
    let ended = Process::start(drawbridge(&["sandbox"])).end();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(
        ended.out.trim_end().ends_with("expectations came true."),
        "{}",
        ended.out
    );
    assert!(
        !ended.out.contains('✗') && !ended.out.contains('\u{1b}'),
        "{}",
        ended.out
    );
    assert_eq!(ended.err, "");
    // The fan-out, as lines that are appended.
    for line in [
        "    ❌ build (arm64)  failed",
        "    └ backend-status-check: failure – build (arm64): failed",
        "    🏃 build (arm64)  running           attempt 2",
        "    └ backend-status-check: success – 3 jobs passed, 1 not needed",
    ] {
        let times = ended.out.lines().filter(|shown| *shown == line).count();
        assert_eq!(times, 1, "{line:?} in:\n{}", ended.out);
    }
}

/// SHAs differ from story to story.
fn without_shas(text: &str) -> String {
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| {
            let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            match digits.len() >= 9 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
                true => word.replacen(digits, "SHA", 1),
                false => word.to_owned(),
            }
        })
        .collect()
}

#[test]
fn the_readme_shows_the_story_as_it_is_told() {
    let readme = include_str!("../../README.md");
    let shown = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let ended = Process::start(drawbridge(&["sandbox"])).end();
    let told = without_shas(&ended.out);
    let mut told = told.lines();
    for line in without_shas(shown.expect("the story")).lines() {
        // What is left out is whole lines or the end of one.
        let line = line.split(" […]").next().unwrap_or_default();
        if line.trim().is_empty() || line == "[…]" {
            continue;
        }
        assert!(
            told.any(|said| said.starts_with(line)),
            "{line:?} is not in its place in:\n{}",
            ended.out
        );
    }
}

/// The table of the fan-out is drawn in place, without colours if nobody wants them.
#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_the_jobs_can_be_watched() {
    let sandbox = format!("{} sandbox", env!("CARGO_BIN_EXE_drawbridge"));
    for (term, no_colour, redrawn, coloured) in [
        ("xterm", "", true, true),
        ("xterm", "1", true, false),
        ("dumb", "", false, false),
    ] {
        // `script`, of which every Linux has one, plays the terminal.
        let mut terminal = std::process::Command::new("script");
        terminal.args(["-qec", &sandbox, "/dev/null"]);
        terminal.env("TERM", term).env("NO_COLOR", no_colour);
        let ended = Process::start(terminal).end();
        assert_eq!(ended.code, Some(0), "{}", ended.out);
        let has = |what: &str| ended.out.contains(what);
        assert_eq!(has("\u{1b}[5A"), redrawn, "TERM={term}: {}", ended.out);
        assert_eq!(
            has("\u{1b}[32m"),
            coloured,
            "NO_COLOR={no_colour}: {}",
            ended.out
        );
        // What is cut off at the terminal's edge is only cut off while a table is drawn.
        let count = |what: &str| ended.out.matches(what).count();
        assert_eq!(count("\u{1b}[?7l"), count("\u{1b}[?7h"));
    }
}

/// Does one thing in a sandbox that stays.
fn by_hand(address: &str, args: &[&str]) -> Ended {
    let mut command = drawbridge(&[&["sandbox"], args].concat());
    command.env("DRAWBRIDGE_SANDBOX", address);
    // A proxy is for the world outside, not for this machine.
    command
        .env("http_proxy", "http://127.0.0.1:1")
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    Process::start(command).end()
}

fn done(address: &str, args: &[&str]) -> Value {
    let ended = by_hand(address, args);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{args:?}");
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

/// Looks until the state is as it should be.
fn until(address: &str, what: &str, holds: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let state = done(address, &["state"]);
        if holds(&state) {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{what} does not come true: {state:#}"
        );
    }
}

/// One pull request in the state.
fn pull(state: &Value, number: u64) -> &Value {
    let pulls = state["pull_requests"].as_array().expect("a list");
    pulls
        .iter()
        .find(|pull| pull["number"] == number)
        .expect("the pull request")
}

#[test]
fn one_can_go_on_by_hand_from_another_terminal() {
    let staying = Process::start(drawbridge(&["sandbox", "--stay"]));
    let address = staying.out.wait_for("address", |line| {
        line.trim()
            .strip_prefix("export DRAWBRIDGE_SANDBOX=")
            .map(str::to_owned)
    });
    let opened = done(
        &address,
        &[
            "open-pr",
            "--author",
            "sam",
            "--title",
            "By hand",
            "--unsigned",
        ],
    );
    let (number, head) = (
        opened["number"].as_u64().expect("a number"),
        opened["head"].as_str().expect("a head").to_owned(),
    );
    let (n, branch) = (number.to_string(), format!("pull-request/{number}"));
    until(&address, "advice", |state| {
        pull(state, number)["comments"]
            .to_string()
            .contains(&format!("/ok to test {head}"))
    });
    done(
        &address,
        &[
            "comment",
            &n,
            "--by",
            "vera",
            &format!("/ok to test {head}"),
        ],
    );
    until(&address, "the mirror", |state| {
        state["branches"][&branch] == *head
    });
    let pushed = done(&address, &["push", &n, "--unsigned"])["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    assert_ne!(pushed, head);
    done(
        &address,
        &[
            "comment",
            &n,
            "--by",
            "vera",
            &format!("/ok to test {pushed}"),
        ],
    );
    until(&address, "the new mirror", |state| {
        state["branches"][&branch] == *pushed
    });
    let running = |job: &str, state: &Value| {
        let all = state["dispatched"].as_array().expect("a list");
        all.iter()
            .any(|run| run["job"] == job && run["status"] == "in_progress" && run["sha"] == *pushed)
    };
    until(&address, "the builds", |state| {
        running("build (amd64)", state) && running("build (arm64)", state)
    });
    let vague = by_hand(&address, &["finish-job", "build", "failure"]);
    assert_eq!(vague.code, Some(1));
    assert!(
        vague.err.contains("  build (arm64), pull-request/"),
        "{}",
        vague.err
    );
    done(&address, &["label", &n, "api-docs"]);
    until(&address, "the job with the label", |state| {
        running("api-docs", state)
    });
    done(&address, &["finish-job", "api-docs"]);
    done(&address, &["finish-job", "build (arm64)", "failure"]);
    until(&address, "the gate", |state| {
        pull(state, number)["checks"]
            .to_string()
            .contains("build (arm64): failed")
    });
    done(&address, &["close", &n, "--by", "sam"]);
    until(&address, "no mirror", |state| {
        state["branches"].get(&branch).is_none() && pull(state, number)["open"] == false
    });

    // What a member signed needs nobody's approval.
    let opened = done(
        &address,
        &["open-pr", "--author", "mel", "--file", "docs/a.md"],
    );
    let number = opened["number"].as_u64().expect("a number");
    let says = |state: &Value, what: &str| pull(state, number)["checks"].to_string().contains(what);
    until(&address, "nothing to run", |state| {
        says(state, "Nothing to run")
    });
    done(&address, &["push", &number.to_string()]);
    until(&address, "the builds", |state| {
        says(state, "Waiting for build (amd64)")
    });

    let refused = by_hand(&address, &["close", "9999"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("9999"), "{}", refused.err);
    staying.signal("INT");
    let ended = staying.end();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}

#[test]
fn a_wrong_address_is_told_clearly() {
    for (address, said) in [
        (
            "http://127.0.0.1:1",
            "nothing answers at http://127.0.0.1:1",
        ),
        ("not an address", "not an address"),
        ("", "DRAWBRIDGE_SANDBOX"),
    ] {
        for args in [&["state"][..], &["close", "1"]] {
            let ended = by_hand(address, args);
            assert!(
                matches!(ended.code, Some(1 | 2)) && ended.out.is_empty(),
                "{address:?}"
            );
            assert!(
                ended.err.contains(said) && ended.err.lines().count() < 6,
                "{address:?}: {}",
                ended.err
            );
        }
    }
    let unset = Process::start(drawbridge(&["sandbox", "state"])).end();
    assert_eq!(unset.code, Some(2));
    for said in ["--sandbox", "Set DRAWBRIDGE_SANDBOX"] {
        assert!(unset.err.contains(said), "{}", unset.err);
    }
}
