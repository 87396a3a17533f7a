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

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    /// Its turn, if it is one's.
    fn next(walk: &Walk, at: DateTime<Utc>, tried: &[u64]) -> Option<u64> {
        let tried = tried.iter().map(|id| attempt(*id, None, 1).delivery);
        walk.next_put_off(at, &tried.collect()).map(|one| one.id)
    }

    #[test]
    fn only_what_may_concern_the_same_subject_waits() {
        for (repo, installation, waits) in [
            (Some(1), 1, true),
            (Some(2), 1, false),
            (Some(2), 2, false),
            (None, 1, true),
            (None, 2, false),
        ] {
            let mut walk = Walk::default();
            walk.put_off(&attempt(1, Some(1), 1));
            let later = attempt(2, repo, installation);
            assert_eq!(walk.has_to_wait(&later), waits, "{repo:?} {installation}");
            walk.put_off(&later);
            let other = next(&walk, NOW, &[1]);
            assert_eq!(other.is_none(), waits, "{repo:?} {installation}");
        }
        let mut walk = Walk::default();
        walk.put_off(&attempt(1, None, 1));
        walk.put_off(&attempt(2, Some(1), 1));
        assert_eq!(next(&walk, NOW, &[1]), None);
    }

    #[test]
    fn what_waits_goes_in_its_order_and_those_that_failed_come_last() {
        let mut walk = Walk::default();
        for (id, repo) in [(1, 1), (2, 2), (3, 1)] {
            walk.put_off(&attempt(id, Some(repo), 1));
        }
        assert_eq!(next(&walk, NOW, &[]), Some(1));
        let first = attempt(1, None, 1).delivery;
        walk.failed(&first, false, NOW + TimeDelta::minutes(9));
        assert_eq!(next(&walk, NOW, &[]), Some(2), "the first has its time");
        let later = NOW + TimeDelta::hours(1);
        assert_eq!(next(&walk, later, &[]), Some(2), "it was not tried yet");
        assert_eq!(next(&walk, later, &[2]), Some(1));
        walk.take_out(&first);
        assert_eq!(next(&walk, later, &[2]), Some(3));
        for _ in 2..MOST_PUT_OFF {
            assert!(walk.has_room());
            walk.put_off(&attempt(9, Some(9), 1));
        }
        assert!(!walk.has_room());
    }

    #[test]
    fn refusals_give_a_delivery_up_and_an_outage_only_once_it_is_not_listed_any_more() {
        let one = attempt(1, Some(1), 1);
        let put_off = || {
            let mut walk = Walk::default();
            walk.put_off(&one);
            walk
        };
        let mut walk = put_off();
        for _ in 1..MOST_TRIES {
            assert!(!walk.failed(&one.delivery, true, NOW));
        }
        assert!(walk.failed(&one.delivery, true, NOW));
        assert!(!walk.has_put_off(&one.delivery));
        let mut walk = put_off();
        let mut now = NOW;
        while now < one.at + LISTED_FOR {
            assert!(!walk.failed(&one.delivery, false, now), "{now}");
            now += TimeDelta::minutes(5);
        }
        assert!(walk.failed(&one.delivery, false, now + TimeDelta::minutes(5)));
    }

    #[test]
    fn an_outage_of_one_delivery_alone_holds_up_others_for_some_hours() {
        let (one, later) = (attempt(1, Some(1), 1), attempt(2, Some(1), 1));
        for shown in [false, true] {
            let mut walk = Walk::default();
            walk.put_off(&one);
            walk.put_off(&later);
            walk.shown = shown;
            for _ in 0..MOST_OUTAGES {
                assert_eq!(next(&walk, NOW, &[1]), None);
                assert!(!walk.failed(&one.delivery, false, NOW));
            }
            let free = shown.then_some(2);
            assert_eq!(next(&walk, NOW, &[1]), free, "all fail, if none is listed");
            assert!(walk.has_to_wait(&attempt(3, Some(1), 1)), "the second");
            assert_eq!(next(&walk, NOW, &[2]), Some(1), "it is tried on");
        }
    }

    #[test]
    fn what_was_asked_for_again_holds_up_others_for_a_while() {
        let mut walk = Walk::default();
        let all = [(1, 1), (2, 1), (3, 2)].map(|(id, repo)| attempt(id, Some(repo), 1));
        for one in &all {
            walk.put_off(one);
        }
        let mut asked = |of: usize, at: DateTime<Utc>| {
            walk.waits_for_it(&all[of].delivery, at);
            walk.has_put_off(&all[of].delivery)
        };
        assert!(asked(0, NOW) && asked(0, NOW + HELD_UP_FOR));
        let over = NOW + HELD_UP_FOR + TimeDelta::minutes(5);
        assert!(!asked(0, over));
        assert!(!asked(1, over), "it has waited as long");
        assert!(asked(2, over), "it is of another repository");
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
            if walk.may_ask_again(&again.delivery) {
                assert_eq!(walk.asked_again(&again), asked == 0);
                asked += 1;
            }
            walk.is_through();
        }
        assert_eq!(asked, MOST_TRIES);
        walk.done = Some(DateTime::UNIX_EPOCH + TimeDelta::days(9));
        walk.is_through();
        assert!(walk.asked_again.is_empty());
    }
}
