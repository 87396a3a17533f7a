//! Workflow runs.

use serde_json::{Value, json};

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::created::Span;
use super::paging;
use crate::sandbox::model::checks::Run;
use crate::sandbox::model::workflow::FOLDER;
use crate::sandbox::show;

/// Every run.
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    matching(call, |_| true)
}

/// The runs of one workflow.
pub(super) fn list_of_workflow(call: &mut Call<'_>) -> Outcome {
    let path = workflow_path(call)?;
    matching(call, |run| run.path() == path)
}

/// The file of the workflow in the path, which is named by its file or by its id. A workflow is known while its file is on
/// the default branch, and as long as it has runs.
pub(super) fn workflow_path(call: &Call<'_>) -> Result<String, Reply> {
    let asked = call.param("workflow_id");
    let named = format!("{FOLDER}{asked}");
    let id: Option<u64> = asked.parse().ok();
    let files = call.hub.default_tree(call.repo).into_iter();
    let here = files.flat_map(|tree| tree.keys().cloned());
    let runs = call.hub.runs.values().filter(|run| run.repo == call.repo);
    here.filter(|path| path.starts_with(FOLDER))
        .chain(runs.map(Run::path))
        .find(|path| *path == named || id == Some(show::run::workflow_id(path)))
        .ok_or_else(Reply::not_found)
}

fn matching(call: &Call<'_>, also: impl Fn(&Run) -> bool) -> Outcome {
    let created = call.query("created").map(Span::read);
    let same = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let wanted = |run: &&Run| {
        let status = call.query("status");
        run.repo == call.repo
            && same("branch", &run.head_branch)
            && same("head_sha", &run.head_sha)
            && same("event", &run.event)
            && same("check_suite_id", &run.suite.to_string())
            && same("actor", &call.hub.user(run.actor).login)
            && created.is_none_or(|span| span.is_some_and(|span| span.holds(run.created_at)))
            && also(run)
            && status.is_none_or(|status| {
                status == run.status || Some(status) == run.conclusion.as_deref()
            })
    };
    // Newest first.
    let all = call.hub.runs.values().rev().filter(wanted);
    let shown: Vec<Value> = all.map(|run| show::run::run(call.hub, run)).collect();
    Ok(paging::counted(call, "workflow_runs", shown))
}

fn found<'c>(call: &'c Call<'_>) -> Result<&'c Run, Reply> {
    let id = call.number("run_id")?;
    call.hub
        .runs
        .get(&id)
        .filter(|run| run.repo == call.repo)
        .ok_or_else(Reply::not_found)
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let run = found(call)?;
    Ok(Reply::ok(show::run::run(call.hub, run)))
}

pub(super) fn cancel(call: &mut Call<'_>) -> Outcome {
    let run = found(call)?;
    if run.status == "completed" {
        return Err(Reply::error(
            409,
            "Cannot cancel a workflow run that is completed.",
        ));
    }
    let id = run.id;
    call.hub.end_run(id, "cancelled")?;
    Ok(Reply::new(202, json!({})))
}

pub(super) fn rerun(call: &mut Call<'_>) -> Outcome {
    let run = found(call)?;
    if run.status != "completed" {
        return Err(Reply::error(403, "This workflow is already running"));
    }
    let id = run.id;
    call.hub.rerun(id)?;
    Ok(Reply::created(json!({})))
}

pub(super) fn rerun_failed(call: &mut Call<'_>) -> Outcome {
    if found(call)?.conclusion.as_deref() == Some("success") {
        return Err(Reply::error(
            403,
            "The workflow run containing this job has no failed jobs",
        ));
    }
    rerun(call)
}
