//! The jobs of a run as a picture: each stands to the right of those it needs.

use super::super::views::{JobView, RunView};
use super::parts::{class, web};
use crate::domain::text;
use maud::{Markup, html};
use std::collections::HashMap;

const WIDTH: usize = 190;
const HEIGHT: usize = 40;
const BETWEEN: usize = 46;
const BELOW: usize = 12;
/// A picture of more jobs than this helps nobody.
const DRAWN: usize = 120;
/// So many characters of a name fit.
const FIT: usize = 24;

pub(super) fn picture(run: &RunView) -> Markup {
    if run.jobs.len() < 2 || run.jobs.len() > DRAWN {
        return html! {};
    }
    let places = places(&run.jobs);
    let right = places.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0) + 2;
    let bottom = places.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0) + 2;
    let at: HashMap<&str, usize> = run
        .jobs
        .iter()
        .enumerate()
        .map(|(at, job)| (job.name.as_str(), at))
        .collect();
    html! {
        div.picture tabindex="0" role="region" aria-label={ "Picture of the jobs of " (run.pipeline) ", which the table below lists" } {
            svg xmlns="http://www.w3.org/2000/svg" width=(right) height=(bottom) viewBox={ "0 0 " (right) " " (bottom) } role="group" {
                title { "The jobs of " (run.pipeline) " and what each needs" }
                @for (job, one) in run.jobs.iter().enumerate() {
                    @for need in one.needs.iter().filter_map(|need| at.get(need.as_str())) {
                        path.edge d=(edge(places[*need], places[job])) {}
                    }
                }
                @for (job, (x, y)) in run.jobs.iter().zip(&places) {
                    @match web(job.url.as_deref()) {
                        Some(url) => { a href=(url) { (node(job, *x, *y)) } }
                        None => { (node(job, *x, *y)) }
                    }
                }
            }
        }
    }
}

fn node(job: &JobView, x: usize, y: usize) -> Markup {
    let under = match job.seconds {
        Some(seconds) => format!("{}, {}", job.stage, text::span(seconds)),
        None => job.stage.to_owned(),
    };
    html! {
        g.node.(class(job.stage)) {
            title { (job.name) ": " (job.state) }
            rect x=(x + 1) y=(y + 1) width=(WIDTH) height=(HEIGHT) rx="5" {}
            text x=(x + 11) y=(y + 17) { (cut(&job.name)) }
            text.under x=(x + 11) y=(y + 33) { (under) }
        }
    }
}

/// The upper left corners, column by column.
fn places(jobs: &[JobView]) -> Vec<(usize, usize)> {
    let mut filled: HashMap<usize, usize> = HashMap::new();
    let mut place = |job: &JobView| {
        let row = filled.entry(job.layer).or_default();
        let y = *row * (HEIGHT + BELOW);
        *row += 1;
        (job.layer * (WIDTH + BETWEEN), y)
    };
    jobs.iter().map(&mut place).collect()
}

fn edge(from: (usize, usize), to: (usize, usize)) -> String {
    let (x1, y1) = (from.0 + WIDTH + 1, from.1 + HEIGHT / 2 + 1);
    let (x2, y2) = (to.0 + 1, to.1 + HEIGHT / 2 + 1);
    let middle = usize::midpoint(x1, x2);
    format!("M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}")
}

/// The beginning of a name that is too long.
pub(super) fn cut(name: &str) -> String {
    match name.chars().count() > FIT {
        true => format!("{}…", name.chars().take(FIT - 1).collect::<String>()),
        false => name.to_owned(),
    }
}
