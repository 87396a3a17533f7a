//! What happened to a pull request, as its page tells it.

use super::super::views::HappeningView;
use super::deliveries::link;
use super::parts::{exact, marked};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// A line leads to so many deliveries, the newest; the API names all.
const LINKS: usize = 3;

pub(super) fn section(happenings: &[HappeningView], now: DateTime<Utc>) -> Markup {
    html! {
        section aria-labelledby="history" {
            h2 #history { "History" }
            @if happenings.is_empty() { p.dim { "Nothing is remembered." } } @else {
                ol.history { @for one in happenings { li.(kind(one.kind)) {
                    time datetime=(one.at.to_rfc3339()) title=(exact(one.at)) { (one.at.format("%m-%d %H:%M:%S")) } " "
                    span.kind { (one.kind) } " "
                    span.what { (marked(&one.what)) }
                    (deliveries(&one.deliveries))
                } } }
                p.dim { "Times are UTC; the page was written at " (now.format("%H:%M:%S")) "." }
            }
        }
    }
}

fn deliveries(ids: &[String]) -> Markup {
    let others = ids.len().saturating_sub(LINKS);
    html! {
        @for id in ids.iter().rev().take(LINKS) { " " (link(id)) }
        @if others > 0 { " " span.dim { "and " (others) " more" } }
    }
}

fn kind(word: &str) -> &'static str {
    match word {
        "delivery" => "of-delivery",
        "decision" => "of-decision",
        "action" => "of-action",
        _ => "of-result",
    }
}
