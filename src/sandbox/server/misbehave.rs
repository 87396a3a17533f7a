//! Answers that no healthy GitHub gives: what a fault turns an answer into.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use futures::StreamExt;

use super::answer::Reply;
use super::routes::{self, Needs};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::wire::Shears;

/// A refusal in GitHub's shape.
pub(super) fn refuse(kind: &FaultKind, needs: Option<Needs>) -> Reply {
    let slow_down =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    match kind {
        FaultKind::SecondaryLimit {
            retry_after: Some(seconds),
        } => Reply::error(403, slow_down).header("retry-after", seconds.to_string()),
        FaultKind::SecondaryLimit { retry_after: None } => Reply::error(403, slow_down),
        FaultKind::PrimaryLimit { reset_in_s } => {
            let reset = Utc::now().timestamp().saturating_add_unsigned(*reset_in_s);
            Reply::error(403, "API rate limit exceeded for installation.")
                .header("x-ratelimit-limit", "5000")
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-used", "5000")
                .header("x-ratelimit-resource", "core")
                .header("x-ratelimit-reset", reset.to_string())
        }
        FaultKind::MissingPermission => {
            let accepted = needs.and_then(routes::accepted).unwrap_or_default();
            Reply::not_accessible().header("x-accepted-github-permissions", accepted)
        }
        FaultKind::Unavailable { retry_after } => {
            Reply::error(503, "Service Unavailable").header("retry-after", retry_after.to_string())
        }
        FaultKind::Status(status) => {
            let phrase = StatusCode::from_u16(*status)
                .ok()
                .and_then(|code| code.canonical_reason());
            Reply::error(*status, phrase.unwrap_or("Something went wrong"))
        }
        _ => Reply::error(500, "Server Error"),
    }
}

/// Says how long the answer is, sends half of it, and breaks off.
pub(super) fn half(reply: Reply) -> Response {
    let text = reply.body.map(|body| body.to_string()).unwrap_or_default();
    let length = text.len();
    let first = Bytes::from(text).slice(..length / 2);
    let begun = futures::stream::once(async move { Ok::<_, std::io::Error>(first) });
    let broken = futures::stream::once(async { Err(std::io::Error::other("cut by the sandbox")) });
    let body = Body::from_stream(begun.chain(broken));
    let response = Response::builder()
        .status(reply.status)
        .header("content-length", length.max(1));
    response
        .header("content-type", "application/json; charset=utf-8")
        .body(body)
        .unwrap_or_else(|_| Response::new(Body::empty()))
}

pub(super) fn html(status: u16) -> Response {
    let page = "<html><body><h1>This page is taking too long to load.</h1></body></html>";
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/html; charset=utf-8");
    response
        .body(Body::from(page))
        .unwrap_or_else(|_| Response::new(Body::empty()))
}

/// Cuts the connection: whatever is written now never leaves.
pub(super) fn drop_connection(shears: &Shears) -> Response {
    shears.cut();
    let nothing: Result<Bytes, Infallible> = Ok(Bytes::new());
    Response::new(Body::from_stream(futures::stream::iter([nothing])))
}
