//! Deliveries: verify, decode, make durable, answer. In this order, and nothing of a body is looked at before its
//! signature is known to be right ("Validating webhook deliveries", GitHub).

use super::answer::Answer;
use super::{LARGEST_DELIVERY, Web};
use crate::domain::event::Event;
use crate::domain::ids::DeliveryId;
use crate::domain::printable::printable;
use crate::engine::{Passing, Raw, Read, Taken, Wrapping};
use crate::github::{BadSignature, WebhookSecrets};
use crate::store::{Accepted, StoreError};
use crate::telemetry::{EventName, Outcome};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

pub(super) async fn wrong_method() -> Answer {
    Answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "deliveries are sent with POST",
    )
}

pub(super) async fn receive(State(web): State<Arc<Web>>, mut request: Request) -> Answer {
    let began = Instant::now();
    let headers = std::mem::take(request.headers_mut());
    let event = EventName::of(text_header(&headers, EVENT));
    let (outcome, answer) = take(&web, headers, request).await;
    let deliveries = web.metrics.deliveries();
    deliveries.answered(event, outcome, began.elapsed());
    answer
}

async fn take(web: &Web, headers: HeaderMap, request: Request) -> Told {
    let signature = headers
        .get("x-hub-signature-256")
        .map(|value| value.as_bytes());
    if announced_length(&headers) > Some(LARGEST_DELIVERY as u64) {
        return TOO_LARGE;
    }
    // Nobody makes us read 25 MiB without even the form of a signature.
    if let Err(bad) = WebhookSecrets::well_formed(signature) {
        return refused(&bad);
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
        Err(_) => return malformed("the body could not be read"),
    };
    if let Err(bad) = web.secrets.verify(signature, &body) {
        return refused(&bad);
    }
    let (Some(event_name), Some(id)) = (
        text_header(&headers, EVENT),
        text_header(&headers, "x-github-delivery"),
    ) else {
        return malformed("X-GitHub-Event or X-GitHub-Delivery is missing");
    };
    let Ok(id) = DeliveryId::parse(id) else {
        return malformed("X-GitHub-Delivery is not a delivery id");
    };
    let Some(payload) = payload_of(&headers, &body) else {
        return malformed("the form has no field `payload`");
    };
    let raw = Raw {
        id: &id,
        event_name,
        payload: &payload,
        at: web.clock.now(),
    };
    if let Passing::Passes { shown } = web.engine.lets_pass(raw) {
        if shown && let Ok(me) = web.engine.identity().await {
            web.engine.keep_payload(&me, raw, wrapping(&headers), None);
        }
        return accepted(Outcome::NotEnabled, "the repository is not enabled");
    }
    // By its id it is followed from here to the last request that it leads to.
    let span = tracing::info_span!("delivery", delivery = %id, event = event_name, pull = Empty);
    take_in(web, raw, wrapping(&headers)).instrument(span).await
}

/// Finds out what it means, and makes it durable.
async fn take_in(web: &Web, raw: Raw<'_>, wrapping: Wrapping) -> Told {
    let Ok(me) = web.engine.identity().await else {
        return NOT_READY;
    };
    let mut undecodable = None;
    let taken = match web.engine.read(&me, raw) {
        Read::NotJson(_) => return malformed("the payload is not JSON"),
        Read::Undecodable(aside) => {
            undecodable = Some(aside.reason.clone());
            web.engine.set_aside(aside).await
        }
        Read::Delivery(received) => {
            if let Some((repo, number)) = received.event.as_ref().and_then(Event::pull) {
                let pull = format!("{}#{number}", repo.name);
                tracing::Span::current().record("pull", pull.as_str());
            }
            web.engine.take_in(*received).await
        }
    };
    // A second one of that id may be another: its id is not signed.
    if let Ok(Taken::Aside | Taken::In(Accepted::Fresh(_))) = taken {
        web.engine.keep_payload(&me, raw, wrapping, undecodable);
    }
    match taken {
        Ok(Taken::Aside) => accepted(Outcome::SetAside, "set aside: it can't be decoded"),
        Ok(Taken::In(Accepted::Fresh(entries))) if entries.is_empty() => {
            tracing::debug!("recorded and ignored");
            accepted(Outcome::Ignored, "recorded; there is nothing to do")
        }
        Ok(Taken::In(Accepted::Fresh(_))) => {
            tracing::info!("accepted");
            accepted(Outcome::Accepted, "accepted")
        }
        Ok(Taken::In(Accepted::Duplicate)) => {
            tracing::info!("already accepted");
            accepted(Outcome::Duplicate, "already accepted")
        }
        Err(error) => unavailable(&error),
    }
}

/// What became of it, for the count, and what is answered.
type Told = (Outcome, Answer);

fn accepted(outcome: Outcome, says: &'static str) -> Told {
    (outcome, Answer(StatusCode::ACCEPTED, says))
}

fn malformed(says: &'static str) -> Told {
    (Outcome::Malformed, Answer(StatusCode::BAD_REQUEST, says))
}

fn refused(bad: &BadSignature) -> Told {
    let answer = Answer(StatusCode::UNAUTHORIZED, refusal(bad));
    (Outcome::BadSignature, answer)
}

fn unavailable(error: &StoreError) -> Told {
    tracing::error!(%error, "can't make a delivery durable");
    let answer = Answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "the delivery could not be stored; please send it again",
    );
    (Outcome::NotStored, answer)
}

/// Not accepted, so GitHub lists it as failed, and it is taken in from there later.
const NOT_READY: Told = (
    Outcome::NotReady,
    Answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "GitHub has not accepted the app's credentials yet; see /readyz",
    ),
);

/// GitHub lists it as failed, so that it can be sent again.
const FULL: Told = (
    Outcome::Full,
    Answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many deliveries wait to be worked on; please send it again later",
    ),
);

const TOO_LARGE: Told = (
    Outcome::TooLarge,
    Answer(
        StatusCode::PAYLOAD_TOO_LARGE,
        "a delivery has at most 25 MiB",
    ),
);

/// So much of a header is kept.
const LONGEST_HEADER: usize = 200;

const EVENT: &str = "x-github-event";

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

/// What is kept of the headers, for people to look at: what GitHub says of a delivery. Nothing that proves something is among it,
/// and nothing that a proxy has added.
fn wrapping(headers: &HeaderMap) -> Wrapping {
    const MOST: usize = 32;
    let of_github =
        |name: &str| name.starts_with("x-github-") || matches!(name, "content-type" | "user-agent");
    let kept = headers.iter().filter(|(name, _)| of_github(name.as_str()));
    let kept = kept.filter_map(|(name, value)| {
        let value = printable(value.to_str().ok()?, LONGEST_HEADER);
        Some((name.as_str().to_owned(), value))
    });
    Wrapping {
        headers: kept.take(MOST).collect(),
        signed: Some("sha256".to_owned()),
    }
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
