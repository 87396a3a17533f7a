//! Registering the app: what the code that GitHub gives for a manifest is exchanged for (GitHub, "Create a GitHub App from a
//! manifest"). Nobody is asked who he is: the code is the proof, once, within an hour.

use super::api::encoded;
use super::ask::Ask;
use super::classify::checked;
use super::error::GitHubError;
use super::http::Timeouts;
use super::transport::Transport;
use chrono::{DateTime, Utc};
use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

/// An app that was registered a moment ago, with all that proves it. GitHub shows the secrets only this once.
#[derive(Debug, Deserialize)]
pub struct Registered {
    /// The app's number.
    pub id: u64,
    /// Its name in addresses.
    pub slug: String,
    /// Its page, where it is installed.
    pub html_url: String,
    /// What people sign in by.
    pub client_id: String,
    /// What proves the app when people sign in.
    pub client_secret: SecretString,
    /// What deliveries are signed with.
    pub webhook_secret: SecretString,
    /// The private key.
    pub pem: SecretString,
}

/// Exchanges the code. Asked twice, GitHub finds nothing the second time.
///
/// # Errors
/// `NotFound`: the code was used, is older than an hour, or of another GitHub. Otherwise as for any question.
pub async fn exchange_manifest_code(
    api_url: &str,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Registered, GitHubError> {
    let doing = "exchanging the code for the app's credentials";
    let transport = Transport::new(api_url, Timeouts::default())
        .map_err(|error| GitHubError::unusable(doing, format!("{error:#}")))?;
    let path = format!("/app-manifests/{}/conversions", encoded(code));
    let ask = Ask::new(Method::POST, path, doing);
    let answer = transport.send(&ask, None, None).await?;
    checked(answer, doing, now)?.json(doing)
}
