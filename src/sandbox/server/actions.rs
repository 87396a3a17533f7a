//! Workflow runs.

use serde_json::{Value, json};

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::model::checks::Run;
use crate::sandbox::show;

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let same = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let wanted = |run: &&Run| {
        let status = call.query("status");
        run.repo == call.repo
            && same("branch", &run.head_branch)
            && same("head_sha", &run.head_sha)
            && same("event", &run.event)
            && same("check_suite_id", &run.suite.to_string())
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
