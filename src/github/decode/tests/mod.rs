//! Deliveries as GitHub sends them, cut down to what is read.

mod builds;
mod pulls;

use super::*;
use crate::domain::init::asks_for_it;
use pulls::{pull, push};
use serde_json::{Value, json};

const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

/// A delivery of a person in an organisation's repository, with what is special about it.
fn delivery(special: Value) -> Value {
    let mut all = json!({
        "repository": { "id": 1, "full_name": "acme/engine", "private": false, "default_branch": "main",
            "owner": { "login": "acme", "id": 100, "type": "Organization" } },
        "installation": { "id": 9, "node_id": "x" },
        "sender": { "login": "alice", "id": 5, "type": "User" },
    });
    for (key, value) in special.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn try_decode(name: &str, payload: &Value) -> Result<Decoded, DecodeError> {
    let me = Identity {
        app_id: 7,
        slug: "drawbridge".into(),
    };
    let payload = payload.to_string();
    let decoded = decode(name, payload.as_bytes(), &me, DateTime::UNIX_EPOCH);
    if let (Some(told), Ok(Decoded::Event(event))) = (everyday(name, payload.as_bytes()), &decoded)
    {
        assert!(enables_nothing(event), "{event:?} was let pass");
        assert_eq!(event.repo(), Some(&told.repo));
    }
    decoded
}

/// Whether nothing is missed where nothing is enabled and this is never heard of.
fn enables_nothing(event: &Event) -> bool {
    match event {
        Event::Pull { .. } | Event::BuildChanged { .. } => true,
        Event::Comment { lines, .. } => !lines.iter().any(asks_for_it),
        Event::BranchPushed { configuration, .. } => !configuration,
        _ => false,
    }
}

fn event(name: &str, special: Value) -> Event {
    match try_decode(name, &delivery(special)) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

fn ignored_because(name: &str, special: Value) -> String {
    match try_decode(name, &delivery(special)) {
        Ok(Decoded::Ignored(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// `base` with the value at a JSON pointer's parent set.
fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    base.pointer_mut(parent).unwrap()[key] = value;
    base
}

#[test]
fn what_means_nothing_is_accepted_whatever_it_looks_like() {
    for name in ["ping", "star", "workflow_job", "something\nnew"] {
        assert!(
            matches!(
                try_decode(name, &json!({ "zen": "x", "repository": 3 })),
                Ok(Decoded::Ignored(_))
            ),
            "{name}"
        );
    }
}

#[test]
fn a_delivery_that_is_not_what_it_claims_is_an_error_that_says_why() {
    let long = "x".repeat(100_000);
    for (name, payload, why) in [
        (
            "pull_request",
            delivery(json!({ "action": "opened" })),
            "missing field `pull_request`",
        ),
        (
            "pull_request",
            delivery(with(pull("opened"), "/pull_request/head", json!({}))),
            "missing field `sha`",
        ),
        (
            "pull_request",
            delivery(with(pull("opened"), "/pull_request/head/sha", json!("abc"))),
            "not a full commit SHA",
        ),
        (
            "pull_request",
            delivery(with(pull("opened"), "/pull_request/number", json!(long))),
            "invalid type",
        ),
        ("pull_request", json!({}), "missing field `action`"),
        (
            "push",
            with(
                delivery(push("refs/heads/main", &[])),
                "/repository/full_name",
                json!("a/../b"),
            ),
            "owner/name",
        ),
        ("push", json!([]), "as `push`"),
    ] {
        let error = try_decode(name, &payload).unwrap_err();
        assert!(
            matches!(error, DecodeError::Shape { .. }) && error.to_string().contains(why),
            "{error}"
        );
        assert!(error.to_string().len() < 500);
    }
    let me = Identity {
        app_id: 7,
        slug: "drawbridge".into(),
    };
    for (name, body) in [
        ("push", &b"payload=1"[..]),
        ("ping", b"{"),
        ("star", b""),
        ("ping", b"{} x"),
        ("push", b"\xff"),
    ] {
        let error = decode(name, body, &me, DateTime::UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, DecodeError::NotJson(_)), "{error}");
    }
}

#[test]
fn a_branch_s_name_is_taken_whole_or_refused() {
    let time = "2024-01-01T00:00:00Z";
    let told = |branch: &str| {
        let full = format!("refs/heads/{branch}");
        [
            (
                "push",
                json!({ "ref": full, "before": HEAD, "after": HEAD }),
            ),
            (
                "merge_group",
                json!({ "action": "checks_requested", "merge_group": {
                "head_sha": HEAD, "head_ref": full, "base_sha": HEAD, "base_ref": "refs/heads/main" } }),
            ),
            (
                "workflow_run",
                json!({ "action": "completed", "workflow_run": {
                "id": 1, "head_branch": branch, "head_sha": HEAD, "head_repository": { "id": 1 },
                "status": "queued", "updated_at": time, "created_at": time } }),
            ),
            (
                "status",
                json!({ "id": 1, "sha": HEAD, "context": "x", "state": "success", "updated_at": time,
                "created_at": time, "branches": [{ "name": branch, "commit": { "sha": HEAD } }] }),
            ),
        ]
    };
    // A branch may well be called that.
    for name in ["x".repeat(1_000), "refs/heads/pull-request/7".to_owned()] {
        for (kind, special) in told(&name) {
            let (Event::BranchPushed { branch, .. } | Event::MergeGroup { branch, .. }) =
                event(kind, special.clone())
            else {
                let Event::BuildChanged { branch, .. } = event(kind, special) else {
                    panic!("{kind}")
                };
                assert_eq!(branch.as_ref(), Some(&name), "{kind}");
                continue;
            };
            assert_eq!(branch, name, "{kind}");
        }
    }
    for (kind, special) in told(&"x".repeat(1_001)) {
        let error = try_decode(kind, &delivery(special))
            .unwrap_err()
            .to_string();
        assert!(error.contains("a branch's name of 1001 bytes"), "{error}");
    }
}
