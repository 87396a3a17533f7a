//! How far GitHub's list of deliveries is settled. Kept in the store, so that a round goes on where the one before ended.

use crate::domain::ids::{DeliveryId, InstallationId, RepoId};
use crate::github::{Attempt, Attempts};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// GitHub waits ten seconds for an answer, and an attempt is listed only then: so far before the newest that is listed
/// everything is looked through again.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// So often a delivery is tried that GitHub refuses to show, and one that it lists and shows nothing of is asked for again.
/// What fails because GitHub is away counts for nothing: that is tried as long as the delivery is listed.
const MOST_TRIES: u32 = 8;
/// So many deliveries are put off; with more than that the walk stops until there are fewer.
const MOST_PUT_OFF: usize = 1000;
/// GitHub keeps its list for three days.
const LISTED_FOR: TimeDelta = TimeDelta::days(4);
/// So long deliveries that were asked for again, and don't come, hold up what has to be heard after them, however many they are.
const HELD_UP_FOR: TimeDelta = TimeDelta::minutes(45);

/// In so many rounds GitHub may fail to show a delivery while it answers otherwise, some three hours of them; then that one holds up
/// nothing any more, and is tried on by itself.
const MOST_OUTAGES: u32 = 36;

/// How far the deliveries are settled.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    /// All that was attempted until then is settled, by GitHub's clock, or put off.
    done: Option<DateTime<Utc>>,
    /// The cursors of the pages still to settle, newest first; the newest of all has none.
    pub pages: Vec<Option<String>>,
    /// Whether they reach back to `done`; otherwise the last of them was not listed yet.
    pub listed: bool,
    /// Deliveries that were handed over at a later attempt.
    handed_over: BTreeSet<String>,
    /// What can't be taken up so far, and what has to be heard after that, oldest first.
    #[serde(default)]
    put_off: Vec<PutOff>,
    /// Deliveries that GitHub does not show: how often each was asked for again, and when it was attempted last.
    #[serde(default)]
    asked_again: BTreeMap<DeliveryId, (u32, DateTime<Utc>)>,
    /// Whether GitHub has shown its list in this round.
    #[serde(skip)]
    shown: bool,
}

/// A delivery that waits for a later round.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PutOff {
    attempt: Attempt,
    /// How often GitHub refused it.
    tries: u32,
    /// In how many rounds GitHub failed to show it, and showed its list.
    #[serde(default)]
    outages: u32,
    /// Since when it waits for what was asked for again: itself, or what has to be heard before it.
    #[serde(default)]
    asked_since: Option<DateTime<Utc>>,
    /// When it was tried last, or a later time before which it is not to be tried again; `None`: it was not tried yet.
    #[serde(default)]
    not_before: Option<DateTime<Utc>>,
}

impl PutOff {
    /// Whether what came later has to wait for it.
    fn holds_up(&self) -> bool {
        self.outages < MOST_OUTAGES
    }
}

impl Walk {
    /// All that was attempted until `done` is settled.
    pub fn from(done: Option<DateTime<Utc>>) -> Self {
        Self {
            done,
            ..Self::default()
        }
    }

    pub fn note_listed(&mut self, page: &Attempts) {
        let again = page
            .attempts
            .iter()
            .filter(|one| one.again && one.handed_over);
        for one in again {
            // Sent again by GitHub, and taken in or let pass: it holds up nobody any more.
            self.take_out(&one.delivery);
            self.handed_over.insert(one.delivery.to_string());
        }
        let reaches_back = match (page.oldest, self.done) {
            (Some(oldest), Some(done)) => oldest < done,
            _ => false,
        };
        match &page.next {
            Some(next) if !reaches_back => self.pages.push(Some(next.clone())),
            _ => self.listed = true,
        }
    }

    /// GitHub shows its list.
    pub fn is_shown(&mut self) {
        self.shown = true;
    }

    pub fn note_settled(&mut self, page: &Attempts) {
        self.pages.pop();
        let newest = page.attempts.iter().map(|one| one.at).max();
        self.done = self.done.max(newest.map(|newest| newest - LATE));
    }

    pub fn is_through(&mut self) {
        self.listed = false;
        self.handed_over.clear();
        if let Some(done) = self.done {
            self.asked_again
                .retain(|_, (_, at)| *at > done - LISTED_FOR);
        }
    }

    /// Whether it was settled in an earlier round, or handed over at another attempt.
    pub fn is_done(&self, attempt: &Attempt) -> bool {
        self.done.is_some_and(|done| attempt.at < done)
            || self.handed_over.contains(attempt.delivery.as_str())
    }

    /// Whether a delivery waits already.
    pub fn has_put_off(&self, delivery: &DeliveryId) -> bool {
        let is = |one: &PutOff| one.attempt.delivery == *delivery;
        self.put_off.iter().any(is)
    }

    /// Whether something waits that has to be heard before.
    pub fn has_to_wait(&self, attempt: &Attempt) -> bool {
        let mut before = Before::default();
        let holding_up = self.put_off.iter().filter(|one| one.holds_up());
        holding_up.for_each(|one| before.add(&one.attempt));
        before.hold_up(attempt)
    }

    /// Whether one more may be put off.
    pub fn has_room(&self) -> bool {
        self.put_off.len() < MOST_PUT_OFF
    }

    /// Lets a delivery wait, after all that wait already.
    pub fn put_off(&mut self, attempt: &Attempt) {
        self.put_off.push(PutOff {
            attempt: attempt.clone(),
            tries: 0,
            outages: 0,
            asked_since: None,
            not_before: None,
        });
    }

    /// How many wait.
    pub fn put_off_count(&self) -> u32 {
        u32::try_from(self.put_off.len()).unwrap_or(u32::MAX)
    }

    /// All that wait.
    pub fn deliveries_put_off(&self) -> Vec<DeliveryId> {
        let deliveries = self.put_off.iter().map(|one| one.attempt.delivery.clone());
        deliveries.collect()
    }

    /// The one whose turn is next: that waits for no other, was not `tried` in this round, and was tried the longest time ago,
    /// so that some which always fail don't keep the others from their turn.
    pub fn next_put_off(&self, now: DateTime<Utc>, tried: &HashSet<DeliveryId>) -> Option<Attempt> {
        let mut before = Before::default();
        let free = self.put_off.iter().filter(|one| {
            let waits = before.hold_up(&one.attempt);
            if one.holds_up() {
                before.add(&one.attempt);
            }
            !waits && one.not_before <= Some(now) && !tried.contains(&one.attempt.delivery)
        });
        let next = free.min_by_key(|one| one.not_before);
        next.map(|one| one.attempt.clone())
    }

    /// What waits could not be taken up; whether it is given up now.
    pub fn failed(
        &mut self,
        delivery: &DeliveryId,
        refusal: bool,
        not_before: DateTime<Utc>,
    ) -> bool {
        let outage = !refusal && self.shown;
        let Some(one) = self.waiting(delivery) else {
            return true;
        };
        one.tries += u32::from(refusal);
        one.outages += u32::from(outage);
        one.not_before = Some(not_before);
        let ends = one.tries >= MOST_TRIES || one.attempt.at + LISTED_FOR < not_before;
        if ends {
            self.take_out(delivery);
        }
        ends
    }

    /// GitHub was asked to send again what waits. It goes on waiting for that, but not for ever.
    pub fn waits_for_it(&mut self, delivery: &DeliveryId, now: DateTime<Utc>) {
        let is_before = |one: &&mut PutOff| one.attempt.delivery != *delivery;
        let mut from_it_on = self.put_off.iter_mut().skip_while(is_before);
        let Some(one) = from_it_on.next() else {
            return;
        };
        one.not_before = Some(now);
        let since = *one.asked_since.get_or_insert(now);
        let mut held_up = Before::default();
        held_up.add(&one.attempt);
        for later in from_it_on.filter(|later| held_up.hold_up(&later.attempt)) {
            later.asked_since.get_or_insert(now);
        }
        if since + HELD_UP_FOR < now {
            self.take_out(delivery);
        }
    }

    fn waiting(&mut self, delivery: &DeliveryId) -> Option<&mut PutOff> {
        let is = |one: &&mut PutOff| one.attempt.delivery == *delivery;
        self.put_off.iter_mut().find(is)
    }

    /// What waited waits no more.
    pub fn take_out(&mut self, delivery: &DeliveryId) {
        self.put_off.retain(|one| one.attempt.delivery != *delivery);
    }

    /// Whether a delivery that GitHub does not show may be asked for again.
    pub fn may_ask_again(&self, delivery: &DeliveryId) -> bool {
        let asked = self.asked_again.get(delivery);
        asked.is_none_or(|(times, _)| *times < MOST_TRIES)
    }

    /// It was asked for again; whether for the first time.
    pub fn asked_again(&mut self, attempt: &Attempt) -> bool {
        let delivery = attempt.delivery.clone();
        let asked = self.asked_again.entry(delivery);
        let (times, at) = asked.or_insert((0, attempt.at));
        *at = attempt.at.max(*at);
        *times += 1;
        *times == 1
    }
}

/// What some deliveries hold up: whatever came after them and may concern the same subject.
#[derive(Default)]
struct Before {
    repos: HashSet<RepoId>,
    installations: HashSet<Option<InstallationId>>,
    /// Of those that are about no repository.
    of_none: HashSet<Option<InstallationId>>,
}

impl Before {
    fn add(&mut self, one: &Attempt) {
        self.installations.insert(one.installation);
        match one.repo {
            Some(repo) => self.repos.insert(repo),
            None => self.of_none.insert(one.installation),
        };
    }

    fn hold_up(&self, one: &Attempt) -> bool {
        match one.repo {
            Some(repo) => self.repos.contains(&repo) || self.of_none.contains(&one.installation),
            None => self.installations.contains(&one.installation),
        }
    }
}

#[cfg(test)]
mod tests;
