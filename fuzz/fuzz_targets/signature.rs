//! `X-Hub-Signature-256`: what is believed is exactly `sha256=` and the HMAC-SHA256 of the body under one of the secrets.
//!
//! Input: a byte of choices, the header up to the first line end, the body after it. The choices put the right signature in
//! the header's place and let the rest of the header damage it.
#![no_main]

use drawbridge::github::{BadSignature, WebhookSecrets};
use hmac::{Hmac, Mac as _};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use sha2::Sha256;
use std::sync::LazyLock;

const TEXTS: [&str; 2] = ["the new secret", "the old one"];

static SECRETS: LazyLock<WebhookSecrets> =
    LazyLock::new(|| WebhookSecrets::new(TEXTS.map(SecretString::from).to_vec()).unwrap());

fn hmac(secret: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let line_end = rest.iter().position(|byte| *byte == b'\n');
    let (given, body) = rest.split_at(line_end.unwrap_or(rest.len()));
    let right = TEXTS.map(|secret| hmac(secret, body));

    let mut header = match choice & 3 {
        0 => given.to_vec(),
        with => format!("sha256={}", hex::encode(right[usize::from(with) % 2])).into_bytes(),
    };
    if choice & 4 != 0 {
        header.make_ascii_uppercase();
        header[..7.min(given.len())].make_ascii_lowercase();
    }
    if choice & 8 != 0 {
        header
            .iter_mut()
            .zip(given)
            .for_each(|(byte, other)| *byte ^= other);
    }
    if choice & 16 != 0 {
        header.extend_from_slice(given);
    }

    // Said once more in other words than the code's.
    let expected = match header.strip_prefix(b"sha256=") {
        Some(digits) if digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit) => {
            let matches =
                |right: &[u8; 32]| hex::encode(right).as_bytes() == digits.to_ascii_lowercase();
            match right.iter().any(matches) {
                true => Ok(()),
                false => Err(BadSignature::Wrong),
            }
        }
        _ => Err(BadSignature::Malformed),
    };
    assert_eq!(SECRETS.verify(Some(&header), body), expected);
    assert_eq!(SECRETS.verify(None, body), Err(BadSignature::Missing));
    assert_eq!(
        WebhookSecrets::well_formed(Some(&header)).is_err(),
        expected == Err(BadSignature::Malformed)
    );

    // A list of secrets is taken over whole or not at all, and one that is empty lets nobody in.
    if let Ok(list) = std::str::from_utf8(given) {
        let parsed = WebhookSecrets::parse(&SecretString::from(list));
        let parts = || list.split(',').map(str::trim);
        assert_eq!(parsed.is_ok(), parts().all(|part| !part.is_empty()));
        for secret in parsed.iter().flat_map(|_| parts()) {
            let header = format!("sha256={}", hex::encode(hmac(secret, body)));
            assert_eq!(
                parsed
                    .as_ref()
                    .unwrap()
                    .verify(Some(header.as_bytes()), body),
                Ok(())
            );
        }
    }
});
