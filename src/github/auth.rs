//! The app's own credential: a JWT, dated by GitHub's clock.

use super::key::AppKey;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Serialize;
use std::sync::atomic::{AtomicI64, Ordering};

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
}

impl Signer {
    pub fn new(app_id: String, key: AppKey) -> Self {
        Self {
            app_id,
            key,
            skew: AtomicI64::new(0),
        }
    }

    /// A JWT for the next nine minutes. GitHub wants `iat` in the past, `exp` at most ten minutes ahead, and advises
    /// to set `iat` 60 seconds back ("Generating a JSON Web Token for a GitHub App").
    pub fn jwt(&self, now: DateTime<Utc>) -> Option<SecretString> {
        let now = self.corrected(now).timestamp();
        let claims = Claims {
            iat: now - 60,
            exp: now + 9 * 60,
            iss: &self.app_id,
        };
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let jwt = jsonwebtoken::encode(&header, &claims, self.key.signing_key());
        jwt.ok().map(SecretString::from)
    }

    /// Our time by GitHub's clock.
    pub fn corrected(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let skew = Duration::seconds(self.skew());
        now.checked_add_signed(skew).unwrap_or(now)
    }

    /// GitHub's clock minus ours, in seconds, as far as it is known.
    pub fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Learns GitHub's time from an answer.
    pub fn learn(&self, github: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if let Some(github) = github {
            let skew = (github - now).num_seconds();
            self.skew.store(skew, Ordering::Relaxed);
        }
    }
}
