//! The names of starts towards backends.

use super::{JobRef, Run};
use crate::domain::ids::{RepoId, RunSubject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The longest encoded reference that is read: far beyond what the names in it allow.
const LONGEST: usize = 8 << 10;

impl JobRef {
    /// 32 hex digits that no other start has: SHA-256 over its canonical JSON (fields in the order of the type). Shown to
    /// backends, and the idempotency key of the start.
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.json())[..16])
    }

    /// All of it, as text that can stand in an address: URL-safe base64 of its JSON. Proves nothing by itself.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.json())
    }

    /// Reads what `encode` wrote; `None` for anything else.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&json).ok()
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and texts are JSON")
    }
}

impl Run {
    /// The latest start of a job; after `start_begins` the one that is under way.
    ///
    /// # Panics
    /// If there is no such job.
    pub fn job_ref(&self, repo: RepoId, subject: &RunSubject, job: usize) -> JobRef {
        let job = &self.jobs[job];
        JobRef {
            repo,
            subject: subject.clone(),
            pipeline: self.pipeline.clone(),
            run: self.number,
            since: self.created_at,
            job: job.spec.name.clone(),
            attempt: job.attempt,
        }
    }
}
