//! Which deliveries stand in for asking how a pull request is.

use super::*;
use crate::domain::event::{PullChange, PullHint, Shown};
use crate::domain::trust::MAX_LISTED_COMMITS;

/// What a delivery of that second says: open, ready, one commit.
fn news(change: PullChange, second: i64) -> (PullChange, PullHint) {
    let shows = Shown {
        open: change != PullChange::Closed,
        draft: false,
        title: "A change".into(),
        base: "main".into(),
        base_sha: None,
        labels: Default::default(),
        commits: 1,
        changed_files: 1,
    };
    let hint = PullHint {
        number: PrNumber(7),
        author: Some(user(1, "maya")),
        head: sha('b'),
        updated_at: at(second),
        created_at: at(1),
        shows: Some(Box::new(shows)),
    };
    (change, hint)
}

fn event((change, hint): (PullChange, PullHint)) -> Event {
    Event::Pull {
        repo: repo(),
        change,
        hint,
    }
}

fn showing(second: i64, change: impl Fn(&mut Shown)) -> Event {
    let (pushed, mut hint) = news(PullChange::Pushed, second);
    hint.shows.as_deref_mut().map(change);
    event((pushed, hint))
}

/// One that was read as it was in second 10.
fn known() -> PullState {
    let mut scene = Scene::of_member();
    scene.state.mirror_was_put(sha('a'), at(11));
    scene.state
}

#[test]
fn a_young_delivery_that_is_newer_than_all_that_is_known_is_taken_at_its_word() {
    let new = PullState::new(repo(), PrNumber(7), true);
    for (state, change) in [
        (&new, PullChange::Opened),
        (&known(), PullChange::Pushed),
        (&known(), PullChange::Opened),
        (&known(), PullChange::Closed),
    ] {
        let view = state.told(&[event(news(change.clone(), 20))], at(25));
        let view = view.unwrap_or_else(|| panic!("{change:?}"));
        assert_eq!(view.open, change != PullChange::Closed);
        assert_eq!((view.head, view.updated_at), (sha('b'), at(20)));
    }
    // Of several the newest counts, in whichever order they came.
    let mut both = [PullChange::Closed, PullChange::Pushed]
        .into_iter()
        .zip([21, 20])
        .map(|(change, second)| event(news(change, second)))
        .collect::<Vec<_>>();
    for _ in 0..2 {
        assert_eq!(
            known().told(&both, at(25)).map(|view| view.open),
            Some(false)
        );
        both.reverse();
    }
}

#[test]
fn one_that_may_be_old_or_does_not_say_enough_is_not() {
    let pushed = |second| vec![event(news(PullChange::Pushed, second))];
    let closed = || vec![event(news(PullChange::Closed, 20))];
    let comment = Event::Comment {
        repo: repo(),
        number: PrNumber(7),
        thread: Thread::Pull,
        pull_author: None,
        comment: CommentId(1),
        author: user(1, "maya"),
        created_at: at(20),
        lines: command::extract("/sync"),
    };
    let with = |change: fn(&mut PullState)| {
        let mut state = known();
        change(&mut state);
        state
    };
    let unread = |change: fn(&mut PullState)| {
        let mut state = PullState::new(repo(), PrNumber(7), true);
        change(&mut state);
        state
    };
    for (why, state, events, now) in [
        ("it is of the same second", known(), pushed(10), 25),
        ("it is older", known(), pushed(9), 25),
        ("it is too old", known(), pushed(20), 20 + 301),
        (
            "two are of one second",
            known(),
            [pushed(20), closed()].concat(),
            25,
        ),
        (
            "somebody asks for something",
            known(),
            [pushed(20), vec![comment]].concat(),
            25,
        ),
        (
            "it says only how it may have been",
            known(),
            vec![event(news(PullChange::Other, 20))],
            25,
        ),
        (
            "a label says nothing of the head",
            known(),
            vec![event(news(PullChange::Labels, 20))],
            25,
        ),
        (
            "a push to what is closed",
            known(),
            vec![showing(20, |shows| shows.open = false)],
            25,
        ),
        (
            "its commits are not all listed",
            known(),
            vec![showing(20, |shows| shows.commits = MAX_LISTED_COMMITS + 1)],
            25,
        ),
        (
            "it was to be looked at again",
            with(|state| state.look_again()),
            pushed(20),
            25,
        ),
        (
            "nothing was read of it yet, and it is not new",
            unread(|_| {}),
            pushed(20),
            25,
        ),
        (
            "nobody knows where its mirror is",
            with(|state| state.observed_mirror = Mirror::Unknown),
            closed(),
            25,
        ),
        ("nothing came", known(), Vec::new(), 25),
    ] {
        assert_eq!(state.told(&events, at(now)), None, "{why}");
    }
    let (change, mut hint) = news(PullChange::Pushed, 20);
    hint.shows = None;
    assert_eq!(known().told(&[event((change, hint))], at(25)), None);
}
