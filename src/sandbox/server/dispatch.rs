//! Starting a workflow by request.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::actions::workflow_path;
use super::answer::{Outcome, Reply};
use super::call::Call;
use crate::sandbox::deeds::Ask;
use crate::sandbox::show;

/// How many inputs a dispatch takes.
const MOST_INPUTS: usize = 25;

fn inputs(body: &Value) -> Result<BTreeMap<String, String>, Reply> {
    let sent = match body.get("inputs") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(sent)) => sent,
        Some(_) => {
            return Err(Reply::unprocessable(
                "Invalid request.\n\nFor 'properties/inputs', it is not an object.",
            ));
        }
    };
    if sent.len() > MOST_INPUTS {
        return Err(Reply::unprocessable(&format!(
            "Invalid request.\n\nNo more than {MOST_INPUTS} properties are allowed; {} were supplied.",
            sent.len()
        )));
    }
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        other => Err(Reply::unprocessable(&format!(
            "Invalid request.\n\nFor 'properties/{name}', {other} is not a string."
        ))),
    };
    sent.iter().map(text).collect()
}

/// `POST …/actions/workflows/{workflow_id}/dispatches`: 200 with the run, or 204 from servers that can't say it.
pub(super) fn workflow(call: &mut Call<'_>) -> Outcome {
    let path = workflow_path(call)?;
    let here = call.hub.default_tree(call.repo);
    if here.is_none_or(|tree| !tree.contains_key(&path)) {
        return Err(Reply::not_found());
    }
    let reference = call
        .text("ref")
        .map(str::to_owned)
        .ok_or_else(|| Reply::unprocessable("Invalid request.\n\n\"ref\" wasn't supplied."))?;
    let inputs = inputs(&call.body)?;
    let wants_details = call.body.get("return_run_details") == Some(&Value::Bool(true));
    let (repo, by) = (call.repo, call.actor());
    let run = call.hub.dispatch(Ask {
        repo,
        path,
        reference: &reference,
        inputs,
        by,
    })?;
    if !(wants_details && call.hub.dispatching.details) {
        return Ok(Reply::no_content());
    }
    let (api, html) = (
        show::repo::api(call.hub, repo),
        show::repo::html(call.hub, repo),
    );
    Ok(Reply::ok(json!({
        "workflow_run_id": run,
        "run_url": format!("{api}/actions/runs/{run}"),
        "html_url": format!("{html}/actions/runs/{run}"),
    })))
}
