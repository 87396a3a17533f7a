//! What people do on the page of a pull request. Nothing is done or decided here: what somebody asks for is taken in like a delivery, on
//! disk before they are answered, and the engine asks GitHub whether they may, as if they had commented.

use super::access::Seer;
use super::refusal::Refusal;
use super::sign_in::FromHere;
use super::site::{At, at, form};
use crate::domain::deed::Deed;
use crate::domain::event::Event;
use crate::domain::ids::{DeliveryId, PrNumber, PullKey, Sha, UserId};
use crate::domain::pages;
use crate::engine::{Received, Taken};
use crate::store::Accepted;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Redirect;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The largest form: two keys and a SHA.
pub(super) const LARGEST_FORM: usize = 4 * 1024;
pub(super) const LARGEST: &str = "4 KiB of a form";

/// What a form says.
#[derive(Deserialize)]
pub(super) struct Said {
    /// That it was written for this session.
    pub key: String,
    /// What tells this form from all others: sent twice, it counts once.
    pub once: String,
    /// The head that the page showed.
    #[serde(default)]
    sha: String,
}

/// The words of deeds in addresses.
pub(super) const SYNC: &str = "sync";
pub(super) const RERUN: &str = "rerun";
pub(super) const CANCEL: &str = "cancel";
pub(super) const APPROVE: &str = "approve";

/// `POST /r/{owner}/{repo}/pull/{number}/{deed}`
pub(super) async fn act(
    seer: Seer,
    _here: FromHere,
    path: At<(String, String, u64, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Redirect, Refusal> {
    let (owner, repo, number, word) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let state = visible.pull(number).await?.ok_or(Refusal::NotFound)?;
    let said: Said = form(body, LARGEST)?;
    let by = seer.actor(&said.key)?;
    let deed = deed(&word, &said.sha)?;
    let dashboard = &seer.dashboard;
    let now = dashboard.now();
    if !dashboard.pace.presses(by.id, now) {
        return Err(Refusal::TooOften);
    }
    if dashboard.engine.is_full() {
        return Err(Refusal::Unavailable);
    }
    let (is_look, pull) = (deed == Deed::Sync, state.key());
    let name = &visible.row.name;
    let page = pages::pull(name, PrNumber(number));
    let to = format!("{page}?asked={word}");
    let id = once("dashboard", by.id, &said.once)?;
    if is_look && dashboard.pace.looked(pull, now) {
        // Somebody has asked for it a moment ago.
        return Ok(Redirect::to(&to));
    }
    if !is_look && !state.takes_deed_of(&by) {
        return Err(Refusal::TooOften);
    }
    // A look at a pull request costs much more than this question.
    if !dashboard.engine.hears(&state, &by, &deed).await? {
        match is_look {
            false => return Err(Refusal::NotYours),
            true if dashboard.pace.strangers_looks.allows(by.id, now) => {}
            true => return Err(Refusal::TooOften),
        }
    }
    let taken = dashboard.engine.take_in(Received {
        id,
        received_at: now,
        event_name: "dashboard".to_owned(),
        event: Some(Event::Dashboard {
            repo: state.repo,
            number: PrNumber(number),
            by,
            deed,
            at: now,
        }),
        note: String::new(),
    });
    if matches!(taken.await?, Taken::In(Accepted::Fresh(_))) && is_look {
        dashboard.pace.looks(pull, now);
    }
    Ok(Redirect::to(&to))
}

/// The id of what a form asks for. Nobody can use up that of somebody else's form.
pub(super) fn once(kind: &str, by: UserId, once: &str) -> Result<DeliveryId, Refusal> {
    let odd = || Refusal::Bad("The form is not one of this page. Reload the page.".to_owned());
    let is_one_of_ours = once.len() == 64 && once.bytes().all(|b| b.is_ascii_hexdigit());
    let id = DeliveryId::parse(&format!("{kind}-{by}-{once}")).ok();
    id.filter(|_| is_one_of_ours).ok_or_else(odd)
}

fn deed(word: &str, sha: &str) -> Result<Deed, Refusal> {
    let shown = || {
        let odd = || {
            Refusal::Bad(
                "The form does not say which commit the page showed. Reload the page.".to_owned(),
            )
        };
        Sha::parse(sha).map_err(|_| odd())
    };
    match word {
        SYNC => Ok(Deed::Sync),
        RERUN => Ok(Deed::Rerun(shown()?)),
        CANCEL => Ok(Deed::Cancel(shown()?)),
        APPROVE => Ok(Deed::Approve(shown()?)),
        _ => Err(Refusal::NotFound),
    }
}

/// How often people may ask for something, and all of them for a look at the same pull request.
pub(super) struct Pace {
    /// Of one account: no person presses more often.
    presses: Often,
    /// Of one account that has no say in a pull request: each costs requests of all.
    strangers_looks: Often,
    looks: Mutex<HashMap<PullKey, DateTime<Utc>>>,
}

/// A look costs requests to GitHub, and anybody may ask for one: so far apart they are.
const BETWEEN_LOOKS: TimeDelta = TimeDelta::seconds(30);

impl Default for Pace {
    fn default() -> Self {
        Self {
            presses: Often::new(20, TimeDelta::minutes(1)),
            strangers_looks: Often::new(6, TimeDelta::minutes(10)),
            looks: Mutex::default(),
        }
    }
}

/// So often in a while.
struct Often {
    most: u32,
    within: TimeDelta,
    accounts: Mutex<HashMap<UserId, Lately>>,
}

#[derive(Clone, Copy)]
struct Lately {
    since: DateTime<Utc>,
    times: u32,
}

impl Often {
    fn new(most: u32, within: TimeDelta) -> Self {
        Self {
            most,
            within,
            accounts: Mutex::default(),
        }
    }

    /// Whether an account may now; counts it.
    fn allows(&self, account: UserId, now: DateTime<Utc>) -> bool {
        let mut all = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, lately| (TimeDelta::zero()..self.within).contains(&(now - lately.since)));
        let new = Lately {
            since: now,
            times: 0,
        };
        let lately = all.entry(account).or_insert(new);
        lately.times += 1;
        lately.times <= self.most
    }
}

impl Pace {
    /// Whether an account may press now, which counts.
    pub(super) fn presses(&self, account: UserId, now: DateTime<Utc>) -> bool {
        self.presses.allows(account, now)
    }

    /// Whether a look at a pull request was asked for a moment ago.
    fn looked(&self, pull: PullKey, now: DateTime<Utc>) -> bool {
        let mut all = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| (TimeDelta::zero()..BETWEEN_LOOKS).contains(&(now - *at)));
        all.contains_key(&pull)
    }

    /// One is asked for now.
    fn looks(&self, pull: PullKey, now: DateTime<Utc>) {
        let mut all = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(pull, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    #[test]
    fn nobody_asks_for_more_than_a_person_would() {
        let (pace, now) = (Pace::default(), DateTime::UNIX_EPOCH);
        for often in [&pace.presses, &pace.strangers_looks] {
            for _ in 0..often.most {
                assert!(often.allows(UserId(1), now));
            }
            assert!(!often.allows(UserId(1), now));
            assert!(often.allows(UserId(2), now), "others are not hurt");
            assert!(often.allows(UserId(1), now + often.within));
            let kept = often.accounts.lock().unwrap().len();
            assert_eq!(kept, 1, "nobody is kept for ever");
        }
        let pull = |number| PullKey {
            repo: RepoId(1),
            number: PrNumber(number),
        };
        assert!(!pace.looked(pull(1), now));
        pace.looks(pull(1), now);
        assert!(pace.looked(pull(1), now), "whoever asks");
        assert!(!pace.looked(pull(2), now));
        assert!(!pace.looked(pull(1), now + BETWEEN_LOOKS));
    }
}
