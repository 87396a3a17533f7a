//! `/deliveries/{id}`

use super::super::access::{Hand, Seer};
use super::super::sessions;
use super::super::views::{DeliveryPageView, SentView};
use super::Frame;
use super::deliveries::{concern, link};
use super::parts::{encoded, exact, marked};
use super::sign_in::with_github;
use crate::domain::text;
use maud::{Markup, html};

/// So much of a payload is written on the page; the API has all of it.
const SHOWN: usize = 200_000;

pub(in crate::web::dashboard) fn page(
    seer: &Seer,
    view: &DeliveryPageView,
    again: Option<&str>,
) -> String {
    let row = &view.delivery;
    let frame = Frame::new(format!("Delivery {}", row.id), seer);
    let main = html! {
        p.up { a href="/deliveries" { "Deliveries" } }
        h1 { "Delivery " code { (row.id) } }
        @if let Some(id) = again {
            p.notice role="status" { "Taken in again, as " (link(id)) ". What comes of it is there." }
        }
        dl.facts {
            div { dt { "Event" } dd { code { (row.event) } } }
            div { dt { "Came" } dd { (exact(row.at)) } }
            div {
                dt { @if view.set_aside { "Set aside" } @else { "What it says" } }
                dd { @if row.what.is_empty() { span.dim { "not known any more" } } @else { (row.what) } }
            }
            div { dt { "What became of it" } dd { (became(view)) } }
        }
        (take_in_again(seer, view))
        @if !view.done.is_empty() {
            section aria-labelledby="done" {
                h2 #done { "What was done" }
                ul { @for line in &view.done { li { span.dim { (exact(line.at)) " " (line.kind) } " " (marked(&line.what)) } } }
            }
        }
        section aria-labelledby="sent" {
            h2 #sent { "What GitHub sent" }
            @if let Some(why) = &view.missing { p { (marked(why)) } }
            @if let Some(sent) = &view.sent { (said(sent)) }
        }
    };
    frame.write(&main)
}

fn became(view: &DeliveryPageView) -> Markup {
    let row = &view.delivery;
    html! {
        @if view.set_aside { "It could not be read as the event that it claims to be." }
        @else if row.ignored { span.dim { "ignored" } }
        @else if row.concerns.is_empty() { span.dim { "not known any more" } }
        @for one in &row.concerns { div { (concern(one)) } }
    }
}

/// The button, for who can press it.
fn take_in_again(seer: &Seer, view: &DeliveryPageView) -> Markup {
    let can_sign_in = seer.dashboard.ways_in().github;
    let here = format!("/deliveries/{}", encoded(&view.delivery.id));
    html! {
        @match (seer.hand(), &view.not_again) {
            (_, None) if view.sent.is_none() => {}
            (Hand::Person(key), None) => {
                section.deeds aria-label="What you can do" {
                    form method="post" action={ (here) "/again" } {
                        input type="hidden" name="key" value=(key);
                        input type="hidden" name="once" value=(sessions::random());
                        button type="submit" { "Take it in again" }
                    }
                }
            }
            (Hand::Token, None) if can_sign_in => { p.dim { "The token is nobody in particular: to have it taken in again, " (with_github(Some(&here))) } }
            (Hand::Nobody, None) if can_sign_in => { p.dim { "To have it taken in again, " (with_github(Some(&here))) } }
            (_, Some(why)) if view.sent.is_some() => { p.dim { (why) } }
            _ => {}
        }
    }
}

fn said(sent: &SentView) -> Markup {
    html! {
        p {
            @match &sent.signed {
                Some(algorithm) => { "Its signature (" code { (algorithm) } ") was right." }
                None => { "It did not reach the webhook, and was read from GitHub's list of deliveries." }
            }
        }
        @if !sent.headers.is_empty() {
            details {
                summary { "Headers" }
                div.scroll tabindex="0" role="region" aria-label="Table of headers" { table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
                    tbody { @for one in &sent.headers { tr { td { code { (one.name) } } td { code { (one.value) } } } } }
                } }
            }
        }
        @if let Some(payload) = &sent.payload {
            @let whole = serde_json::to_string_pretty(payload).unwrap_or_default();
            @let shown = beginning(&whole);
            details {
                summary { "Payload, " (text::bytes(sent.bytes)) ", with what looks like a secret taken out" }
                pre tabindex="0" { (shown) }
                @if shown.len() < whole.len() { p { "The rest is too long for a page; the API has it." } }
            }
        }
    }
}

fn beginning(text: &str) -> &str {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}
