//! Apps and the installation.

use serde_json::{Value, json};

use super::{node, user};
use crate::sandbox::clock::stamp;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::{App, Grants};

/// Permission name to level.
pub(crate) fn grants(grants: &Grants) -> Value {
    grants
        .iter()
        .map(|(name, level)| (name.clone(), json!(level.as_str())))
        .collect()
}

/// GitHub's `integration`; `null` for an app nobody knows.
pub(crate) fn integration(hub: &Hub, id: u64) -> Value {
    hub.apps.get(&id).map_or(Value::Null, |app| shown(hub, app))
}

fn shown(hub: &Hub, app: &App) -> Value {
    json!({
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node("A", app.id),
        "owner": user::simple(hub, app.owner),
        "name": app.slug,
        "description": null,
        "external_url": format!("{}/external/{}", hub.base, app.slug),
        "html_url": format!("{}/apps/{}", hub.base, app.slug),
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": grants(&app.grants),
        "events": app.events,
    })
}

/// GitHub's `installation`.
pub(crate) fn installation(hub: &Hub) -> Value {
    let installation = &hub.installation;
    let (id, app, base) = (installation.id, hub.our_app(), &hub.base);
    let owner = hub.user(installation.account);
    json!({
        "id": id,
        "account": user::simple(hub, installation.account),
        "repository_selection": "selected",
        "access_tokens_url": format!("{base}/app/installations/{id}/access_tokens"),
        "repositories_url": format!("{base}/installation/repositories"),
        "html_url": format!("{base}/organizations/{}/settings/installations/{id}", owner.login),
        "app_id": app.id,
        "client_id": app.client_id,
        "app_slug": app.slug,
        "target_id": installation.account,
        "target_type": owner.kind.as_str(),
        "permissions": grants(&app.grants),
        "events": app.events,
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.updated_at),
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "suspended_by": installation.suspended_at.map(|_| user::simple(hub, installation.account)),
        "suspended_at": installation.suspended_at.map(stamp),
    })
}
