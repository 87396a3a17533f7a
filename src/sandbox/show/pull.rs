//! Pull requests.

use serde_json::{Value, json};

use super::{node, repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::issues::{Issue, Pull};
use crate::sandbox::model::{Deed, Hub};

/// How the author stands to the repository, as the world may see it: a private member shows as contributor.
pub(crate) fn association(hub: &Hub, in_repo: u64, author: u64) -> &'static str {
    use crate::sandbox::model::access::Visibility;
    let row = hub.repo(in_repo);
    if row.owner == author {
        "OWNER"
    } else if hub.members.get(&author) == Some(&Visibility::Public) {
        "MEMBER"
    } else if row.collaborators.contains_key(&author) {
        "COLLABORATOR"
    } else {
        "CONTRIBUTOR"
    }
}

/// GitHub's `label`.
pub(crate) fn label(hub: &Hub, in_repo: u64, id: u64, name: &str) -> Value {
    json!({
        "id": id,
        "node_id": node("LA", id),
        "url": format!("{}/labels/{}", repo::api(hub, in_repo), super::commit::escape(name)),
        "name": name,
        "description": "",
        "color": "ededed",
        "default": false,
    })
}

pub(crate) fn labels(hub: &Hub, in_repo: u64, issue: &Issue) -> Vec<Value> {
    issue
        .labels
        .iter()
        .map(|(id, name)| label(hub, in_repo, *id, name))
        .collect()
}

/// GitHub's `pull-request-simple`, an entry of the list.
pub(crate) fn simple(hub: &Hub, in_repo: u64, issue: &Issue, pull: &Pull) -> Value {
    let (api, html, number) = (
        repo::api(hub, in_repo),
        repo::html(hub, in_repo),
        issue.number,
    );
    let (this, that) = (
        format!("{api}/pulls/{number}"),
        format!("{api}/issues/{number}"),
    );
    let side = |repository: u64, branch: &str, sha: &str| {
        let owner = hub.repo(repository).owner;
        json!({
            "label": format!("{}:{branch}", hub.user(owner).login),
            "ref": branch,
            "sha": sha,
            "user": user::simple(hub, owner),
            "repo": repo::full(hub, repository),
        })
    };
    let href = |to: &str| json!({ "href": to });
    let review_comment = format!("{api}/pulls/comments{{/number}}");
    let statuses = format!("{api}/statuses/{}", pull.head);
    let page = format!("{html}/pull/{number}");
    let links = json!({
        "self": href(&this),
        "html": href(&page),
        "issue": href(&that),
        "comments": href(&format!("{that}/comments")),
        "review_comments": href(&format!("{this}/comments")),
        "review_comment": href(&review_comment),
        "commits": href(&format!("{this}/commits")),
        "statuses": href(&statuses),
    });
    json!({
        "id": pull.id,
        "node_id": node("PR", pull.id),
        "number": number,
        "url": this,
        "html_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "issue_url": that,
        "commits_url": format!("{this}/commits"),
        "review_comments_url": format!("{this}/comments"),
        "review_comment_url": review_comment,
        "comments_url": format!("{that}/comments"),
        "statuses_url": statuses,
        "state": if issue.open { "open" } else { "closed" },
        "locked": false,
        "active_lock_reason": null,
        "title": issue.title,
        "body": issue.body,
        "user": user::simple(hub, issue.user),
        "labels": labels(hub, in_repo, issue),
        "milestone": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": issue.closed_at.map(stamp),
        "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        "merge_commit_sha": pull.merged.as_ref().map(|merged| merged.commit.clone()),
        "draft": pull.draft,
        "author_association": association(hub, in_repo, issue.user),
        "auto_merge": null,
        "head": side(pull.head_repo, &pull.head_branch, &pull.head),
        "base": side(in_repo, &pull.base_branch, &pull.base),
        "_links": links,
    })
}

/// GitHub's `pull-request`.
pub(crate) fn full(hub: &Hub, in_repo: u64, number: u64) -> Deed<Value> {
    let (issue, pull) = hub.pull(in_repo, number)?;
    let changes = hub.objects.changes(&pull.base, &pull.head);
    let commits = hub.objects.between(&pull.base, &pull.head).len();
    let comments = hub
        .comments
        .values()
        .filter(|c| c.repo == in_repo && c.number == number)
        .count();
    let mergeable = issue.open.then_some(true);
    let mut shown = simple(hub, in_repo, issue, pull);
    let rest = json!({
        "merged": pull.merged.is_some(),
        "merged_by": pull.merged.as_ref().map(|merged| user::simple(hub, merged.by)),
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": if issue.open { "clean" } else { "unknown" },
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": commits,
        "additions": changes.iter().map(|change| change.additions).sum::<usize>(),
        "deletions": changes.iter().map(|change| change.deletions).sum::<usize>(),
        "changed_files": changes.len(),
    });
    if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
        shown.extend(rest);
    }
    Ok(shown)
}

/// The pull requests GitHub lists on a check or run: open, in this repository, with this head. A fork's is left out.
pub(crate) fn on_head(hub: &Hub, in_repo: u64, sha: &str) -> Vec<Value> {
    let open = hub.repo(in_repo).issues.values().filter(|issue| issue.open);
    open.filter_map(|issue| issue.pull.as_ref().map(|pull| (issue, pull)))
        .filter(|(_, pull)| pull.head == sha && pull.head_repo == in_repo)
        .map(|(issue, pull)| {
            json!({
                "id": pull.id,
                "number": issue.number,
                "url": format!("{}/pulls/{}", repo::api(hub, in_repo), issue.number),
                "head": { "ref": pull.head_branch, "sha": pull.head, "repo": repo::tiny(hub, pull.head_repo) },
                "base": { "ref": pull.base_branch, "sha": pull.base, "repo": repo::tiny(hub, in_repo) },
            })
        })
        .collect()
}
