//! The HTTP side: one entrance for every request, so that faults, credentials, permissions, ETags and the record of what
//! was asked are the same for all routes. A route's own file only says what the route does.

mod actions;
mod answer;
mod app;
mod auth;
mod branches;
mod call;
mod checks;
mod comments;
mod contents;
mod control;
mod control_builds;
mod created;
mod dispatch;
mod entrance;
mod limits;
mod misbehave;
mod pages;
mod paging;
mod pulls;
mod refs;
pub(crate) mod register;
mod repos;
pub(crate) mod routes;
mod sign_in;
mod statuses;
mod table;

pub(crate) use app::HOURLY;

use axum::Router;

use super::Sandbox;
use super::wire::{Shears, Wire};
use answer::Reply;
use entrance::Asked;

/// Answers requests until it is aborted.
pub(crate) async fn serve(sandbox: Sandbox, wire: Wire) {
    let router = Router::new().fallback(entrance::handle).with_state(sandbox);
    // `axum::serve` only ends when it is dropped; its error type is a formality.
    let _ = axum::serve(wire, router.into_make_service_with_connect_info::<Shears>()).await;
}

/// What is answered to a browser; `None`: it is the API that is asked.
fn browsed(sandbox: &Sandbox, asked: &Asked) -> Option<Reply> {
    register::page(sandbox, asked)
        .or_else(|| sign_in::page(sandbox, asked))
        .or_else(|| pages::page(sandbox, asked))
}
