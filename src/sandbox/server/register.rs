//! Registering an app from a manifest: the page that a browser posts to, and what its code is exchanged for (GitHub, "Registering a
//! GitHub App from a manifest"). Nobody has to press anything: the stand-in's user always agrees.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::entrance::Asked;
use crate::sandbox::Sandbox;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::Level;
use crate::sandbox::show;

/// What GitHub reads of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Manifest {
    name: String,
    redirect_url: String,
    hook_attributes: HookAttributes,
    default_permissions: BTreeMap<String, String>,
    default_events: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct HookAttributes {
    url: String,
}

/// Answers `POST /settings/apps/new` and `POST /organizations/{org}/settings/apps/new`; `None`: it is another address.
pub(super) fn page(sandbox: &Sandbox, asked: &Asked) -> Option<Reply> {
    let path = asked.path();
    let owner = path.strip_suffix("/settings/apps/new")?;
    if asked.method != "POST" {
        return Some(Reply::not_found());
    }
    let organisation = owner.strip_prefix("/organizations/");
    if organisation.is_none() && !owner.is_empty() {
        return None;
    }
    Some(sandbox.edit(|hub| register(hub, asked, organisation)))
}

/// Keeps the manifest under a new code, and sends the browser back with it.
fn register(hub: &mut Hub, asked: &Asked, organisation: Option<&str>) -> Reply {
    let known = |name: &str| hub.is_organization() && hub.user_named(name).is_some();
    if organisation.is_some_and(|name| !known(name)) {
        return Reply::not_found();
    }
    let manifest: Result<Manifest, _> = form_field(&asked.bytes, "manifest")
        .ok_or_else(|| "the form has no field `manifest`".to_owned())
        .and_then(|text| serde_json::from_str(&text).map_err(|why| why.to_string()));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(why) => return Reply::unprocessable(&format!("the manifest can't be read: {why}")),
    };
    let unknown = |level: &String| Level::parse(level).is_none();
    if manifest.default_permissions.values().any(unknown) || manifest.name.len() > 34 {
        return Reply::unprocessable("the manifest has a value that does not exist");
    }
    let code = Uuid::new_v4().simple().to_string();
    let state = form_field(asked.query().as_bytes(), "state");
    let back = with_query(&manifest.redirect_url, &code, state.as_deref());
    hub.manifests.insert(code, manifest);
    let mut reply = Reply::no_content().header("location", back);
    reply.status = 302;
    reply
}

/// `POST /app-manifests/{code}/conversions`: once for each code. The one app of the stand-in becomes what the manifest says,
/// with new secrets.
pub(super) fn convert(call: &mut Call<'_>) -> Outcome {
    let code = call.param("code").to_owned();
    let hub = &mut *call.hub;
    let manifest = hub.manifests.remove(&code).ok_or_else(Reply::not_found)?;
    let slug = manifest.name.to_lowercase().replace(' ', "-");
    let bot = hub.ensure_user(&format!("{slug}[bot]"));
    hub.webhook_secret = Uuid::new_v4().simple().to_string();
    hub.target = Some(manifest.hook_attributes.url);
    let id = hub.app;
    if let Some(app) = hub.apps.get_mut(&id) {
        app.slug = slug;
        app.bot = bot;
        app.events = manifest.default_events.into_iter().collect();
        app.grants = manifest
            .default_permissions
            .iter()
            .filter_map(|(name, level)| Some((name.clone(), Level::parse(level)?)))
            .collect();
    }
    let mut shown = show::app::integration(hub, id);
    shown["name"] = json!(manifest.name);
    hub.client_secret = Uuid::new_v4().simple().to_string();
    shown["client_secret"] = json!(hub.client_secret);
    shown["webhook_secret"] = json!(hub.webhook_secret);
    shown["pem"] = Value::from(hub.private_key_pem.clone());
    Ok(Reply::created(shown))
}

fn form_field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn with_query(url: &str, code: &str, state: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", code);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    format!("{url}?{}", query.finish())
}
