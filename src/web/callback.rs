//! What backends tell: a job's own report, proven by the token the job was given, and GitLab's webhook, which is only a
//! reason to ask GitLab.

use super::Web;
use super::answer::{Answer, Told};
use crate::backends::{self, BadToken};
use crate::domain::event::Event;
use crate::domain::ids::DeliveryId;
use crate::domain::run::JobRef;
use crate::engine::Received;
use crate::store::{Accepted, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The largest report.
const LARGEST_REPORT: usize = backends::LARGEST_REPORT;

/// The largest pipeline event of GitLab that is read; one names every build of the pipeline.
const LARGEST_NEWS: usize = 4 * 1024 * 1024;

pub(super) async fn wrong_method() -> Answer {
    Answer(StatusCode::METHOD_NOT_ALLOWED, "this is sent with POST")
}

/// `POST /api/jobs/report`. Whose report it is, is what the token says, and nothing of a body is looked at before that is
/// known.
pub(super) async fn report(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(token) = bearer(&headers) else {
        return unauthorized("Authorization: Bearer and the job's token are missing");
    };
    let job = match web.backends.verify(token) {
        Ok(job) => job,
        Err(BadToken::Wrong) => {
            return unauthorized("the token is not one that this server gave to a job");
        }
        Err(BadToken::Expired) => {
            return unauthorized("the token has expired: the job's time is over");
        }
    };
    let body = match read(body, LARGEST_REPORT, "a report has at most 256 KiB").await {
        Ok(body) => body,
        Err(answer) => return answer.into_response(),
    };
    let report = match backends::parse_report(&body) {
        Ok(report) => report,
        Err(error) => return Told(StatusCode::BAD_REQUEST, error).into_response(),
    };
    let key = headers.get("idempotency-key").map(|key| key.as_bytes());
    let parts = [token.as_bytes(), &body, key.unwrap_or_default()];
    let Some(id) = delivery_id("report", &parts) else {
        return NOT_STORED.into_response();
    };
    tracing::info!(delivery = %id, repository = %job.repo, subject = %job.subject, pipeline = job.pipeline,
        run = job.run, job = job.job, attempt = job.attempt, status = ?report.status, "a job reports");
    let event = Event::JobReported { job, report };
    web.take_news(id, "job_report", event).await.into_response()
}

#[derive(Deserialize)]
struct News {
    object_kind: Option<String>,
    object_attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    variables: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<String>,
}

/// `POST /api/gitlab/webhooks` (GitLab, "Webhook events", pipeline events).
pub(super) async fn gitlab(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !web.backends.awaits_gitlab() {
        return Answer(
            StatusCode::NOT_FOUND,
            "no connection has a webhook_token, so GitLab's webhooks are not taken",
        )
        .into_response();
    }
    let token = headers.get("x-gitlab-token").map(|token| token.as_bytes());
    if !token.is_some_and(|token| web.backends.knows_gitlab(token)) {
        return Answer(
            StatusCode::UNAUTHORIZED,
            "X-Gitlab-Token is not the webhook_token of a connection",
        )
        .into_response();
    }
    let body = match read(body, LARGEST_NEWS, "a pipeline event has at most 4 MiB").await {
        Ok(body) => body,
        Err(answer) => return answer.into_response(),
    };
    let Ok(news) = serde_json::from_slice::<News>(&body) else {
        return Answer(StatusCode::BAD_REQUEST, "the body is no webhook of GitLab").into_response();
    };
    let job = news
        .object_attributes
        .filter(|_| news.object_kind.as_deref() == Some("pipeline"))
        .and_then(|pipeline| {
            let ours = |variable: &Variable| variable.key == backends::GITLAB_JOB_VARIABLE;
            pipeline.variables.into_iter().find(ours)?.value
        })
        .and_then(|value| JobRef::decode(&value));
    let Some(job) = job else {
        return Answer(StatusCode::ACCEPTED, "ignored: it is about no job of ours").into_response();
    };
    // A reason to ask is worth taking twice, so the same words in another delivery count again.
    let [key, uuid] = ["idempotency-key", "x-gitlab-event-uuid"]
        .map(|name| headers.get(name).map_or(&b""[..], |value| value.as_bytes()));
    let Some(id) = delivery_id("gitlab", &[&body, key, uuid]) else {
        return NOT_STORED.into_response();
    };
    let event = Event::JobChanged { job };
    web.take_news(id, "gitlab_pipeline", event)
        .await
        .into_response()
}

impl Web {
    /// Makes news of a job durable, then answers.
    async fn take_news(&self, id: DeliveryId, name: &str, event: Event) -> Answer {
        let received = Received {
            id,
            received_at: self.clock.now(),
            event_name: name.to_owned(),
            event: Some(event),
            note: String::new(),
        };
        // A task of its own: if the sender hangs up, it is taken in all the same.
        let engine = self.engine.clone();
        let accepted = tokio::spawn(async move { engine.accept(received).await }).await;
        match accepted.unwrap_or_else(|error| Err(StoreError::broken_off(error))) {
            Ok(Accepted::Fresh(entries)) if entries.is_empty() => Answer(
                StatusCode::ACCEPTED,
                "recorded; nothing waits for this job any more",
            ),
            Ok(Accepted::Fresh(_)) => Answer(StatusCode::ACCEPTED, "accepted"),
            Ok(Accepted::Duplicate) => Answer(StatusCode::ACCEPTED, "already accepted"),
            Err(error) => {
                tracing::error!(%error, "can't make a job's news durable");
                NOT_STORED
            }
        }
    }
}

const NOT_STORED: Answer = Answer(
    StatusCode::SERVICE_UNAVAILABLE,
    "this could not be stored; please send it again",
);

fn unauthorized(why: &'static str) -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (challenge, Answer(StatusCode::UNAUTHORIZED, why)).into_response()
}

/// The token in `Authorization: Bearer …`; the scheme's name has no case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

async fn read(body: Body, most: usize, too_large: &'static str) -> Result<Bytes, Answer> {
    use http_body_util::{BodyExt as _, LengthLimitError, Limited};
    match Limited::new(body, most).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Answer(StatusCode::PAYLOAD_TOO_LARGE, too_large))
        }
        Err(_) => Err(Answer(
            StatusCode::BAD_REQUEST,
            "the body could not be read",
        )),
    }
}

/// The same for the same news, so that one that is sent twice counts once.
fn delivery_id(kind: &str, parts: &[&[u8]]) -> Option<DeliveryId> {
    let mut digest = Sha256::new();
    for part in parts {
        // Digests one after the other: no part can run into the next.
        digest.update(Sha256::digest(part));
    }
    DeliveryId::parse(&format!("{kind}-{}", hex::encode(&digest.finalize()[..16]))).ok()
}
