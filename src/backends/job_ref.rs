//! A job's reference as a text (replaced by `JobRef`'s own).

use crate::domain::run::JobRef;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

pub fn encode(job: &JobRef) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(job).unwrap_or_default())
}

pub fn decode(text: &str) -> Option<JobRef> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

pub fn id(job: &JobRef) -> String {
    hex::encode(&Sha256::digest(serde_json::to_vec(job).unwrap_or_default())[..16])
}
