//! `/`

use super::super::access::Seer;
use super::super::views::{
    BudgetView, Listed, OverviewView, RepoView, RunningView, RunsItem, VettingView,
};
use super::parts::{ago, class, further, marked, pipelines, stage};
use super::{Frame, runs};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

pub(in crate::web::dashboard) fn page(seer: &Seer, view: &OverviewView) -> String {
    let frame = Frame::new("Overview", seer).live("/events".to_owned());
    let now = frame.now;
    let main = html! {
        h1 { "Overview" }
        @if let Some(health) = &view.health {
            p.next.(class(if health.ready { "passed" } else { "failed" })) { (sentence(view, &health.says)) }
        }
        section aria-labelledby="vetting" {
            h2 #vetting { "Waits for a vetter" }
            (vetting(&view.vetting.rows, now))
            (further(&view.vetting, "/vetting", ""))
        }
        section aria-labelledby="running" {
            h2 #running { "Runs now" }
            (running(&view.running.rows, now))
            (further(&view.running, "/running", ""))
        }
        section aria-labelledby="repositories" {
            h2 #repositories { "Repositories" }
            (repositories(&view.repositories.rows))
            (further(&view.repositories, "/", ""))
        }
        @if !view.budgets.is_empty() {
            section aria-labelledby="installations" {
                h2 #installations { "Installations" }
                (budgets(&view.budgets, now))
            }
        }
    };
    frame.write(&main)
}

/// The whole list of what waits for a vetter.
pub(in crate::web::dashboard) fn vetting_page(seer: &Seer, list: &Listed<VettingView>) -> String {
    let frame = Frame::new("Waits for a vetter", seer).live("/events".to_owned());
    let main = html! {
        h1 { "Waits for a vetter" }
        (vetting(&list.rows, frame.now))
        (further(list, "/vetting", ""))
    };
    frame.write(&main)
}

/// The whole list of what runs.
pub(in crate::web::dashboard) fn running_page(seer: &Seer, list: &Listed<RunningView>) -> String {
    let frame = Frame::new("Runs now", seer).live("/events".to_owned());
    let main = html! {
        h1 { "Runs now" }
        (running(&list.rows, frame.now))
        (further(list, "/running", ""))
    };
    frame.write(&main)
}

fn sentence(view: &OverviewView, health: &str) -> String {
    let count = |listed: usize, more: bool| match more {
        true => format!("{listed} or more"),
        false => listed.to_string(),
    };
    let waiting = count(view.vetting.rows.len(), view.vetting.next.is_some());
    let running = count(view.running.rows.len(), view.running.next.is_some());
    format!("{waiting} waiting for a vetter, {running} running; the server is {health}.")
}

fn vetting(rows: &[VettingView], now: DateTime<Utc>) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "Nobody waits." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of pull requests that wait for a vetter" { table {
                thead { tr { th scope="col" { "Pull request" } th scope="col" { "By" } th scope="col" { "What is needed" } th scope="col" { "Since" } } }
                tbody { @for row in rows { tr {
                    td { a href={ "/r/" (row.repository) "/pull/" (row.number) } { (row.repository) "#" (row.number) } " " span.title { (row.title) } }
                    td { (row.author.as_deref().unwrap_or("a deleted account")) }
                    td { (marked(&row.says)) }
                    td.time { @if let Some(since) = row.since { (ago(since, now)) } }
                } } }
            } }
        }
    }
}

fn running(rows: &[RunningView], now: DateTime<Utc>) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "Nothing runs." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of what runs now" { table {
                thead { tr { th scope="col" { "What" } th scope="col" { "Pipelines" } } }
                tbody { @for row in rows { tr {
                    td { (what(&row.repository, &row.runs)) }
                    td { (pipelines(&row.runs.pipelines, now)) }
                } } }
            } }
        }
    }
}

/// What has runs, and where.
fn what(repository: &str, runs: &RunsItem) -> Markup {
    html! {
        @match (runs.kind, runs.name.as_deref()) {
            ("pull", Some(number)) => { a href=(runs.page) { (repository) "#" (number) } }
            _ => { a href={ "/r/" (repository) } { (repository) } " " (runs::link(runs)) }
        }
    }
}

fn repositories(rows: &[RepoView]) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "None is known yet. Install the app on a repository, and it comes here by itself." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of repositories" { table {
                thead { tr { th scope="col" { "Repository" } th scope="col" { "State" } th scope="col" { "Seen by" } } }
                tbody { @for row in rows { tr {
                    td { a href={ "/r/" (row.name) } { (row.name) } }
                    td { (stage(row.standing)) @if let Some(problem) = &row.problem { " " span.problem { (problem) } } }
                    td.dim { (if row.public { "everybody" } else { "those who may" }) }
                } } }
            } }
        }
    }
}

fn budgets(rows: &[BudgetView], now: DateTime<Utc>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of installations and their limits" { table {
            thead { tr { th scope="col" { "Installation" } th scope="col" { "Of" } th scope="col" { "Repositories" } th scope="col" { "Requests left this hour" } } }
            tbody { @for row in rows { tr {
                td { (row.installation) }
                td { (row.owners.join(", ")) }
                td.number { (row.repositories) }
                td {
                    @if let (Some(limit), Some(left)) = (row.limit, row.remaining) {
                        meter min="0" max=(limit) low=(limit / 10) value=(left) aria-label="Requests left" {} " " (left) " of " (limit)
                        @if let Some(at) = row.renewed_at { span.dim { ", new ones in " (super::parts::taken(now, at)) } }
                    } @else { span.dim { "GitHub has not said" } }
                    @if let Some(until) = row.paused_until { " " span.problem { "paused for " (super::parts::taken(now, until)) } }
                    @if row.waiting > 0 { " " span.dim { "(" (row.waiting) " wait)" } }
                }
            } } }
        } }
    }
}
