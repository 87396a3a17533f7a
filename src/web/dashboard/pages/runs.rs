//! `/r/{owner}/{repo}/runs` and `/r/{owner}/{repo}/runs/{kind}`

use super::super::access::Seer;
use super::super::views::{Listed, RunsItem, RunsView};
use super::Frame;
use super::parts::{ago, class, encoded, further, marked, pipelines, sha};
use super::pull::{earlier, one_run};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// The whole list of runs.
pub(in crate::web::dashboard) fn list_page(
    seer: &Seer,
    name: &str,
    list: &Listed<RunsItem>,
) -> String {
    let live = format!("/events?repository={}", encoded(name));
    let frame = Frame::new(format!("Runs of {name}"), seer).live(live);
    let main = html! {
        p.up { a href={ "/r/" (name) } { (name) } }
        h1 { "Branches, schedules and merge groups" }
        (table(name, &list.rows, frame.now))
        (further(list, &format!("/r/{name}/runs"), ""))
    };
    frame.write(&main)
}

/// The runs of one of them.
pub(in crate::web::dashboard) fn page(seer: &Seer, view: &RunsView) -> String {
    let (name, listed) = (&view.repository.name, &view.listed);
    let branch = listed.name.as_deref().unwrap_or_default();
    let live = format!(
        "/events?repository={}&kind={}&name={}",
        encoded(name),
        listed.kind,
        encoded(branch)
    );
    let title = format!("{name} {} {branch}", kind(listed.kind));
    let frame = Frame::new(title.trim_end(), seer).live(live);
    let now = frame.now;
    let main = html! {
        p.up { a href={ "/r/" (name) } { (name) } " · " a href={ "/r/" (name) "/runs" } { "branches, schedules and merge groups" } }
        h1 { (kind(listed.kind)) @if !branch.is_empty() { " " (branch) } }
        @if let Some(says) = &view.says { p.next.(class(listed.stage)) { (marked(says)) } }
        @if let Some(trouble) = &view.trouble { p.problem { "GitHub: " (trouble) } }
        dl.facts {
            @if let Some(number) = listed.pull { div { dt { "Pull request" } dd { (queued(name, number)) } } }
            @if let (Some(commit), Some(url)) = (&view.sha, &view.url) { div { dt { "On GitHub" } dd { a href=(url) { (sha(commit)) } } } }
        }
        @if view.runs.is_empty() { p.dim { "None of its runs is kept." } }
        @for run in view.runs.iter().filter(|run| run.counts) { (one_run(run, now)) }
        (earlier(&view.runs, now))
    };
    frame.write(&main)
}

pub(super) fn table(name: &str, rows: &[RunsItem], now: DateTime<Utc>) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "Nothing was run for a push, a schedule or a merge group yet." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of runs" { table {
                thead { tr { th scope="col" { "For" } th scope="col" { "Pipelines" } th scope="col" { "Commit" } th scope="col" { "Began" } } }
                tbody { @for row in rows { tr {
                    td { (link(row)) @if let Some(number) = row.pull { " " (queued(name, number)) } }
                    td { (pipelines(&row.pipelines, now)) }
                    td { @if let Some(one) = row.pipelines.first() { (sha(&one.sha)) } }
                    td.time { @if let Some(one) = row.pipelines.iter().max_by_key(|one| one.began) { (ago(one.began, now)) } }
                } } }
            } }
        }
    }
}

/// The way to the page of what has runs.
pub(super) fn link(row: &RunsItem) -> Markup {
    html! {
        a href=(row.page) {
            @match row.name.as_deref() { Some(branch) => { code { (branch) } } None => { "schedule" } }
        }
    }
}

/// The pull request that a merge group is for.
fn queued(name: &str, number: u64) -> Markup {
    html! { a href={ "/r/" (name) "/pull/" (number) } { "#" (number) } }
}

fn kind(word: &str) -> &'static str {
    match word {
        "merge_group" => "Merge group",
        "branch" => "Branch",
        _ => "Schedule",
    }
}
