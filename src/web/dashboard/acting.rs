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
use crate::engine::Received;
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
    if !dashboard.pace.allows(by.id, now) {
        return Err(Refusal::TooOften);
    }
    if dashboard.engine.is_full() {
        return Err(Refusal::Unavailable);
    }
    let name = &visible.row.name;
    let page = pages::pull(name, PrNumber(number));
    let to = format!("{page}?asked={word}");
    if deed == Deed::Sync && !dashboard.pace.looks_again(state.key(), now) {
        // Somebody has asked for it a moment ago.
        return Ok(Redirect::to(&to));
    }
    if deed != Deed::Sync && !state.takes_deed(&by, &deed) {
        return Err(Refusal::TooOften);
    }
    let taken = dashboard.engine.take_in(Received {
        id: once("dashboard", by.id, &said.once)?,
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
    taken.await?;
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

/// How often one account may ask for something, and all of them for a look at the same pull request.
#[derive(Default)]
pub(super) struct Pace {
    accounts: Mutex<HashMap<UserId, Lately>>,
    looks: Mutex<HashMap<PullKey, DateTime<Utc>>>,
}

#[derive(Clone, Copy)]
struct Lately {
    since: DateTime<Utc>,
    times: u32,
}

/// So often in [`WHILE`].
const MOST: u32 = 20;
const WHILE: TimeDelta = TimeDelta::minutes(1);
/// A look costs requests to GitHub, and anybody may ask for one: so far apart they are.
const BETWEEN_LOOKS: TimeDelta = TimeDelta::seconds(30);

impl Pace {
    /// Whether it may now; counts it.
    pub(super) fn allows(&self, account: UserId, now: DateTime<Utc>) -> bool {
        let mut all = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, lately| (TimeDelta::zero()..WHILE).contains(&(now - lately.since)));
        let new = Lately {
            since: now,
            times: 0,
        };
        let lately = all.entry(account).or_insert(new);
        lately.times += 1;
        lately.times <= MOST
    }

    /// Whether a pull request is to be looked at again, which counts; otherwise that was asked for a moment ago.
    fn looks_again(&self, pull: PullKey, now: DateTime<Utc>) -> bool {
        let mut all = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| (TimeDelta::zero()..BETWEEN_LOOKS).contains(&(now - *at)));
        match all.contains_key(&pull) {
            true => false,
            false => all.insert(pull, now).is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    #[test]
    fn nobody_asks_for_more_than_a_person_would() {
        let (pace, now) = (Pace::default(), DateTime::UNIX_EPOCH);
        for _ in 0..MOST {
            assert!(pace.allows(UserId(1), now));
        }
        assert!(!pace.allows(UserId(1), now));
        assert!(pace.allows(UserId(2), now), "others are not hurt");
        assert!(pace.allows(UserId(1), now + WHILE));
        assert_eq!(
            pace.accounts.lock().unwrap().len(),
            1,
            "nobody is kept for ever"
        );
        let pull = |number| PullKey {
            repo: RepoId(1),
            number: PrNumber(number),
        };
        assert!(pace.looks_again(pull(1), now));
        assert!(!pace.looks_again(pull(1), now), "whoever asks");
        assert!(pace.looks_again(pull(2), now));
        assert!(pace.looks_again(pull(1), now + BETWEEN_LOOKS));
    }
}
