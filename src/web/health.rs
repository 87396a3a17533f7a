//! Is it alive, is it ready?

use super::Web;
use super::answer::{Answer, Told};
use crate::engine::Engine;
use crate::store::Loss;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> Answer {
    Answer(StatusCode::OK, "alive")
}

pub(super) async fn ready(State(web): State<Arc<Web>>) -> Response {
    let state = state(&web.engine).await;
    let status = match state.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Told(status, state.to_string()).into_response()
}

/// Whether deliveries are taken in.
pub(super) enum Health {
    /// They are.
    Ready,
    /// They are, and something may be missing.
    After(Loss),
    /// GitHub was never reached.
    Unreached,
    /// GitHub does not let the app in.
    Refused,
}

/// The store is open (there is no server without it), and GitHub accepts our credentials, or did once: while GitHub is
/// away, deliveries can be taken in all the same.
pub(super) async fn state(engine: &Engine) -> Health {
    match engine.identity().await {
        Ok(_) => engine.loss().map_or(Health::Ready, Health::After),
        Err(error) if error.is_transient() => Health::Unreached,
        Err(_) => Health::Refused,
    }
}

impl Health {
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready | Self::After(_))
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::After(loss) => return f.write_str(&after(loss)),
            Self::Unreached => {
                "GitHub can't be reached to check the app's credentials; trying again"
            }
            Self::Refused => "GitHub refuses the app's credentials; check APP_ID and PRIVATE_KEY",
        })
    }
}

/// What an operator should know of a loss that was not made good yet.
fn after(loss: &Loss) -> String {
    let kept = match &loss.kept_in {
        // Its name alone: anybody may read this, and where DATA_DIR is concerns nobody.
        Some(dir) => format!(
            "it was set aside as {} in DATA_DIR",
            dir.file_name().unwrap_or_default().display()
        ),
        None => "it was gone".to_owned(),
    };
    let restored = match loss.restored_to {
        Some(at) => format!("the snapshot of {} was restored", time(at)),
        None => "there was no snapshot to restore".to_owned(),
    };
    format!(
        "ready; at {} the state could not be used: {kept}, {restored}, and the rest is being read from GitHub",
        time(loss.at)
    )
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
