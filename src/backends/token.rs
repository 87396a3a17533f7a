//! The tokens that jobs report with: JWTs (RFC 7519), signed by us with HS256, each good for one start of one job.

use crate::domain::run::JobRef;
use crate::github::AppKey;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who signs.
const ISSUER: &str = "drawbridge";
/// What the token is good for, and nothing else.
const AUDIENCE: &str = "job-report";
/// Names of branches and jobs are bounded, and so is a token; a longer one is not even looked at.
const LONGEST: usize = 8 * 1024;
/// How much the clocks of two replicas may differ.
const LEEWAY: i64 = 60;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// Which start of which job.
    sub: String,
    iat: i64,
    exp: i64,
}

/// Signs and verifies. The key is derived from the app's private key: tokens survive a restart and a change of the
/// webhook's secret, and there is no secret more to keep.
pub struct JobTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// Why a token does not count; fit to be told to its bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// None of ours, or for something else.
    #[error("the token is not one that this server gave to a job")]
    Wrong,
    /// The job's time is over.
    #[error("the token has expired: the job's time is over")]
    Expired,
}

impl fmt::Debug for JobTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobTokens(…)")
    }
}

impl JobTokens {
    /// From the app's private key.
    pub fn new(key: &AppKey) -> Self {
        let secret = key.derive("job-report tokens, 1");
        Self {
            signing: EncodingKey::from_secret(secret.as_slice()),
            verifying: DecodingKey::from_secret(secret.as_slice()),
        }
    }

    /// A token for the reports of this start of this job.
    pub fn sign(&self, job: &JobRef, now: DateTime<Utc>, expires: DateTime<Utc>) -> Option<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: job.encode(),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing).ok()
    }

    /// Whose reports a token is for.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<JobRef, BadToken> {
        if token.len() > LONGEST {
            return Err(BadToken::Wrong);
        }
        // The one algorithm we sign with: a token does not choose how it is verified (RFC 8725, 3.1).
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // By our clock, below.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &rules)
            .map_err(|_| BadToken::Wrong)?
            .claims;
        if now.timestamp() > claims.exp.saturating_add(LEEWAY) {
            return Err(BadToken::Expired);
        }
        JobRef::decode(&claims.sub).ok_or(BadToken::Wrong)
    }
}
