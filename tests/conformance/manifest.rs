//! `app-manifest.yml` asks for what is used, all of it and no more.

use super::npm::{self, EXAMPLES};
use super::{client, settle};
use chrono::Utc;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::github::{Decoded, Identity, decode};
use drawbridge::playground::Playground;
use drawbridge::sandbox::{NewCommit, NewPr, Options, Permission, Visibility};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for without a request that needs it.
const NEEDED_OTHERWISE: &[(&str, &str)] = &[
    ("metadata", "every app has it, asked for or not"),
    (
        "merge_queues",
        "without it GitHub does not deliver `merge_group`",
    ),
];

/// Events that GitHub delivers to every app, so that they can't be listed.
const UNASKED: &[&str] = &["installation", "installation_repositories"];

#[derive(Deserialize)]
struct Manifest {
    default_permissions: BTreeMap<String, String>,
    default_events: BTreeSet<String>,
}

fn manifest() -> Manifest {
    serde_saphyr::from_str(include_str!("../../app-manifest.yml"))
        .expect("app-manifest.yml is YAML")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_permissions_of_the_manifest_are_enough() {
    assert_eq!(
        refusals(&manifest().default_permissions).await,
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_permission_of_the_manifest_lowered_something_is_refused() {
    let permissions = manifest().default_permissions;
    let mut idle = Vec::new();
    for (name, level) in &permissions {
        if NEEDED_OTHERWISE.iter().any(|(other, _)| other == name) {
            continue;
        }
        if name == "statuses" && !client::serves("POST", "/statuses/{sha}") {
            continue;
        }
        let mut lowered = permissions.clone();
        match level.as_str() {
            // There is nothing to read about workflows.
            "write" if name != "workflows" => lowered.insert(name.clone(), "read".to_owned()),
            _ => lowered.remove(name),
        };
        if refusals(&lowered).await.is_empty() {
            idle.push(format!("{name}: {level}"));
        }
    }
    assert_eq!(idle, Vec::<String>::new(), "nothing needs these");
}

#[test]
fn the_events_of_the_manifest_are_those_that_mean_something() {
    let asked = manifest().default_events;
    for event in asked
        .iter()
        .map(String::as_str)
        .chain(UNASKED.iter().copied())
    {
        assert!(is_understood(event), "{event} means nothing to the app");
    }
    let Some(examples) = npm::read(&EXAMPLES) else {
        return;
    };
    let all = examples
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["name"].as_str().expect("a name"));
    let unlisted: Vec<_> = all
        .filter(|event| is_understood(event) && !UNASKED.contains(event) && !asked.contains(*event))
        .collect();
    assert_eq!(
        unlisted,
        Vec::<&str>::new(),
        "these would never be delivered"
    );
}

/// An event that is understood is missed in an empty payload; any other is ignored whatever it holds.
fn is_understood(event: &str) -> bool {
    let me = Identity {
        app_id: 1,
        slug: "drawbridge".to_owned(),
    };
    !matches!(
        decode(event, b"{}", &me, Utc::now()),
        Ok(Decoded::Ignored(_))
    )
}

/// The requests that GitHub refuses in a short day, if the app has these permissions.
async fn refusals(permissions: &BTreeMap<String, String>) -> Vec<String> {
    let playground = Playground::start(Options::default())
        .await
        .expect("both start");
    let github = &playground.github;
    for name in github.app_permissions().keys() {
        if !permissions.contains_key(name) {
            github.set_app_permission(name, None);
        }
    }
    for (name, level) in permissions {
        github.set_app_permission(name, Some(level));
    }
    github.add_org_member("mel", Visibility::Private);
    github.set_permission("vera", Permission::Write);
    github.issue_comment_on_plain_issue("maya", "/drawbridge init");
    settle(&playground).await;
    github.write_file(
        "engine",
        ".github/drawbridge.yaml",
        "enabled: true\n",
        "maya",
    );
    settle(&playground).await;

    let workflow = NewCommit::signed_by("mel").file(".github/workflows/build.yml", "on: push");
    let ours = github.open_pr(NewPr::by("mel").commit(workflow));
    let theirs = github.open_pr(NewPr::by("sam").commit(NewCommit::unsigned_by("sam")));
    settle(&playground).await;
    github.comment(theirs, "vera", "/help");
    github.comment(
        theirs,
        "vera",
        &format!("/ok to test {}", github.head(theirs)),
    );
    settle(&playground).await;
    if github.branch(&format!("pull-request/{ours}")).is_some() {
        github.finish_build(&format!("pull-request/{ours}"), "build", "success");
    }
    github.push(ours, vec![NewCommit::signed_by("mel")]);
    settle(&playground).await;
    if github.check(&github.head(ours), GATE_NAME).is_some() {
        github.rerequest_check(GATE_NAME, ours, "vera");
    }
    github.close_pr(ours, "mel");
    client::call(github).await;
    settle(&playground).await;
    let exchanges = github.exchanges();
    playground.stop().await.expect("both stop");
    // 302: whoever may not see members is led to the public ones.
    let refused = exchanges
        .into_iter()
        .filter(|exchange| matches!(exchange.status, 302 | 403));
    refused
        .map(|exchange| format!("{} {} {}", exchange.method, exchange.route, exchange.status))
        .collect()
}
