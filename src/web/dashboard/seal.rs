//! What the server gives away and takes back, and nobody else can read or make: a state that a browser keeps, a place in a list. The
//! key is this process's own, so that nothing has to be remembered, and what was sealed before a restart opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, OsRng, Payload};
use chacha20poly1305::{AeadCore as _, KeyInit as _, XChaCha20Poly1305, XNonce};

/// How many bytes a nonce has. They are random, and of 192 bits no two are the same.
const NONCE: usize = 24;
/// More than a cookie or an address can hold.
const LONGEST: usize = 8_192;

/// Seals and opens.
pub(super) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// One with a new key.
    pub fn new() -> Self {
        Self(XChaCha20Poly1305::new(&XChaCha20Poly1305::generate_key(
            &mut OsRng,
        )))
    }

    /// Seals a text for a purpose: letters, digits, `-` and `_`. `None` for more than could be opened again.
    pub fn close(&self, purpose: &str, text: &[u8]) -> Option<String> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload {
            msg: text,
            aad: purpose.as_bytes(),
        };
        let sealed = self.0.encrypt(&nonce, payload).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat());
        (sealed.len() <= LONGEST).then_some(sealed)
    }

    /// What was sealed for this purpose, here; `None` for anything else.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = (sealed.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(sealed).ok())??;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_for_this_purpose_opens() {
        let seal = Seal::new();
        let sealed = seal.close("one", b"a secret").unwrap();
        assert_eq!(seal.open("one", &sealed).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(seal.open("another", &sealed), None);
        assert_eq!(Seal::new().open("one", &sealed), None);
        assert_ne!(
            sealed,
            seal.close("one", b"a secret").unwrap(),
            "no two are alike"
        );
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last letter holds bits that are none of the text's.
            let same = URL_SAFE_NO_PAD.decode(&forged) == URL_SAFE_NO_PAD.decode(&sealed);
            assert!(same || seal.open("one", &forged).is_none(), "{at}");
        }
        for nothing in ["", "A", "%", &"A".repeat(31)] {
            assert_eq!(seal.open("one", nothing), None);
        }
        assert_eq!(seal.close("one", &[0; LONGEST]), None);
    }
}
