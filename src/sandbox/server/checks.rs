//! Check runs and suites.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use super::repos::named_commit;
use crate::sandbox::deeds::CheckChange;
use crate::sandbox::model::checks::{Annotation, Button, CONCLUSIONS, CheckRun, Output};
use crate::sandbox::show;

/// GitHub's limit for summary and text.
const LONG_TEXT: usize = 65_535;

fn bad(field: &str, message: &str) -> Reply {
    Reply::invalid("CheckRun", field, "invalid", message)
}

fn field(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn output(body: &Value) -> Result<Option<Output>, Reply> {
    let Some(output) = body.get("output").filter(|output| !output.is_null()) else {
        return Ok(None);
    };
    let (title, summary, text) = (
        field(output, "title"),
        field(output, "summary"),
        field(output, "text"),
    );
    if title.is_none() || summary.is_none() {
        return Err(bad("output", "output needs both a title and a summary"));
    }
    for (name, value) in [("summary", &summary), ("text", &text)] {
        if value
            .as_ref()
            .is_some_and(|value| value.chars().count() > LONG_TEXT)
        {
            return Err(bad(
                name,
                &format!("{name} exceeds a maximum of {LONG_TEXT} characters"),
            ));
        }
    }
    let annotations = output
        .get("annotations")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if annotations.len() > 50 {
        return Err(bad(
            "annotations",
            "no more than 50 annotations per request",
        ));
    }
    Ok(Some(Output {
        title,
        summary,
        text,
        annotations: annotations
            .iter()
            .map(annotation)
            .collect::<Result<_, Reply>>()?,
    }))
}

fn annotation(body: &Value) -> Result<Annotation, Reply> {
    let missing = |name: &str| bad("annotations", &format!("an annotation needs a {name}"));
    let text = |name: &str| field(body, name).ok_or_else(|| missing(name));
    let line = |name: &str| {
        let line = body.get(name).and_then(Value::as_u64);
        line.ok_or_else(|| missing(name))
    };
    Ok(Annotation {
        path: text("path")?,
        start_line: line("start_line")?,
        end_line: line("end_line")?,
        level: text("annotation_level")?,
        title: field(body, "title"),
        message: text("message")?,
    })
}

fn buttons(body: &Value) -> Result<Option<Vec<Button>>, Reply> {
    let Some(list) = body.get("actions").and_then(Value::as_array) else {
        return Ok(None);
    };
    if list.len() > 3 {
        return Err(bad("actions", "no more than 3 actions"));
    }
    let part = |action: &Value, name: &str, most: usize| match field(action, name) {
        Some(text) if text.chars().count() <= most => Ok(text),
        Some(_) => Err(bad(
            "actions",
            &format!("{name} exceeds a maximum of {most} characters"),
        )),
        None => Err(bad("actions", &format!("an action needs a {name}"))),
    };
    let button = |action: &Value| {
        Ok(Button {
            label: part(action, "label", 20)?,
            description: part(action, "description", 40)?,
            identifier: part(action, "identifier", 20)?,
        })
    };
    list.iter()
        .map(button)
        .collect::<Result<_, Reply>>()
        .map(Some)
}

fn change(body: &Value) -> Result<CheckChange, Reply> {
    let (status, conclusion) = (field(body, "status"), field(body, "conclusion"));
    if let Some(status) = &status
        && ![
            "queued",
            "in_progress",
            "completed",
            "waiting",
            "requested",
            "pending",
        ]
        .contains(&status.as_str())
    {
        return Err(bad("status", &format!("{status} is no status")));
    }
    if let Some(conclusion) = &conclusion
        && !CONCLUSIONS.contains(&conclusion.as_str())
    {
        return Err(bad(
            "conclusion",
            &format!("{conclusion} is no conclusion an app may give"),
        ));
    }
    if status.as_deref() == Some("completed") && conclusion.is_none() {
        return Err(Reply::invalid(
            "CheckRun",
            "conclusion",
            "missing_field",
            "a completed check needs a conclusion",
        ));
    }
    Ok(CheckChange {
        name: field(body, "name"),
        status,
        conclusion,
        details_url: field(body, "details_url"),
        external_id: field(body, "external_id"),
        output: output(body)?,
        actions: buttons(body)?,
    })
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let missing = |name: &str| {
        Reply::unprocessable(&format!("Invalid request.\n\n\"{name}\" wasn't supplied."))
    };
    if call.text("name").is_none_or(str::is_empty) {
        return Err(missing("name"));
    }
    let sha = call
        .text("head_sha")
        .ok_or_else(|| missing("head_sha"))?
        .to_owned();
    let network = call.hub.repo(call.repo).network();
    if call
        .hub
        .objects
        .get(&sha)
        .is_none_or(|commit| commit.network != network)
    {
        return Err(Reply::unprocessable(&format!(
            "No commit found for SHA: {sha}"
        )));
    }
    let change = change(&call.body)?;
    let (repo, app) = (call.repo, call.hub.app);
    let suite = call.hub.ensure_suite(repo, app, &sha);
    let id = call.hub.new_check(suite, change)?;
    found(call, id).map(|run| Reply::created(show::check::run(call.hub, run)))
}

fn found<'c>(call: &'c Call<'_>, id: u64) -> Result<&'c CheckRun, Reply> {
    call.hub
        .checks
        .get(&id)
        .filter(|run| run.repo == call.repo)
        .ok_or_else(Reply::not_found)
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let run = found(call, call.number("check_run_id")?)?;
    Ok(Reply::ok(show::check::run(call.hub, run)))
}

/// Only the app that made a check run may change it.
pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_run_id")?;
    if found(call, id)?.app != call.hub.app {
        return Err(Reply::error(
            403,
            "Invalid app_id - check run can only be modified by the GitHub App that created it.",
        ));
    }
    let change = change(&call.body)?;
    call.hub.change_check(id, change)?;
    found(call, id).map(|run| Reply::ok(show::check::run(call.hub, run)))
}

pub(super) fn annotations(call: &mut Call<'_>) -> Outcome {
    let run = found(call, call.number("check_run_id")?)?;
    let all = run.output.annotations.iter();
    let shown = all
        .map(|annotation| show::check::annotation(call.hub, run, annotation))
        .collect();
    Ok(paging::list(call, shown, usize::MAX))
}

pub(super) fn of_commit(call: &mut Call<'_>) -> Outcome {
    let sha = named_commit(call)?;
    Ok(listed(call, |run| run.head_sha == sha))
}

pub(super) fn of_suite(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_suite_id")?;
    let suite = call.hub.suites.get(&id);
    if suite.is_none_or(|suite| suite.repo != call.repo) {
        return Err(Reply::not_found());
    }
    Ok(listed(call, |run| run.suite == id))
}

/// The check runs of the repository for which this holds, filtered as the request says.
fn listed(call: &Call<'_>, is_there: impl Fn(&CheckRun) -> bool) -> Reply {
    let app = call.query("app_id").and_then(|id| id.parse::<u64>().ok());
    let (name, status) = (call.query("check_name"), call.query("status"));
    let wanted = |run: &&CheckRun| {
        run.repo == call.repo
            && is_there(run)
            && app.is_none_or(|app| app == run.app)
            && name.is_none_or(|name| name == run.name)
            && status.is_none_or(|status| status == run.status)
    };
    let all = call.hub.checks.values().filter(wanted);
    let shown: Vec<Value> = if call.query("filter") == Some("all") {
        all.map(|run| show::check::run(call.hub, run)).collect()
    } else {
        // The latest of each name in each suite: a re-run hides what came before.
        let latest: BTreeMap<_, _> = all
            .map(|run| ((run.suite, run.name.clone()), run))
            .collect();
        latest
            .values()
            .map(|run| show::check::run(call.hub, run))
            .collect()
    };
    paging::counted(call, "check_runs", shown)
}

pub(super) fn suites_of_commit(call: &mut Call<'_>) -> Outcome {
    let sha = named_commit(call)?;
    let app = call.query("app_id").and_then(|id| id.parse::<u64>().ok());
    let all = call.hub.suites.values().filter(|suite| {
        suite.repo == call.repo && suite.head_sha == sha && app.is_none_or(|app| app == suite.app)
    });
    let shown = all
        .map(|suite| show::check::listed_suite(call.hub, suite))
        .collect();
    Ok(paging::counted(call, "check_suites", shown))
}
