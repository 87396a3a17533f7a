//! `/deliveries`

use super::super::access::Seer;
use super::super::views::{AsideView, ConcernView, DeliveriesAsked, DeliveriesView, DeliveryView};
use super::Frame;
use super::parts::{ago, encoded, further};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

pub(in crate::web::dashboard) fn page(
    seer: &Seer,
    view: &DeliveriesView,
    asked: &DeliveriesAsked,
) -> String {
    let frame = Frame::new("Deliveries", seer);
    let now = frame.now;
    let main = html! {
        h1 { "Deliveries" }
        p.dim { "What GitHub, and what jobs reported, the newest first. The last 20,000 are known; a restart may lose those of its last seconds." }
        form.search method="get" action="/deliveries" role="search" {
            label for="q" { "Search" }
            input #q type="search" name="q" value=(asked.q) placeholder="event, repository, words, id";
            button type="submit" { "Show" }
        }
        @if view.deliveries.rows.is_empty() { p.dim { "None." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of deliveries" { table {
                thead { tr { th scope="col" { "When" } th scope="col" { "Event" } th scope="col" { "What it says" } th scope="col" { "What became of it" } th scope="col" { "Id" } } }
                tbody { @for row in &view.deliveries.rows { (delivery(row, now)) } }
            } }
        }
        (further(&view.deliveries, "/deliveries", &format!("q={}&", encoded(&asked.q))))
        @if !view.set_aside.is_empty() { (set_aside(&view.set_aside, now)) }
    };
    frame.write(&main)
}

fn delivery(row: &DeliveryView, now: DateTime<Utc>) -> Markup {
    html! {
        tr {
            td.time { (ago(row.at, now)) }
            td { code { (row.event) } }
            td { (row.what) }
            td { @if row.ignored { span.dim { "ignored" } }
                @for one in &row.concerns { div { (concern(one)) } } }
            td { (link(&row.id)) }
        }
    }
}

pub(super) fn concern(one: &ConcernView) -> Markup {
    html! {
        @match (&one.repository, one.pull) {
            (Some(name), Some(pull)) => { a href={ "/r/" (name) "/pull/" (pull) } { (name) "#" (pull) } }
            (Some(name), None) => { (one.says) " in " a href={ "/r/" (name) } { (name) } }
            (None, _) => { (one.says) }
        }
    }
}

/// The way to a delivery.
pub(super) fn link(id: &str) -> Markup {
    // GitHub's are UUIDs; a press of a button begins with where it was pressed.
    let first = id.split('-').next().unwrap_or(id);
    let short = first.get(..12).unwrap_or(first);
    html! { a href={ "/deliveries/" (encoded(id)) } title=(id) { code { (short) } } }
}

fn set_aside(asides: &[AsideView], now: DateTime<Utc>) -> Markup {
    html! {
        section aria-labelledby="aside" {
            h2 #aside { "Set aside" }
            p { "These could not be read as the event they claim to be. If there are more of one kind, GitHub may have changed its form: please tell Drawbridge's maintainers." }
            @for one in asides {
                details {
                    summary { code { (one.event) } " " (ago(one.at, now)) ": " (one.reason) }
                    p { "Delivery " (link(&one.id)) }
                    pre tabindex="0" { (one.payload) }
                }
            }
        }
    }
}
