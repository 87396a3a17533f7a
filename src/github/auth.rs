//! The app's own credential (a JWT) and the installations' tokens made with it.

use super::key::AppKey;
use crate::domain::ids::InstallationId;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::error::GitHubError;

/// A token lives an hour; it is renewed this long before it ends, so that a request never starts with a dying one.
const RENEWED_BEFORE: Duration = Duration::minutes(5);

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// Signs the app's JWTs by GitHub's clock.
pub(super) struct Signer {
    app_id: String,
    key: AppKey,
    /// GitHub's clock minus ours, in seconds.
    skew: AtomicI64,
    /// The last JWT, and when it was made by GitHub's clock: signing is dear, and a round of recovery asks as the app
    /// hundreds of times.
    last: Mutex<Option<(i64, SecretString)>>,
}

/// A JWT is used so many seconds; it is good for nine minutes.
const JWT_USED: i64 = 300;

impl Signer {
    pub fn new(app_id: String, key: AppKey) -> Self {
        Self {
            app_id,
            key,
            skew: AtomicI64::new(0),
            last: Mutex::default(),
        }
    }

    /// The app's id or client id, as the operator gave it.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// A JWT for the next nine minutes. GitHub wants `iat` in the past, `exp` at most ten minutes ahead, and advises
    /// to set `iat` 60 seconds back ("Generating a JSON Web Token for a GitHub App").
    pub fn jwt(&self, now: DateTime<Utc>) -> Option<SecretString> {
        let now = self.corrected(now).timestamp();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // After a correction of the clock backwards one that was made in the future is of no use.
        let used = last
            .as_ref()
            .filter(|(made, _)| (0..JWT_USED).contains(&(now - made)));
        if let Some((_, jwt)) = used {
            return Some(jwt.clone());
        }
        let claims = Claims {
            iat: now - 60,
            exp: now + 9 * 60,
            iss: &self.app_id,
        };
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let jwt = jsonwebtoken::encode(&header, &claims, self.key.signing_key());
        let jwt = SecretString::from(jwt.ok()?);
        *last = Some((now, jwt.clone()));
        Some(jwt)
    }

    /// Our time by GitHub's clock.
    pub fn corrected(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let skew = Duration::seconds(self.skew.load(Ordering::Relaxed));
        now.checked_add_signed(skew).unwrap_or(now)
    }

    /// Learns GitHub's time; true if that was news which makes a refused JWT worth a second try.
    pub fn learn(&self, github: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let Some(github) = github else { return false };
        let skew = (github - now).num_seconds();
        let before = self.skew.swap(skew, Ordering::Relaxed);
        skew.abs_diff(before) > 20
    }
}

/// An installation's token.
#[derive(Clone)]
pub(super) struct Token {
    pub secret: SecretString,
    expires_at: DateTime<Utc>,
    /// Tells one token from the next.
    serial: u64,
}

/// GitHub's answer with a new token ("Create an installation access token for an app").
#[derive(Deserialize)]
pub(super) struct NewToken {
    #[serde(deserialize_with = "secret")]
    pub token: SecretString,
    pub expires_at: DateTime<Utc>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// What is kept of one installation; whoever holds it is the only one who asks for a token.
#[derive(Default)]
pub(super) struct Slot {
    token: Option<Token>,
    serial: u64,
    failed: Option<(Instant, GitHubError)>,
}

impl Slot {
    /// The token, if it lives long enough.
    pub fn token(&self, now: DateTime<Utc>) -> Option<Token> {
        self.token
            .clone()
            .filter(|token| token.expires_at - now > RENEWED_BEFORE)
    }

    /// The error of an attempt that ended after `since`: those who waited for it share it instead of trying one
    /// after the other.
    pub fn failure_since(&self, since: Instant) -> Option<GitHubError> {
        self.failed
            .as_ref()
            .filter(|(at, _)| *at >= since)
            .map(|(_, error)| error.clone())
    }

    pub fn keep(&mut self, new: NewToken) -> Token {
        self.serial += 1;
        self.failed = None;
        let token = Token {
            secret: new.token,
            expires_at: new.expires_at,
            serial: self.serial,
        };
        self.token = Some(token.clone());
        token
    }

    pub fn fail(&mut self, error: GitHubError) {
        self.failed = Some((Instant::now(), error));
    }

    /// Drops this token, and only this: somebody else may already have made a new one.
    pub fn drop_token(&mut self, refused: &Token) {
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.serial == refused.serial)
        {
            self.token = None;
        }
    }
}

/// The installations' slots.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<InstallationId, Arc<tokio::sync::Mutex<Slot>>>>);

impl Tokens {
    pub fn slot(&self, installation: InstallationId) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(installation).or_default().clone()
    }

    pub fn forget(&self, installation: InstallationId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&installation);
    }
}
