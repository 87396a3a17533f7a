//! The tokens that the operator gives to machines.

use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use std::fmt;

/// Tokens that open the dashboard; several while they are being changed.
#[derive(Default)]
pub struct Tokens(Vec<SecretString>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// Takes these; empty ones open nothing.
    pub fn new(tokens: Vec<SecretString>) -> Self {
        let given = |token: &SecretString| !token.expose_secret().trim().is_empty();
        Self(tokens.into_iter().filter(given).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares with every token, in constant time.
    pub fn knows(&self, given: &str) -> bool {
        let mut right = false;
        for token in &self.0 {
            let (Some(ours), Some(theirs)) = (digest(token.expose_secret()), digest(given)) else {
                continue;
            };
            right |= ours.verify_slice(&theirs.finalize().into_bytes()).is_ok();
        }
        right
    }
}

/// Makes texts of any length comparable in constant time.
fn digest(text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"comparing dashboard tokens").ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_token_opens() {
        let tokens = Tokens::new(vec![
            "first-token".into(),
            " ".into(),
            "second-token".into(),
        ]);
        for (given, opens) in [
            ("first-token", true),
            ("second-token", true),
            ("first-toke", false),
            ("first-token,second-token", false),
            ("", false),
            (" ", false),
        ] {
            assert_eq!(tokens.knows(given), opens, "{given:?}");
        }
        assert!(!Tokens::default().knows(""));
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
    }
}
