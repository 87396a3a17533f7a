//! A key pair for tests, made once per run.

use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use rsa::pkcs8::EncodePrivateKey as _;
use std::sync::LazyLock;

pub static PAIR: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut rand::thread_rng(), 2048).unwrap());

pub fn pkcs1() -> String {
    PAIR.to_pkcs1_pem(LineEnding::LF).unwrap().to_string()
}

pub fn pkcs8() -> String {
    PAIR.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}
