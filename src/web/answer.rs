//! Answers: a status and one line of JSON that says why, and nothing about the inside.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status with its reason.
pub(crate) struct Answer(pub(crate) StatusCode, pub(crate) &'static str);

/// One whose reason depends on what was sent.
pub(super) struct Told(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        in_json(self.0, self.1)
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        in_json(self.0, &self.1)
    }
}

fn in_json(status: StatusCode, reason: &str) -> Response {
    let word = if status.is_success() {
        "status"
    } else {
        "error"
    };
    let body = format!("{}\n", json!({ word: reason }));
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn wrong_method() -> Answer {
    Answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "this is read with GET; deliveries go to POST /api/github/webhooks",
    )
}

pub(super) async fn not_found(headers: HeaderMap) -> Response {
    let says = Answer(
        StatusCode::NOT_FOUND,
        "there is nothing here; deliveries go to POST /api/github/webhooks",
    );
    super::dashboard::not_here(&headers).unwrap_or_else(|| says.into_response())
}
