//! The tokens of callbacks: what counts, and every way in which one does not.

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

fn tokens() -> JobTokens {
    JobTokens::new(&app_key())
}

fn signed() -> String {
    let ends = noon() + TimeDelta::hours(1);
    tokens().sign(&job(), noon(), ends).unwrap()
}

fn part(value: Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn claims() -> Value {
    json!({ "iss": "drawbridge", "aud": "job-report", "sub": job().encode(), "iat": noon().timestamp(),
            "exp": noon().timestamp() + 3600 })
}

/// Signed with the right key, whatever it says.
fn ours(header: &Header, claims: &Value) -> String {
    let secret = app_key().derive("job-report tokens, 1");
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_slice())).unwrap()
}

#[test]
fn a_token_is_for_its_job_alone_and_outlives_a_restart() {
    assert_eq!(tokens().verify(&signed(), noon()), Ok(job()));
    let header = Header::new(Algorithm::HS256);
    assert_eq!(
        tokens().verify(&ours(&header, &claims()), noon()),
        Ok(job())
    );
    assert!(!format!("{:?}", tokens()).contains("signing"));
}

#[test]
fn a_token_ends_with_its_time() {
    for (seconds, verdict) in [
        (3600, Ok(job())),
        (3660, Ok(job())),
        (3661, Err(BadToken::Expired)),
        (999_999, Err(BadToken::Expired)),
    ] {
        let now = noon() + TimeDelta::seconds(seconds);
        assert_eq!(tokens().verify(&signed(), now), verdict, "{seconds}");
    }
}

#[test]
fn a_forged_token_is_wrong() {
    let token = signed();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let mut other = job();
    other.job = "release".into();
    let mut others = claims();
    others["sub"] = other.encode().into();
    let none = part(json!({ "alg": "none", "typ": "JWT" }));
    let with = |key: &str, value: Value| {
        let mut claims = claims();
        claims[key] = value;
        ours(&Header::new(Algorithm::HS256), &claims)
    };
    let without = |key: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(key);
        ours(&Header::new(Algorithm::HS256), &claims)
    };
    let foreign = EncodingKey::from_secret(b"another key");
    let mut forged = vec![
        ("nothing", String::new()),
        ("no token", "a.b.c".into()),
        ("alg none", format!("{none}.{payload}.")),
        ("alg none, signed", format!("{none}.{payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        (
            "another job",
            format!("{header}.{}.{signature}", part(others)),
        ),
        ("HS512", ours(&Header::new(Algorithm::HS512), &claims())),
        ("another issuer", with("iss", "github".into())),
        ("another purpose", with("aud", "dashboard".into())),
        ("no job", with("sub", "x".into())),
        ("no end", without("exp")),
        ("no issuer", without("iss")),
        ("no purpose", without("aud")),
        ("too long", format!("{token}{}", "A".repeat(9000))),
    ];
    let key = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &foreign).unwrap();
    forged.push(("another key", key));
    // The public key, or any PEM, as an HMAC key is the classic confusion; so is the app's own signature.
    let rsa = EncodingKey::from_rsa_pem(PEM.as_bytes()).unwrap();
    let rs256 = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims(), &rsa).unwrap();
    forged.push(("RS256", rs256));
    for (why, token) in forged {
        assert_eq!(
            tokens().verify(&token, noon()),
            Err(BadToken::Wrong),
            "{why}"
        );
    }
}
