//! The manifest that GitHub gets: `app-manifest.yml`, with what only the operator knows filled in.

use super::choice::Choice;
use crate::web::WEBHOOK_PATH;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The one truth about what the app may do and hears of.
const MANIFEST: &str = include_str!("../../app-manifest.yml");

/// What the app asks for.
#[derive(Deserialize)]
pub(crate) struct Asks {
    /// Permission → level.
    pub(crate) default_permissions: BTreeMap<String, String>,
    /// Events.
    pub(crate) default_events: Vec<String>,
}

/// What the manifest asks for.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub(crate) fn asks() -> Asks {
    serde_saphyr::from_str(MANIFEST).expect("app-manifest.yml is read by a test")
}

/// Fills the manifest in. GitHub leads the browser back to `redirect_url` with a code.
pub(super) fn filled(choice: &Choice, proxy_url: Option<&str>, redirect_url: &str) -> Value {
    let public = &choice.public_url;
    let mut manifest: Value =
        serde_saphyr::from_str(MANIFEST).expect("app-manifest.yml is read by a test");
    manifest["name"] = json!(choice.name);
    manifest["url"] = json!(public);
    manifest["hook_attributes"]["url"] = json!(hook_url(choice, proxy_url));
    manifest["redirect_url"] = json!(redirect_url);
    manifest["callback_urls"] = json!([format!("{public}/sign-in/callback")]);
    manifest["setup_url"] = json!(format!("{public}/"));
    manifest
}

/// Where deliveries go.
pub(super) fn hook_url(choice: &Choice, proxy_url: Option<&str>) -> String {
    match proxy_url {
        Some(proxy) => proxy.to_owned(),
        None => format!("{}{WEBHOOK_PATH}", choice.public_url),
    }
}
