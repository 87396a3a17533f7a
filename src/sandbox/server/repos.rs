//! Users, membership, repositories and their commits.

use serde_json::json;

use super::answer::{Outcome, Reply};
use super::call::Call;
use crate::sandbox::show;

pub(super) fn user(call: &mut Call<'_>) -> Outcome {
    let found = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    Ok(Reply::ok(show::user::public(
        call.hub,
        found.ok_or_else(Reply::not_found)?,
    )))
}

/// 204 for a member, public or private: an installation with `members: read` sees both.
pub(super) fn member(call: &mut Call<'_>) -> Outcome {
    let org = call.hub.user_named(call.param("org")).map(|org| org.id);
    let user = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    let right_org = org == Some(call.hub.owner) && call.hub.is_organization();
    match user.filter(|user| right_org && call.hub.members.contains_key(user)) {
        Some(_) => Ok(Reply::no_content()),
        None => Err(Reply::not_found()),
    }
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::ok(show::repo::answer(call.hub, call.repo)))
}

pub(super) fn permission(call: &mut Call<'_>) -> Outcome {
    let user = call
        .hub
        .user_named(call.param("username"))
        .map(|user| user.id);
    let user = user
        .ok_or_else(|| Reply::error(404, &format!("{} is not a user", call.param("username"))))?;
    let permission = call.hub.permission(call.repo, user);
    let mut shown = show::user::simple(call.hub, user);
    shown["role_name"] = json!(permission.role_name());
    let at_least = |level| permission >= level;
    use crate::sandbox::Permission::{Admin, Maintain, Read, Triage, Write};
    shown["permissions"] = json!({
        "pull": at_least(Read),
        "triage": at_least(Triage),
        "push": at_least(Write),
        "maintain": at_least(Maintain),
        "admin": at_least(Admin),
    });
    Ok(Reply::ok(json!({
        "permission": permission.legacy(),
        "role_name": permission.role_name(),
        "user": shown,
    })))
}

/// The commit a name in the path stands for; GitHub answers 422 where there is none.
pub(super) fn named_commit(call: &Call<'_>) -> Result<String, Reply> {
    let name = call.param("ref");
    let missing = || Reply::unprocessable(&format!("No commit found for SHA: {name}"));
    call.hub.resolve(call.repo, name).ok_or_else(missing)
}

pub(super) fn commit(call: &mut Call<'_>) -> Outcome {
    let sha = named_commit(call)?;
    let commit = call.hub.objects.get(&sha).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(show::commit::with_files(
        call.hub, call.repo, commit,
    )))
}
