use super::super::change::HISTORY;
use super::*;
use crate::domain::trust::PullView;

#[tokio::test]
async fn a_change_writes_its_records_and_takes_in_its_entries() {
    let store = store();
    let entries = fresh(
        store
            .accept(delivery("a", vec![entry(1), entry(2)]))
            .await
            .unwrap(),
    );
    let (state, repo) = (pull(1, 7, 3, Some('a')), RepoState::new(repository(1)));
    let head = HeadState {
        repo: repository(1),
        sha: sha('a'),
        gates: Vec::new(),
        look_first: true,
        attempts: 0,
        configures: Configures::Unknown,
        looks_failed: 0,
    };
    let subject = Subject::Pull(state.key());
    let change = Change {
        records: vec![
            Record::Pull(Box::new(state.clone())),
            Record::Head(Box::new(head.clone())),
            Record::Repo(Box::new(repo.clone())),
        ],
        done: vec![entries[0].id],
        due: vec![(subject.clone(), Some(day(1)))],
        from: None,
        history: vec![line(&subject, "opened")],
    };
    store.commit(change).await.unwrap();

    assert_eq!(store.pending().await.unwrap(), entries[1..]);
    assert_eq!(store.pull(state.key()).await.unwrap(), Some(state.clone()));
    assert_eq!(pulls_of(&store, RepoId(1)).await, [state]);
    assert_eq!(store.head(RepoId(1), &sha('a')).await.unwrap(), Some(head));
    assert_eq!(store.repo(RepoId(1)).await.unwrap(), Some(repo.clone()));
    assert_eq!(store.repos().await.unwrap(), [repo]);
    assert_eq!(store.due().await.unwrap(), [(subject.clone(), day(1))]);
    assert_eq!(
        store.history(&subject, 9).await.unwrap(),
        [line(&subject, "opened")]
    );

    let not_due = Change {
        due: vec![(subject, None)],
        ..Change::default()
    };
    store.commit(not_due).await.unwrap();
    assert_eq!(store.due().await.unwrap(), []);
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let store = store();
    let entries = fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap());
    let subject = Subject::Repository(RepoId(1));
    // The history is written last but one; its counter can't be read.
    super::disk(&store)
        .history_next
        .insert(keys::subject(&subject), b"?")
        .unwrap();
    let change = Change {
        done: vec![entries[0].id],
        history: vec![line(&subject, "read")],
        ..write(vec![pull(1, 7, 3, Some('a'))])
    };
    let error = store.commit(change).await.unwrap_err();

    assert!(
        error.to_string().contains("the record history_next/r"),
        "{error}"
    );
    assert_eq!(store.pending().await.unwrap(), entries);
    assert_eq!(pulls_of(&store, RepoId(1)).await, []);
    assert_eq!(store.pulls_by(UserId(3)).await.unwrap(), []);
}

#[tokio::test]
async fn open_pull_requests_are_listed_and_silent_ones_are_found_by_their_head() {
    let store = store();
    let unread = pull(1, 6, 3, None);
    let mut open = pull(1, 7, 3, None);
    open.view = Some(super::prune::view(7, true));
    let mut closed = pull(1, 8, 3, None);
    closed.view = Some(super::prune::view(8, false));
    let states = vec![unread, open.clone(), closed.clone(), pull(2, 9, 3, None)];
    store.commit(write(states)).await.unwrap();

    let listed = |store: &SledStore| disk(store).open_pulls(RepoId(1)).unwrap();
    assert_eq!(listed(&store), [PrNumber(6), PrNumber(7)].into());
    let at = async |store: &SledStore, digit| -> Vec<u64> {
        let found = store.silent_pulls_at(RepoId(1), &sha(digit)).await.unwrap();
        found.iter().map(|state| state.number.0).collect()
    };
    assert_eq!(at(&store, 'a').await, [7, 8]);

    // One has a gate now, the other one was opened again with another head.
    open.gate = pull(1, 7, 3, Some('a')).gate;
    let view = closed.view.as_mut().unwrap();
    (view.open, view.head) = (true, sha('b'));
    store.commit(write(vec![open, closed])).await.unwrap();
    let numbers: BTreeSet<PrNumber> = [6, 7, 8].map(PrNumber).into();
    assert_eq!(listed(&store), numbers);
    assert_eq!(
        (at(&store, 'a').await, at(&store, 'b').await),
        (vec![], vec![8])
    );

    // An older version kept no lists: they are made anew.
    let disk = disk(&store);
    disk.lists.clear().unwrap();
    disk.meta.remove("lists").unwrap();
    disk.make_lists().unwrap();
    assert_eq!(listed(&store), numbers);
    assert_eq!(
        (at(&store, 'a').await, at(&store, 'b').await),
        (vec![], vec![8])
    );
}

#[tokio::test]
async fn a_pull_request_is_found_at_the_commit_its_gate_stands_at() {
    let store = store();
    let numbers_at = async |digit| -> Vec<u64> {
        let found = store.pulls_at(RepoId(1), &sha(digit)).await.unwrap();
        found.iter().map(|state| state.number.0).collect()
    };
    let pulls = vec![
        pull(1, 7, 3, Some('a')),
        pull(1, 8, 3, Some('a')),
        pull(2, 9, 3, Some('a')),
    ];
    store.commit(write(pulls)).await.unwrap();
    assert_eq!(numbers_at('a').await, [7, 8]);

    store
        .commit(write(vec![pull(1, 7, 3, Some('b'))]))
        .await
        .unwrap();
    assert_eq!(
        (numbers_at('a').await, numbers_at('b').await),
        (vec![8], vec![7])
    );

    // Twice in one change: the last counts.
    store
        .commit(write(vec![pull(1, 7, 3, Some('c')), pull(1, 7, 3, None)]))
        .await
        .unwrap();
    assert!(numbers_at('b').await.is_empty());
    assert!(numbers_at('c').await.is_empty());
    assert_eq!(super::disk(&store).by_head.len(), 2);
}

#[tokio::test]
async fn an_author_has_the_pull_requests_that_are_open_or_never_were_read() {
    let store = store();
    let viewed = |number, open| {
        let mut state = pull(2, number, 3, None);
        state.view = Some(PullView {
            number: PrNumber(number),
            open,
            draft: false,
            title: "A change".into(),
            author: state.author.clone(),
            head: sha('a'),
            base: "main".into(),
            base_sha: None,
            labels: Default::default(),
            commits: 1,
            changed_files: 1,
            updated_at: day(0),
            created_at: day(0),
        });
        state
    };
    let pulls = vec![
        pull(1, 1, 3, None),
        viewed(2, true),
        viewed(3, false),
        pull(1, 4, 30, None),
    ];
    store.commit(write(pulls)).await.unwrap();
    let key = |repo, number| PullKey {
        repo: RepoId(repo),
        number: PrNumber(number),
    };
    assert_eq!(
        store.pulls_by(UserId(3)).await.unwrap(),
        [key(1, 1), key(2, 2)]
    );

    store.commit(write(vec![viewed(2, false)])).await.unwrap();
    assert_eq!(store.pulls_by(UserId(3)).await.unwrap(), [key(1, 1)]);
}

#[tokio::test]
async fn of_a_history_the_newest_two_hundred_lines_are_kept() {
    let store = store();
    let subject = Subject::Head(RepoId(1), sha('a'));
    let other = Subject::Repository(RepoId(1));
    let mut history: Vec<_> = (0..HISTORY + 10)
        .map(|n| line(&subject, &n.to_string()))
        .collect();
    history.push(line(&other, "other"));
    store
        .commit(Change {
            history,
            ..Change::default()
        })
        .await
        .unwrap();
    let history = vec![line(&subject, "newest")];
    store
        .commit(Change {
            history,
            ..Change::default()
        })
        .await
        .unwrap();

    let kept = store.history(&subject, usize::MAX).await.unwrap();
    assert_eq!(kept.len() as u64, HISTORY);
    assert_eq!(
        (kept[0].what.as_str(), kept[1].what.as_str()),
        ("newest", "209")
    );
    assert_eq!(kept[199].what, "11");
    assert_eq!(store.history(&subject, 3).await.unwrap(), kept[..3]);
    assert_eq!(store.history(&other, 3).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_forgotten_repository_leaves_nothing_and_takes_nothing_else() {
    let store = store();
    for repo in [1, 2] {
        let state = pull(repo, 7, 3, Some('a'));
        let subjects = [
            Subject::Pull(state.key()),
            Subject::Head(RepoId(repo), sha('a')),
            Subject::Repository(RepoId(repo)),
        ];
        let mut change = write(vec![state]);
        change
            .records
            .push(Record::Repo(Box::new(RepoState::new(repository(repo)))));
        change.records.push(Record::Head(Box::new(HeadState {
            repo: repository(repo),
            sha: sha('a'),
            gates: Vec::new(),
            look_first: false,
            attempts: 0,
            configures: Configures::Unknown,
            looks_failed: 0,
        })));
        change.due = subjects
            .iter()
            .map(|subject| (subject.clone(), Some(day(1))))
            .collect();
        change.history = subjects
            .iter()
            .map(|subject| line(subject, "seen"))
            .collect();
        store.commit(change).await.unwrap();
    }
    let disk = super::disk(&store);
    let sizes = || {
        [
            &disk.pulls,
            &disk.heads,
            &disk.repos,
            &disk.by_head,
            &disk.by_author,
            &disk.due,
            &disk.history,
            &disk.history_next,
        ]
        .map(|tree| tree.len())
    };
    assert_eq!(sizes(), [2, 2, 2, 2, 2, 6, 6, 6]);

    let mut entries = Vec::new();
    for (id, of) in [("old", 1), ("other", 2), ("gone", 1), ("new", 1)] {
        let accepted = store.accept(delivery(id, vec![entry(of)])).await.unwrap();
        entries.extend(fresh(accepted));
    }
    let gone = entries[2].id;
    let change = Change {
        records: vec![Record::ForgetRepo(RepoId(1), gone)],
        done: vec![gone],
        ..Change::default()
    };
    store.commit(change).await.unwrap();
    assert_eq!(sizes(), [1, 1, 1, 1, 1, 3, 3, 3]);
    assert_eq!(pulls_of(&store, RepoId(2)).await.len(), 1);
    let left = store.pending().await.unwrap();
    assert_eq!(left, [entries[1].clone(), entries[3].clone()]);
}

#[tokio::test]
async fn a_record_that_cannot_be_decoded_is_an_error_by_key_left_out_of_lists_and_can_be_replaced()
{
    let store = store();
    let (bad, good) = (pull(1, 7, 3, Some('a')), pull(1, 8, 3, Some('a')));
    store
        .commit(write(vec![bad.clone(), good.clone()]))
        .await
        .unwrap();
    super::disk(&store)
        .pulls
        .insert(keys::pull(bad.key()), b"{}")
        .unwrap();
    super::disk(&store).recent.clear();

    let error = store.pull(bad.key()).await.unwrap_err().to_string();
    assert!(
        error.starts_with("reading a pull request: the record pulls/"),
        "{error}"
    );
    assert_eq!(
        pulls_of(&store, RepoId(1)).await,
        std::slice::from_ref(&good)
    );
    // The gate of a head must not be decided without one of its pull requests.
    assert!(store.pulls_at(RepoId(1), &sha('a')).await.is_err());

    super::disk(&store)
        .pulls
        .insert(keys::pull(bad.key()), b"{")
        .unwrap();
    store
        .commit(write(vec![pull(1, 7, 3, Some('b'))]))
        .await
        .unwrap();
    assert_eq!(store.pulls_at(RepoId(1), &sha('a')).await.unwrap(), [good]);
    assert_eq!(store.pulls_at(RepoId(1), &sha('b')).await.unwrap().len(), 1);
}
