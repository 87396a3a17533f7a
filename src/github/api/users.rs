//! Somebody who signs in to the app with GitHub: where they agree, what the code is exchanged for, who they are, and what they may
//! see (GitHub, "Generating a user access token for a GitHub App").

use super::encoded;
use super::installations::covered_page;
use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::{InstallationId, RepoId};
use crate::github::ask::Ask;
use crate::github::classify::checked;
use crate::github::client::GitHub;
use crate::github::error::GitHubError;
use crate::github::http::Timeouts;
use crate::github::transport::{Transport, site_of};
use crate::github::wire::WireAccount;
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt;

/// So many requests one look at what somebody may see takes at most: room for some 9,000 repositories. Who may see more sees those
/// that GitHub names first.
const MOST_REQUESTS: usize = 100;
/// So many of them are under way at a time.
const AT_ONCE: usize = 8;
const PAGE: usize = 100;

/// The app as people meet it when they sign in. What proves it goes to its own GitHub alone.
pub struct SignInApp {
    site: Transport,
    client_id: String,
    client_secret: SecretString,
}

/// A token with which the app asks in somebody's name. It does not show itself.
pub struct UserToken(SecretString);

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserToken")
    }
}

/// What a code was exchanged for.
#[derive(Debug)]
pub struct Granted {
    /// The token.
    pub token: UserToken,
    /// How long it is good for; `None`: until it is taken back.
    pub lasts: Option<TimeDelta>,
}

/// What is shown for a token.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// What GitHub has led somebody back with.
    pub code: &'a str,
    /// What the challenge was made of (RFC 7636, 4.5).
    pub verifier: &'a str,
    /// Where GitHub was to lead back to.
    pub redirect_uri: &'a str,
}

/// Why there is no token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The code was used, is older than ten minutes, or was given for another challenge.
    #[error("GitHub does not take the code")]
    Code,
    /// The person's e-mail address is not verified on GitHub.
    #[error("GitHub wants the person's e-mail address verified")]
    Unverified,
    /// The operator has to mend something; GitHub's word for it.
    #[error("GitHub refuses the app: {0}")]
    App(String),
    /// GitHub could not be asked.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
}

#[derive(Deserialize)]
struct WireGranted {
    access_token: Option<SecretString>,
    token_type: Option<String>,
    expires_in: Option<u32>,
    error: Option<String>,
}

impl SignInApp {
    /// The app with this id, on the GitHub of this API. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The address is none of an API.
    pub fn new(
        api_url: &str,
        client_id: String,
        client_secret: SecretString,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            site: Transport::new(&site_of(api_url), Timeouts::default())?,
            client_id,
            client_secret,
        })
    }

    /// Where somebody agrees, and is led back from with a code.
    pub fn authorize_address(&self, redirect_uri: &str, state: &str, challenge: &str) -> String {
        let query = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = query.map(|(name, value)| format!("{name}={}", encoded(value)));
        let site = self.site.site();
        format!("{site}/login/oauth/authorize?{}", query.join("&"))
    }

    /// Exchanges a code, once. Redirects are not followed: they would take the secret elsewhere.
    ///
    /// # Errors
    /// Why there is no token.
    pub async fn exchange(
        &self,
        shown: Shown<'_>,
        now: DateTime<Utc>,
    ) -> Result<Granted, ExchangeError> {
        let doing = "exchanging the code of somebody who signs in";
        let path = "/login/oauth/access_token".to_owned();
        let ask = Ask::new(Method::POST, path, doing).with(json!({
            "client_id": self.client_id,
            "client_secret": self.client_secret.expose_secret(),
            "code": shown.code,
            "code_verifier": shown.verifier,
            "redirect_uri": shown.redirect_uri,
        }));
        let answer = self.site.send(&ask.plain_json(), None, None).await?;
        let answer: WireGranted = checked(answer, doing, now)?.json(doing)?;
        granted(answer)
    }
}

/// GitHub says what is wrong with status 200.
fn granted(wire: WireGranted) -> Result<Granted, ExchangeError> {
    match (wire.error, wire.access_token) {
        (Some(error), _) if error == "bad_verification_code" => Err(ExchangeError::Code),
        (Some(error), _) if error == "unverified_user_email" => Err(ExchangeError::Unverified),
        (Some(error), _) => {
            // A word of GitHub's, and nothing else it may have said.
            let word = error
                .chars()
                .filter(|c| c.is_ascii_lowercase() || *c == '_');
            Err(ExchangeError::App(word.take(60).collect()))
        }
        (None, Some(token))
            if wire
                .token_type
                .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) =>
        {
            Ok(Granted {
                token: UserToken(token),
                lasts: wire
                    .expires_in
                    .map(|seconds| TimeDelta::seconds(seconds.into())),
            })
        }
        (None, _) => Err(ExchangeError::GitHub(GitHubError::transient(
            "exchanging the code of somebody who signs in",
            "GitHub gave an answer that can't be read",
        ))),
    }
}

#[derive(Deserialize)]
struct WireInstallations {
    installations: Vec<WireInstallation>,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
    suspended_at: Option<DateTime<Utc>>,
}

impl GitHub {
    /// Whose token it is.
    ///
    /// # Errors
    /// `Unauthorized`: it is good for nothing any more. `Refused`: it is nobody's who is a person.
    pub async fn whose(&self, token: &UserToken) -> Result<Account, GitHubError> {
        let ask = Ask::get("/user".to_owned(), "asking who signs in");
        let wire: WireAccount = self.ask_as_user(&token.0, &ask).await?.json(&ask.doing)?;
        wire.account()
            .filter(|account| account.kind == AccountKind::User && !account.login.is_empty())
            .ok_or_else(|| GitHubError::unusable(&ask.doing, "it is no person"))
    }

    /// The repositories that the app covers and that a token's owner has a right to.
    ///
    /// # Errors
    /// `Unauthorized`: the token is good for nothing any more.
    pub async fn seen_by(&self, token: &UserToken) -> Result<BTreeSet<RepoId>, GitHubError> {
        let doing = "asking what somebody may see";
        let mut left = MOST_REQUESTS;
        let mut firsts = Vec::new();
        let mut page = 1;
        while left > 0 {
            left -= 1;
            let path = format!("/user/installations?per_page={PAGE}&page={page}");
            let answer = self.ask_as_user(&token.0, &Ask::get(path, doing)).await?;
            let more = answer.has_next();
            let here: WireInstallations = answer.json(doing)?;
            let full = here.installations.len() >= PAGE;
            let active = here.installations.into_iter();
            let active = active.filter(|one| one.suspended_at.is_none());
            firsts.extend(active.map(|one| (InstallationId(one.id), 1)));
            if !more.unwrap_or(full) {
                break;
            }
            page += 1;
        }
        firsts.truncate(left);
        left -= firsts.len();
        let first = self.pages(token, firsts).await?;
        let mut others = Vec::new();
        for page in &first {
            let pages = page.total.div_ceil(PAGE).min(MOST_REQUESTS);
            others.extend((2..=pages).map(|number| (page.of, number)));
        }
        others.truncate(left);
        let more = self.pages(token, others).await?;
        let all = first.into_iter().chain(more);
        Ok(all.flat_map(|page| page.repos).collect())
    }

    /// These pages of installations' lists, several at a time.
    async fn pages(
        &self,
        token: &UserToken,
        wanted: Vec<(InstallationId, usize)>,
    ) -> Result<Vec<SeenPage>, GitHubError> {
        let asked = wanted
            .into_iter()
            .map(|(id, page)| self.seen_of(token, id, page));
        stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }

    async fn seen_of(
        &self,
        token: &UserToken,
        id: InstallationId,
        page: usize,
    ) -> Result<SeenPage, GitHubError> {
        let doing = "asking what somebody may see of an installation";
        let path = format!("/user/installations/{id}/repositories?per_page={PAGE}&page={page}");
        let answer = match self.ask_as_user(&token.0, &Ask::get(path, doing)).await {
            Ok(answer) => answer,
            Err(error) if error.is_transient() => return Err(error),
            Err(error @ GitHubError::Unauthorized { .. }) => return Err(error),
            // An organisation that wants another proof of them (SAML), or no longer has them, shows them nothing.
            Err(error) => {
                tracing::debug!(%error, "somebody sees nothing of an installation");
                return Ok(SeenPage {
                    of: id,
                    repos: Vec::new(),
                    total: 0,
                });
            }
        };
        let (here, total) = covered_page(&answer, id, doing)?;
        Ok(SeenPage {
            of: id,
            repos: here.iter().map(|covered| covered.repo.id).collect(),
            total,
        })
    }
}

/// A page of what somebody may see of an installation.
struct SeenPage {
    of: InstallationId,
    repos: Vec<RepoId>,
    /// How many there are on all pages.
    total: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Granted, ExchangeError> {
        granted(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_a_code_is_exchanged_for_is_read_and_does_not_show_itself() {
        let json = r#"{"access_token":"ghu_hidden","token_type":"bearer","expires_in":28800,"refresh_token":"ghr_hidden"}"#;
        let granted = read(json).unwrap();
        assert_eq!(granted.lasts, Some(TimeDelta::hours(8)));
        assert!(!format!("{granted:?}").contains("hidden"));
        for (json, error) in [
            (
                r#"{"error":"bad_verification_code","error_description":"x"}"#,
                ExchangeError::Code,
            ),
            (
                r#"{"error":"unverified_user_email"}"#,
                ExchangeError::Unverified,
            ),
            (
                r#"{"error":"redirect_uri_mismatch"}"#,
                ExchangeError::App("redirect_uri_mismatch".to_owned()),
            ),
            (
                r#"{"error":"<b>\u202e"}"#,
                ExchangeError::App("b".to_owned()),
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), error, "{json}");
        }
        for unusable in ["{}", r#"{"access_token":"x","token_type":"mac"}"#] {
            let error = read(unusable).unwrap_err();
            assert!(matches!(error, ExchangeError::GitHub(_)), "{unusable}");
        }
    }

    #[tokio::test]
    async fn people_agree_on_the_apps_own_github() {
        for (api, begins) in [
            (
                "https://api.github.com",
                "https://github.com/login/oauth/authorize?",
            ),
            (
                "https://ghe.example/api/v3",
                "https://ghe.example/login/oauth/authorize?",
            ),
        ] {
            let app = SignInApp::new(api, "Iv1.a".to_owned(), "hidden".into()).unwrap();
            let address = app.authorize_address("https://d.example/sign-in/callback", "s&t", "c");
            assert!(address.starts_with(begins), "{address}");
            let asks = "client_id=Iv1.a&redirect_uri=https%3A%2F%2Fd.example%2Fsign-in%2Fcallback&state=s%26t\
                        &code_challenge=c&code_challenge_method=S256";
            assert!(address.ends_with(asks), "{address}");
        }
    }
}
