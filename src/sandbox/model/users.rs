//! People who sign in to the app with this GitHub ("Generating a user access token for a GitHub App").

use chrono::{DateTime, Utc};

/// What the app may exchange for a token, once.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) user: u64,
    pub(crate) redirect_uri: String,
    /// Base64url of the SHA-256 of what the app has to show (RFC 7636, 4.2); `None`: it did not ask for that.
    pub(crate) challenge: Option<String>,
    /// Against real time, as a token's.
    pub(crate) expires_at: DateTime<Utc>,
}

/// A token with which the app asks in somebody's name.
#[derive(Debug, Clone)]
pub(crate) struct UserToken {
    pub(crate) user: u64,
    pub(crate) expires_at: DateTime<Utc>,
}
