//! Whose turn it is, and what has to wait.

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

#[test]
fn what_github_has_handed_over_when_it_was_asked_again_holds_up_nothing() {
    for (again, handed_over, waits) in [
        (true, true, false),
        (true, false, true),
        (false, true, true),
    ] {
        let mut walk = Walk::default();
        walk.put_off(&attempt(1, Some(1), 1));
        let listed = Attempt {
            again,
            handed_over,
            ..attempt(1, Some(1), 1)
        };
        walk.note_listed(&Attempts {
            attempts: vec![listed],
            oldest: None,
            next: None,
        });
        let later = attempt(2, Some(1), 1);
        assert_eq!(walk.has_to_wait(&later), waits, "{again} {handed_over}");
    }
}
