//! Who has signed in: a random name in a cookie, and what it stands for in the memory of this process. A restart ends all of
//! them, and nobody can make one up.

use super::access::Viewer;
use super::sight::OnGitHub;
use crate::domain::ids::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long one lasts at most.
pub(super) const LASTS: TimeDelta = TimeDelta::hours(12);
/// So many are kept.
const MOST: usize = 10_000;
/// So many are kept of one account.
const MOST_OF_ONE: usize = 20;

/// The sessions, by the digest of their names: who reads the memory by chance finds no name in it.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

/// Somebody has signed in.
pub(super) struct Session {
    /// Who.
    pub who: Who,
    /// What the forms that are written for them carry: no other site can read it.
    pub form_key: String,
    /// The digest of its name.
    id: [u8; 32],
    ends: DateTime<Utc>,
}

/// Who has signed in.
pub(super) enum Who {
    /// Somebody of whom everything is known.
    Known(Viewer),
    /// Somebody of whom GitHub is asked.
    OnGitHub(Arc<OnGitHub>),
}

impl Session {
    fn account(&self) -> Option<UserId> {
        match &self.who {
            Who::Known(_) => None,
            Who::OnGitHub(person) => Some(person.id),
        }
    }
}

impl Sessions {
    /// Begins one that lasts so long, and not longer than [`LASTS`]; its name.
    pub fn begin(&self, who: Who, lasts: TimeDelta, now: DateTime<Utc>) -> String {
        let name = random();
        let session = Session {
            who,
            form_key: random(),
            id: digest(&name),
            ends: now + lasts.min(LASTS),
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.ends > now);
        if let Some(account) = session.account() {
            make_room(&mut sessions, MOST_OF_ONE, |one| {
                one.account() == Some(account)
            });
        }
        make_room(&mut sessions, MOST, |_| true);
        sessions.insert(session.id, Arc::new(session));
        name
    }

    /// The one of that name.
    pub fn named(&self, name: &str, now: DateTime<Utc>) -> Option<Arc<Session>> {
        let (mut sessions, id) = (self.lock(), digest(name));
        let session = sessions.get(&id)?.clone();
        if session.ends > now {
            return Some(session);
        }
        // With what it knows, a token of theirs say.
        sessions.remove(&id);
        None
    }

    /// Whether it has not ended.
    pub fn lasts(&self, session: &Session, now: DateTime<Utc>) -> bool {
        session.ends > now && self.lock().contains_key(&session.id)
    }

    /// Ends the one of that name.
    pub fn end(&self, name: &str) {
        self.lock().remove(&digest(name));
    }

    /// Ends it.
    pub fn end_this(&self, session: &Session) {
        self.lock().remove(&session.id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets those of these that end first go, until there is room for one more. Everybody with an account on GitHub can have sessions, so
/// those of operators, who have the token, go last.
fn make_room(
    sessions: &mut HashMap<[u8; 32], Arc<Session>>,
    most: usize,
    is_one: impl Fn(&Session) -> bool,
) {
    loop {
        let these = sessions.values().filter(|session| is_one(session));
        if these.clone().count() < most {
            return;
        }
        let Some(first) = these.min_by_key(|session| (session.account().is_none(), session.ends))
        else {
            return;
        };
        let id = first.id;
        sessions.remove(&id);
    }
}

/// 256 random bits.
pub(super) fn random() -> String {
    let mut bits = [0_u8; 32];
    OsRng.fill_bytes(&mut bits);
    hex::encode(bits)
}

fn digest(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(sessions: &Sessions, now: DateTime<Utc>) -> String {
        sessions.begin(Who::Known(Viewer::Machine), LASTS, now)
    }

    #[test]
    fn a_session_ends_by_its_time_or_when_it_is_ended_and_the_oldest_makes_room() {
        let sessions = Sessions::default();
        let now = DateTime::UNIX_EPOCH;
        let name = begin(&sessions, now);
        let session = sessions.named(&name, now).unwrap();
        assert!(sessions.named("made up", now).is_none());
        assert!(sessions.named(&name, now + LASTS).is_none());
        assert!(!sessions.lasts(&session, now + LASTS));
        sessions.end(&name);
        assert!(sessions.named(&name, now).is_none());
        assert!(!sessions.lasts(&session, now), "also for who holds it");
        let oldest = begin(&sessions, now);
        for _ in 0..MOST {
            begin(&sessions, now + TimeDelta::seconds(1));
        }
        assert!(sessions.named(&oldest, now).is_none());
        assert_eq!(sessions.lock().len(), MOST);
    }
}
