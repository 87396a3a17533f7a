//! `/r/{owner}/{repo}/pull/{n}`

use super::super::access::Seer;
use super::super::views::{CommitView, PullView, RunView, TreeStep};
use super::parts::{ago, class, encoded, marked, sha, stage};
use super::{Frame, acting, gantt, graph, history, jobs, waits};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

pub(in crate::web::dashboard) fn page(seer: &Seer, view: &PullView, asked: Option<&str>) -> String {
    let name = &view.repository.name;
    let live = format!("/events?repository={}&pull={}", encoded(name), view.number);
    let title = format!("{name}#{}", view.number);
    let frame = Frame::new(title, seer).live(live);
    let now = frame.now;
    let main = html! {
        p.up { a href={ "/r/" (name) } { (name) } }
        h1 { "#" (view.number) " " (view.title) }
        p.next.(class(view.stage)) { (marked(&view.next)) }
        (acting::notice(asked))
        (acting::deeds(seer, view))
        (waits::troubles(view))
        (facts(view, now))
        @if !view.gates.is_empty() { (gates(view)) }
        @if !view.required.is_empty() { (waits::required(view)) }
        @if let Some(uncovered) = &view.uncovered { (waits::uncovered(uncovered)) }
        @for run in view.runs.iter().filter(|run| run.counts) { (one_run(run, now)) }
        @if let Some(tree) = &view.tree { (decision(tree)) }
        (earlier(&view.runs, now))
        (history::section(&view.history, now))
    };
    frame.write(&main)
}

fn facts(view: &PullView, now: DateTime<Utc>) -> Markup {
    html! {
        dl.facts {
            div { dt { "By" } dd { (view.author.as_deref().unwrap_or("a deleted account")) @if view.draft { " (draft)" } } }
            div { dt { "Head" } dd { @if let Some(head) = &view.head { (sha(head)) } @else { "not known yet" }
                @if let Some(since) = view.head_since { " " span.dim { (ago(since, now)) } } } }
            div { dt { "Into" } dd { @if let Some(base) = &view.base { code { (base) } } } }
            div { dt { "Trust" } dd { (view.trust) } }
            div { dt { "Mirror" } dd { code { (view.mirror.branch) } " " (view.mirror.says) @if let Some(at) = &view.mirror.at { " " (sha(at)) } } }
            @if !view.labels.is_empty() { div { dt { "Labels" } dd { (view.labels.join(", ")) } } }
            div { dt { "Approvals" } dd {
                @if view.approvals.is_empty() { "none" }
                @for approval in &view.approvals { div { (sha(&approval.sha)) " by " (approval.by) " " span.dim { (ago(approval.at, now)) }
                    @if !approval.counts { span.dim { ", for an earlier head" } } } }
            } }
            div { dt { "On GitHub" } dd { a href=(view.url) { (view.repository.name) "#" (view.number) } } }
        }
    }
}

fn gates(view: &PullView) -> Markup {
    html! {
        section aria-labelledby="gates" {
            h2 #gates { "Gates" }
            div.scroll tabindex="0" role="region" aria-label="Table of gates" { table {
                thead { tr { th scope="col" { "Gate" } th scope="col" { "State" } th scope="col" { "It says" } } }
                tbody { @for gate in &view.gates { tr {
                    td { code { (gate.name) } }
                    td { (stage(gate.stage)) }
                    td { (marked(&gate.title)) }
                } } }
            } }
        }
    }
}

pub(super) fn one_run(run: &RunView, now: DateTime<Utc>) -> Markup {
    html! {
        section.run aria-label={ "Run " (run.number) " of " (run.pipeline) } {
            h2 { (run.pipeline) " " span.dim { "run " (run.number) " at " (sha(&run.sha)) ", " (ago(run.began, now)) } }
            @if let Some(note) = &run.note { p.dim { (note) } }
            (graph::picture(run))
            (jobs::table(run, now))
            (gantt::picture(run, now))
        }
    }
}

pub(super) fn earlier(runs: &[RunView], now: DateTime<Utc>) -> Markup {
    if runs.iter().all(|run| run.counts) {
        return html! {};
    }
    html! {
        section aria-labelledby="earlier" {
            h2 #earlier { "Earlier runs" }
            @for run in runs.iter().filter(|run| !run.counts) {
                details {
                    summary { (run.pipeline) " run " (run.number) " at " (sha(&run.sha)) ", " (ago(run.began, now))
                        @if let Some(note) = &run.note { ": " (note) } }
                    (jobs::table(run, now))
                }
            }
        }
    }
}

fn decision(tree: &[TreeStep]) -> Markup {
    html! {
        section aria-labelledby="decision" {
            h2 #decision { "How this head was judged" }
            ol.tree {
                @for step in tree {
                    li.(class(step.outcome)) {
                        span.question { (step.question) } " "
                        span.found { (marked(&step.found)) } " "
                        span.outcome { (outcome(step.outcome)) }
                        @if !step.commits.is_empty() { (commits(&step.commits)) }
                    }
                }
            }
        }
    }
}

fn outcome(word: &str) -> &'static str {
    match word {
        "yes" => "good",
        "no" => "needs a vetter",
        _ => "goes on",
    }
}

fn commits(commits: &[CommitView]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Commits" { table {
            thead { tr { th scope="col" { "Commit" } th scope="col" { "Signature" } th scope="col" { "Author" } th scope="col" { "Committer" } } }
            tbody { @for commit in commits { tr {
                td { (sha(&commit.sha)) " " span.outcome.(class(if commit.passes { "yes" } else { "no" })) { (if commit.passes { "good" } else { "needs a vetter" }) } }
                @for finding in [&commit.signature, &commit.author, &commit.committer] {
                    td.(class(if finding.passes { "yes" } else { "no" })) { (finding.says) }
                }
            } } }
        } }
    }
}
