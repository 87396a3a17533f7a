//! The HTTP server: deliveries and the reports of jobs come in here, and health is told. Nothing is decided in this room.

mod answer;
mod callback;
pub(crate) mod channel;
mod dashboard;
mod door;
mod health;
mod metrics;
mod schema;
mod serve;
mod webhook;

pub(crate) use answer::Answer;
pub use dashboard::{
    Access, Dashboard, Parts, Person, STREAMS, Sees, Tokens, Viewer, document,
    routes as dashboard_routes,
};
pub use door::Door;
pub use metrics::{METRICS_PATH, Shown, routes as metrics_routes};
use serve::Peer;
pub use serve::{Bounds, serve};

use crate::backends::{Backends, GITLAB_PATH, REPORT_PATH};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::github::WebhookSecrets;
use crate::telemetry::Metrics;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::Semaphore;

/// What GitHub sends at most (25 MB; "Webhook events and payloads").
pub const LARGEST_DELIVERY: usize = 25 * 1024 * 1024;

/// Whose body is larger than this is one of [`LARGE_AT_ONCE`]. GitHub's are, but for a few, a tenth of it.
const LARGE: u64 = 1024 * 1024;

/// So many large bodies are read at a time: their sender has not proven anything yet, and they are kept in memory.
pub const LARGE_AT_ONCE: usize = 4;

/// Where deliveries go; Probot's default path.
pub const WEBHOOK_PATH: &str = "/api/github/webhooks";
/// Whether the process answers.
pub const ALIVE_PATH: &str = "/healthz";
/// Whether it can work.
pub const READY_PATH: &str = "/readyz";

pub use crate::domain::config::SCHEMA_PATH;

/// Everything the handlers need.
pub struct Web {
    /// Takes deliveries.
    pub engine: Engine,
    /// Knows the tokens that jobs report with.
    pub backends: Arc<Backends>,
    /// What deliveries are verified with.
    pub secrets: WebhookSecrets,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Places for large bodies; [`LARGE_AT_ONCE`] of them.
    pub large: Semaphore,
    /// How many deliveries were refused because more than that waited.
    pub refused: AtomicU64,
    /// Where deliveries are counted.
    pub metrics: Metrics,
}

/// All routes. `beside`: what else listens at this address.
pub fn routes(web: Arc<Web>, beside: Option<Router>) -> Router {
    Router::new()
        .route(
            WEBHOOK_PATH,
            post(webhook::receive).fallback(webhook::wrong_method),
        )
        .route(
            REPORT_PATH,
            post(callback::report).fallback(callback::wrong_method),
        )
        .route(
            GITLAB_PATH,
            post(callback::gitlab).fallback(callback::wrong_method),
        )
        .route(ALIVE_PATH, get(health::alive))
        .route(READY_PATH, get(health::ready))
        .route(SCHEMA_PATH, get(schema::config))
        .layer(DefaultBodyLimit::max(LARGEST_DELIVERY))
        .with_state(web)
        .merge(beside.unwrap_or_default())
        .method_not_allowed_fallback(answer::wrong_method)
        .fallback(answer::not_found)
}

/// What listens apart from the webhook.
pub fn apart(routes: Router) -> Router {
    routes
        .method_not_allowed_fallback(answer::wrong_method)
        .fallback(answer::not_found)
}
