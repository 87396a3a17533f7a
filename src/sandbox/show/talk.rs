//! Issues, comments, reactions.

use serde_json::{Value, json};

use super::{app, node, pull, repo, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::issues::{Comment, REACTIONS, Reaction};
use crate::sandbox::model::{Deed, Hub};

/// The `issue` of an `issue_comment` payload; a pull request has `pull_request` in it.
pub(crate) fn issue(hub: &Hub, in_repo: u64, number: u64) -> Deed<Value> {
    let issue = hub.issue(in_repo, number)?;
    let (api, html) = (repo::api(hub, in_repo), repo::html(hub, in_repo));
    let this = format!("{api}/issues/{number}");
    let comments = hub
        .comments
        .values()
        .filter(|c| c.repo == in_repo && c.number == number)
        .count();
    let kind = if issue.pull.is_some() {
        "pull"
    } else {
        "issues"
    };
    let mut shown = json!({
        "id": issue.id,
        "node_id": node("I", issue.id),
        "number": number,
        "url": this,
        "repository_url": api,
        "labels_url": format!("{this}/labels{{/name}}"),
        "comments_url": format!("{this}/comments"),
        "events_url": format!("{this}/events"),
        "timeline_url": format!("{this}/timeline"),
        "html_url": format!("{html}/{kind}/{number}"),
        "title": issue.title,
        "body": issue.body,
        "user": user::simple(hub, issue.user),
        "labels": pull::labels(hub, in_repo, issue),
        "state": if issue.open { "open" } else { "closed" },
        "state_reason": null,
        "locked": false,
        "active_lock_reason": null,
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": comments,
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": issue.closed_at.map(stamp),
        "author_association": pull::association(hub, in_repo, issue.user),
        "performed_via_github_app": null,
        "reactions": tally(&this, &[]),
    });
    if let Some(pull) = &issue.pull {
        shown["draft"] = json!(pull.draft);
        shown["pull_request"] = json!({
            "url": format!("{api}/pulls/{number}"),
            "html_url": format!("{html}/pull/{number}"),
            "diff_url": format!("{html}/pull/{number}.diff"),
            "patch_url": format!("{html}/pull/{number}.patch"),
            "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        });
    }
    Ok(shown)
}

/// GitHub's `issue-comment`.
pub(crate) fn comment(hub: &Hub, comment: &Comment) -> Value {
    let (api, html) = (repo::api(hub, comment.repo), repo::html(hub, comment.repo));
    let (id, number) = (comment.id, comment.number);
    let this = format!("{api}/issues/comments/{id}");
    let is_pull = hub
        .issue(comment.repo, number)
        .is_ok_and(|issue| issue.pull.is_some());
    let kind = if is_pull { "pull" } else { "issues" };
    json!({
        "id": id,
        "node_id": node("IC", id),
        "url": this,
        "html_url": format!("{html}/{kind}/{number}#issuecomment-{id}"),
        "issue_url": format!("{api}/issues/{number}"),
        "body": comment.body,
        "user": user::simple(hub, comment.user),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": pull::association(hub, comment.repo, comment.user),
        "performed_via_github_app": comment.via_app.map(|id| app::integration(hub, id)),
        "reactions": tally(&this, &comment.reactions),
    })
}

/// GitHub's `reaction`.
pub(crate) fn reaction(hub: &Hub, reaction: &Reaction) -> Value {
    json!({
        "id": reaction.id,
        "node_id": node("REA", reaction.id),
        "user": user::simple(hub, reaction.user),
        "content": reaction.content,
        "created_at": stamp(reaction.created_at),
    })
}

fn tally(of: &str, reactions: &[Reaction]) -> Value {
    let mut shown = json!({ "url": format!("{of}/reactions"), "total_count": reactions.len() });
    for content in REACTIONS {
        shown[content] = json!(
            reactions
                .iter()
                .filter(|reaction| reaction.content == content)
                .count()
        );
    }
    shown
}
