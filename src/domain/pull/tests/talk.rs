//! What people say, and what comes of it.

use super::*;
use crate::domain::deed::Deed;

#[test]
fn what_a_comment_comes_to() {
    let maya = user(1, "maya");
    let stranger = user(2, "stranger");
    let full = sha('a').to_string();
    let thumbs_up = "+1";
    let rows = [
        (&maya, 20, format!("/ok to test {full}"), thumbs_up, true),
        (&maya, 20, "/ok to test aaaaaaa".to_owned(), thumbs_up, true),
        (
            &maya,
            20,
            "/OK TO TEST aaaaaaaaa".to_owned(),
            thumbs_up,
            true,
        ),
        // The head is there since second 10: a short SHA written before may have meant another commit.
        (
            &maya,
            10,
            "/ok to test aaaaaaa".to_owned(),
            "is so new",
            false,
        ),
        (&maya, 9, format!("/ok to test {full}"), thumbs_up, true),
        (
            &maya,
            20,
            "/ok to test bbbbbbbbb".to_owned(),
            "is not the head",
            false,
        ),
        (
            &maya,
            20,
            "/ok to test".to_owned(),
            "names the commit",
            false,
        ),
        (
            &maya,
            20,
            "/ok to test aaaa".to_owned(),
            "/ok to test aaaaaaaaa",
            false,
        ),
        (
            &stranger,
            20,
            format!("/ok to test {full}"),
            "can't approve",
            false,
        ),
        (&stranger, 20, "/sync".to_owned(), thumbs_up, false),
        (&stranger, 20, "/help".to_owned(), "| command |", false),
        (&stranger, 20, "/status".to_owned(), "needs vetting", false),
        (
            &stranger,
            20,
            "/ok to tset abcdefabc".to_owned(),
            "Did you mean",
            false,
        ),
        (&stranger, 20, "/assign @maya".to_owned(), "", false),
        (
            &stranger,
            20,
            "/retest".to_owned(),
            "can't use `/retest`",
            false,
        ),
        (&maya, 20, "/retest".to_owned(), "not mirrored", false),
        (
            &maya,
            20,
            "/test vllm".to_owned(),
            "The jobs are `builds`",
            false,
        ),
        (
            &maya,
            20,
            "/skip builds".to_owned(),
            "/skip builds <reason>",
            false,
        ),
        (
            &stranger,
            20,
            "/skip builds too slow".to_owned(),
            "can't use `/skip`",
            false,
        ),
        (&stranger, 20, "/lgtm\u{200b}".to_owned(), "", false),
        (
            &maya,
            20,
            format!("/ok to test\u{200b} {full}"),
            "can't be seen",
            false,
        ),
    ];
    for (by, second, body, expected, approved) in rows {
        let mut scene = Scene::of_stranger();
        let said = match scene.comment(by, second, &body) {
            None => String::new(),
            Some(Answer::ThumbsUp) => thumbs_up.to_owned(),
            Some(Answer::Reply(text)) => text,
        };
        let matches = if expected.is_empty() {
            said.is_empty()
        } else {
            said.contains(expected)
        };
        assert!(matches, "{body:?} at {second}: {said}");
        let wanted = scene.state.wanted_mirror == Mirror::At(sha('a'));
        assert_eq!(wanted, approved, "{body:?}");
    }
}

#[test]
fn an_approval_does_not_reach_the_next_head() {
    let mut scene = Scene::of_stranger();
    scene.comment(&user(1, "maya"), 20, &format!("/ok to test {}", sha('a')));
    assert_eq!(scene.state.wanted_mirror, Mirror::At(sha('a')));
    scene.pull().head = sha('b');
    scene.decide();
    assert_eq!(
        scene.state.wanted_mirror,
        Mirror::At(sha('a')),
        "the mirror stays where it is"
    );
    assert_eq!(
        scene.status(),
        GateStatus::Completed(Conclusion::ActionRequired)
    );
    assert_eq!(scene.state.gate.as_ref().expect("a gate").sha, sha('b'));
}

#[test]
fn what_is_remembered_of_a_closed_pull_request_still_approves_its_head_and_no_other() {
    let mut scene = Scene::of_stranger();
    scene.state.comment_says(CommentId(5), "waiting".into());
    scene.comment(&user(1, "maya"), 20, &format!("/ok to test {}", sha('a')));
    scene.pull().open = false;
    scene.decide();
    assert_eq!(scene.state.wanted_mirror, Mirror::Absent);
    scene.state = scene.state.remembered().expect("it was approved");
    assert_eq!(scene.state.judged, None);

    scene.pull().open = true;
    scene.decide();
    assert_eq!(scene.state.wanted_mirror, Mirror::At(sha('a')));
    assert_eq!(scene.state.comment.posted, Posted::Is(CommentId(5)));
    let twin = Sha::parse(&format!("aaaaaaaaa{}", "b".repeat(31))).expect("forty digits");
    scene.pull().head = twin.clone();
    scene.decide();
    scene.comment(&user(1, "maya"), 40, "/ok to test aaaaaaaaa");
    assert_ne!(
        scene.state.wanted_mirror,
        Mirror::At(twin),
        "its earlier head is still known"
    );

    assert_eq!(Scene::of_member().state.remembered(), None);
}

#[test]
fn presses_of_those_who_may_look_leave_room_for_comments() {
    let mut state = PullState::new(repo(), PrNumber(7), false);
    let press = |state: &mut PullState, by: u64, deed: Deed| {
        let before = state.requests.len();
        state.intake(&Event::Dashboard {
            repo: repo(),
            number: PrNumber(7),
            by: user(by, "somebody"),
            deed,
            at: at(1),
        });
        state.requests.len() - before
    };
    assert_eq!(press(&mut state, 1, Deed::Sync), 1);
    assert_eq!(press(&mut state, 2, Deed::Sync), 0, "one look is enough");
    assert!(state.stale);
    for by in 10..30 {
        for _ in 0..5 {
            press(&mut state, by, Deed::Cancel(sha('a')));
        }
    }
    assert_eq!(state.requests.len(), 40, "what was taken is heard");
    state.intake(&Event::Comment {
        repo: repo(),
        number: PrNumber(7),
        thread: Thread::Pull,
        pull_author: None,
        comment: CommentId(5),
        author: user(1, "maya"),
        created_at: at(2),
        lines: command::extract(&format!("/ok to test {}", sha('a'))),
    });
    assert_eq!(state.requests.len(), 41, "and a comment has room");
    assert!(!state.takes_deed_of(&user(99, "vera")));
    state
        .requests
        .retain(|request| request.by().id == UserId(10));
    assert_eq!(state.requests.len(), 5);
    assert!(
        !state.takes_deed_of(&user(10, "somebody")),
        "that is enough of one"
    );
    assert!(state.takes_deed_of(&user(11, "other")));
}

#[test]
fn only_a_pull_request_that_waits_for_people_gets_a_comment() {
    assert_eq!(Scene::of_member().state.comment.wanted, None);
    let mut scene = Scene::of_stranger();
    let first = scene.state.comment.wanted.clone().expect("a comment");
    assert!(
        first.contains(&format!("/ok to test {}", sha('a'))),
        "{first}"
    );
    assert_eq!(plan(&scene.state), [Action::PostComment(first.clone())]);
    scene.state.comment_says(CommentId(5), first);
    assert_eq!(plan(&scene.state), []);
    scene.pull().head = sha('b');
    scene.decide();
    assert!(matches!(
        plan(&scene.state)[0],
        Action::EditComment(CommentId(5), _)
    ));
    let drafts = Scene::new(&user(1, "maya"), true, "auto_sync_ready: false");
    let explained = drafts.state.comment.wanted.expect("a comment");
    assert!(
        explained.contains("`auto_sync_ready` is off"),
        "{explained}"
    );
}

#[test]
fn names_from_outside_do_not_act_in_what_we_write() {
    let evil = user(2, "x](https://evil)\u{202e}@maya|`<b>");
    let scene = Scene::new(&evil, false, "");
    let comment = scene.state.comment.wanted.expect("a comment");
    let summary = scene.state.gate.expect("a gate").gate.summary;
    for text in [comment, summary] {
        assert!(
            text.contains("`x](https://evil)\\u{202e}@maya\\u{7c}'<b>`"),
            "{text}"
        );
    }
}

#[test]
fn a_short_sha_never_reaches_a_head_that_was_away() {
    let short_at = |second| {
        let mut scene = Scene::of_stranger();
        let pushed =
            |state: &mut PullState, head: char, second| state.saw_head(&sha(head), at(second));
        pushed(&mut scene.state, 'b', 30);
        pushed(&mut scene.state, 'a', 40);
        // A delivery of the first push comes once more, late.
        pushed(&mut scene.state, 'b', 30);
        // So does that of the very first.
        pushed(&mut scene.state, 'a', 10);
        scene.comment(&user(1, "maya"), second, "/ok to test aaaaaaa");
        scene.state.wanted_mirror == Mirror::At(sha('a'))
    };
    assert!(!short_at(20), "meant the first time it was the head");
    assert!(!short_at(35), "another head was there");
    assert!(short_at(41));
}

#[test]
fn a_short_sha_from_before_the_repository_was_known_approves_nothing() {
    let approves = |known: i64, lost: Option<i64>, words: &str| {
        let mut scene = Scene::of_stranger();
        scene.findings.repository.known_since = Some(at(known));
        scene.state.recalled = lost.map(at);
        scene.comment(&user(1, "maya"), 400, words);
        scene.state.wanted_mirror == Mirror::At(sha('a'))
    };
    let (short, full) = ("/ok to test aaaaaaa", format!("/ok to test {}", sha('a')));
    assert!(approves(5, None, short));
    assert!(
        !approves(401, None, short),
        "it may have meant an earlier head"
    );
    assert!(approves(401, None, &full));
    assert!(approves(5, Some(99), short));
    assert!(
        !approves(5, Some(101), short),
        "within five minutes of a loss of data"
    );
    assert!(approves(5, Some(101), &full));
}

#[test]
fn a_short_sha_that_fits_two_heads_names_neither() {
    let twin = Sha::parse(&format!("aaaaaaaaa{}", "b".repeat(31))).expect("forty digits");
    let mut scene = Scene::of_stranger();
    scene.pull().head = twin.clone();
    scene.pull().updated_at = at(30);
    scene.decide();
    let answer = scene.comment(&user(1, "maya"), 40, "/ok to test aaaaaaaaa");
    assert!(matches!(answer, Some(Answer::Reply(_))), "{answer:?}");
    assert_eq!(scene.state.wanted_mirror, Mirror::Unknown);
    scene.comment(&user(1, "maya"), 41, &format!("/ok to test {twin}"));
    assert_eq!(scene.state.wanted_mirror, Mirror::At(twin));
}
