//! The numbers, for Prometheus. They are shown at an address of their own, which deliveries do not come to.

use super::{apart, health};
use crate::engine::Engine;
use crate::store::SledStore;
use crate::telemetry::{Metrics, Standing};
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// Where they are.
pub const METRICS_PATH: &str = "/metrics";

/// What is shown.
pub struct Shown {
    /// What was counted.
    pub metrics: Metrics,
    /// Knows what waits and runs.
    pub engine: Engine,
    /// Knows how much room there is.
    pub disk: Arc<SledStore>,
}

/// All routes there.
pub fn routes(shown: Arc<Shown>) -> Router {
    let routes = Router::new().route(METRICS_PATH, get(show));
    apart(routes.with_state(shown))
}

async fn show(State(shown): State<Arc<Shown>>) -> Response {
    let text = shown.metrics.text(&shown.standing().await);
    let kind = [(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)];
    (kind, text).into_response()
}

impl Shown {
    async fn standing(&self) -> Standing {
        let ready = health::state(&self.engine).await.is_ready();
        // While the disk can't be read the rest is worth all the more; the gauges stay as they were.
        let on_disk = self.disk.on_disk_now().await.ok();
        let known = on_disk.as_ref();
        Standing {
            ready,
            store_bytes: known.map(|disk| disk.bytes),
            free_bytes: known.and_then(|disk| disk.free),
            snapshots: known.map(|disk| disk.snapshots),
            saved_until: known.and_then(|disk| disk.saved_until),
            ..self.engine.standing()
        }
    }
}
