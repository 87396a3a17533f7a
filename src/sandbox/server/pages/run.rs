//! A workflow run: where a job's link in a gate leads.

use maud::{Markup, html};

use super::{login, short, standing};
use crate::sandbox::model::Hub;
use crate::sandbox::show::repo;

/// Title and main part of a workflow run's page.
pub(super) fn one(hub: &Hub, repo: u64, run: u64) -> Option<(String, Markup)> {
    let run = hub.runs.get(&run).filter(|found| found.repo == repo)?;
    let title = run
        .dispatch
        .as_ref()
        .map_or(&run.name, |dispatch| &dispatch.title);
    let no_inputs = std::collections::BTreeMap::new();
    let inputs = run
        .dispatch
        .as_ref()
        .map_or(&no_inputs, |dispatch| &dispatch.inputs);
    let check = hub.checks.get(&run.check);
    let main = html! {
        h1 { (title) " " (standing(&run.status, run.conclusion.as_deref())) }
        p.dim {
            code { (run.path()) } ", started by " (login(hub, run.actor)) " with " code { (run.event) } " on "
            code { (run.head_branch) } " at " code { (short(&run.head_sha)) } ", attempt " (run.attempt)
        }
        @if let Some(check) = check {
            p { a href={ (repo::html(hub, repo)) "/runs/" (check.id) } { (check.name) } " "
                (standing(&check.status, check.conclusion.as_deref())) }
        }
        @if !inputs.is_empty() {
            h2 { "Inputs" }
            table { @for (name, value) in inputs { tr { th scope="row" { (name) } td { code { (value) } } } } }
        }
        @if run.conclusion.is_none() {
            p { "Nothing runs here but by hand. To end it:" }
            pre { "drawbridge sandbox finish-job " (run.id) " success" }
        }
    };
    Some((title.clone(), main))
}
