//! Who has signed in: a random name in a cookie, and what it stands for in the memory of this process. A restart ends all of
//! them, and nobody can make one up.

use super::access::Viewer;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long one lasts.
pub(super) const LASTS: TimeDelta = TimeDelta::hours(12);
/// So many are kept; the one that ends first makes room.
const MOST: usize = 10_000;

/// The sessions, by the digest of their names: who reads the memory by chance finds no name in it.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

struct Session {
    viewer: Viewer,
    ends: DateTime<Utc>,
}

impl Sessions {
    /// Begins one; its name.
    pub fn begin(&self, viewer: Viewer, now: DateTime<Utc>) -> String {
        let mut name = [0_u8; 32];
        OsRng.fill_bytes(&mut name);
        let name = hex::encode(name);
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.ends > now);
        if sessions.len() >= MOST {
            let first = sessions.iter().min_by_key(|(_, session)| session.ends);
            if let Some(first) = first.map(|(name, _)| *name) {
                sessions.remove(&first);
            }
        }
        let ends = now + LASTS;
        sessions.insert(digest(&name), Session { viewer, ends });
        name
    }

    /// Who began the one of that name.
    pub fn viewer(&self, name: &str, now: DateTime<Utc>) -> Option<Viewer> {
        let sessions = self.lock();
        let session = sessions.get(&digest(name));
        let session = session.filter(|session| session.ends > now);
        session.map(|session| session.viewer.clone())
    }

    /// Ends it.
    pub fn end(&self, name: &str) {
        self.lock().remove(&digest(name));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_its_time_or_when_it_is_ended_and_the_oldest_makes_room() {
        let sessions = Sessions::default();
        let now = DateTime::UNIX_EPOCH;
        let name = sessions.begin(Viewer::Machine, now);
        assert!(sessions.viewer(&name, now).is_some());
        assert!(sessions.viewer("made up", now).is_none());
        assert!(sessions.viewer(&name, now + LASTS).is_none());
        sessions.end(&name);
        assert!(sessions.viewer(&name, now).is_none());
        let oldest = sessions.begin(Viewer::Machine, now);
        for _ in 0..MOST {
            sessions.begin(Viewer::Machine, now + TimeDelta::seconds(1));
        }
        assert!(sessions.viewer(&oldest, now).is_none());
        assert_eq!(sessions.lock().len(), MOST);
    }
}
