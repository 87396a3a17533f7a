use super::*;
use crate::domain::ids::{InstallationId, OwnerKind, Repo, RepoId, RepoName, UserId};
use crate::domain::trust::Verdict;

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn kept(number: u64, open: bool) -> PullState {
    let repo = Repo {
        id: RepoId(1),
        installation: InstallationId(2),
        name: RepoName::parse("acme/engine").unwrap(),
        owner: UserId(3),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".to_owned(),
    };
    let mut state = PullState::new(repo, PrNumber(number), true);
    state.view = Some(PullView {
        number: PrNumber(number),
        open,
        draft: false,
        title: "A change".into(),
        author: None,
        head: sha('a'),
        base: "main".to_owned(),
        base_sha: None,
        labels: BTreeSet::new(),
        commits: 1,
        changed_files: 1,
        updated_at: DateTime::UNIX_EPOCH,
        created_at: DateTime::UNIX_EPOCH,
    });
    state.verdict = open.then_some(Verdict::Trusted);
    state
}

fn shown() -> Shown {
    Shown {
        draft: false,
        head: sha('a'),
        base: "main".to_owned(),
        labels: BTreeSet::new(),
    }
}

const RULE: Rule = Rule {
    labels: false,
    lost_at: None,
};

/// Whether an open pull request is looked at again.
fn differs(change: impl Fn(&mut PullState, &mut Shown), rule: Rule) -> bool {
    let (mut state, mut shown) = (kept(1, true), shown());
    change(&mut state, &mut shown);
    let sight = Sight {
        open: [(PrNumber(1), shown)].into(),
        all_listed: true,
        mirrors: BTreeMap::new(),
        all_mirrors: true,
    };
    !compare(&[state], &sight, rule).pulls.is_empty()
}

#[test]
fn what_matters_of_an_open_pull_request_is_compared() {
    let labels = Rule {
        labels: true,
        ..RULE
    };
    let lost = Rule {
        lost_at: Some(DateTime::UNIX_EPOCH),
        ..RULE
    };
    assert!(!differs(|_, _| {}, RULE));
    assert!(differs(|_, shown| shown.head = sha('b'), RULE));
    assert!(differs(|_, shown| shown.draft = true, RULE));
    assert!(differs(|_, shown| shown.base = "next".to_owned(), RULE));
    assert!(differs(|state, _| state.view = None, RULE));
    assert!(differs(
        |state, _| state.view.as_mut().unwrap().open = false,
        RULE
    ));
    assert!(differs(|state, _| state.verdict = None, RULE));
    let failing = |state: &mut PullState, shown: &mut Shown| {
        (state.failures, shown.head) = (1, sha('b'));
    };
    assert!(!differs(failing, RULE));
    let label = |_: &mut PullState, shown: &mut Shown| {
        shown.labels.insert("gpu".to_owned());
    };
    assert!(differs(label, labels));
    assert!(!differs(label, RULE));
    assert!(differs(|_, _| {}, lost));
    assert!(!differs(|state, _| state.recalled = lost.lost_at, lost));
}

#[test]
fn one_that_is_not_listed_is_closed_only_if_the_list_is_whole() {
    for all_listed in [true, false] {
        let sight = Sight {
            all_listed,
            all_mirrors: true,
            ..Sight::default()
        };
        let found = compare(&[kept(1, true), kept(2, false)], &sight, RULE);
        let expected: BTreeSet<_> = all_listed.then_some(PrNumber(1)).into_iter().collect();
        assert_eq!(found.pulls, expected);
    }
}

#[test]
fn a_mirror_differs_where_it_is_neither_wanted_nor_believed_to_be() {
    use Mirror::{Absent, At, Unknown};
    for (wanted, observed, there, differs) in [
        (Unknown, Absent, Some('b'), false),
        (Unknown, Unknown, None, false),
        (At(sha('a')), At(sha('a')), Some('a'), false),
        (At(sha('a')), At(sha('a')), Some('b'), true),
        (At(sha('a')), At(sha('a')), None, true),
        (At(sha('a')), Unknown, Some('a'), false),
        // Its task knows, and is at it or may not.
        (At(sha('a')), Absent, None, false),
        (At(sha('a')), At(sha('b')), Some('b'), false),
        (Absent, Absent, Some('a'), true),
        (Absent, Absent, None, false),
        (Absent, At(sha('a')), Some('a'), false),
    ] {
        let mut state = kept(1, true);
        (state.wanted_mirror, state.observed_mirror) = (wanted.clone(), observed.clone());
        let mirrors = there.map(|digit| (PrNumber(1), sha(digit)));
        let sight = Sight {
            open: [(PrNumber(1), shown())].into(),
            all_listed: true,
            mirrors: mirrors.into_iter().collect(),
            all_mirrors: true,
        };
        let found = compare(&[state], &sight, RULE);
        assert_eq!(
            !found.mirrors.is_empty(),
            differs,
            "{wanted:?} {observed:?} {there:?}"
        );
        assert!(found.pulls.is_empty());
    }
}

#[test]
fn a_branch_of_a_pull_request_nothing_is_known_of_is_a_stranger_unless_that_is_open() {
    let sight = Sight {
        open: [(PrNumber(1), shown())].into(),
        all_listed: true,
        mirrors: [
            (PrNumber(1), sha('a')),
            (PrNumber(2), sha('a')),
            (PrNumber(3), sha('a')),
        ]
        .into(),
        all_mirrors: true,
    };
    let found = compare(&[kept(3, false)], &sight, RULE);
    assert_eq!(found.strangers, [PrNumber(2)].into());
    assert_eq!(found.pulls, [PrNumber(1)].into());
}
