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
    done(&address, &["finish-build", &n, "--conclusion", "failure"]);
    until(&address, "the gate", |state| {
        pull(state, number)["checks"]
            .to_string()
            .contains("failure")
    });
    done(&address, &["close", &n, "--by", "sam"]);
    until(&address, "no mirror", |state| {
        state["branches"].get(&branch).is_none() && pull(state, number)["open"] == false
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
    assert!(unset.err.contains("--sandbox"), "{}", unset.err);
}
