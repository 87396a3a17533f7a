//! Is it alive, is it ready?

use super::Web;
use super::answer::{Answer, Told};
use crate::store::Loss;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> Answer {
    Answer(StatusCode::OK, "alive")
}

/// The store is open (there is no server without it), and GitHub accepts our credentials, or did once: while GitHub is
/// away, deliveries can be taken in all the same.
pub(super) async fn ready(State(web): State<Arc<Web>>) -> Response {
    match web.engine.identity().await {
        Ok(_) => match web.engine.loss() {
            None => Answer(StatusCode::OK, "ready"),
            Some(loss) => return Told(StatusCode::OK, after(&loss)).into_response(),
        },
        Err(error) if error.is_transient() => Answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "GitHub can't be reached to check the app's credentials; trying again",
        ),
        Err(_) => Answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "GitHub refuses the app's credentials; check APP_ID and PRIVATE_KEY",
        ),
    }
    .into_response()
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
