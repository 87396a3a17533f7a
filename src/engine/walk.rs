//! How far GitHub's list of deliveries is settled. Kept in the store, so that a round goes on where the one before ended.

use crate::domain::ids::DeliveryId;
use crate::github::{Attempt, Attempts};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// GitHub waits ten seconds for an answer, and an attempt is listed only then: so far before the newest that is listed
/// everything is looked through again.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// So often a delivery that can't be taken up is tried, and one that GitHub lists and does not show is asked for again.
const MOST_TRIES: u32 = 8;
/// So many deliveries are put off; with more than that the walk stops until there are fewer.
const MOST_PUT_OFF: usize = 1000;
/// GitHub keeps its list for three days.
const LISTED_FOR: TimeDelta = TimeDelta::days(4);

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
}

/// A delivery that waits for a later round.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PutOff {
    attempt: Attempt,
    /// How often it could not be taken up.
    tries: u32,
}

/// Whether one delivery has to be heard after another one that came before it: both may concern the same subject.
fn comes_after(later: &Attempt, earlier: &Attempt) -> bool {
    match (later.repo, earlier.repo) {
        (Some(later), Some(earlier)) => later == earlier,
        _ => later.installation == earlier.installation,
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
        self.handed_over
            .extend(again.map(|one| one.delivery.to_string()));
        let reaches_back = match (page.oldest, self.done) {
            (Some(oldest), Some(done)) => oldest < done,
            _ => false,
        };
        match &page.next {
            Some(next) if !reaches_back => self.pages.push(Some(next.clone())),
            _ => self.listed = true,
        }
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
        let before = |one: &PutOff| comes_after(attempt, &one.attempt);
        self.put_off.iter().any(before)
    }

    /// Lets a delivery wait that could not be taken up so many times; false: as many wait as may.
    pub fn put_off(&mut self, attempt: &Attempt, tries: u32) -> bool {
        let room = self.put_off.len() < MOST_PUT_OFF;
        if room {
            self.put_off.push(PutOff {
                attempt: attempt.clone(),
                tries,
            });
        }
        room
    }

    /// What waits at this place.
    pub fn put_off_at(&self, at: usize) -> Option<Attempt> {
        self.put_off.get(at).map(|one| one.attempt.clone())
    }

    /// Whether what waits at this place has to wait for what stands before it.
    pub fn has_to_wait_at(&self, at: usize) -> bool {
        let (before, rest) = self.put_off.split_at(at.min(self.put_off.len()));
        let one = rest.first();
        one.is_some_and(|one| {
            let earlier = |earlier: &PutOff| comes_after(&one.attempt, &earlier.attempt);
            before.iter().any(earlier)
        })
    }

    /// What waits at this place could not be taken up; whether it is given up now.
    pub fn failed_again(&mut self, at: usize, tries: u32) -> bool {
        let Some(one) = self.put_off.get_mut(at) else {
            return true;
        };
        one.tries += tries;
        one.tries >= MOST_TRIES
    }

    /// What waited at this place waits no more.
    pub fn take_out(&mut self, at: usize) {
        if at < self.put_off.len() {
            self.put_off.remove(at);
        }
    }

    /// GitHub does not show a delivery; whether it is to be asked for again.
    pub fn asks_again(&mut self, attempt: &Attempt) -> bool {
        let delivery = attempt.delivery.clone();
        let asked = self.asked_again.entry(delivery);
        let (times, at) = asked.or_insert((0, attempt.at));
        *at = attempt.at.max(*at);
        *times += 1;
        *times <= MOST_TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{InstallationId, RepoId};

    fn attempt(id: u64, repo: Option<u64>, installation: u64) -> Attempt {
        Attempt {
            id,
            delivery: DeliveryId::parse(&format!("d-{id}")).unwrap(),
            at: DateTime::UNIX_EPOCH + TimeDelta::minutes(id as i64),
            again: false,
            event_name: "issue_comment".to_owned(),
            handed_over: false,
            repo: repo.map(RepoId),
            installation: Some(InstallationId(installation)),
        }
    }

    #[test]
    fn only_what_may_concern_the_same_subject_waits() {
        let mut walk = Walk::default();
        walk.put_off(&attempt(1, Some(1), 1), 1);
        for (repo, installation, waits) in [
            (Some(1), 1, true),
            (Some(2), 1, false),
            (Some(2), 2, false),
            (None, 1, true),
            (None, 2, false),
        ] {
            let next = attempt(2, repo, installation);
            assert_eq!(walk.has_to_wait(&next), waits, "{repo:?} {installation}");
        }
    }

    #[test]
    fn what_waits_goes_in_its_order_and_not_for_ever() {
        let mut walk = Walk::default();
        for one in [
            attempt(1, Some(1), 1),
            attempt(2, Some(2), 1),
            attempt(3, Some(1), 1),
        ] {
            walk.put_off(&one, 0);
        }
        assert!(!walk.has_to_wait_at(0) && !walk.has_to_wait_at(1) && walk.has_to_wait_at(2));
        assert!(!walk.failed_again(0, 0), "it was not asked");
        for _ in 1..MOST_TRIES {
            assert!(!walk.failed_again(0, 1));
        }
        assert!(walk.failed_again(0, 1));
        walk.take_out(0);
        assert!(!walk.has_to_wait_at(1));
        let mut more = 0;
        while walk.put_off(&attempt(9, Some(9), 1), 0) {
            more += 1;
        }
        assert_eq!(more, MOST_PUT_OFF - 2);
    }

    #[test]
    fn what_github_does_not_show_is_asked_for_so_often_however_it_is_attempted() {
        let mut walk = Walk::default();
        let mut asked = 0;
        for try_no in 0..100 {
            let again = Attempt {
                id: try_no,
                ..attempt(1, Some(1), 1)
            };
            asked += u32::from(walk.asks_again(&again));
            walk.is_through();
        }
        assert_eq!(asked, MOST_TRIES);
        walk.done = Some(DateTime::UNIX_EPOCH + TimeDelta::days(9));
        walk.is_through();
        assert!(walk.asked_again.is_empty());
    }
}
