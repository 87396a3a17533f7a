//! Which builds count when the mirror comes back to a commit it held before.

use super::*;
use crate::domain::pull::{Mirror, PullState};

#[test]
fn a_build_from_before_the_mirror_was_restored_does_not_count() {
    let mut runs = watching();
    told(&mut runs, 'a', build(5, SUCCESS, 30));
    // The pull request is closed and opened again with the same head: the mirror is new, and so are its builds.
    runs.withdraw("the pull request was closed", at(50));
    runs.settle(at(50));
    runs.stand_at(&sha('a'), stand(2, 3, 60), at(60));
    assert!(
        runs.want(&wish(&Pipeline::implied(), 'a'), at(60)),
        "a new run"
    );
    listed(&mut runs, 60, vec![build(5, SUCCESS, 30)]);
    assert_eq!(status(&runs), GateStatus::InProgress);
    listed(
        &mut runs,
        70,
        vec![build(5, SUCCESS, 30), build(6, SUCCESS, 70)],
    );
    assert_eq!(status(&runs), GateStatus::Completed(Conclusion::Success));
}

#[test]
fn what_was_built_for_a_mirror_that_never_went_away_counts() {
    let mut runs = watching();
    told(&mut runs, 'a', build(5, SUCCESS, 30));
    // The pull request is closed and opened again before the mirror could be removed: nothing is pushed, nothing is built.
    runs.withdraw("the pull request was closed", at(50));
    runs.settle(at(50));
    runs.is_to_stand(2);
    assert!(!runs.stand_at(&sha('a'), stand(2, 1, 20), at(60)));
    assert!(
        runs.want(&wish(&Pipeline::implied(), 'a'), at(60)),
        "a new run"
    );
    runs.settle(at(60));
    assert_eq!(status(&runs), GateStatus::InProgress);
    assert!(
        runs.must_read().is_some(),
        "nobody read them while it was closed"
    );
    listed(&mut runs, 61, vec![build(5, SUCCESS, 30)]);
    assert_eq!(status(&runs), GateStatus::Completed(Conclusion::Success));
}

#[test]
fn a_build_from_long_before_the_mirror_was_put_there_does_not_count_even_where_it_was_forgotten() {
    let moved_at = at(0) + TimeDelta::days(40);
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    let present = Stand {
        moved_at: Some(moved_at),
        ..stand(1, 1, 0)
    };
    runs.stand_at(&sha('a'), present, moved_at);
    runs.want(&wish(&Pipeline::implied(), 'a'), moved_at);
    runs.settle(moved_at);
    runs.builds[0].are(vec![build(100, SUCCESS, 30)]);
    runs.settle(moved_at);
    assert_eq!(status(&runs), GateStatus::InProgress);
    let second = (moved_at - at(0)).num_seconds();
    runs.builds[0].are(vec![
        build(100, SUCCESS, 30),
        // Its clock is behind ours.
        build(101, SUCCESS, second - 240),
    ]);
    runs.settle(moved_at);
    assert_eq!(status(&runs), GateStatus::Completed(Conclusion::Success));
    // A mirror that was found there: what was built before we looked counts.
    runs.builds[0].moved_at = None;
    runs.builds[0].are(vec![build(99, SUCCESS, 30)]);
    assert_eq!(runs.builds[0].list.len(), 2);
}

#[test]
fn a_build_that_is_heard_of_before_the_new_mirror_counts_for_it() {
    let mut runs = watching();
    told(&mut runs, 'a', build(5, SUCCESS, 30));
    runs.withdraw("the pull request was closed", at(50));
    // The mirror is about to be restored with the same head; its build is faster than the news that it stands.
    runs.is_to_stand(2);
    told(&mut runs, 'a', build(6, SUCCESS, 61));
    runs.is_to_stand(2);
    runs.stand_at(&sha('a'), stand(2, 3, 62), at(62));
    runs.want(&wish(&Pipeline::implied(), 'a'), at(62));
    runs.settle(at(62));
    listed(
        &mut runs,
        62,
        vec![build(5, SUCCESS, 30), build(6, SUCCESS, 61)],
    );
    assert_eq!(status(&runs), GateStatus::Completed(Conclusion::Success));
}

#[test]
fn a_stand_is_new_if_the_mirror_was_away_in_between() {
    // What happens to a mirror at `a` before it is wanted there again, and whether builds from before count then.
    let here = || Mirror::At(sha('a'));
    type Happens<'a> = &'a dyn Fn(&mut PullState);
    let table: [(&str, Happens<'_>, bool); 9] = [
        ("nothing", &|_| {}, true),
        (
            "it was removed and put back",
            &|pull| {
                pull.mirror_is(Mirror::Absent);
                pull.mirror_was_put(sha('a'), at(90));
            },
            false,
        ),
        (
            "it could not be removed",
            &|pull| {
                pull.mirror_may_be_gone();
                pull.mirror_was_found(here());
            },
            true,
        ),
        (
            "it was removed, but the answer was lost",
            &|pull| {
                pull.mirror_may_be_gone();
                pull.mirror_was_found(Mirror::Absent);
                pull.mirror_was_put(sha('a'), at(90));
            },
            false,
        ),
        (
            "it was removed and put back, but the answer to that was lost",
            &|pull| {
                pull.mirror_is(Mirror::Absent);
                pull.mirror_is(here());
            },
            false,
        ),
        (
            "after a crash nobody knows whether it was removed",
            &|pull| {
                pull.look_again();
                pull.mirror_was_found(here());
            },
            true,
        ),
        (
            "the next head's mirror was never there",
            &|pull| {
                pull.wanted_mirror = Mirror::At(sha('b'));
                pull.look_again();
            },
            true,
        ),
        (
            "the next head's mirror was there",
            &|pull| {
                pull.mirror_was_put(sha('b'), at(80));
                pull.mirror_was_put(sha('a'), at(90));
            },
            false,
        ),
        (
            "a late delivery of our own push",
            &|pull| {
                pull.mirror_is(Mirror::Unknown);
                pull.mirror_is(Mirror::Unknown);
                pull.mirror_was_found(here());
            },
            true,
        ),
    ];
    for (name, happens, counts) in table {
        let mut pull = PullState::new(repo(), PrNumber(7), true);
        pull.mirror_was_put(sha('a'), at(20));
        let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
        assert!(runs.stand_at(&sha('a'), pull.stand(), at(20)));
        // Somebody else moved it, and it was put back for the same stand.
        pull.mirror_is(Mirror::Unknown);
        pull.mirror_was_found(Mirror::At(sha('c')));
        pull.mirror_was_put(sha('a'), at(30));
        assert!(!runs.stand_at(&sha('a'), pull.stand(), at(30)), "{name}");
        pull.wanted_mirror = Mirror::Absent;
        happens(&mut pull);
        pull.wanted_mirror = here();
        pull.stands += 2;
        let anew = runs.stand_at(&sha('a'), pull.stand(), at(100));
        assert_eq!(anew, !counts, "{name}");
        let known = pull.moved_at.is_some() || name.contains("answer to that");
        assert!(known, "{name}: {:?}", pull.moved_at);
    }
}
