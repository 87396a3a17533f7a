//! Repositories.

use serde_json::{Map, Value, json};

use super::{node, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;

/// The many addresses of a repository: field and what follows its API address.
const ADDRESSES: [(&str, &str); 38] = [
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("mirror_url", ""),
];

/// `https://…/repos/{owner}/{repo}`.
pub(crate) fn api(hub: &Hub, id: u64) -> String {
    format!("{}/repos/{}", hub.base, hub.full_name(id))
}

/// `https://…/{owner}/{repo}`.
pub(crate) fn html(hub: &Hub, id: u64) -> String {
    format!("{}/{}", hub.base, hub.full_name(id))
}

/// GitHub's `minimal-repository`.
pub(crate) fn minimal(hub: &Hub, id: u64) -> Value {
    let repo = hub.repo(id);
    let api = api(hub, id);
    let mut shown = Map::new();
    for (field, rest) in ADDRESSES {
        shown.insert(field.to_owned(), json!(format!("{api}{rest}")));
    }
    let own = json!({
        "id": id,
        "node_id": node("R", id),
        "name": repo.name,
        "full_name": hub.full_name(id),
        "private": repo.private,
        "owner": user::simple(hub, repo.owner),
        "html_url": html(hub, id),
        "description": null,
        "fork": repo.fork_of.is_some(),
        "mirror_url": null,
    });
    if let Value::Object(own) = own {
        shown.extend(own);
    }
    Value::Object(shown)
}

/// GitHub's `repository`, in payloads and inside pull requests; also its `full-repository`.
pub(crate) fn full(hub: &Hub, id: u64) -> Value {
    let repo = hub.repo(id);
    let name = hub.full_name(id);
    let (created, updated) = (stamp(repo.created_at), stamp(repo.updated_at));
    let open = repo.issues.values().filter(|issue| issue.open).count();
    let forks = hub
        .repos
        .values()
        .filter(|fork| fork.fork_of == Some(id))
        .count();
    let rest = json!({
        "clone_url": format!("{}/{name}.git", hub.base),
        "git_url": format!("git://{}/{name}.git", hub.base.trim_start_matches("http://")),
        "ssh_url": format!("git@sandbox.invalid:{name}.git"),
        "svn_url": html(hub, id),
        "homepage": null,
        "language": null,
        "license": null,
        "default_branch": repo.default_branch,
        "visibility": if repo.private { "private" } else { "public" },
        "archived": repo.archived,
        "disabled": false,
        "has_downloads": false,
        "has_issues": true,
        "has_projects": false,
        "has_wiki": false,
        "has_pages": false,
        "has_discussions": false,
        "is_template": false,
        "allow_forking": true,
        "web_commit_signoff_required": false,
        "topics": [],
        "forks": forks,
        "forks_count": forks,
        "open_issues": open,
        "open_issues_count": open,
        "size": 1,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "created_at": created,
        "updated_at": updated,
        "pushed_at": updated,
    });
    let mut shown = minimal(hub, id);
    if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
        shown.extend(rest);
    }
    shown
}

/// What `GET /repos/{owner}/{repo}` adds to [`full`].
pub(crate) fn answer(hub: &Hub, id: u64) -> Value {
    let mut shown = full(hub, id);
    shown["network_count"] = shown["forks_count"].clone();
    shown["subscribers_count"] = json!(0);
    shown["permissions"] =
        json!({ "admin": false, "maintain": false, "push": false, "triage": false, "pull": false });
    shown
}

/// In `push` payloads the stamps are seconds since 1970.
pub(crate) fn in_push(hub: &Hub, id: u64) -> Value {
    let repo = hub.repo(id);
    let mut shown = full(hub, id);
    shown["created_at"] = json!(repo.created_at.timestamp());
    shown["pushed_at"] = json!(repo.updated_at.timestamp());
    shown["master_branch"] = json!(repo.default_branch);
    shown["stargazers"] = json!(0);
    shown["owner"]["name"] = json!(hub.user(repo.owner).login);
    shown
}

/// The five fields that installation events give of a repository.
pub(crate) fn named(hub: &Hub, id: u64) -> Value {
    let repo = hub.repo(id);
    json!({
        "id": id,
        "node_id": node("R", id),
        "name": repo.name,
        "full_name": hub.full_name(id),
        "private": repo.private,
    })
}

/// The three fields inside a `pull-request-minimal`.
pub(crate) fn tiny(hub: &Hub, id: u64) -> Value {
    json!({ "id": id, "url": api(hub, id), "name": hub.repo(id).name })
}
