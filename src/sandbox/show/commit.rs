//! Commits and changed files.

use serde_json::{Value, json};

use super::{repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::git::{Commit, FileChange, Person, object_id};

fn person(person: &Person, commit: &Commit) -> Value {
    json!({ "name": person.name, "email": person.email, "date": stamp(commit.date) })
}

/// The id of a commit's tree: never looked up, only shown.
fn tree_id(commit: &Commit) -> String {
    object_id(&["tree", &commit.sha])
}

/// GitHub's `commit`.
pub(crate) fn full(hub: &Hub, in_repo: u64, commit: &Commit) -> Value {
    let (api, html, sha) = (
        repo::api(hub, in_repo),
        repo::html(hub, in_repo),
        &commit.sha,
    );
    let account = |person: &Person| person.account.map(|id| user::simple(hub, id));
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|p| json!({ "sha": p, "url": format!("{api}/commits/{p}"), "html_url": format!("{html}/commit/{p}") }))
        .collect();
    let signature = commit
        .verified
        .then_some("-----BEGIN SSH SIGNATURE-----\nsandbox\n-----END SSH SIGNATURE-----");
    json!({
        "sha": sha,
        "node_id": format!("C_sandbox{sha}"),
        "commit": {
            "author": person(&commit.author, commit),
            "committer": person(&commit.committer, commit),
            "message": commit.message,
            "tree": { "sha": tree_id(commit), "url": format!("{api}/git/trees/{}", tree_id(commit)) },
            "url": format!("{api}/git/commits/{sha}"),
            "comment_count": 0,
            "verification": {
                "verified": commit.verified,
                "reason": commit.reason,
                "signature": signature,
                "payload": signature.map(|_| format!("tree {}\n", tree_id(commit))),
                "verified_at": commit.verified.then(|| stamp(commit.date)),
            },
        },
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{html}/commit/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "author": account(&commit.author),
        "committer": account(&commit.committer),
        "parents": parents,
    })
}

/// What `GET …/commits/{ref}` adds: the files.
pub(crate) fn with_files(hub: &Hub, in_repo: u64, commit: &Commit) -> Value {
    let changes = hub.objects.changes_of(commit);
    let additions: usize = changes.iter().map(|change| change.additions).sum();
    let deletions: usize = changes.iter().map(|change| change.deletions).sum();
    let mut shown = full(hub, in_repo, commit);
    shown["stats"] =
        json!({ "additions": additions, "deletions": deletions, "total": additions + deletions });
    shown["files"] = changes
        .iter()
        .take(300)
        .map(|change| file(hub, in_repo, &commit.sha, change))
        .collect();
    shown
}

/// GitHub's `simple-commit`.
pub(crate) fn simple(commit: &Commit) -> Value {
    let who = |person: &Person| json!({ "name": person.name, "email": person.email });
    json!({
        "id": commit.sha,
        "tree_id": tree_id(commit),
        "message": commit.message,
        "timestamp": stamp(commit.date),
        "author": who(&commit.author),
        "committer": who(&commit.committer),
    })
}

/// A commit in a `push` payload, with the paths it touched.
pub(crate) fn in_push(hub: &Hub, in_repo: u64, commit: &Commit) -> Value {
    let changes = hub.objects.changes_of(commit);
    let mut paths = (Vec::new(), Vec::new(), Vec::new());
    for change in &changes {
        match change.status {
            "added" => paths.0.push(change.path.as_str()),
            "removed" => paths.1.push(change.path.as_str()),
            "renamed" => {
                paths.0.push(change.path.as_str());
                paths.1.extend(change.previous.as_deref());
            }
            _ => paths.2.push(change.path.as_str()),
        }
    }
    let mut shown = simple(commit);
    shown["distinct"] = json!(true);
    shown["url"] = json!(format!(
        "{}/commit/{}",
        repo::html(hub, in_repo),
        commit.sha
    ));
    for (field, who) in [("author", &commit.author), ("committer", &commit.committer)] {
        shown[field]["date"] = json!(stamp(commit.date));
        if let Some(id) = who.account {
            shown[field]["username"] = json!(hub.user(id).login);
        }
    }
    shown["added"] = json!(paths.0);
    shown["removed"] = json!(paths.1);
    shown["modified"] = json!(paths.2);
    shown
}

/// GitHub's `diff-entry`.
pub(crate) fn file(hub: &Hub, in_repo: u64, sha: &str, change: &FileChange) -> Value {
    let (api, html) = (repo::api(hub, in_repo), repo::html(hub, in_repo));
    let path = escape(&change.path);
    let mut shown = json!({
        "sha": change.blob,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": format!("{html}/blob/{sha}/{path}"),
        "raw_url": format!("{html}/raw/{sha}/{path}"),
        "contents_url": format!("{api}/contents/{path}?ref={sha}"),
    });
    if let Some(previous) = &change.previous {
        shown["previous_filename"] = json!(previous);
    }
    shown
}

/// A path inside a URI: everything but letters, digits and a few harmless signs is percent-encoded.
pub(crate) fn escape(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
