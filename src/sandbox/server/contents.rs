//! Files and directories of a repository.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::answer::{Outcome, Reply};
use super::call::Call;
use crate::sandbox::NewCommit;
use crate::sandbox::deeds::RefMove;
use crate::sandbox::model::access::Level;
use crate::sandbox::model::git::{blob_id, object_id};
use crate::sandbox::show;

/// GitHub's `content-file`, or `content-directory` for a directory. Beyond 1 MB the content is left out, as GitHub does.
pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let repo = call.hub.repo(call.repo);
    if repo.refs.is_empty() {
        return Err(Reply::error(404, "This repository is empty."));
    }
    let name = call.query("ref").unwrap_or(&repo.default_branch).to_owned();
    let sha = call.hub.resolve(call.repo, &name);
    let sha =
        sha.ok_or_else(|| Reply::error(404, &format!("No commit found for the ref {name}")))?;
    let path = call.param("path").trim_matches('/').to_owned();
    let commit = call.hub.objects.get(&sha).ok_or_else(Reply::not_found)?;
    if let Some(content) = commit.tree.get(&path) {
        let small = content.len() <= 1024 * 1024;
        let mut shown = entry(call, &name, &path, Kind::File(content));
        shown["encoding"] = json!(if small { "base64" } else { "none" });
        shown["content"] = json!(if small {
            wrapped(content)
        } else {
            String::new()
        });
        return Ok(Reply::ok(shown));
    }
    let within = format!("{path}/");
    let mut entries = BTreeMap::new();
    for (full, content) in commit.tree.iter() {
        let Some(rest) = full.strip_prefix(&within) else {
            continue;
        };
        let (first, kind) = match rest.split_once('/') {
            Some((directory, _)) => (directory, Kind::Directory),
            None => (rest, Kind::File(content)),
        };
        let there = format!("{within}{first}");
        entries.insert(first, entry(call, &name, &there, kind));
    }
    match entries.is_empty() {
        true => Err(Reply::not_found()),
        // "This API has an upper limit of 1,000 files for a directory."
        false => Ok(Reply::ok(entries.into_values().take(1000).collect())),
    }
}

enum Kind<'a> {
    File(&'a str),
    Directory,
}

fn entry(call: &Call<'_>, at: &str, path: &str, kind: Kind<'_>) -> Value {
    let (api, html) = (
        show::repo::api(call.hub, call.repo),
        show::repo::html(call.hub, call.repo),
    );
    let escaped = show::commit::escape(path);
    let query: String = form_urlencoded::byte_serialize(at.as_bytes()).collect();
    let this = format!("{api}/contents/{escaped}?ref={query}");
    let of = show::commit::escape(at);
    let (kind, sha, size, objects, pages) = match kind {
        Kind::File(content) => ("file", blob_id(content), content.len(), "blobs", "blob"),
        Kind::Directory => ("dir", object_id(&["tree", path]), 0, "trees", "tree"),
    };
    let git = format!("{api}/git/{objects}/{sha}");
    let page = format!("{html}/{pages}/{of}/{escaped}");
    let download = (kind == "file").then(|| format!("{html}/raw/{of}/{escaped}"));
    json!({
        "type": kind,
        "size": size,
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": sha,
        "url": this,
        "git_url": git,
        "html_url": page,
        "download_url": download,
        "_links": { "self": this, "git": git, "html": page },
    })
}

/// Base64 in lines of 60, each ended by a newline, which is how GitHub sends it.
fn wrapped(content: &str) -> String {
    let text = STANDARD.encode(content);
    let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 60 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    lines.push('\n');
    lines
}

/// Commits a file to a branch, in the app's name and signed by GitHub. What is there is replaced only by who names it.
pub(super) fn put(call: &mut Call<'_>) -> Outcome {
    let missing = |field: &str| {
        Reply::unprocessable(&format!("Invalid request.\n\n\"{field}\" wasn't supplied."))
    };
    let message = call.text("message").ok_or_else(|| missing("message"))?;
    let content = call.text("content").ok_or_else(|| missing("content"))?;
    let content = STANDARD.decode(content).ok();
    let content = content.and_then(|bytes| String::from_utf8(bytes).ok());
    let content = content.ok_or_else(|| Reply::unprocessable("content is not valid Base64"))?;
    let path = call.param("path").trim_matches('/').to_owned();
    if path.starts_with(".github/workflows/") && !call.may("workflows", Level::Write) {
        let needed = "contents=write,workflows=write";
        return Err(Reply::not_accessible().header("x-accepted-github-permissions", needed));
    }
    let repo = call.hub.repo(call.repo);
    let branch = call.text("branch").unwrap_or(&repo.default_branch);
    let full = format!("refs/heads/{branch}");
    let tip = repo.refs.get(&full).cloned();
    let tip = tip.ok_or_else(|| Reply::error(404, &format!("Branch {branch} not found")))?;
    let there = call.hub.objects.get(&tip);
    let there = there
        .and_then(|commit| commit.tree.get(&path))
        .map(|old| blob_id(old));
    match (&there, call.text("sha")) {
        (None, _) => {}
        (Some(_), None) => return Err(missing("sha")),
        (Some(old), Some(sha)) if old == sha => {}
        (Some(_), Some(sha)) => {
            return Err(Reply::error(409, &format!("{path} does not match {sha}")));
        }
    }
    let (repo, by) = (call.repo, call.actor());
    let login = call.hub.user(by).login.clone();
    let new = NewCommit::web(&login)
        .file(&path, &content)
        .message(message);
    let branch = branch.to_owned();
    let sha = call.hub.commit(repo, Some(&tip), &new);
    let (full, to) = (full.as_str(), Some(sha.as_str()));
    call.hub.move_ref(RefMove { repo, full, to, by })?;
    let commit = call.hub.objects.get(&sha).ok_or_else(Reply::not_found)?;
    let mut commit = show::commit::full(call.hub, repo, commit);
    // GitHub shows a commit here as git knows it, without accounts.
    let inner = commit["commit"].take();
    let mut shown = json!({
        "sha": commit["sha"],
        "node_id": commit["node_id"],
        "url": commit["url"],
        "html_url": commit["html_url"],
        "parents": commit["parents"],
    });
    for field in ["author", "committer", "message", "tree", "verification"] {
        shown[field] = inner[field].clone();
    }
    let file = entry(call, &branch, &path, Kind::File(&content));
    let answer = json!({ "content": file, "commit": shown });
    Ok(match there {
        None => Reply::created(answer),
        Some(_) => Reply::ok(answer),
    })
}
