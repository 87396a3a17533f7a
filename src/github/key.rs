//! The app's private key, in all the forms in which it travels through settings and environments.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use jsonwebtoken::EncodingKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::DecodePrivateKey as _;
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use std::fmt;

/// The private key that a GitHub App signs with: RSA, checked. Never shown.
#[derive(Clone)]
pub struct AppKey(EncodingKey);

/// Why a text is no private key of an app. Says what it seems to be, never the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the RSA private key of the GitHub App in PEM form, found {found}")]
pub struct KeyError {
    found: String,
}

impl KeyError {
    fn new(found: impl Into<String>) -> Self {
        Self {
            found: found.into(),
        }
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey(…)")
    }
}

impl AppKey {
    /// Reads PEM as GitHub hands it out (PKCS#1) or as OpenSSL converts it (PKCS#8). Environments damage it in known
    /// ways, which are undone: literal `\n`, CRLF, lines joined by blanks, quotes around it, base64 of the whole.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = Zeroizing::new(unquoted(text));
        if text.is_empty() {
            return Err(KeyError::new("nothing"));
        }
        if text.contains("-----BEGIN ") {
            return from_pem(&text);
        }
        let unwrapped = Zeroizing::new(text.split_whitespace().collect::<String>());
        let decoded = BASE64_STANDARD.decode(unwrapped.as_bytes()).ok();
        let decoded = decoded.map(Zeroizing::new).ok_or_else(|| {
            KeyError::new("a text without a `-----BEGIN` line, which is not base64 of one either")
        })?;
        match std::str::from_utf8(&decoded) {
            Ok(pem) if pem.contains("-----BEGIN ") => from_pem(&Zeroizing::new(unquoted(pem))),
            _ => Err(KeyError::new("base64 of something that is not PEM")),
        }
    }

    /// A secret of our own for one purpose, the same for the same key: HMAC-SHA256 of the purpose under the key. It
    /// says nothing about the key or about other purposes' secrets.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length (RFC 2104).
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("a key of any length");
        mac.update(b"drawbridge: ");
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    pub(super) fn signing_key(&self) -> &EncodingKey {
        &self.0
    }
}

/// Without quotes and blanks around it, and with real line ends.
fn unquoted(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim();
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text);
    inner
        .replace("\\r", "")
        .replace("\\n", "\n")
        .trim()
        .to_owned()
}

fn from_pem(text: &str) -> Result<AppKey, KeyError> {
    let (label, body) = block(text)?;
    if text.contains("ENCRYPTED") {
        return Err(KeyError::new(
            "an encrypted private key; decrypt it with `openssl rsa`",
        ));
    }
    let other = match label {
        "RSA PRIVATE KEY" | "PRIVATE KEY" => None,
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Some("a public key"),
        "CERTIFICATE" => Some("a certificate"),
        "OPENSSH PRIVATE KEY" => Some("an OpenSSH key"),
        "EC PRIVATE KEY" => Some("an elliptic curve key"),
        "CERTIFICATE REQUEST" => Some("a certificate request"),
        _ => Some("another kind of PEM block"),
    };
    if let Some(other) = other {
        return Err(KeyError::new(other));
    }
    let broken = |_| {
        KeyError::new(format!(
            "a broken `{label}` block (is a part of it missing?)"
        ))
    };
    let der = Zeroizing::new(
        BASE64_STANDARD
            .decode(body.as_bytes())
            .map_err(|_| broken(()))?,
    );
    let key = match label {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| broken(()))?,
        _ => RsaPrivateKey::from_pkcs8_der(&der).map_err(|_| {
            KeyError::new("a `PRIVATE KEY` block that is broken or of another kind than RSA")
        })?,
    };
    let der = key.to_pkcs1_der().map_err(|_| broken(()))?;
    Ok(AppKey(EncodingKey::from_rsa_der(der.as_bytes())))
}

/// The label and the base64 text, without white space, of the first PEM block (RFC 7468).
fn block(text: &str) -> Result<(&str, Zeroizing<String>), KeyError> {
    let cut = || KeyError::new("a PEM block that is cut off");
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(cut)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(cut)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(cut)?;
    let body = Zeroizing::new(body.split_whitespace().collect::<String>());
    Ok((label, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::tests::key::{PAIR, pkcs1, pkcs8};
    use rsa::pkcs8::{EncodePublicKey as _, LineEnding};

    #[test]
    fn all_forms_of_the_same_key_are_read() {
        for pem in [pkcs1(), pkcs8()] {
            for form in [
                pem.clone(),
                pem.replace('\n', "\r\n"),
                pem.replace('\n', "\\n"),
                pem.replace('\n', "\\r\\n"),
                pem.replace('\n', " "),
                format!("\"{}\"", pem.replace('\n', "\\n")),
                format!("'{pem}'\n"),
                format!("\u{feff}  {pem}"),
                BASE64_STANDARD.encode(&pem),
                BASE64_STANDARD
                    .encode(&pem)
                    .as_bytes()
                    .chunks(76)
                    .map(|c| format!("{}\n", String::from_utf8_lossy(c)))
                    .collect(),
            ] {
                let key =
                    AppKey::parse(&form).unwrap_or_else(|error| panic!("{error}: {form:.60}"));
                assert_eq!(
                    key.signing_key().as_bytes(),
                    AppKey::parse(&pkcs1()).unwrap().signing_key().as_bytes()
                );
            }
        }
    }

    #[test]
    fn other_things_are_named_and_never_shown() {
        let public = PAIR
            .to_public_key()
            .to_public_key_pem(LineEnding::LF)
            .unwrap();
        let pem = pkcs1();
        let encrypted = pem.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n");
        let labelled =
            |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (text, found) in [
            (String::new(), "nothing"),
            (" \n".into(), "nothing"),
            (public, "a public key"),
            (encrypted, "an encrypted private key"),
            (
                labelled("ENCRYPTED PRIVATE KEY"),
                "an encrypted private key",
            ),
            (labelled("CERTIFICATE"), "a certificate"),
            (labelled("OPENSSH PRIVATE KEY"), "an OpenSSH key"),
            (labelled("EC PRIVATE KEY"), "an elliptic curve key"),
            (labelled("SECRET-LABEL"), "another kind of PEM block"),
            (labelled("PRIVATE KEY"), "broken or of another kind"),
            (pem[..pem.len() / 2].to_owned(), "cut off"),
            (
                pem.replace("-----END", "!-----END"),
                "a broken `RSA PRIVATE KEY` block",
            ),
            (
                "/etc/keys/secret.pem".into(),
                "a text without a `-----BEGIN` line",
            ),
            (BASE64_STANDARD.encode("hello"), "base64 of something"),
        ] {
            let message = AppKey::parse(&text).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(found), "{message}");
            assert!(
                !message.contains("SECRET") && !message.contains("secret.pem"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(
            format!("{:?}", AppKey::parse(&pkcs1()).unwrap()),
            "AppKey(…)"
        );
    }
}
