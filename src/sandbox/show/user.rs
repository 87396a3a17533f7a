//! Accounts.

use serde_json::{Value, json};

use super::node;
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::Kind;

/// GitHub's `simple-user`.
pub(crate) fn simple(hub: &Hub, id: u64) -> Value {
    let user = hub.user(id);
    let (base, login) = (&hub.base, user.login.as_str());
    // A login with brackets is no valid URI: GitHub percent-encodes it too.
    let path = login.replace('[', "%5B").replace(']', "%5D");
    let api = format!("{base}/users/{path}");
    let html = match user.kind {
        Kind::Bot => format!("{base}/apps/{}", login.trim_end_matches("[bot]")),
        _ => format!("{base}/{path}"),
    };
    json!({
        "login": login,
        "id": id,
        "node_id": node("U", id),
        "avatar_url": format!("{base}/avatars/{id}"),
        "gravatar_id": "",
        "url": api,
        "html_url": html,
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": user.kind.as_str(),
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// GitHub's `public-user`, as `GET /users/{username}` shows it.
pub(crate) fn public(hub: &Hub, id: u64) -> Value {
    let mut shown = simple(hub, id);
    let created = stamp(hub.user(id).created_at);
    for field in ["name", "company", "email", "location", "hireable", "bio"] {
        shown[field] = Value::Null;
    }
    for field in ["public_repos", "public_gists", "followers", "following"] {
        shown[field] = json!(0);
    }
    shown["blog"] = json!("");
    shown["created_at"] = json!(created);
    shown["updated_at"] = json!(created);
    shown
}

/// The `organization` of webhook payloads.
pub(crate) fn organization(hub: &Hub) -> Value {
    let (id, base) = (hub.owner, &hub.base);
    let login = &hub.user(id).login;
    let api = format!("{base}/orgs/{login}");
    json!({
        "login": login,
        "id": id,
        "node_id": node("O", id),
        "url": api,
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events"),
        "hooks_url": format!("{api}/hooks"),
        "issues_url": format!("{api}/issues"),
        "members_url": format!("{api}/members{{/member}}"),
        "public_members_url": format!("{api}/public_members{{/member}}"),
        "avatar_url": format!("{base}/avatars/{id}"),
        "description": "",
    })
}
