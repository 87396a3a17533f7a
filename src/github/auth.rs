//! The app's own credential: a JWT, dated by GitHub's clock.

use super::key::AppKey;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Serialize;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

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
