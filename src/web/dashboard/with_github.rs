//! Signing in with GitHub (GitHub, "Generating a user access token for a GitHub App"; RFC 6749, 4.1; RFC 7636; RFC 9700).
//!
//! What has to be remembered between leaving for GitHub and coming back is sealed into a cookie: it costs the server nothing, belongs
//! to this one browser, and nobody can make or read it. It is taken away when the browser comes back, whatever comes of it.

use super::access::{Access, SIGNING_IN, cookie_of, cookie_text};
use super::refusal::Refusal;
use super::sessions::{self, Who};
use super::sight::OnGitHub;
use super::sign_in::{FromHere, Next, is_ours};
use super::site::{Asked, query};
use super::{Dashboard, Origin};
use crate::github::{ExchangeError, GitHubError, Granted, Shown, SignInApp};
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// So long somebody may take to agree; GitHub's code is good for as long.
const MINUTES: i64 = 10;
/// So long GitHub may take to say who somebody is and what they may see.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is sealed for this is good for nothing else.
const PURPOSE: &str = "signing in";
/// Where GitHub leads back to, below the dashboard's address.
pub(super) const CALLBACK: &str = "/sign-in/callback";

/// Why somebody has not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// They did not agree.
    Declined,
    /// What they come back with was not begun in this browser, or is over.
    Stale,
    /// GitHub does not take the code.
    Code,
    /// The operator has to mend something; GitHub's word for it.
    App(String),
    /// Their address has to be verified on GitHub first.
    Unverified,
    /// GitHub shows them nothing that the app covers.
    NothingToSee,
    /// GitHub can't be asked.
    NotNow,
    /// Nobody knows where people reach the dashboard.
    NoAddress,
}

impl Failed {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Declined | Self::Unverified | Self::NothingToSee => StatusCode::FORBIDDEN,
            Self::Stale | Self::Code => StatusCode::BAD_REQUEST,
            Self::App(_) | Self::NoAddress => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Self::Declined => "You have not signed in",
            Self::Stale => "This sign-in can't be gone on with",
            Self::Code => "GitHub did not take this sign-in",
            Self::App(_) | Self::NoAddress => "Signing in with GitHub is not set up right",
            Self::Unverified => "GitHub wants your e-mail address verified first",
            Self::NothingToSee => "There is nothing here for you",
            Self::NotNow => "GitHub can't be asked at the moment",
        }
    }

    pub fn remedy(&self) -> String {
        match self {
            Self::Declined => "GitHub says that you did not agree, and nothing was done. If you did not mean that, begin again."
                .to_owned(),
            Self::Stale => format!(
                "It was begun in another browser, at another address of this server or more than {MINUTES} minutes ago, or it \
                 is over already. Please begin again."
            ),
            Self::Code => format!("Its code was used before or is older than {MINUTES} minutes. Please begin again."),
            Self::App(word) => format!(
                "GitHub says {word}. Whoever operates Drawbridge has to mend it: CLIENT_ID and CLIENT_SECRET are those of the \
                 app's page on GitHub, and a callback URL there is the address of this server with {CALLBACK} behind it."
            ),
            Self::NoAddress => "Whoever operates Drawbridge has to set PUBLIC_URL, or DASHBOARD_URL where the dashboard listens \
                                apart: GitHub leads back to that address."
                .to_owned(),
            Self::Unverified => "Do that in your settings on GitHub under *Emails*, and sign in again.".to_owned(),
            Self::NothingToSee => "Drawbridge is installed in no repository that GitHub shows you. Where your organisation wants a single \
                                   sign-on, do that on GitHub first; if you should have a right, ask there. Which repositories are public \
                                   is asked of GitHub at each start: if yours is, try again in a minute."
                .to_owned(),
            Self::NotNow => "Please sign in again in a minute.".to_owned(),
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        Self::NotSignedIn(failed)
    }
}

impl From<GitHubError> for Failed {
    fn from(error: GitHubError) -> Self {
        tracing::warn!(%error, "somebody can't sign in with GitHub");
        Self::NotNow
    }
}

/// What the browser keeps while somebody is away at GitHub.
#[derive(Serialize, Deserialize)]
struct Begun {
    state: String,
    verifier: String,
    redirect_uri: String,
    next: Option<String>,
    /// Seconds since 1970.
    until: i64,
}

/// `GET /sign-in/github`. Followed from a page of another site, where browsers say so, it leads to ours first, so that nobody is
/// signed in who did not mean it.
pub(super) async fn begin(
    State(dashboard): State<Arc<Dashboard>>,
    here: Result<FromHere, Refusal>,
    asked: Asked<Next>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let app = app(&dashboard)?;
    if here.is_err() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let address = match &dashboard.origin {
        Origin::At(address) => Some(address.clone()),
        Origin::Unknown => local(&headers),
    };
    let begun = Begun {
        state: sessions::random(),
        // 64 of the characters that RFC 7636, 4.1 allows.
        verifier: sessions::random(),
        redirect_uri: format!("{}{CALLBACK}", address.ok_or(Failed::NoAddress)?),
        next: query(asked)?.next.filter(|next| is_ours(next)),
        until: dashboard.now().timestamp() + MINUTES * 60,
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&begun.verifier));
    let to = app.authorize_address(&begun.redirect_uri, &begun.state, &challenge);
    let sealed = serde_json::to_vec(&begun).ok();
    let sealed = sealed.and_then(|text| dashboard.seal.close(PURPOSE, &text));
    let sealed = sealed.ok_or_else(|| Refusal::Bad("`next` is too long.".to_owned()))?;
    let cookie = cookie_text(&dashboard, SIGNING_IN, &sealed, MINUTES * 60);
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response())
}

/// What GitHub leads back with.
#[derive(Default, Deserialize)]
pub(super) struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/callback`
pub(super) async fn callback(
    State(dashboard): State<Arc<Dashboard>>,
    asked: Asked<Back>,
    headers: HeaderMap,
) -> Response {
    let outcome = match query(asked) {
        Ok(back) => come_back(&dashboard, back, &headers).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    let gone = cookie_text(&dashboard, SIGNING_IN, "", 0);
    if let Ok(gone) = HeaderValue::from_str(&gone) {
        response.headers_mut().append(SET_COOKIE, gone);
    }
    response
}

async fn come_back(
    dashboard: &Arc<Dashboard>,
    back: Back,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let app = app(dashboard)?;
    let begun = begun(dashboard, headers).ok_or(Failed::Stale)?;
    let state = back.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(begun.state.as_bytes())) {
        return Err(Failed::Stale.into());
    }
    match back.error.as_deref() {
        None => {}
        Some("access_denied") => return Err(Failed::Declined.into()),
        Some(error) => {
            let word = error
                .chars()
                .filter(|c| c.is_ascii_lowercase() || *c == '_');
            // Anybody may come back with this, so that it is not worth a line of the log.
            return Err(Failed::App(word.take(60).collect()).into());
        }
    }
    let code = back
        .code
        .filter(|code| !code.is_empty() && code.len() <= 512);
    let code = code.ok_or(Failed::Stale)?;
    let arrived = tokio::time::timeout(PATIENCE, async {
        let _place = dashboard.arriving.acquire().await;
        arrive(dashboard, app, &begun, &code).await
    });
    let (person, lasts) = arrived.await.map_err(|_| Failed::NotNow)??;
    let nothing = person.has_no_right() && dashboard.engine.public_repos().is_empty();
    if dashboard.access == Access::Private && nothing {
        return Err(Failed::NothingToSee.into());
    }
    let account = person.account();
    tracing::info!(
        login = account.login,
        id = account.id.0,
        "somebody has signed in with GitHub"
    );
    let cookie = dashboard.begin(headers, Who::OnGitHub(Arc::new(person)), lasts);
    let to = Redirect::to(begun.next.as_deref().unwrap_or("/"));
    Ok(([(SET_COOKIE, cookie)], to).into_response())
}

/// What this browser has begun, if that is not over.
fn begun(dashboard: &Dashboard, headers: &HeaderMap) -> Option<Begun> {
    let sealed = cookie_of(dashboard, headers, SIGNING_IN)?;
    let text = dashboard.seal.open(PURPOSE, sealed)?;
    let begun: Begun = serde_json::from_slice(&text).ok()?;
    (dashboard.now().timestamp() < begun.until).then_some(begun)
}

/// Exchanges the code, and asks who that is and what they may see.
async fn arrive(
    dashboard: &Dashboard,
    app: &SignInApp,
    begun: &Begun,
    code: &str,
) -> Result<(OnGitHub, chrono::TimeDelta), Failed> {
    let now = dashboard.now();
    let shown = Shown {
        code,
        verifier: &begun.verifier,
        redirect_uri: &begun.redirect_uri,
    };
    let granted = app.exchange(shown, now).await;
    let Granted { token, lasts } = granted.map_err(|error| match error {
        ExchangeError::Code => Failed::Code,
        ExchangeError::Unverified => Failed::Unverified,
        ExchangeError::App(word) => misplaced(word),
        ExchangeError::GitHub(GitHubError::Unauthorized { .. } | GitHubError::Refused { .. }) => {
            Failed::Code
        }
        ExchangeError::GitHub(error) => error.into(),
    })?;
    let account = dashboard.github.whose(&token).await?;
    let repos = dashboard.github.seen_by(&token).await?;
    let lasts = lasts.unwrap_or(sessions::LASTS);
    Ok((OnGitHub::new(account, token, repos, now), lasts))
}

fn misplaced(word: String) -> Failed {
    tracing::error!(
        error = word,
        "GitHub refuses to sign people in; check CLIENT_ID, CLIENT_SECRET and the callback URL of the app"
    );
    Failed::App(word)
}

fn app(dashboard: &Dashboard) -> Result<&SignInApp, Refusal> {
    dashboard.sign_in.as_ref().ok_or(Refusal::NotFound)
}

/// The address that a browser on this machine came to, where the operator has named none. Any other name may be somebody else's.
fn local(headers: &HeaderMap) -> Option<String> {
    let host = headers.get("host")?.to_str().ok()?;
    let authority: http::uri::Authority = host.parse().ok()?;
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let here = bare.parse::<std::net::IpAddr>();
    let here = name == "localhost" || here.is_ok_and(|address| address.is_loopback());
    (here && !host.contains('@')).then(|| format!("http://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_address_only_this_machine_s_own_is_led_back_to() {
        for (host, address) in [
            ("127.0.0.1:3000", Some("http://127.0.0.1:3000")),
            ("localhost", Some("http://localhost")),
            ("[::1]:80", Some("http://[::1]:80")),
            ("evil.example", None),
            ("127.0.0.1.evil.example", None),
            ("10.0.0.1", None),
            ("localhost@evil.example", None),
            ("127.0.0.1@evil.example:1", None),
            ("x@127.0.0.1", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(host));
            assert_eq!(local(&headers).as_deref(), address, "{host}");
        }
    }
}
