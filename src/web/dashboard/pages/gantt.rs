//! When the jobs of a run ran, as bars over time.

use super::super::views::{JobView, RunView};
use super::graph::cut;
use super::parts::{class, taken};
use crate::domain::text;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

const LABELS: i64 = 190;
const BARS: i64 = 520;
const AFTER: i64 = 90;
const ROW: i64 = 22;
/// More rows than this are not looked at.
const DRAWN: usize = 120;

pub(super) fn picture(run: &RunView, now: DateTime<Utc>) -> Markup {
    let begun: Vec<(&JobView, DateTime<Utc>, DateTime<Utc>)> = run
        .jobs
        .iter()
        .filter_map(|job| Some((job, job.began?, job.ended.unwrap_or(now))))
        .collect();
    let first = begun.iter().map(|(_, began, _)| *began).min();
    let last = begun.iter().map(|(_, _, ended)| *ended).max();
    let (Some(first), Some(last)) = (first, last) else {
        return html! {};
    };
    if begun.len() < 2 || begun.len() > DRAWN {
        return html! {};
    }
    let whole = (last - first).num_milliseconds().max(1);
    let x = |at: DateTime<Utc>| LABELS + (at - first).num_milliseconds().max(0) * BARS / whole;
    let height = i64::try_from(begun.len()).unwrap_or(0) * ROW + 20;
    let width = LABELS + BARS + AFTER;
    html! {
        div.picture tabindex="0" role="region" aria-label={ "When the jobs of " (run.pipeline) " ran, as the table above says it" } {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="img" {
                title { "When the jobs of " (run.pipeline) " ran: " (taken(first, last)) " in all" }
                @for (row, (job, began, ended)) in begun.iter().enumerate() {
                    @let y = i64::try_from(row).unwrap_or(0) * ROW;
                    g.bar.(class(job.stage)) {
                        title { (job.name) ": " (job.state) ", " (taken(*began, *ended)) }
                        text x="0" y=(y + 15) { (cut(&job.name)) }
                        rect x=(x(*began)) y=(y + 4) width=((x(*ended) - x(*began)).max(3)) height="14" rx="3" {}
                        text.under x=(x(*ended).max(x(*began) + 3) + 6) y=(y + 15) { (text::span(job.seconds.unwrap_or(0))) }
                    }
                }
                text.under x=(LABELS) y=(height - 4) { (first.format("%H:%M:%S")) }
                text.under x=(LABELS + BARS) y=(height - 4) text-anchor="end" { (last.format("%H:%M:%S")) }
            }
        }
    }
}
