//! Follows a smee channel (<https://smee.io>) for a machine that GitHub does not reach: GitHub delivers to the channel, the channel hands
//! on as server-sent events, and from there each delivery goes the way that a POST goes, signature and all.
//!
//! A channel takes the JSON of a delivery apart and writes it anew, as its own client does before it posts. GitHub's JSON survives
//! that byte by byte unless it holds something that JavaScript writes differently; then the signature is wrong and the delivery is
//! refused, as it has to be. A channel that hands the raw body on as `rawbody` has no such trouble. A channel keeps nothing and tells
//! GitHub that all is well, so what is missed here is found by comparison only (`engine/recovery.rs`): it is for trying out.

use super::WEBHOOK_PATH;
use crate::backends::{HttpsClient, https_client};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri, header};
use futures::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, Full};
use serde_json::value::RawValue;
use sse_stream::{Sse, SseByteStream};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

/// A channel sends a sign of life every 30 s.
const SILENCE: Duration = Duration::from_secs(90);

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A delivery and what is written around it. More without an end of an event is none.
const LARGEST_EVENT: usize = 2 * super::LARGEST_DELIVERY;

/// How often a delivery that can't be stored now is tried: nobody sends it again.
const ATTEMPTS: u32 = 6;

/// What of a message is a header of the delivery.
const HEADERS: [&str; 4] = [
    "x-github-event",
    "x-github-delivery",
    "x-hub-signature-256",
    "user-agent",
];

/// Follows the channel for ever.
pub async fn follow(url: Uri, routes: Router) {
    let client = match https_client() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "can't follow WEBHOOK_PROXY_URL");
            return;
        }
    };
    let mut wait = FIRST_WAIT;
    loop {
        match listen(&client, &url, &routes, &mut wait).await {
            Ok(()) => tracing::info!("the channel of WEBHOOK_PROXY_URL ended; connecting again"),
            Err(why) => {
                tracing::warn!(
                    why,
                    "can't follow the channel of WEBHOOK_PROXY_URL; trying again"
                );
            }
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Follows one connection to its end.
async fn listen(
    client: &HttpsClient,
    url: &Uri,
    routes: &Router,
    wait: &mut Duration,
) -> Result<(), String> {
    let request = Request::get(url)
        .header(header::ACCEPT, "text/event-stream")
        .header(
            header::USER_AGENT,
            concat!("drawbridge/", env!("CARGO_PKG_VERSION")),
        )
        .body(Full::default())
        .map_err(|error| error.to_string())?;
    let answer = timeout(SILENCE, client.request(request))
        .await
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|_| "it can't be reached".to_owned())?;
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if answer.status() != StatusCode::OK || !is_stream {
        return Err(format!(
            "it answers {} and not with events: is the address a channel's?",
            answer.status().as_u16()
        ));
    }
    tracing::info!("following the channel of WEBHOOK_PROXY_URL");
    let unread = Arc::new(AtomicUsize::new(0));
    let counted = unread.clone();
    let bytes = answer
        .into_body()
        .into_data_stream()
        .map_err(|_| io::Error::other("it broke off"))
        .and_then(move |chunk| {
            let unread = counted.fetch_add(chunk.len(), Ordering::Relaxed);
            let fits = unread + chunk.len() <= LARGEST_EVENT;
            std::future::ready(if fits {
                Ok(chunk)
            } else {
                Err(io::Error::other("an event has no end"))
            })
        });
    let mut events = std::pin::pin!(SseByteStream::new(bytes));
    loop {
        let event = match timeout(SILENCE, events.next()).await {
            Err(_) => return Err("it is silent".to_owned()),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(error.to_string()),
            Ok(Some(Ok(event))) => event,
        };
        unread.store(0, Ordering::Relaxed);
        *wait = FIRST_WAIT;
        hand_on(&event, routes).await;
    }
}

/// Hands a message on. Signs of life have a kind of their own.
async fn hand_on(event: &Sse, routes: &Router) {
    let message = event.event.as_deref().is_none_or(|kind| kind == "message");
    let Some(data) = event.data.as_deref().filter(|_| message) else {
        return;
    };
    let Some(delivery) = Delivery::read(data) else {
        tracing::warn!("the channel sent something that is no delivery");
        return;
    };
    let mut wait = FIRST_WAIT;
    for attempt in 1..=ATTEMPTS {
        let Some(request) = delivery.request() else {
            tracing::warn!("the channel sent a delivery with broken headers");
            return;
        };
        let Ok(answer) = routes.clone().oneshot(request).await;
        match answer.status() {
            StatusCode::SERVICE_UNAVAILABLE if attempt < ATTEMPTS => sleep(wait).await,
            StatusCode::UNAUTHORIZED => {
                tracing::warn!(
                    "refused a delivery of the channel: its signature does not match. Either WEBHOOK_SECRET is another one than the \
                     app's, or the channel has changed the delivery's JSON"
                );
                return;
            }
            status if status.is_success() => return,
            status => {
                tracing::warn!(
                    status = status.as_u16(),
                    "a delivery of the channel was not taken in"
                );
                return;
            }
        }
        wait *= 2;
    }
}

/// A delivery as a channel tells of it: its headers, and its body as JSON among them.
struct Delivery {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Delivery {
    fn read(data: &str) -> Option<Self> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(data).ok()?;
        let text = |name: &str| serde_json::from_str::<String>(fields.get(name)?.get()).ok();
        let headers = HEADERS
            .into_iter()
            .filter_map(|name| Some((name, text(name)?)))
            .collect();
        // As it is written there, not as we would write it: the signature is over its bytes.
        let body = match text("rawbody") {
            Some(raw) => raw,
            None => fields.get("body")?.get().to_owned(),
        };
        Some(Self { headers, body })
    }

    fn request(&self) -> Option<Request<Body>> {
        let mut request =
            Request::post(WEBHOOK_PATH).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request
            .header(header::CONTENT_LENGTH, self.body.len())
            .body(Body::from(self.body.clone()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_read_byte_by_byte_as_the_channel_wrote_it() {
        let data = r#"{"host":"smee.io","x-github-event":"push","x-github-delivery":"d","x-hub-signature-256":"sha256=00",
            "cookie":"no","content-length":"7","body":{"b":1.0,"a":"ü\u00e9","2":[]},"query":{},"timestamp":1}"#;
        let delivery = Delivery::read(data).expect("a delivery");
        assert_eq!(delivery.body, r#"{"b":1.0,"a":"ü\u00e9","2":[]}"#);
        let request = delivery.request().expect("a request");
        let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes());
        assert_eq!(header("x-github-event"), Some(&b"push"[..]));
        assert_eq!(header("content-length"), Some(&b"31"[..]));
        assert!(header("cookie").is_none() && header("host").is_none());
    }

    #[test]
    fn a_raw_body_is_taken_as_it_is() {
        let data = r#"{"rawbody":"{ \"a\":1 }","body":{"a":1}}"#;
        assert_eq!(
            Delivery::read(data).expect("a delivery").body,
            r#"{ "a":1 }"#
        );
    }

    #[test]
    fn what_is_no_delivery_is_none() {
        for data in ["", "{}", "[]", "null", r#"{"x-github-event":"push"}"#] {
            assert!(Delivery::read(data).is_none(), "{data}");
        }
        let broken = r#"{"x-github-event":"a\nb","body":{}}"#;
        assert!(
            Delivery::read(broken)
                .expect("a delivery")
                .request()
                .is_none()
        );
    }
}
