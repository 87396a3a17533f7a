//! Commit statuses.

use serde_json::Value;

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use super::repos::named_commit;
use crate::sandbox::deeds::NewStatus;
use crate::sandbox::model::status::STATES;
use crate::sandbox::show;

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let sha = call.param("sha").to_owned();
    let text = |name: &str| call.text(name).map(str::to_owned);
    let state = text("state").unwrap_or_default();
    if !STATES.contains(&state.as_str()) {
        return Err(Reply::invalid(
            "Status",
            "state",
            "custom",
            "State is not included in the list",
        ));
    }
    let new = NewStatus {
        repo: call.repo,
        sha,
        state,
        context: text("context").unwrap_or_else(|| "default".to_owned()),
        description: text("description"),
        target_url: text("target_url"),
        by: call.actor(),
    };
    call.hub.add_status(new)?;
    let newest = call.hub.statuses.last().ok_or_else(Reply::not_found)?;
    Ok(Reply::created(show::status::full(call.hub, newest)))
}

pub(super) fn combined(call: &mut Call<'_>) -> Outcome {
    let sha = call.hub.resolve(call.repo, call.param("ref"));
    let sha = sha.ok_or_else(Reply::not_found)?;
    let mut shown = show::status::combined(call.hub, call.repo, &sha);
    let all = shown["statuses"].as_array().cloned().unwrap_or_default();
    let (page, links) = paging::page(call, all, usize::MAX);
    shown["statuses"] = Value::Array(page);
    let reply = Reply::ok(shown);
    Ok(match links {
        Some(links) => reply.header("link", links),
        None => reply,
    })
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let sha = named_commit(call)?;
    let all = call.hub.statuses_of(call.repo, &sha);
    let shown = all
        .map(|status| show::status::full(call.hub, status))
        .collect();
    Ok(paging::list(call, shown, usize::MAX))
}
