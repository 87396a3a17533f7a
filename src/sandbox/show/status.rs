//! Commit statuses.

use serde_json::{Value, json};

use super::{commit, node, repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::status::Status;

/// GitHub's `simple-commit-status`, as the combination lists it.
pub(crate) fn simple(hub: &Hub, status: &Status) -> Value {
    let api = repo::api(hub, status.repo);
    json!({
        "id": status.id,
        "node_id": node("SC", status.id),
        "url": format!("{api}/statuses/{}", status.sha),
        "avatar_url": format!("{}/avatars/{}", hub.base, status.creator),
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": stamp(status.at),
        "updated_at": stamp(status.at),
    })
}

/// GitHub's `status`, with who made it.
pub(crate) fn full(hub: &Hub, status: &Status) -> Value {
    let mut shown = simple(hub, status);
    shown["creator"] = user::simple(hub, status.creator);
    shown
}

/// GitHub's `combined-commit-status` of a commit: the newest status of each context.
pub(crate) fn combined(hub: &Hub, in_repo: u64, sha: &str) -> Value {
    let mut newest: Vec<&Status> = Vec::new();
    for status in hub.statuses_of(in_repo, sha) {
        if !newest.iter().any(|newer| newer.context == status.context) {
            newest.push(status);
        }
    }
    newest.reverse();
    let any = |states: &[&str]| {
        newest
            .iter()
            .any(|one| states.contains(&one.state.as_str()))
    };
    let state = if any(&["error", "failure"]) {
        "failure"
    } else if newest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let api = repo::api(hub, in_repo);
    let shown: Vec<Value> = newest.iter().map(|status| simple(hub, status)).collect();
    json!({
        "state": state,
        "total_count": shown.len(),
        "statuses": shown,
        "sha": sha,
        "repository": repo::minimal(hub, in_repo),
        "commit_url": format!("{api}/commits/{sha}"),
        "url": format!("{api}/commits/{sha}/status"),
    })
}

/// What a `status` webhook says besides what all of them do.
pub(crate) fn told(hub: &Hub, status: &Status) -> Value {
    let api = repo::api(hub, status.repo);
    let heads = hub.repo(status.repo).refs.iter().filter_map(|(full, sha)| {
        let name = full.strip_prefix("refs/heads/")?;
        (*sha == status.sha).then_some(name)
    });
    // GitHub names at most ten branches.
    let branches = heads.take(10).map(|name| {
        json!({
            "name": name,
            "commit": { "sha": status.sha, "url": format!("{api}/commits/{}", status.sha) },
            "protected": false,
        })
    });
    let commit = hub.objects.get(&status.sha);
    json!({
        "id": status.id,
        "sha": status.sha,
        "name": hub.full_name(status.repo),
        "target_url": status.target_url,
        "avatar_url": format!("{}/avatars/{}", hub.base, status.creator),
        "context": status.context,
        "description": status.description,
        "state": status.state,
        "commit": commit.map(|commit| commit::full(hub, status.repo, commit)),
        "branches": branches.collect::<Vec<_>>(),
        "created_at": stamp(status.at),
        "updated_at": stamp(status.at),
    })
}
