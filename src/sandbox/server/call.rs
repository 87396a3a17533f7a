//! One request as a route sees it: admitted, with its repository found.

use std::collections::HashMap;

use serde_json::Value;

use super::answer::Reply;
use super::auth::Who;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::Level;

/// A request that passed the entrance.
pub(crate) struct Call<'a> {
    pub(crate) hub: &'a mut Hub,
    pub(crate) who: Who,
    /// The path's parameters, percent-decoded.
    pub(crate) params: HashMap<&'static str, String>,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Value,
    /// The repository in the path; 0 in a path without one.
    pub(crate) repo: u64,
    /// Path and query, for `Link` headers.
    pub(crate) asked: String,
}

impl Call<'_> {
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A number in the path; anything else is no such thing.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Reply> {
        self.param(name).parse().map_err(|_| Reply::not_found())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A text in the body.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// Whether the token has a permission that only some requests of a route need.
    pub(crate) fn may(&self, name: &str, level: Level) -> bool {
        match &self.who {
            Who::Installation { grants, .. } => {
                grants.get(name).is_some_and(|granted| *granted >= level)
            }
            _ => false,
        }
    }

    /// The account in whose name an installation acts.
    pub(crate) fn actor(&self) -> u64 {
        self.hub.our_app().bot
    }
}
