//! HTTP to GitHub, over connections that are kept: HTTP/2 where the server speaks it (over TLS), otherwise HTTP/1.1.
//!
//! The time that is given to GitHub counts for each request, not for its connection: one that was idle may be used at once, and
//! is no reason to give up early.

use super::classify;
use super::transport::Wire;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use rustls::ClientConfig;
use std::error::Error;
use std::time::Duration;

/// The largest answer that is read. A page of 100 files with their patches stays far below.
const LARGEST_ANSWER: usize = 32 << 20;
/// So long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
const TOO_LATE: &str = "GitHub did not answer in time";
const LOST: &str = "the connection to GitHub was lost";

/// How long is waited for GitHub.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// Beyond that for an answer to begin, and then for the next bytes of it.
    pub read: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
        }
    }
}

pub(super) struct Http {
    octocrab: Octocrab,
    timeouts: Timeouts,
}

impl Http {
    /// Makes the client; nothing is connected yet. Must be called within a tokio runtime.
    pub fn new(tls: ClientConfig, timeouts: Timeouts) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeouts.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        // All requests share a connection, and one that has died without a word would take them all: it is asked whether it
        // is there, and not used any longer than a request waits.
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http2_keep_alive_interval(timeouts.read / 2)
            .http2_keep_alive_timeout(timeouts.read / 2)
            .http2_keep_alive_while_idle(true)
            .build(connector);
        let builder = OctocrabBuilder::new_empty()
            .with_service(client)
            .with_auth(AuthState::None);
        let Ok(octocrab) = builder.build();
        Self { octocrab, timeouts }
    }

    /// Sends a request; the head of its answer.
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Body>, Failed> {
        let asking = self.octocrab.execute(request.map(OctoBody::from));
        let patience = self.timeouts.connect + self.timeouts.read;
        match tokio::time::timeout(patience, asking).await {
            Ok(answer) => Ok(answer.map_err(|error| failed(&error))?),
            Err(_) => Err(Failed::Perhaps(TOO_LATE)),
        }
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, octocrab::Error>;

/// What became of a request that was not answered.
enum Failed {
    /// GitHub has not looked at it.
    Unheard,
    /// GitHub may have followed it; what became of the connection.
    Perhaps(&'static str),
}

#[async_trait]
impl Wire for Http {
    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let again = request.clone();
        let answer = match self.ask(request).await {
            Err(Failed::Unheard) => self.ask(again).await,
            answer => answer,
        };
        let answer = answer.map_err(|failed| match failed {
            Failed::Unheard => LOST,
            Failed::Perhaps(how) => how,
        })?;
        let (parts, mut body) = answer.into_parts();
        let mut read = BytesMut::new();
        loop {
            let next = tokio::time::timeout(self.timeouts.read, body.frame()).await;
            let Some(frame) = next.map_err(|_| TOO_LATE)? else {
                break;
            };
            let frame = frame.map_err(|error| {
                tracing::debug!(error = %classify::shown(&error), "an answer broke off");
                LOST
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if read.len() + data.len() > LARGEST_ANSWER {
                return Err("GitHub's answer was too large".to_owned());
            }
            read.extend_from_slice(data);
        }
        Ok(Response::from_parts(parts, read.freeze()))
    }
}

/// What became of it, in words; the library's own would name addresses.
fn failed(error: &octocrab::Error) -> Failed {
    tracing::debug!(error = %classify::shown(error), "a request was not answered");
    let mut causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| {
        (*error).source()
    });
    let of = causes.find_map(|error| {
        let timed_out = |io: &std::io::Error| io.kind() == std::io::ErrorKind::TimedOut;
        if error.downcast_ref().is_some_and(timed_out) {
            return Some(Failed::Perhaps(TOO_LATE));
        }
        let unheard = error.downcast_ref().is_some_and(was_unheard);
        unheard.then_some(Failed::Unheard)
    });
    of.unwrap_or(Failed::Perhaps(LOST))
}

/// Whether the server says that it has not begun with the request, so that it may be sent again whatever it asks for
/// (RFC 9113, 8.7).
fn was_unheard(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let ended = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (refused || ended)
}
