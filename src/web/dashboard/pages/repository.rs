//! `/r/{owner}/{repo}`

use super::super::access::Seer;
use super::super::views::{BadgeView, PullItem, PullsAsked, RepositoryView, WaitingView};
use super::parts::{ago, encoded, further, marked, pipelines, sha, stage};
use super::{Frame, runs};
use crate::domain::text;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

const STAGES: [(&str, &str); 6] = [
    ("", "all"),
    ("vetting", "wait for a vetter"),
    ("running", "running"),
    ("failed", "failed"),
    ("passed", "passed"),
    ("unsettled", "unsettled"),
];

pub(in crate::web::dashboard) fn page(
    seer: &Seer,
    view: &RepositoryView,
    asked: &PullsAsked,
) -> String {
    let name = &view.repository.name;
    let live = format!("/events?repository={}", encoded(name));
    let frame = Frame::new(name.clone(), seer).live(live);
    let path = format!("/r/{name}");
    let query = format!("stage={}&q={}&", encoded(&asked.stage), encoded(&asked.q));
    let main = html! {
        h1 { (name) " " (stage(view.repository.standing)) }
        @if let Some(problem) = &view.repository.problem {
            p.next.is-failed { "The configuration has a mistake: " (problem) }
        }
        section aria-labelledby="pulls" {
            h2 #pulls { "Open pull requests" }
            (waiting(&path, &view.waiting, frame.now))
            (search(&path, asked))
            (pulls(name, &view.pulls.rows, frame.now))
            (further(&view.pulls, &path, &query))
        }
        section aria-labelledby="runs" {
            h2 #runs { "Branches, schedules and merge groups" }
            (runs::table(name, &view.runs.rows, frame.now))
            (further(&view.runs, &format!("{path}/runs"), ""))
            (badges(&view.badges))
        }
    };
    frame.write(&main)
}

/// What to copy into a README.
fn badges(badges: &[BadgeView]) -> Markup {
    html! {
        @for badge in badges {
            details { summary { "Badge of " (badge.pipeline) } pre { (badge.markdown) } }
        }
    }
}

/// The way to those that wait for a vetter.
fn waiting(path: &str, waiting: &WaitingView, now: DateTime<Utc>) -> Markup {
    let since = waiting.since.map(|since| (now - since).num_seconds());
    let lasts = since.map(|seconds| seconds.max(0).unsigned_abs());
    html! {
        @if waiting.count > 0 {
            p { a href={ (path) "?stage=vetting" } { (text::waiting(waiting.count, waiting.more, lasts)) } }
        }
    }
}

fn search(path: &str, asked: &PullsAsked) -> Markup {
    html! {
        form.search method="get" action=(path) role="search" {
            label for="q" { "Search" }
            input #q type="search" name="q" value=(asked.q) placeholder="number, title, author, branch, SHA";
            label for="stage" { "Which" }
            select #stage name="stage" {
                @for (word, says) in STAGES { option value=(word) selected[word == asked.stage] { (says) } }
            }
            button type="submit" { "Show" }
        }
    }
}

fn pulls(name: &str, rows: &[PullItem], now: DateTime<Utc>) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "None." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of open pull requests" { table {
                thead { tr { th scope="col" { "Pull request" } th scope="col" { "By" } th scope="col" { "Trust" } th scope="col" { "Mirror" } th scope="col" { "Gate" } th scope="col" { "Head since" } } }
                tbody { @for row in rows { tr {
                    td { a href={ "/r/" (name) "/pull/" (row.number) } { "#" (row.number) } " " span.title { (row.title) }
                        @if row.draft { " " span.dim { "draft" } } }
                    td { (row.author.as_deref().unwrap_or("a deleted account")) }
                    td { (row.trust) }
                    td { @if row.mirrored { "at the head" } @else { span.dim { "not at the head" } } }
                    td { @if row.pipelines.len() != 1 { (stage(row.stage)) } @if let Some(says) = &row.says { div.says { (marked(says)) } }
                        (pipelines(&row.pipelines, now)) }
                    td.time { @if let Some(head) = &row.head { (sha(head)) " " } @if let Some(since) = row.since { (ago(since, now)) } }
                } } }
            } }
        }
    }
}
