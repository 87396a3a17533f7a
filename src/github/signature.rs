//! Whether a delivery comes from GitHub: HMAC-SHA256 over the raw body (GitHub, "Validating webhook deliveries").

use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use std::fmt;

/// The secrets a delivery may be signed with; several while they are being changed.
pub struct WebhookSecrets(Vec<SecretString>);

/// The secrets can't be used: an empty one would let anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected at least one webhook secret, and none that is empty")]
pub struct NoSecret;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// No `X-Hub-Signature-256`; a SHA-1 signature does not count.
    #[error("the X-Hub-Signature-256 header is missing")]
    Missing,
    /// Not `sha256=` and 64 hex digits.
    #[error("the X-Hub-Signature-256 header is malformed")]
    Malformed,
    /// Made with another secret, or for another body.
    #[error("the signature does not match")]
    Wrong,
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecrets({})", self.0.len())
    }
}

impl WebhookSecrets {
    /// Takes over the secrets: at least one, none empty or blank.
    pub fn new(secrets: Vec<SecretString>) -> Result<Self, NoSecret> {
        if secrets.is_empty()
            || secrets
                .iter()
                .any(|secret| secret.expose_secret().trim().is_empty())
        {
            return Err(NoSecret);
        }
        Ok(Self(secrets))
    }

    /// Reads secrets with commas between them; white space around each is dropped.
    pub fn parse(list: &SecretString) -> Result<Self, NoSecret> {
        let secrets = list.expose_secret().split(',');
        Self::new(
            secrets
                .map(|secret| SecretString::from(secret.trim()))
                .collect(),
        )
    }

    /// The signature that the header holds, right or wrong.
    pub fn well_formed(header: Option<&[u8]>) -> Result<[u8; 32], BadSignature> {
        let hex = header
            .ok_or(BadSignature::Missing)?
            .strip_prefix(b"sha256=")
            .ok_or(BadSignature::Malformed)?;
        let mut given = [0_u8; 32];
        hex::decode_to_slice(hex, &mut given).map_err(|_| BadSignature::Malformed)?;
        Ok(given)
    }

    /// Checks `X-Hub-Signature-256` against the body as it was received, in constant time, with every secret.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> Result<(), BadSignature> {
        let given = Self::well_formed(header)?;
        let mut right = false;
        for secret in &self.0 {
            // HMAC takes a key of any length.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            else {
                continue;
            };
            mac.update(body);
            right |= mac.verify_slice(&given).is_ok();
        }
        if right {
            Ok(())
        } else {
            Err(BadSignature::Wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(texts: &[&str]) -> WebhookSecrets {
        WebhookSecrets::new(texts.iter().map(|text| SecretString::from(*text)).collect()).unwrap()
    }

    #[test]
    fn the_example_of_github_s_documentation_is_right_with_any_of_the_secrets() {
        for texts in [
            &["It's a Secret to Everybody"][..],
            &["new", "It's a Secret to Everybody"],
            &["It's a Secret to Everybody", "old"],
        ] {
            assert_eq!(
                secrets(texts).verify(Some(SIGNATURE.as_bytes()), BODY),
                Ok(())
            );
        }
    }

    #[test]
    fn everything_else_is_not_believed() {
        let ours = secrets(&["It's a Secret to Everybody"]);
        let upper_case = format!("sha256={}", SIGNATURE[7..].to_uppercase());
        assert_eq!(ours.verify(Some(upper_case.as_bytes()), BODY), Ok(()));
        for (header, body, why) in [
            (None, BODY, BadSignature::Missing),
            (Some(""), BODY, BadSignature::Malformed),
            (
                Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"),
                BODY,
                BadSignature::Malformed,
            ),
            (
                Some("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
                BODY,
                BadSignature::Malformed,
            ),
            (Some(&SIGNATURE[..70]), BODY, BadSignature::Malformed),
            (
                Some("sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
                BODY,
                BadSignature::Malformed,
            ),
            (
                Some(SIGNATURE),
                b"Hello, World?".as_slice(),
                BadSignature::Wrong,
            ),
            (
                Some("sha256=0000000000000000000000000000000000000000000000000000000000000000"),
                BODY,
                BadSignature::Wrong,
            ),
        ] {
            assert_eq!(
                ours.verify(header.map(str::as_bytes), body),
                Err(why),
                "{header:?}"
            );
        }
        assert_eq!(
            secrets(&["other"]).verify(Some(SIGNATURE.as_bytes()), BODY),
            Err(BadSignature::Wrong)
        );
    }

    #[test]
    fn an_empty_secret_is_refused_and_none_is_shown() {
        for texts in [&[][..], &[""], &["a", " "]] {
            assert!(
                WebhookSecrets::new(texts.iter().map(|text| SecretString::from(*text)).collect())
                    .is_err()
            );
        }
        assert_eq!(format!("{:?}", secrets(&["hidden"])), "WebhookSecrets(1)");
    }
}
