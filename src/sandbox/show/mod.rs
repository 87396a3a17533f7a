//! How things look in JSON. One shape serves REST answers and webhook payloads; the few differences have their own
//! function. Required fields are those of GitHub's OpenAPI description.

pub(crate) mod app;
pub(crate) mod check;
pub(crate) mod commit;
pub(crate) mod pull;
pub(crate) mod repo;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod talk;
pub(crate) mod user;

/// A GraphQL node id: opaque, so a readable one does as well.
pub(crate) fn node(kind: &str, id: u64) -> String {
    format!("{kind}_sandbox{id}")
}
