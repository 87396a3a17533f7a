//! Is it alive, is it ready?

use super::Web;
use super::answer::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> Answer {
    Answer(StatusCode::OK, "alive")
}

/// The store is open (there is no server without it), and GitHub accepts our credentials, or did once: while GitHub is
/// away, deliveries can be taken in all the same.
pub(super) async fn ready(State(web): State<Arc<Web>>) -> Answer {
    match web.engine.identity().await {
        Ok(_) => Answer(StatusCode::OK, "ready"),
        Err(error) if error.is_transient() => Answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "GitHub can't be reached to check the app's credentials; trying again",
        ),
        Err(_) => Answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "GitHub refuses the app's credentials; check APP_ID and PRIVATE_KEY",
        ),
    }
}
