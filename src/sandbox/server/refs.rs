//! Git references.

use serde_json::{Value, json};

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::deeds::RefMove;
use crate::sandbox::model::access::Level;
use crate::sandbox::show;

/// GitHub's `git-ref`.
fn shown(call: &Call<'_>, full: &str, sha: &str) -> Value {
    let api = show::repo::api(call.hub, call.repo);
    json!({
        "ref": full,
        "node_id": format!("REF_sandbox{}", show::commit::escape(full)),
        "url": format!("{api}/git/{}", show::commit::escape(full)),
        "object": { "type": "commit", "sha": sha, "url": format!("{api}/git/commits/{sha}") },
    })
}

/// The path gives `heads/…`; some clients write `refs/heads/…`.
fn full_name(call: &Call<'_>) -> String {
    let name = call.param("ref");
    format!("refs/{}", name.strip_prefix("refs/").unwrap_or(name))
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let full = full_name(call);
    if call.hub.repo(call.repo).refs.is_empty() {
        return Err(Reply::error(409, "Git Repository is empty."));
    }
    let sha = call
        .hub
        .repo(call.repo)
        .refs
        .get(&full)
        .ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shown(call, &full, sha)))
}

pub(super) fn matching(call: &mut Call<'_>) -> Outcome {
    let prefix = full_name(call);
    let refs = call
        .hub
        .repo(call.repo)
        .refs
        .iter()
        .filter(|(full, _)| full.starts_with(&prefix));
    let found = refs.map(|(full, sha)| shown(call, full, sha)).collect();
    Ok(paging::list(call, found, usize::MAX))
}

/// The commit to point at: known in the fork network, and within the token's rights.
fn target(call: &Call<'_>) -> Result<String, Reply> {
    let sha = call
        .text("sha")
        .ok_or_else(|| Reply::unprocessable("Invalid request.\n\n\"sha\" wasn't supplied."))?;
    if sha.len() != 40 || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Reply::unprocessable(
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        ));
    }
    let network = call.hub.repo(call.repo).network();
    if call
        .hub
        .objects
        .get(sha)
        .is_none_or(|commit| commit.network != network)
    {
        return Err(Reply::unprocessable("Object does not exist"));
    }
    let repo = call.hub.repo(call.repo);
    let main = repo
        .branch(&repo.default_branch)
        .cloned()
        .unwrap_or_default();
    let workflow = |path: &str| path.starts_with(".github/workflows/");
    let touches =
        call.hub.objects.changes(&main, sha).iter().any(|change| {
            workflow(&change.path) || change.previous.as_deref().is_some_and(workflow)
        });
    if touches && !call.may("workflows", Level::Write) {
        return Err(Reply::not_accessible().header(
            "x-accepted-github-permissions",
            "contents=write,workflows=write",
        ));
    }
    Ok(sha.to_owned())
}

/// Moves the ref in the app's name.
fn step(call: &mut Call<'_>, full: &str, to: Option<&str>) -> Result<(), Reply> {
    if !full.starts_with("refs/heads/") && !full.starts_with("refs/tags/") {
        return Err(Reply::unprocessable("Reference update failed"));
    }
    let (repo, by) = (call.repo, call.actor());
    call.hub.move_ref(RefMove { repo, full, to, by })?;
    Ok(())
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let full = call.text("ref").unwrap_or_default().to_owned();
    if !full.starts_with("refs/") || full.matches('/').count() < 2 || full.ends_with('/') {
        let message = "Reference name must start with 'refs' and have at least two slashes.";
        return Err(Reply::unprocessable(message));
    }
    let sha = target(call)?;
    if call.hub.repo(call.repo).refs.contains_key(&full) {
        return Err(Reply::unprocessable("Reference already exists"));
    }
    step(call, &full, Some(&sha))?;
    Ok(Reply::created(shown(call, &full, &sha)))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let full = full_name(call);
    let before = call.hub.repo(call.repo).refs.get(&full).cloned();
    let before = before.ok_or_else(|| Reply::unprocessable("Reference does not exist"))?;
    let sha = target(call)?;
    let forced = call
        .body
        .get("force")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if !forced && !call.hub.objects.is_ancestor(&before, &sha) {
        return Err(Reply::unprocessable("Update is not a fast forward"));
    }
    step(call, &full, Some(&sha))?;
    Ok(Reply::ok(shown(call, &full, &sha)))
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let full = full_name(call);
    if !call.hub.repo(call.repo).refs.contains_key(&full) {
        return Err(Reply::unprocessable("Reference does not exist"));
    }
    step(call, &full, None)?;
    Ok(Reply::no_content())
}
