//! `/config`

use super::super::access::Seer;
use super::super::views::{ConfigAsked, MistakeView, PlanView, PlannedRun};
use super::Frame;
use super::parts::marked;
use crate::domain::config::{Mapping, SCHEMA_PATH, described, line_for_editors};
use maud::{Markup, html};
use std::sync::LazyLock;

/// The same as long as the server runs.
static KEYS: LazyLock<Vec<Mapping>> = LazyLock::new(described);

const EXAMPLE: &str = "enabled: true\n\npipelines:\n  backends:\n    on: pull_request\n    check: backend-status-check\n    jobs:\n      build:\n        workflow: build.yml\n      test:\n        needs: [build]\n        workflow: test.yml\n";

pub(in crate::web::dashboard) fn page(
    seer: &Seer,
    asked: Option<&ConfigAsked>,
    plan: Option<&PlanView>,
) -> String {
    let config = asked.map_or(EXAMPLE, |asked| &asked.config);
    let branch = asked.map_or("main", |asked| &asked.branch);
    let changed = asked.map_or("", |asked| &asked.changed);
    let stranger = asked.is_some_and(|asked| asked.stranger.is_some());
    let main = html! {
        h1 { "Try a configuration" }
        p { "It is read as the server would read it, and nothing of it is kept. " code { "drawbridge plan" } " does the same in a terminal." }
        @if let Some(plan) = plan { (result(plan)) }
        form.config method="post" action="/config" {
            label for="config" { code { ".github/drawbridge.yaml" } }
            textarea #config name="config" rows="18" spellcheck="false" autocomplete="off" { (config) }
            div.row {
                div { label for="branch" { "Base branch" } input #branch name="branch" value=(branch); }
                div.check { input #stranger type="checkbox" name="stranger" value="yes" checked[stranger]; label for="stranger" { "opened by a stranger" } }
            }
            label for="changed" { "Changed files, one a line (none: every filter counts as matched)" }
            textarea #changed name="changed" rows="4" spellcheck="false" { (changed) }
            button type="submit" { "Show what it would do" }
        }
        (in_the_editor(seer))
        (keys())
    };
    Frame::new("Configuration", seer).write(&main)
}

/// How an editor comes to know the keys.
fn in_the_editor(seer: &Seer) -> Markup {
    html! {
        section aria-labelledby="editor" {
            h2 #editor { "In the editor" }
            @match seer.dashboard.engine.schema_address() {
                Some(address) => {
                    p { "With this as the first line of the file, editors complete keys and mark mistakes by the "
                        a href=(address) { "JSON Schema" } " that this server gives out:" }
                    pre { (line_for_editors(&address)) }
                }
                None => {
                    p { "This server gives out a JSON Schema at " code { (SCHEMA_PATH) } ", where deliveries come in. Its whole address is shown here once "
                        code { "PUBLIC_URL" } " says where that is." }
                }
            }
        }
    }
}

/// What may be written, as the schema describes it.
fn keys() -> Markup {
    html! {
        section aria-labelledby="keys" {
            h2 #keys { "Keys" }
            @for mapping in KEYS.iter() {
                details {
                    summary {
                        @if mapping.at.is_empty() { "The file" }
                        @for (at, place) in mapping.at.iter().enumerate() { @if at > 0 { ", " } code { (place) } }
                        ": " (marked(&mapping.about))
                    }
                    div.scroll tabindex="0" role="region" aria-label="Table of keys" { table {
                        thead { tr { th scope="col" { "Key" } th scope="col" { "What it means" } } }
                        tbody { @for (key, about) in &mapping.keys { tr { td { code { (key) } } td { (marked(about)) } } } }
                    } }
                }
            }
        }
    }
}

fn result(plan: &PlanView) -> Markup {
    html! {
        section #result aria-labelledby="outcome" {
            @match &plan.mistake {
                Some(mistake) => { (wrong(mistake)) }
                None => {
                    h2 #outcome { "It is valid" }
                    p.next.is-passed { (marked(verdict(plan))) }
                    @for reason in &plan.reasons { p { (marked(reason)) } }
                    @for note in &plan.notes { p.dim { (marked(note)) } }
                    @for run in &plan.runs { (planned(run)) }
                    @if plan.runs.is_empty() { p { "Nothing would run." } }
                    @if !plan.not_started.is_empty() { p.dim { "Not started by a pull request: " (plan.not_started.join(", ")) "." } }
                }
            }
        }
    }
}

fn wrong(mistake: &MistakeView) -> Markup {
    html! {
        h2 #outcome { "It has a mistake" }
        p.next.is-failed {
            @if let Some(line) = mistake.line { "Line " (line) @if let Some(column) = mistake.column { ", column " (column) } ": " }
            (marked(&mistake.message)) "."
            @if let Some(hint) = &mistake.hint { " " (marked(hint)) "." }
        }
    }
}

fn verdict(plan: &PlanView) -> &'static str {
    match plan.verdict {
        Some("needs_vetting") => {
            "This pull request would wait for a vetter. After `/ok to test`, this would run:"
        }
        Some("auto_sync_off") => {
            "This pull request would be trusted, and wait to be started. Then this would run:"
        }
        _ => "This pull request would be trusted, and mirrored. This would run:",
    }
}

fn planned(run: &PlannedRun) -> Markup {
    html! {
        h3 { (run.pipeline) " " span.dim { "→ " (run.gates.join(", ")) } }
        @if !run.jobs.is_empty() {
            div.scroll tabindex="0" role="region" aria-label={ "Table of the jobs of " (run.pipeline) } { table {
                thead { tr { th scope="col" { "Job" } th scope="col" { "By" } th scope="col" { "Here" } th scope="col" { "Why" } } }
                tbody { @for job in &run.jobs { tr { td { (job.name) } td { (job.by) } td { (job.decision) } td { (marked(&job.reason)) } } } }
            } }
        }
    }
}
