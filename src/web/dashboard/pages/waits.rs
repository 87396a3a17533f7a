//! What a pull request waits for besides its own jobs.

use super::super::views::{PullView, UncoveredView};
use super::parts::{linked, marked, stage};
use crate::domain::text;
use maud::{Markup, html};

/// What keeps anything from going on.
pub(super) fn troubles(view: &PullView) -> Markup {
    html! {
        @if let Some(until) = view.limits_until { p.problem { (text::limits_used_up(until)) } }
        @if let Some(trouble) = &view.trouble { p.problem { "GitHub: " (trouble) } }
        @if let Some(trouble) = &view.jobs_trouble { p.problem { "The jobs wait: " (trouble) } }
    }
}

pub(super) fn required(view: &PullView) -> Markup {
    html! {
        section aria-labelledby="required" {
            h2 #required { "Other required checks" }
            div.scroll tabindex="0" role="region" aria-label="Table of other required checks" { table {
                thead { tr { th scope="col" { "Check" } th scope="col" { "State" } } }
                tbody { @for check in &view.required { tr {
                    td { (linked(check.url.as_deref(), &check.name)) }
                    td { (stage(check.stage)) @if check.state != check.stage { " " span.dim { (check.state) } } }
                } } }
            } }
        }
    }
}

pub(super) fn uncovered(view: &UncoveredView) -> Markup {
    html! {
        section aria-labelledby="uncovered" {
            h2 #uncovered { "Files that no filter matches" }
            p { (marked(&view.says)) }
            @if !view.files.is_empty() { ul { @for file in &view.files { li { code { (file) } } } } }
            @if view.more > 0 { p.dim { "… and " (view.more) " more" } }
        }
    }
}
