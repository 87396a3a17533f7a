//! The one place from which a request leaves and through which every answer comes.

use super::ask::Ask;
use super::classify::Answer;
use super::error::GitHubError;
use super::http::{Http, Timeouts};
use crate::tls;
use ::http::header::{self, HeaderValue};
use ::http::{Method, Request, Response, StatusCode, Uri};
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How many requests of all installations are under way at once, so that the process does not run out of file descriptors.
/// One installation has far fewer (`pace`): one that hangs leaves room for the others.
const AT_ONCE: usize = 256;
/// How long one request may take altogether, however slowly its answer drips.
const LONGEST: Duration = Duration::from_secs(60);

/// What carries a request to GitHub and its answer back: HTTP, or a model of GitHub in the same process.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// What became of the connection, as a sentence without its end and without addresses; the request may have been
    /// followed all the same.
    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String>;
}

/// The wire with what is the same in every request.
pub(super) struct Transport {
    wire: Arc<dyn Wire>,
    /// `https://api.github.com`, without a slash at the end.
    base: String,
    permits: Semaphore,
}

impl Transport {
    pub fn new(api_url: &str, timeouts: Timeouts) -> anyhow::Result<Self> {
        let base = checked_base(api_url)?;
        // octocrab starts a task of its own when it is built, and panics where it can't.
        tokio::runtime::Handle::try_current()
            .context("starting the GitHub client outside of a tokio runtime")?;
        let http = Http::new(tls::client_config()?, timeouts);
        Ok(Self::over(Arc::new(http), base))
    }

    /// The same over another wire; nothing is looked up or connected.
    pub fn over_wire(api_url: &str, wire: Arc<dyn Wire>) -> anyhow::Result<Self> {
        Ok(Self::over(wire, checked_base(api_url)?))
    }

    fn over(wire: Arc<dyn Wire>, base: String) -> Self {
        Self {
            wire,
            base,
            permits: Semaphore::new(AT_ONCE),
        }
    }

    /// Where people see what the API is of: `https://github.com`, or `https://host` of an own server.
    pub fn site(&self) -> String {
        site_of(&self.base)
    }

    /// Sends a request, with what proves the asker, and reads its answer, whatever its status; an error is a connection that failed. A GET of a
    /// renamed repository is led on once, to the same host only: a token never goes elsewhere.
    pub async fn send(
        &self,
        ask: &Ask,
        token: Option<&SecretString>,
        etag: Option<&str>,
    ) -> Result<Answer, GitHubError> {
        let address = format!("{}{}", self.base, ask.path);
        let answer = self.send_to(&address, ask, token, etag).await?;
        let moved = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        if ask.method != Method::GET || !moved.contains(&answer.status) {
            return Ok(answer);
        }
        match answer
            .headers
            .get(header::LOCATION)
            .and_then(|to| self.below_base(to))
        {
            Some(to) => self.send_to(&to, ask, token, etag).await,
            None => Ok(answer),
        }
    }

    async fn send_to(
        &self,
        address: &str,
        ask: &Ask,
        token: Option<&SecretString>,
        etag: Option<&str>,
    ) -> Result<Answer, GitHubError> {
        let request = request(address, ask, token, etag)
            .map_err(|_| GitHubError::unusable(&ask.doing, "the request can't be written down"))?;
        let permit = self.permits.acquire().await;
        let started = Instant::now();
        let outcome = tokio::time::timeout(LONGEST, self.wire.carry(request))
            .await
            .unwrap_or_else(|_| Err("GitHub did not answer in time".to_owned()));
        drop(permit);
        let status = outcome.as_ref().ok().map(|answer| answer.status().as_u16());
        tracing::debug!(method = %ask.method, route = ask.route(), status, ms = started.elapsed().as_millis(), "asked GitHub");
        match outcome {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                Ok(Answer {
                    status: parts.status,
                    headers: parts.headers,
                    body,
                })
            }
            Err(detail) => Err(GitHubError::transient(&ask.doing, detail)),
        }
    }

    /// The redirect's target, if it is on the same host, below the API's base.
    fn below_base(&self, location: &HeaderValue) -> Option<String> {
        let location = location.to_str().ok()?;
        let rest = location.strip_prefix(&self.base)?;
        let dots = rest
            .split(['/', '?'])
            .any(|part| part == "." || part == "..");
        (rest.starts_with('/') && !dots).then(|| location.to_owned())
    }
}

/// `https://api.github.com` → `https://github.com`, `https://host/api/v3` → `https://host`.
pub fn site_of(api_url: &str) -> String {
    let base = api_url.trim().trim_end_matches('/');
    match base.strip_suffix("/api/v3") {
        Some(site) => site.to_owned(),
        None => base.replacen("://api.", "://", 1),
    }
}

fn request(
    address: &str,
    ask: &Ask,
    token: Option<&SecretString>,
    etag: Option<&str>,
) -> Result<Request<Bytes>, http::Error> {
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(address)
        .header(header::ACCEPT, ask.accept)
        .header("x-github-api-version", "2022-11-28")
        .header(
            header::USER_AGENT,
            concat!("drawbridge/", env!("CARGO_PKG_VERSION")),
        );
    if let Some(token) = token {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        bearer.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, bearer);
    }
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    match &ask.body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into()),
        None => request.body(Bytes::new()),
    }
}

/// Checks the address of the API: `https://api.github.com`, or `https://host/api/v3` of an own server.
fn checked_base(api_url: &str) -> anyhow::Result<String> {
    let base = api_url.trim().trim_end_matches('/');
    let uri: Uri = base
        .parse()
        .context("the address of GitHub's API can't be read as a URL")?;
    let scheme = uri.scheme_str().unwrap_or_default();
    let Some(authority) = uri
        .authority()
        .filter(|_| matches!(scheme, "http" | "https"))
    else {
        bail!("the address of GitHub's API must start with https:// (or http://) and name a host");
    };
    if authority.as_str().contains('@') || uri.query().is_some() || base.contains('#') {
        bail!("the address of GitHub's API must hold neither a user, a query nor a fragment");
    }
    Ok(base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_site_is_found_from_the_api() {
        for (api, site) in [
            ("https://api.github.com", "https://github.com"),
            ("https://api.acme.ghe.com", "https://acme.ghe.com"),
            ("https://ghe.example/api/v3/", "https://ghe.example"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ] {
            let transport = Transport::new(api, Timeouts::default()).unwrap();
            assert_eq!(transport.site(), site);
        }
    }

    #[test]
    fn the_api_s_address_is_checked() {
        for (given, base) in [
            ("https://api.github.com", "https://api.github.com"),
            (
                " https://ghe.example.com/api/v3/ ",
                "https://ghe.example.com/api/v3",
            ),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(checked_base(given).unwrap(), base);
        }
        for bad in [
            "",
            "api.github.com",
            "ftp://x",
            "https://u:p@x",
            "https://x?a=b",
            "https://x/#a",
            "/api/v3",
        ] {
            assert!(checked_base(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_followed_on_the_same_host_only() {
        let transport = Transport::new("https://api.github.com", Timeouts::default()).unwrap();
        let to = |text: &str| transport.below_base(&HeaderValue::from_str(text).unwrap());
        assert!(to("https://api.github.com/repositories/1/pulls/2").is_some());
        for other in [
            "https://api.github.com.evil.example/x",
            "https://evil.example/",
            "http://api.github.com/x",
            "https://api.github.com:444/x",
            "https://api.github.com/a/../../x",
            "/x",
        ] {
            assert_eq!(to(other), None, "{other}");
        }
    }
}
