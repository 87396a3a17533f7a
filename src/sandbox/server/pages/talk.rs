//! Pull requests and issues: their list, and one with its checks and all that was said.

use maud::{Markup, html};

use super::markdown::markdown;
use super::{check, login, short, standing, web};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::issues::{Comment, Issue, Pull};
use crate::sandbox::show::repo;

/// All pull requests and issues of a repository, the newest first.
pub(super) fn list(hub: &Hub, repo: u64) -> Markup {
    let issues = &hub.repo(repo).issues;
    html! {
        h1 { "Pull requests and issues" }
        @if issues.is_empty() { p { "There are none." } }
        ul.list {
            @for issue in issues.values().rev() {
                li {
                    a href=(address(hub, repo, issue)) { (issue.title) }
                    span.dim { " #" (issue.number) " by " (login(hub, issue.user)) ", " (state(issue)) }
                    @if let Some(pull) = &issue.pull { (checks(hub, repo, pull)) }
                }
            }
        }
    }
}

/// Title and main part of a pull request's or issue's page.
pub(super) fn one(hub: &Hub, repo: u64, number: u64) -> Option<(String, Markup)> {
    let issue = hub.issue(repo, number).ok()?;
    let said = hub.comments.values();
    let said = said.filter(|comment| comment.repo == repo && comment.number == number);
    let main = html! {
        h1 { (issue.title) span.dim { " #" (number) } }
        p.dim { (state(issue)) ", by " (login(hub, issue.user)) @if let Some(pull) = &issue.pull { (heads(hub, pull)) } }
        @for (_, label) in &issue.labels { span.label { (label) } " " }
        @if let Some(body) = issue.body.as_deref().filter(|body| !body.is_empty()) {
            article { h2 { (login(hub, issue.user)) } (markdown(body)) }
        }
        @for comment in said { (spoken(hub, comment)) }
        @if let Some(pull) = &issue.pull { h2 { "Checks" } (checks(hub, repo, pull)) }
    };
    Some((format!("{} #{number}", issue.title), main))
}

fn address(hub: &Hub, repo: u64, issue: &Issue) -> String {
    let kind = if issue.pull.is_some() {
        "pull"
    } else {
        "issues"
    };
    format!("{}/{kind}/{}", repo::html(hub, repo), issue.number)
}

fn state(issue: &Issue) -> &'static str {
    let pull = issue.pull.as_ref();
    match (issue.open, pull) {
        (_, Some(pull)) if pull.merged.is_some() => "merged",
        (true, Some(pull)) if pull.draft => "draft",
        (true, _) => "open",
        (false, _) => "closed",
    }
}

fn heads(hub: &Hub, pull: &Pull) -> Markup {
    html! {
        ", " code { (hub.full_name(pull.head_repo)) ":" (pull.head_branch) } " at " code { (short(&pull.head)) }
        " into " code { (pull.base_branch) }
    }
}

fn spoken(hub: &Hub, comment: &Comment) -> Markup {
    let liked = comment.reactions.iter();
    let liked = liked.map(|reaction| match reaction.content.as_str() {
        "+1" => "👍",
        "-1" => "👎",
        "confused" => "😕",
        "eyes" => "👀",
        "rocket" => "🚀",
        "heart" => "❤️",
        "hooray" => "🎉",
        _ => "😄",
    });
    html! {
        article id={ "issuecomment-" (comment.id) } {
            h2 { (login(hub, comment.user)) @if comment.via_app.is_some() { " " span.label { "bot" } } }
            p.dim { (stamp(comment.created_at)) @if comment.updated_at != comment.created_at { ", edited" } }
            (markdown(&comment.body))
            @for sign in liked { span.reaction { (sign) } }
        }
    }
}

/// What is reported of the head: checks, then statuses.
fn checks(hub: &Hub, repo: u64, pull: &Pull) -> Markup {
    let statuses = hub.statuses.iter();
    let statuses = statuses.filter(|status| status.repo == repo && status.sha == pull.head);
    let newest: std::collections::BTreeMap<_, _> = statuses
        .map(|status| (status.context.as_str(), status))
        .collect();
    html! {
        ul.checks {
            @for run in check::newest(hub, repo, &pull.head) {
                li {
                    (standing(&run.status, run.conclusion.as_deref())) " "
                    a href={ (repo::html(hub, repo)) "/runs/" (run.id) } { (run.name) }
                    @if let Some(title) = &run.output.title { span.dim { " – " (title) } }
                }
            }
            @for (context, status) in newest {
                li {
                    (standing(&status.state, None)) " "
                    @if let Some(url) = web(status.target_url.as_deref()) { a href=(url) rel="noreferrer" { (context) } } @else { (context) }
                    @if let Some(said) = &status.description { span.dim { " – " (said) } }
                }
            }
        }
    }
}
