//! Deliveries: verify, decode, make durable, answer. In this order, and nothing of a body is looked at before its
//! signature is known to be right ("Validating webhook deliveries", GitHub).

use super::answer::Answer;
use super::{LARGEST_DELIVERY, Web};
use crate::domain::ids::DeliveryId;
use crate::engine::{Raw, Read, Taken};
use crate::github::{BadSignature, WebhookSecrets};
use crate::store::{Accepted, StoreError};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) async fn wrong_method() -> Answer {
    Answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "deliveries are sent with POST",
    )
}

pub(super) async fn receive(State(web): State<Arc<Web>>, request: Request) -> Answer {
    let headers = request.headers().clone();
    let signature = headers
        .get("x-hub-signature-256")
        .map(|value| value.as_bytes());
    if announced_length(&headers) > Some(LARGEST_DELIVERY as u64) {
        return TOO_LARGE;
    }
    // Nobody makes us read 25 MiB without even the form of a signature.
    if let Err(bad) = WebhookSecrets::well_formed(signature) {
        return Answer(StatusCode::UNAUTHORIZED, refusal(&bad));
    }
    if web.engine.is_full() {
        let refused = web.refused.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(
            refused,
            "refused a delivery: as much waits as INBOX_LIMIT_MIB allows"
        );
        return FULL;
    }
    let _place = match announced_length(&headers) {
        Some(..=super::LARGE) => None,
        _ => web.large.acquire().await.ok(),
    };
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return TOO_LARGE;
        }
        Err(_) => return Answer(StatusCode::BAD_REQUEST, "the body could not be read"),
    };
    if let Err(bad) = web.secrets.verify(signature, &body) {
        return Answer(StatusCode::UNAUTHORIZED, refusal(&bad));
    }
    let (Some(event_name), Some(id)) = (
        text_header(&headers, "x-github-event"),
        text_header(&headers, "x-github-delivery"),
    ) else {
        return Answer(
            StatusCode::BAD_REQUEST,
            "X-GitHub-Event or X-GitHub-Delivery is missing",
        );
    };
    let Ok(id) = DeliveryId::parse(id) else {
        return Answer(
            StatusCode::BAD_REQUEST,
            "X-GitHub-Delivery is not a delivery id",
        );
    };
    let Some(payload) = payload_of(&headers, &body) else {
        return Answer(StatusCode::BAD_REQUEST, "the form has no field `payload`");
    };
    let Ok(me) = web.engine.identity().await else {
        // Not accepted, so GitHub lists it as failed, and it is taken in from there later.
        return Answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "GitHub has not accepted the app's credentials yet; see /readyz",
        );
    };
    let raw = Raw {
        id: &id,
        event_name,
        payload: &payload,
        at: web.clock.now(),
    };
    let taken = match web.engine.read(&me, raw) {
        Read::NotJson(_) => return Answer(StatusCode::BAD_REQUEST, "the payload is not JSON"),
        Read::Undecodable(aside) => web.engine.set_aside(aside).await,
        Read::Delivery(received) => web.engine.take_in(*received).await,
    };
    match taken {
        Ok(Taken::Aside) => Answer(StatusCode::ACCEPTED, "set aside: it can't be decoded"),
        Ok(Taken::In(Accepted::Fresh(entries))) if entries.is_empty() => {
            tracing::debug!(delivery = %id, event = event_name, "recorded and ignored");
            Answer(StatusCode::ACCEPTED, "recorded; there is nothing to do")
        }
        Ok(Taken::In(Accepted::Fresh(_))) => {
            tracing::info!(delivery = %id, event = event_name, "accepted");
            Answer(StatusCode::ACCEPTED, "accepted")
        }
        Ok(Taken::In(Accepted::Duplicate)) => {
            tracing::info!(delivery = %id, "already accepted");
            Answer(StatusCode::ACCEPTED, "already accepted")
        }
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &StoreError) -> Answer {
    tracing::error!(%error, "can't make a delivery durable");
    Answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "the delivery could not be stored; please send it again",
    )
}

/// GitHub lists it as failed, so that it can be sent again.
const FULL: Answer = Answer(
    StatusCode::SERVICE_UNAVAILABLE,
    "too many deliveries wait to be worked on; please send it again later",
);

const TOO_LARGE: Answer = Answer(
    StatusCode::PAYLOAD_TOO_LARGE,
    "a delivery has at most 25 MiB",
);

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn refusal(bad: &BadSignature) -> &'static str {
    match bad {
        BadSignature::Missing => "X-Hub-Signature-256 is missing",
        BadSignature::Malformed => "X-Hub-Signature-256 is not `sha256=` and 64 hex digits",
        BadSignature::Wrong => "the signature does not match; check the webhook secret",
    }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty() && value.len() <= 100).then_some(value)
}

/// The JSON of a delivery, which a webhook set to `application/x-www-form-urlencoded` sends in a form field.
fn payload_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Some(Cow::Borrowed(body));
    }
    form_urlencoded::parse(body)
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
}
