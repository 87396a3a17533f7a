//! The one place from which a request to a connection leaves.

use super::error::BackendError;
use super::report::one_line;
use crate::tls;
use ::http::header::{self, HeaderMap, HeaderValue};
use ::http::{HeaderName, Method, Request, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long one request may take altogether, however slowly its answer drips.
const LONGEST: Duration = Duration::from_secs(20);
/// The largest answer that is read.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024;
/// How long a backend may at most ask to be left alone: a wrong clock must not stop a job for ever.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// So much of a foreign reason is shown.
const REASON: usize = 200;

/// The HTTP client: no redirects (a secret never goes elsewhere than to the address it was given for), no proxies, nothing
/// said twice.
#[derive(Clone)]
pub(super) struct Outbound {
    client: HttpsClient,
}

/// A question to a connection.
pub(super) struct Ask<'a> {
    pub method: Method,
    /// The operator's address, with parts added that are encoded.
    pub url: String,
    /// Secrets and the like; never logged.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
    /// What it sends that nobody is to read in its answer.
    hidden: Vec<SecretString>,
    /// The connection's name.
    pub connection: &'a str,
    /// What is being done, as a participle; stands in errors.
    pub doing: &'static str,
    /// The largest answer that is read.
    pub largest: usize,
}

pub(super) enum Body {
    Empty,
    Json(Value),
    Form(String),
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl<'a> Ask<'a> {
    pub fn new(method: Method, url: String, connection: &'a str, doing: &'static str) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Body::Empty,
            hidden: Vec::new(),
            connection,
            doing,
            largest: LARGEST_ANSWER,
        }
    }

    /// With a header that no log shows. The settings have checked that the secret can stand in one.
    pub fn secret(mut self, name: HeaderName, prefix: &str, secret: &SecretString) -> Self {
        let text = format!("{prefix}{}", secret.expose_secret());
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            self.headers.push((name, value));
        }
        self.hiding(secret)
    }

    /// With a secret in its body. What the backend says is shown to people, and some say what they were sent: there the secret
    /// is struck out.
    pub fn hiding(mut self, secret: &SecretString) -> Self {
        self.hidden.push(secret.clone());
        self
    }

    fn struck_out(&self, body: Bytes) -> Bytes {
        let text = String::from_utf8_lossy(&body);
        let secrets = self.hidden.iter().map(|secret| secret.expose_secret());
        let said = |secret: &&str| !secret.is_empty() && text.contains(secret);
        let mut said: Vec<&str> = secrets.filter(said).collect();
        if said.is_empty() {
            return body;
        }
        // The longest first: another may be a part of it.
        said.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let hide = |text: String, secret: &str| text.replace(secret, "***");
        Bytes::from(said.into_iter().fold(text.to_string(), hide))
    }

    pub fn with(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The error for an answer that says no: temporary or for good, with the backend's own reason.
    pub fn declined(&self, answer: &Answer) -> BackendError {
        let status = answer.status.as_u16();
        let reason = reason(&answer.body);
        let colon = if reason.is_empty() { "" } else { ": " };
        let message = format!(
            "{} answered {status} while {}{colon}{reason}",
            self.connection, self.doing
        );
        let later = answer.status.is_server_error() || matches!(status, 408 | 425 | 429);
        if !later {
            return BackendError::Refused { message };
        }
        BackendError::Transient {
            message,
            retry_after: rest(&answer.headers, Utc::now()),
        }
    }

    /// The error for a connection that failed.
    fn lost(&self, what: &str) -> BackendError {
        BackendError::transient(format!("{} {what} while {}", self.connection, self.doing))
    }
}

impl Answer {
    /// Its body; the error says only that it is not what it should be.
    pub fn json<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, BackendError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            tracing::debug!(connection = ask.connection, doing = ask.doing, kind = ?error.classify(), "an answer can't be read");
            BackendError::transient(format!(
                "{} gave an answer that can't be read while {}",
                ask.connection, ask.doing
            ))
        })
    }
}

/// The client itself, for what is no connection of a job.
pub(crate) type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Makes a client. Must be called within a tokio runtime.
pub(crate) fn https_client() -> anyhow::Result<HttpsClient> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECTING));
    let tls = HttpsConnectorBuilder::new()
        .with_tls_config(tls::client_config()?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .build(tls))
}

impl Outbound {
    /// Must be called within a tokio runtime.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            client: https_client()?,
        })
    }

    /// Sends a request and reads its answer, whatever its status.
    pub async fn send(&self, ask: &Ask<'_>) -> Result<Answer, BackendError> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(&ask.url)
            .header(header::ACCEPT, "application/json")
            .header(
                header::USER_AGENT,
                concat!("drawbridge/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = match &ask.body {
            Body::Empty => request.body(Full::default()),
            Body::Json(value) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::from(value.to_string())),
            Body::Form(form) => request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::from(form.clone())),
        };
        let request = request.map_err(|_| {
            BackendError::refused(format!(
                "the address of {} can't be used for {}",
                ask.connection, ask.doing
            ))
        })?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| {
                // (The text names neither headers nor bodies.)
                tracing::debug!(connection = ask.connection, doing = ask.doing, %error, "no answer");
                if error.is_connect() {
                    ask.lost("can't be reached")
                } else {
                    ask.lost("broke off the connection")
                }
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, ask.largest).collect().await;
            let body = body.map_err(|error| {
                match error.downcast_ref::<http_body_util::LengthLimitError>() {
                    Some(_) => ask.lost("gave too large an answer"),
                    None => ask.lost("broke off its answer"),
                }
            })?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: ask.struck_out(body.to_bytes()),
            })
        };
        let answer = tokio::time::timeout(LONGEST, exchange)
            .await
            .unwrap_or_else(|_| Err(ask.lost("did not answer in time")));
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        tracing::debug!(
            connection = ask.connection,
            doing = ask.doing,
            status,
            "asked a backend"
        );
        answer
    }
}

/// The reason in an answer: its `message` or `error` if it is JSON, else its text; one line, cut.
fn reason(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = match &json {
        Some(json) => {
            let said = ["message", "error", "detail"]
                .iter()
                .find_map(|key| json.get(key));
            match said {
                Some(Value::String(text)) => text.clone(),
                // GitLab: {"message": {"base": ["Reference not found"]}}
                Some(other) => other.to_string(),
                None => String::new(),
            }
        }
        None => String::from_utf8_lossy(body).into_owned(),
    };
    // An intermediary's page says nothing to people.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    one_line(&text, REASON)
}

/// `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
fn rest(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let rest = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?;
            (until.with_timezone(&Utc) - now)
                .to_std()
                .unwrap_or_default()
        }
    };
    Some(rest.min(LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_and_for_people() {
        for (body, said) in [
            (r#"{"message":"no such\n oven"}"#, "no such oven"),
            (r#"{"error":"invalid_token"}"#, "invalid_token"),
            (
                r#"{"message":{"base":["Reference not found"]}}"#,
                r#"{"base":["Reference not found"]}"#,
            ),
            (r#"{"secret":"x"}"#, ""),
            ("busy\u{1b}[31m", "busy[31m"),
            (" <html>Unicorn", ""),
            ("", ""),
        ] {
            assert_eq!(reason(body.as_bytes()), said);
        }
        assert!(reason("x".repeat(5000).as_bytes()).chars().count() <= REASON + 1);
    }

    #[test]
    fn a_wish_to_be_left_alone_is_read_and_bounded() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            ("Fri, 02 Jan 2026 03:05:05 GMT", Some(60)),
            ("Fri, 02 Jan 2025 03:05:05 GMT", None),
            ("99999999", Some(3600)),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(
                rest(&headers, now).map(|rest| rest.as_secs()),
                seconds,
                "{text}"
            );
        }
    }
}
