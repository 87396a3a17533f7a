//! The schema of the configuration, for editors. It is the same for everybody and holds nothing of this server.

use crate::domain::config::schema;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

static SCHEMA: LazyLock<String> = LazyLock::new(|| schema().to_value().to_string());

/// `GET /schema/config.json`
pub(super) async fn config() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/schema+json"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        // Editors that run in a browser.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCHEMA.as_str()).into_response()
}
