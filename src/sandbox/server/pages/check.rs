//! A check run: how it stands, what its app says, its buttons.

use maud::{Markup, html};

use super::markdown::markdown;
use super::{short, standing, web};
use crate::sandbox::model::Hub;
use crate::sandbox::model::checks::CheckRun;
use crate::sandbox::show::repo;

/// Title and main part of a check run's page.
pub(super) fn one(hub: &Hub, repo: u64, check: u64) -> Option<(String, Markup)> {
    let run = hub.checks.get(&check).filter(|run| run.repo == repo)?;
    let slug = &hub.apps.get(&run.app)?.slug;
    let main = html! {
        h1 { (run.name) " " (standing(&run.status, run.conclusion.as_deref())) }
        p.dim { "by " (slug) " for commit " code { (short(&run.head_sha)) } (pulls(hub, run)) }
        @if !run.actions.is_empty() {
            p.buttons { @for action in &run.actions { span.button title=(action.description) { (action.label) } } }
        }
        section.output {
            @if let Some(title) = &run.output.title { h2 { (title) } }
            @if let Some(summary) = &run.output.summary { (markdown(summary)) }
            @if let Some(text) = &run.output.text { (markdown(text)) }
        }
        @if let Some(url) = web(run.details_url.as_deref()) {
            p { a href=(url) rel="noreferrer" { "View more details on " (slug) } }
        }
    };
    Some((run.name.clone(), main))
}

/// The open pull requests with this head, forks' too.
fn pulls(hub: &Hub, run: &CheckRun) -> Markup {
    let issues = hub.repo(run.repo).issues.values();
    let open = issues.filter(|issue| issue.open);
    let with = open.filter(|issue| {
        issue
            .pull
            .as_ref()
            .is_some_and(|pull| pull.head == run.head_sha)
    });
    html! {
        @for issue in with {
            ", "
            a href={ (repo::html(hub, run.repo)) "/pull/" (issue.number) } { "#" (issue.number) " " (issue.title) }
        }
    }
}

/// The newest run of each check of a commit, by name.
pub(super) fn newest<'a>(hub: &'a Hub, repo: u64, sha: &str) -> Vec<&'a CheckRun> {
    let here = hub.checks.values();
    let here = here.filter(|run| run.repo == repo && run.head_sha == sha);
    let newest: std::collections::BTreeMap<(&str, u64), &CheckRun> = here
        .map(|run| ((run.name.as_str(), run.app), run))
        .collect();
    newest.into_values().collect()
}
