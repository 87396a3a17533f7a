use super::*;
use crate::domain::gate::Published;

use crate::domain::pull::{Mirror, SeenHead, implied_gates};
use crate::domain::trust::{Approval, PullView, Verdict};

/// A pull request that was closed on the first day, with nothing left to do.
fn closed(number: u64) -> PullState {
    let mut state = pull(1, number, 3, None);
    state.view = Some(view(number, false));
    state.stale = false;
    state.observed_mirror = Mirror::Absent;
    state
}

pub(super) fn view(number: u64, open: bool) -> PullView {
    PullView {
        number: PrNumber(number),
        open,
        draft: false,
        title: "A change".into(),
        author: None,
        head: sha('a'),
        base: "main".into(),
        base_sha: None,
        labels: Default::default(),
        commits: 1,
        changed_files: 1,
        updated_at: day(0),
        created_at: day(0),
    }
}

#[tokio::test]
async fn a_closed_pull_request_is_forgotten_but_for_approvals_unless_something_is_left_to_do() {
    let store = store();
    let mut open = closed(2);
    open.view.as_mut().unwrap().open = true;
    let mut approved = closed(3);
    approved.approvals = vec![Approval {
        sha: sha('a'),
        by: approved.author.clone().unwrap(),
        at: day(0),
    }];
    let mut mirrored = closed(4);
    mirrored.observed_mirror = Mirror::At(sha('a'));
    approved.heads = vec![SeenHead {
        sha: sha('a'),
        since: day(0),
        announced: true,
    }];
    approved.verdict = Some(Verdict::Trusted);
    approved.trouble = Some("what nobody has to know for good".into());
    let due = closed(5);
    let states = vec![closed(1), open, approved.clone(), mirrored, due.clone()];
    let mut change = write(states);
    change.due = vec![(Subject::Pull(due.key()), Some(day(50)))];
    store.commit(change).await.unwrap();

    let numbers = async || {
        let pulls = pulls_of(&store, RepoId(1)).await;
        pulls.iter().map(|pull| pull.number.0).collect::<Vec<_>>()
    };
    assert_eq!(store.prune(day(29), Retention::default()).await.unwrap(), 0);
    assert_eq!(numbers().await, [1, 2, 3, 4, 5]);
    assert_eq!(store.prune(day(31), Retention::default()).await.unwrap(), 2);
    assert_eq!(numbers().await, [2, 3, 4, 5]);
    let left = store.pull(approved.key()).await.unwrap().unwrap();
    assert_eq!(
        (&left.approvals, &left.heads),
        (&approved.approvals, &approved.heads)
    );
    assert_eq!((left.verdict, left.trouble), (None, None));
    assert_eq!(store.prune(day(31), Retention::default()).await.unwrap(), 0);
    assert_eq!(disk(&store).verify().problems, [""; 0]);
}

#[tokio::test]
async fn the_gates_of_a_commit_are_forgotten_when_nobody_has_spoken_of_it_for_long() {
    let store = store();
    let gates_at = |digit: char, day_of_writing: i64| HeadState {
        repo: repository(1),
        sha: sha(digit),
        gates: vec![Published {
            name: implied_gates().remove(0),
            check_run: None,
            look_first: false,
            says: None,
            written_at: Some(day(day_of_writing)),
            stands_since: None,
        }],
        look_first: false,
        attempts: 0,
        configures: Configures::Unknown,
        looks_failed: 0,
    };
    let heads = [
        gates_at('a', 1),
        gates_at('b', 1),
        gates_at('c', 1),
        gates_at('d', 20),
    ];
    // `b` is the head of an open pull request, and of `c` something is due.
    let mut change = write(vec![pull(1, 7, 3, Some('b'))]);
    change
        .records
        .extend(heads.map(|head| Record::Head(Box::new(head))));
    change.due = vec![(Subject::Head(RepoId(1), sha('c')), Some(day(50)))];
    store.commit(change).await.unwrap();
    assert_eq!(
        store.prune(day(395), Retention::default()).await.unwrap(),
        0
    );
    assert_eq!(
        store.prune(day(397), Retention::default()).await.unwrap(),
        1
    );
    let mut left = Vec::new();
    for digit in ['a', 'b', 'c', 'd'] {
        if store.head(RepoId(1), &sha(digit)).await.unwrap().is_some() {
            left.push(digit);
        }
    }
    assert_eq!(left, ['b', 'c', 'd']);
    assert_eq!(disk(&store).verify().problems, [""; 0]);
}

#[tokio::test]
async fn old_lines_of_a_history_are_forgotten_and_it_goes_on() {
    let store = store();
    let subject = Subject::Repository(RepoId(1));
    let ended = Subject::Repository(RepoId(2));
    let mut newer = line(&subject, "newer");
    newer.at = day(80);
    let mut change = write(vec![]);
    change.history = vec![line(&subject, "old"), newer, line(&ended, "old")];
    store.commit(change).await.unwrap();
    assert_eq!(store.prune(day(91), Retention::default()).await.unwrap(), 2);
    let mut more = write(vec![]);
    more.history = vec![line(&subject, "newest"), line(&ended, "new")];
    store.commit(more).await.unwrap();
    let said = async |subject: &Subject| {
        let history = store.history(subject, 9).await.unwrap();
        history
            .into_iter()
            .map(|line| line.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(said(&subject).await, ["newest", "newer"]);
    assert_eq!(said(&ended).await, ["new"]);
    assert_eq!(disk(&store).verify().problems, [""; 0]);
}
