//! What pages have in common.

use super::super::views::{Listed, PipelineState};
pub(in crate::web::dashboard) use crate::domain::pages::encoded;
use crate::domain::text;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// A sentence in which what stands between backticks is code.
pub(super) fn marked(sentence: &str) -> Markup {
    html! {
        @for (at, piece) in sentence.split('`').enumerate() {
            @if at % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// A word with its colour.
pub(super) fn stage(word: &str) -> Markup {
    html! { span.stage.(class(word)) { (in_words(word)) } }
}

fn in_words(word: &str) -> &str {
    match word {
        "vetting" => "waits for a vetter",
        other => other,
    }
}

/// Only our own words become classes.
pub(super) fn class(word: &str) -> &'static str {
    match word {
        "passed" | "enabled" | "yes" => "is-passed",
        "failed" | "broken" | "no" => "is-failed",
        "running" => "is-running",
        "vetting" => "is-vetting",
        "skipped" | "closed" | "disabled" | "archived" => "is-skipped",
        _ => "is-waiting",
    }
}

/// A time, as it is said now.
pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    let seconds = (now - at).num_seconds().max(0).unsigned_abs();
    let words = match seconds {
        0..60 => "just now".to_owned(),
        _ => format!("{} ago", text::roughly(seconds)),
    };
    html! { time datetime=(at.to_rfc3339()) title=(exact(at)) { (words) } }
}

/// A time of day, with its date.
pub(super) fn exact(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long something has waited or taken.
pub(super) fn taken(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    text::span((to - from).num_seconds().max(0).unsigned_abs())
}

/// A commit, short, with the whole of it to read.
pub(super) fn sha(sha: &str) -> Markup {
    let short = sha.get(..9).unwrap_or(sha);
    html! { code title=(sha) { (short) } }
}

/// An address that may be followed: only of the web.
pub(super) fn web(url: Option<&str>) -> Option<&str> {
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// A name, leading to an address that may be followed.
pub(super) fn linked(url: Option<&str>, name: &str) -> Markup {
    html! {
        @match web(url) {
            Some(url) => { a href=(url) rel="noopener noreferrer" { (name) } }
            None => { (name) }
        }
    }
}

/// The way to the next part of a list. `query`: what else the address asks, ending in `&` unless it is empty.
pub(super) fn further<T>(list: &Listed<T>, path: &str, query: &str) -> Markup {
    html! {
        @if let Some(next) = &list.next {
            p.further { a href={ (path) "?" (query) "after=" (next) } rel="next" {
                @if list.rows.is_empty() { "Nothing found so far: look further" } @else { "More" }
            } }
        }
    }
}

/// The pipelines of a row.
pub(super) fn pipelines(all: &[PipelineState], now: DateTime<Utc>) -> Markup {
    html! {
        ul.pipelines {
            @for one in all {
                li {
                    (stage(one.stage)) " " span.pipeline { (one.pipeline) }
                    span.dim { " run " (one.run) ", " (taken(one.began, one.ended.unwrap_or(now))) }
                }
            }
        }
    }
}
