//! Branches: what they point to, how they differ, what they require; and dispatches to a repository.

use serde_json::{Value, json};

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::model::queue::{RepositoryDispatch, RequiredCheck};
use crate::sandbox::show;

fn required<'c>(call: &'c Call<'_>) -> &'c [RequiredCheck] {
    let key = (call.repo, call.param("branch").to_owned());
    call.hub.required.get(&key).map_or(&[], Vec::as_slice)
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let name = call.param("branch");
    let sha = call.hub.repo(call.repo).branch(name);
    let commit = sha.and_then(|sha| call.hub.objects.get(sha));
    let commit = commit.ok_or_else(|| Reply::error(404, "Branch not found"))?;
    let (api, html) = (
        show::repo::api(call.hub, call.repo),
        show::repo::html(call.hub, call.repo),
    );
    let escaped = show::commit::escape(name);
    let this = format!("{api}/branches/{escaped}");
    let nothing: [Value; 0] = [];
    Ok(Reply::ok(json!({
        "name": name,
        "commit": show::commit::full(call.hub, call.repo, commit),
        "_links": { "self": this, "html": format!("{html}/tree/{escaped}") },
        "protected": !required(call).is_empty(),
        // Checks are required by rulesets here, which this older part does not show.
        "protection": {
            "enabled": false,
            "required_status_checks": { "enforcement_level": "off", "contexts": nothing, "checks": nothing },
        },
        "protection_url": format!("{this}/protection"),
    })))
}

/// The older kind of protection, which nobody uses here.
pub(super) fn protection(_: &mut Call<'_>) -> Outcome {
    Err(Reply::error(404, "Branch not protected"))
}

pub(super) fn rules(call: &mut Call<'_>) -> Outcome {
    let check = |check: &RequiredCheck| match check.app {
        Some(app) => json!({ "context": check.context, "integration_id": app }),
        None => json!({ "context": check.context }),
    };
    let checks: Vec<Value> = required(call).iter().map(check).collect();
    let source = call.hub.full_name(call.repo);
    let rule = (!checks.is_empty()).then(|| {
        json!({
            "type": "required_status_checks",
            "ruleset_source_type": "Repository",
            "ruleset_source": source,
            "ruleset_id": 1,
            "parameters": {
                "strict_required_status_checks_policy": false,
                "do_not_enforce_on_create": false,
                "required_status_checks": checks,
            },
        })
    });
    let mut rules = Vec::from_iter(rule);
    let branch = call.param("branch");
    let restricted = &call.hub.restricted;
    if restricted.iter().any(|prefix| branch.starts_with(prefix)) {
        rules.extend(["creation", "update", "deletion"].map(|kind| {
            json!({
                "type": kind,
                "ruleset_source_type": "Repository",
                "ruleset_source": source,
                "ruleset_id": 2,
            })
        }));
    }
    Ok(paging::list(call, rules, usize::MAX))
}

/// `base...head`, each a branch, tag or commit. Commits come in pages; the first page has up to 300 files.
pub(super) fn compare(call: &mut Call<'_>) -> Outcome {
    let (base, head) = call
        .param("basehead")
        .split_once("...")
        .ok_or_else(Reply::not_found)?;
    let commit = |name: &str| {
        let sha = call.hub.resolve(call.repo, name)?;
        call.hub.objects.get(&sha)
    };
    let (base, head) = match (commit(base), commit(head)) {
        (Some(base), Some(head)) => (base, head),
        _ => return Err(Reply::not_found()),
    };
    let objects = &call.hub.objects;
    let common = objects
        .merge_base(&base.sha, &head.sha)
        .ok_or_else(|| Reply::error(404, "No common ancestor"))?;
    let ahead = objects.between(&base.sha, &head.sha);
    let behind = objects.between(&head.sha, &base.sha).len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let full = |commit| show::commit::full(call.hub, call.repo, commit);
    let total = ahead.len();
    let (page, links) = paging::page(call, ahead, usize::MAX);
    // Without a page all commits are meant, up to 250.
    let commits: Vec<Value> = if call.query("page").is_none() && call.query("per_page").is_none() {
        let all = objects.between(&base.sha, &head.sha);
        all.into_iter().take(250).map(full).collect()
    } else {
        page.into_iter().map(full).collect()
    };
    let changes = objects.changes(&base.sha, &head.sha);
    let first = call.query("page").is_none_or(|page| page == "1");
    let files: Vec<Value> = changes
        .iter()
        .take(if first { 300 } else { 0 })
        .map(|change| show::commit::file(call.hub, call.repo, &head.sha, change))
        .collect();
    let (api, html) = (
        show::repo::api(call.hub, call.repo),
        show::repo::html(call.hub, call.repo),
    );
    let escaped = show::commit::escape(call.param("basehead"));
    let page = format!("{html}/compare/{escaped}");
    let reply = Reply::ok(json!({
        "url": format!("{api}/compare/{escaped}"),
        "html_url": page,
        "permalink_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "base_commit": full(base),
        "merge_base_commit": full(common),
        "status": status,
        "ahead_by": total,
        "behind_by": behind,
        "total_commits": total,
        "commits": commits,
        "files": files,
    }));
    Ok(match links {
        Some(links) => reply.header("link", links),
        None => reply,
    })
}

/// `POST …/dispatches`: accepted without an id.
pub(super) fn dispatch(call: &mut Call<'_>) -> Outcome {
    let invalid = |why: &str| Reply::unprocessable(&format!("Invalid request.\n\n{why}"));
    let event_type = call
        .text("event_type")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| invalid("\"event_type\" wasn't supplied."))?
        .to_owned();
    if event_type.chars().count() > 100 {
        return Err(invalid(
            "\"event_type\" is too long (maximum is 100 characters).",
        ));
    }
    let client_payload = call.body.get("client_payload").cloned();
    let client_payload = client_payload.unwrap_or_else(|| json!({}));
    let keys = client_payload
        .as_object()
        .ok_or_else(|| invalid("For 'properties/client_payload', it is not an object."))?
        .len();
    if keys > 10 {
        return Err(invalid(&format!(
            "No more than 10 properties are allowed; {keys} were supplied."
        )));
    }
    let repo = call.repo;
    call.hub.repository_dispatches.push(RepositoryDispatch {
        repo,
        event_type,
        client_payload,
    });
    Ok(Reply::no_content())
}
