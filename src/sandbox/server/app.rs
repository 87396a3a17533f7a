//! The app itself: its installation, its tokens, its deliveries, its rate limit.

use std::collections::BTreeSet;

use chrono::Utc;
use serde_json::{Value, json};

use super::answer::{Outcome, Reply};
use super::auth::{Who, new_token};
use super::call::Call;
use super::paging;
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::{Grants, Level};
use crate::sandbox::model::log::{Entry, Stage};
use crate::sandbox::show;

/// The hour's budget of an installation.
pub(crate) const HOURLY: u64 = 5000;

/// GitHub's `rate-limit`.
pub(crate) fn rate(hub: &Hub) -> Value {
    let used = hub.requests_used.min(HOURLY);
    let now = Utc::now().timestamp();
    let reset = match hub.limits.renewed_in() {
        Some(wait) => now.saturating_add_unsigned(wait),
        None => (now / 3600 + 1) * 3600,
    };
    json!({ "limit": HOURLY, "used": used, "remaining": HOURLY - used, "reset": reset })
}

pub(super) fn rate_limit(call: &mut Call<'_>) -> Outcome {
    let rate = rate(call.hub);
    Ok(Reply::ok(
        json!({ "resources": { "core": rate, "search": rate }, "rate": rate }),
    ))
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let mut shown = show::app::integration(call.hub, call.hub.app);
    shown["installations_count"] = json!(1);
    Ok(Reply::ok(shown))
}

pub(super) fn installations(call: &mut Call<'_>) -> Outcome {
    let mut one = show::app::installation(call.hub);
    // GitHub's description of this one list asks for an enterprise's fields on every account.
    let account = call.hub.user(call.hub.installation.account);
    one["account"]["name"] = json!(account.login);
    one["account"]["slug"] = json!(account.login);
    one["account"]["created_at"] = json!(stamp(account.created_at));
    one["account"]["updated_at"] = json!(stamp(account.created_at));
    let all = match call.hub.installation.deleted {
        true => vec![],
        false => vec![one],
    };
    Ok(paging::list(call, all, usize::MAX))
}

/// Where deliveries go, as the app's owner has set it; the secret is never shown.
pub(super) fn hook_config(call: &mut Call<'_>) -> Outcome {
    let url = call.hub.target.clone().unwrap_or_default();
    Ok(Reply::ok(json!({
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
        "url": url,
    })))
}

/// Refuses any installation but ours.
fn ours(call: &Call<'_>) -> Result<(), Reply> {
    let id = call.number("installation_id")?;
    if id == call.hub.installation.id && !call.hub.installation.deleted {
        Ok(())
    } else {
        Err(Reply::not_found())
    }
}

pub(super) fn installation(call: &mut Call<'_>) -> Outcome {
    ours(call)?;
    Ok(Reply::ok(show::app::installation(call.hub)))
}

pub(super) fn installation_of_repo(call: &mut Call<'_>) -> Outcome {
    if !call.hub.installation.repositories.contains(&call.repo) {
        return Err(Reply::not_found());
    }
    Ok(Reply::ok(show::app::installation(call.hub)))
}

pub(super) fn access_tokens(call: &mut Call<'_>) -> Outcome {
    ours(call)?;
    if call.hub.installation.suspended_at.is_some() {
        return Err(Reply::error(403, "This installation has been suspended"));
    }
    let grants = narrowed_grants(call)?;
    let repositories = narrowed_repositories(call)?;
    let (text, token) = new_token(call.hub, grants, repositories);
    let mut body = json!({
        "token": text,
        "expires_at": stamp(token.expires_at),
        "permissions": show::app::grants(&token.grants),
        "repository_selection": "selected",
    });
    if let Some(repositories) = &token.repositories {
        body["repositories"] = repositories
            .iter()
            .map(|id| show::repo::full(call.hub, *id))
            .collect();
    }
    Ok(Reply::created(body))
}

/// The permissions asked for, none above what the app has.
fn narrowed_grants(call: &Call<'_>) -> Result<Grants, Reply> {
    let have = &call.hub.our_app().grants;
    let Some(wanted) = call.body.get("permissions").and_then(Value::as_object) else {
        return Ok(have.clone());
    };
    let mut grants = Grants::new();
    for (name, level) in wanted {
        let level = level.as_str().and_then(Level::parse);
        let granted = level.filter(|level| have.get(name).is_some_and(|limit| level <= limit));
        let missing = || {
            Reply::unprocessable("The permissions requested are not granted to this installation.")
        };
        grants.insert(name.clone(), granted.ok_or_else(missing)?);
    }
    // Every token may read metadata.
    grants.entry("metadata".into()).or_insert(Level::Read);
    Ok(grants)
}

fn narrowed_repositories(call: &Call<'_>) -> Result<Option<BTreeSet<u64>>, Reply> {
    let list = |field: &str| call.body.get(field).and_then(Value::as_array).cloned();
    let unknown = || {
        Reply::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let mut wanted = BTreeSet::new();
    let (names, ids) = (list("repositories"), list("repository_ids"));
    if names.is_none() && ids.is_none() {
        return Ok(None);
    }
    let owner = call.hub.user(call.hub.owner).login.clone();
    for name in names.unwrap_or_default() {
        let found = name
            .as_str()
            .and_then(|name| call.hub.repo_named(&owner, name));
        wanted.insert(found.ok_or_else(unknown)?.0);
    }
    for id in ids.unwrap_or_default() {
        wanted.insert(id.as_u64().ok_or_else(unknown)?);
    }
    if wanted.is_subset(&call.hub.installation.repositories) {
        Ok(Some(wanted))
    } else {
        Err(unknown())
    }
}

pub(super) fn repositories(call: &mut Call<'_>) -> Outcome {
    let Who::Installation { repositories, .. } = &call.who else {
        return Err(Reply::not_found());
    };
    let all = repositories
        .iter()
        .map(|id| show::repo::full(call.hub, *id))
        .collect();
    let mut reply = paging::counted(call, "repositories", all);
    if let Some(body) = &mut reply.body {
        body["repository_selection"] = json!("selected");
    }
    Ok(reply)
}

/// GitHub's `hook-delivery-item`.
fn item(hub: &Hub, entry: &Entry) -> Value {
    let code = entry.status_code().unwrap_or_default();
    let status = match entry.stage {
        Stage::Done(200..=299) => "OK".to_owned(),
        Stage::Done(code) if entry.response.is_some() => format!("Invalid HTTP Response: {code}"),
        _ => "failed to connect to host".to_owned(),
    };
    json!({
        "id": entry.id,
        "guid": entry.guid,
        "delivered_at": stamp(entry.at),
        "redelivery": entry.redelivery,
        "duration": 0.03,
        "status": status,
        "status_code": code,
        "event": entry.event,
        "action": entry.action,
        "installation_id": hub.installation.id,
        "repository_id": entry.repository,
        "throttled_at": null,
    })
}

pub(super) fn deliveries(call: &mut Call<'_>) -> Outcome {
    let size = call
        .query("per_page")
        .and_then(|text| text.parse().ok())
        .unwrap_or(30)
        .clamp(1, 100);
    let before = match call.query("cursor") {
        Some(cursor) => {
            let id = cursor
                .strip_prefix("v1_")
                .and_then(|id| id.parse::<u64>().ok());
            id.ok_or_else(|| Reply::unprocessable("Invalid cursor"))?
        }
        None => u64::MAX,
    };
    let done = call
        .hub
        .log
        .iter()
        .rev()
        .filter(|entry| entry.id < before && entry.status_code().is_some());
    let mut found: Vec<&Entry> = done.take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let link = found
        .last()
        .filter(|_| more)
        .map(|last| paging::address(call, "cursor", &format!("v1_{}", last.id)));
    let reply = Reply::ok(found.iter().map(|entry| item(call.hub, entry)).collect());
    Ok(match link {
        Some(next) => reply.header("link", format!("<{next}>; rel=\"next\"")),
        None => reply,
    })
}

fn logged(call: &Call<'_>) -> Result<usize, Reply> {
    let id = call.number("delivery_id")?;
    let listed = |entry: &Entry| entry.id == id && entry.status_code().is_some();
    call.hub
        .log
        .iter()
        .position(listed)
        .ok_or_else(Reply::not_found)
}

pub(super) fn delivery(call: &mut Call<'_>) -> Outcome {
    let entry = &call.hub.log[logged(call)?];
    let mut shown = item(call.hub, entry);
    shown["url"] = json!(call.hub.target.clone().unwrap_or_default());
    shown["request"] = json!({
        "headers": { "X-GitHub-Delivery": entry.guid, "X-GitHub-Event": entry.event },
        "payload": if call.hub.hides_payloads { Value::Null } else { entry.payload.clone() },
    });
    shown["response"] = json!({ "headers": {}, "payload": entry.response });
    Ok(Reply::ok(shown))
}

pub(super) fn attempt(call: &mut Call<'_>) -> Outcome {
    let index = logged(call)?;
    let stage = match (call.hub.holding, &call.hub.target) {
        (true, _) => Stage::Held,
        (false, Some(_)) => Stage::Queued,
        (false, None) => Stage::Unsent,
    };
    call.hub.enqueue_again(index, stage);
    Ok(Reply::new(202, json!({})))
}
