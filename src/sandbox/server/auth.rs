//! Who asks: app JWTs and installation tokens, really checked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rand::Rng;
use rand::distributions::Alphanumeric;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Reply;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::{Grants, Token};

/// Who a request comes from.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// No credentials at all.
    Nobody,
    /// The app itself, by JWT.
    App,
    /// The installation, with what its token may do right now.
    Installation {
        token: String,
        grants: Grants,
        repositories: BTreeSet<u64>,
    },
    /// Somebody who has signed in to the app.
    User { token: String, user: u64 },
}

impl Who {
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Who::Nobody => None,
            Who::App => Some("app".to_owned()),
            Who::Installation { .. } => Some("installation".to_owned()),
            Who::User { .. } => Some("user".to_owned()),
        }
    }

    /// What an ETag depends on besides the body.
    pub(crate) fn salt(&self) -> &str {
        match self {
            Who::Nobody => "",
            Who::App => "app",
            Who::Installation { token, .. } | Who::User { token, .. } => token,
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Value,
    iat: i64,
    exp: i64,
}

/// Reads the `Authorization` header.
pub(crate) fn identify(hub: &Hub, key: &DecodingKey, header: Option<&str>) -> Result<Who, Reply> {
    let Some(header) = header else {
        return Ok(Who::Nobody);
    };
    let secret = match header.split_once(' ') {
        Some((scheme, secret))
            if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") =>
        {
            secret.trim()
        }
        _ => return Err(Reply::error(401, "Bad credentials")),
    };
    if secret.split('.').count() == 3 {
        return check_jwt(hub, key, secret).map(|()| Who::App);
    }
    let bad = || Reply::error(401, "Bad credentials");
    if let Some(kept) = hub.user_tokens.get(secret) {
        let live = kept.expires_at > Utc::now();
        let user = kept.user;
        let token = secret.to_owned();
        return live.then_some(Who::User { token, user }).ok_or_else(bad);
    }
    let token = hub
        .tokens
        .get(secret)
        .filter(|token| token.expires_at > Utc::now())
        .ok_or_else(bad)?;
    if hub.installation.deleted {
        return Err(bad());
    }
    if hub.installation.suspended_at.is_some() {
        return Err(Reply::error(403, "This installation has been suspended"));
    }
    // A token never may more than the app may now.
    let now: &Grants = &hub.our_app().grants;
    let grants: BTreeMap<_, _> = token
        .grants
        .iter()
        .filter_map(|(name, level)| now.get(name).map(|limit| (name.clone(), *level.min(limit))))
        .collect();
    let selected = &hub.installation.repositories;
    let repositories = match &token.repositories {
        Some(narrowed) => narrowed.intersection(selected).copied().collect(),
        None => selected.clone(),
    };
    Ok(Who::Installation {
        token: secret.to_owned(),
        grants,
        repositories,
    })
}

/// GitHub's rules: RS256 with the app's key, issued by the app, valid now and for ten minutes at most.
fn check_jwt(hub: &Hub, key: &DecodingKey, jwt: &str) -> Result<(), Reply> {
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let undecodable = |_| Reply::error(401, "A JSON web token could not be decoded");
    let claims = decode::<Claims>(jwt, key, &rules)
        .map_err(undecodable)?
        .claims;
    let app = hub.our_app();
    let ours = match &claims.iss {
        Value::String(text) => *text == app.id.to_string() || *text == app.client_id,
        Value::Number(number) => number.as_u64() == Some(app.id),
        _ => false,
    };
    let now = Utc::now().timestamp();
    if !ours {
        return Err(Reply::error(401, "A JSON web token could not be decoded"));
    }
    if claims.exp <= now {
        return Err(Reply::error(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if claims.exp > now + 600 {
        return Err(Reply::error(
            401,
            "'Expiration time' claim ('exp') is too far in the future",
        ));
    }
    if claims.iat > now {
        return Err(Reply::error(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(())
}

/// A new installation token, good for an hour of real time.
pub(crate) fn new_token(
    hub: &mut Hub,
    grants: Grants,
    repositories: Option<BTreeSet<u64>>,
) -> (String, Token) {
    let random: String = rand::thread_rng()
        .sample_iter(Alphanumeric)
        .take(36)
        .map(char::from)
        .collect();
    let text = format!("ghs_{random}");
    let token = Token {
        expires_at: Utc::now() + Duration::hours(1),
        grants,
        repositories,
    };
    hub.tokens.insert(text.clone(), token.clone());
    (text, token)
}
