//! Who the app is, as GitHub says.

use super::decode::Identity;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What GitHub says of the app itself ("Get the authenticated app").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppInfo {
    /// The app's number.
    pub id: u64,
    /// Its name in addresses; it comments as `{slug}[bot]`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it asks installations for: `checks` → `write`.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// The events it subscribes to.
    #[serde(default)]
    pub events: Vec<String>,
    /// Who owns it.
    #[serde(default)]
    pub owner: Option<AppOwner>,
}

/// Who owns an app: a person, an organisation, or an enterprise, which has neither of these.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppOwner {
    /// Its name.
    #[serde(default)]
    pub login: Option<String>,
    /// `User` or `Organization`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

impl AppInfo {
    /// Who we are, for telling our own doings from others'.
    pub fn identity(&self) -> Identity {
        Identity {
            app_id: self.id,
            slug: self.slug.clone(),
        }
    }
}
