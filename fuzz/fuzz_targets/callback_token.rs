//! The tokens of callbacks: what was signed is read back until its time is over; what was changed in any place, signed with
//! another algorithm or made for another purpose is not believed.
//!
//! Input: four bytes that choose what is done, then a text: the names in a job, or a token's header and claims in two lines.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::backends::{BadToken, JobTokens};
use drawbridge::domain::ids::{PrNumber, RepoId, RunSubject};
use drawbridge::domain::run::JobRef;
use drawbridge::github::AppKey;
use hmac::{Hmac, Mac as _};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng as _;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use serde_json::Value;
use sha2::Sha256;
use std::sync::LazyLock;

/// The same key in every run, so that what was found is found again. Short, as making it takes seconds.
static KEY: LazyLock<AppKey> = LazyLock::new(|| {
    let mut chance = rand::rngs::StdRng::seed_from_u64(7);
    let pair = rsa::RsaPrivateKey::new(&mut chance, 1024).unwrap();
    AppKey::parse(&pair.to_pkcs1_pem(LineEnding::LF).unwrap()).unwrap()
});
static TOKENS: LazyLock<JobTokens> = LazyLock::new(|| {
    let tokens = JobTokens::new(&KEY);
    // What is signed by hand below counts as ours.
    let job = job("x", 0);
    let token = tokens.sign(&job, now(), now()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims] = [0, 1].map(|part| URL_SAFE_NO_PAD.decode(parts[part]).unwrap());
    assert_eq!(signed(&header, &claims), token);
    tokens
});

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A token with our signature, whatever it says.
fn signed(header: &[u8], claims: &[u8]) -> String {
    let signed = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let secret = KEY.derive("job-report tokens, 1");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_slice()).unwrap();
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

/// A job with names as they come, as long as names may be.
fn job(text: &str, number: u8) -> JobRef {
    let mut names = text
        .split('\n')
        .map(|name| name.chars().take(200).collect::<String>());
    let mut name = || names.next().unwrap_or_default();
    JobRef {
        repo: RepoId(u64::from(number)),
        subject: match number % 4 {
            0 => RunSubject::Pull(PrNumber(7)),
            1 => RunSubject::MergeGroup(name()),
            2 => RunSubject::Branch(name()),
            _ => RunSubject::Schedule,
        },
        pipeline: name(),
        run: u64::MAX,
        since: now(),
        job: name(),
        attempt: u32::from(number),
    }
}

fn what_was_signed_and_then_changed(text: &str, [number, place, other, way]: [u8; 4]) {
    let job = job(text, number);
    let token = TOKENS
        .sign(&job, now(), now() + TimeDelta::hours(1))
        .unwrap();
    // Names of control characters take six times their room; then the token is too long to be looked at.
    if token.len() > 8 * 1024 {
        return;
    }
    assert_eq!(TOKENS.verify(&token, now()).as_ref(), Ok(&job));
    let late = now() + TimeDelta::hours(1) + TimeDelta::seconds(60);
    assert_eq!(TOKENS.verify(&token, late).as_ref(), Ok(&job));
    assert_eq!(
        TOKENS.verify(&token, late + TimeDelta::seconds(1)),
        Err(BadToken::Expired)
    );

    let mut changed = token.clone().into_bytes();
    let at = usize::from(place) * changed.len() / 256;
    match way % 4 {
        0 => changed[at] = other & 127,
        1 => changed.truncate(at),
        2 => changed.insert(at, other & 127),
        _ => drop(changed.remove(at)),
    }
    let changed = String::from_utf8(changed).unwrap();
    if changed != token {
        assert_eq!(
            TOKENS.verify(&changed, now()),
            Err(BadToken::Wrong),
            "{token}\n{changed}"
        );
    }
}

fn what_somebody_with_the_secret_would_say(text: &str) {
    let (header, claims) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(job) = TOKENS.verify(&signed(header.as_bytes(), claims.as_bytes()), now()) else {
        return;
    };
    let header: Value = serde_json::from_str(header).unwrap();
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(header["alg"], "HS256");
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&"drawbridge".into(), &"job-report".into())
    );
    assert!(claims["exp"].as_i64().unwrap() >= now().timestamp() - 60);
    assert_eq!(JobRef::decode(claims["sub"].as_str().unwrap()), Some(job));
}

fuzz_target!(
    init: {
        LazyLock::force(&TOKENS);
    },
    |data: &[u8]| {
        let Some((choices, text)) = data.split_first_chunk::<4>() else {
            return;
        };
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        assert_eq!(TOKENS.verify(text, now()), Err(BadToken::Wrong));
        if let Some(job) = JobRef::decode(text) {
            assert_eq!(JobRef::decode(&job.encode()), Some(job));
        }
        what_was_signed_and_then_changed(text, *choices);
        what_somebody_with_the_secret_would_say(text);
    }
);
