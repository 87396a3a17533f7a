//! Users, membership, repositories, their files and commits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::answer::{Outcome, Reply};
use super::call::Call;
use crate::sandbox::model::git::blob_id;
use crate::sandbox::show;

pub(super) fn user(call: &mut Call<'_>) -> Outcome {
    let found = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    Ok(Reply::ok(show::user::public(
        call.hub,
        found.ok_or_else(Reply::not_found)?,
    )))
}

/// 204 for a member, public or private: an installation with `members: read` sees both.
pub(super) fn member(call: &mut Call<'_>) -> Outcome {
    let org = call.hub.user_named(call.param("org")).map(|org| org.id);
    let user = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    let right_org = org == Some(call.hub.owner) && call.hub.is_organization();
    match user.filter(|user| right_org && call.hub.members.contains_key(user)) {
        Some(_) => Ok(Reply::no_content()),
        None => Err(Reply::not_found()),
    }
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::ok(show::repo::answer(call.hub, call.repo)))
}

pub(super) fn permission(call: &mut Call<'_>) -> Outcome {
    let user = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    let user = user
        .ok_or_else(|| Reply::error(404, &format!("{} is not a user", call.param("username"))))?;
    let permission = call.hub.permission(call.repo, user);
    let mut shown = show::user::simple(call.hub, user);
    shown["role_name"] = json!(permission.role_name());
    let at_least = |level| permission >= level;
    use crate::sandbox::Permission::{Admin, Maintain, Read, Triage, Write};
    shown["permissions"] = json!({
        "pull": at_least(Read),
        "triage": at_least(Triage),
        "push": at_least(Write),
        "maintain": at_least(Maintain),
        "admin": at_least(Admin),
    });
    Ok(Reply::ok(json!({
        "permission": permission.legacy(),
        "role_name": permission.role_name(),
        "user": shown,
    })))
}

/// GitHub's `content-file`. Beyond 1 MB the content is left out, as GitHub does.
pub(super) fn contents(call: &mut Call<'_>) -> Outcome {
    let repo = call.hub.repo(call.repo);
    let name = call.query("ref").unwrap_or(&repo.default_branch).to_owned();
    let sha = call.hub.resolve(call.repo, &name);
    let sha =
        sha.ok_or_else(|| Reply::error(404, &format!("No commit found for the ref {name}")))?;
    let path = call.param("path").trim_matches('/');
    let commit = call.hub.objects.get(&sha).ok_or_else(Reply::not_found)?;
    let content = commit.tree.get(path).ok_or_else(Reply::not_found)?;
    let (api, html) = (
        show::repo::api(call.hub, call.repo),
        show::repo::html(call.hub, call.repo),
    );
    let escaped = show::commit::escape(path);
    let small = content.len() <= 1024 * 1024;
    let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let this = format!("{api}/contents/{escaped}?ref={query}");
    let blob = blob_id(content);
    let git = format!("{api}/git/blobs/{blob}");
    let page = format!("{html}/blob/{}/{escaped}", show::commit::escape(&name));
    Ok(Reply::ok(json!({
        "type": "file",
        "encoding": if small { "base64" } else { "none" },
        "content": if small { wrapped(content) } else { String::new() },
        "size": content.len(),
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": blob,
        "url": this,
        "git_url": git,
        "html_url": page,
        "download_url": format!("{html}/raw/{}/{escaped}", show::commit::escape(&name)),
        "_links": { "self": this, "git": git, "html": page },
    })))
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

/// The commit a name in the path stands for; GitHub answers 422 where there is none.
pub(super) fn named_commit(call: &Call<'_>) -> Result<String, Reply> {
    let name = call.param("ref");
    let missing = || Reply::unprocessable(&format!("No commit found for SHA: {name}"));
    call.hub.resolve(call.repo, name).ok_or_else(missing)
}

pub(super) fn commit(call: &mut Call<'_>) -> Outcome {
    let sha = named_commit(call)?;
    let commit = call.hub.objects.get(&sha).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(show::commit::with_files(
        call.hub, call.repo, commit,
    )))
}
