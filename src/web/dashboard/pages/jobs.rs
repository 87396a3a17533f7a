//! The jobs of a run, as a table: what its pictures say, in words.

use super::super::views::{AttemptView, JobView, RunView};
use super::parts::{ago, exact, linked, marked, stage, taken};
use crate::domain::text;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

pub(super) fn table(run: &RunView, now: DateTime<Utc>) -> Markup {
    html! {
        @if run.jobs.is_empty() { p.dim { "It has no jobs." } } @else {
            div.scroll tabindex="0" role="region" aria-label={ "Table of the jobs of " (run.pipeline) } { table.jobs {
                thead { tr { th scope="col" { "Job" } th scope="col" { "State" } th scope="col" { "Needs" } th scope="col" { "Began" } th scope="col" { "Time" } th scope="col" { "Attempts" } th scope="col" { "Why" } } }
                tbody { @for job in &run.jobs { tr {
                    td { (name(job)) @if !job.required { " " span.dim { "optional" } } div.dim { (marked(&job.by)) } }
                    td { (stage(job.stage)) @if job.state != job.stage { div.dim { (job.state) } } }
                    td { (job.needs.join(", ")) }
                    td.time { @if let Some(began) = job.began { (ago(began, now)) } }
                    td.time { @if let Some(seconds) = job.seconds { (text::span(seconds)) } }
                    td.number { (attempts(job)) }
                    td { @if let Some(why) = &job.why { (marked(why)) } }
                } } }
            } }
            @for job in run.jobs.iter().filter(|job| !job.builds.is_empty()) { (builds(job)) }
            @for job in &run.jobs { @if let Some(summary) = &job.summary { (said(job, summary)) } }
            @if let Some(ended) = run.ended { p.dim { "It took " (taken(run.began, ended)) "." } }
        }
    }
}

fn name(job: &JobView) -> Markup {
    linked(job.url.as_deref(), &job.name)
}

/// What is observed for a job.
fn builds(job: &JobView) -> Markup {
    html! {
        h3 { "Builds that count for " (job.name) }
        div.scroll tabindex="0" role="region" aria-label={ "Table of the builds that count for " (job.name) } { table {
            thead { tr { th scope="col" { "Build" } th scope="col" { "State" } } }
            tbody { @for build in &job.builds { tr {
                td { (linked(build.url.as_deref(), &text::build_name(build.workflow.as_deref(), &build.name))) }
                td { (stage(build.stage)) @if build.state != build.stage { " " span.dim { (build.state) } } }
            } } }
        } }
    }
}

/// What a job's backend has to tell of it, as it came.
fn said(job: &JobView, summary: &str) -> Markup {
    html! {
        h3 { "What " (job.name) " says" }
        pre { (summary) }
    }
}

fn attempts(job: &JobView) -> Markup {
    html! {
        @if job.attempt > 0 { (job.attempt) } @else { span.dim { "none" } }
        @if job.retried > 0 { " " span.dim { "(" (job.retried) " by itself)" } }
        @if !job.earlier.is_empty() { details { summary { "earlier" } @for one in &job.earlier { (attempt(one)) } } }
    }
}

fn attempt(one: &AttemptView) -> Markup {
    let name = match (one.number, &one.handle) {
        (Some(number), _) => number.to_string(),
        (None, handle) => handle.clone().unwrap_or_default(),
    };
    html! {
        div {
            (linked(one.url.as_deref(), &name))
            @if let Some(state) = one.state { " " (state) }
            @if let Some(began) = one.began { " " time.dim datetime=(began.to_rfc3339()) title=(exact(began)) { (began.format("%m-%d %H:%M")) } }
            @if let (Some(began), Some(ended)) = (one.began, one.ended) { " " span.dim title={ "until " (exact(ended)) } { (taken(began, ended)) } }
        }
    }
}
