use super::*;
use crate::domain::ids::RunSubject;
use crate::domain::trust::{PullView, Reason, Verdict};
use crate::store::lists::{
    Among, Arrival, Asked, Lists, MOST_LOOKS, Page, PullRow, RunsRow, Search, Stage,
};
use std::sync::Arc;

const FIRST: Asked = Asked {
    after: None,
    limit: 25,
};

/// An open pull request that waits for a vetter since that day.
fn waiting(repo: u64, number: u64, since: i64) -> PullState {
    let mut state = pull(repo, number, 7, Some('a'));
    let head = sha('a');
    state.view = Some(PullView {
        number: PrNumber(number),
        open: true,
        draft: false,
        title: format!("Change {number}"),
        author: state.author.clone(),
        head: head.clone(),
        base: "main".into(),
        base_sha: None,
        labels: Default::default(),
        commits: 1,
        changed_files: 1,
        updated_at: day(0),
        created_at: day(0),
    });
    state.heads.push(crate::domain::pull::SeenHead {
        sha: head,
        since: day(since),
        announced: true,
    });
    state.verdict = Some(Verdict::NeedsVetting(vec![Reason::AuthorGone]));
    state
}

async fn pulls(
    store: &SledStore,
    search: Search,
    asked: Asked,
) -> Page<(PullRow, Option<RunsRow>)> {
    store.list_pulls(RepoId(1), search, asked).await.unwrap()
}

fn numbers<'a>(rows: impl IntoIterator<Item = &'a PullRow>) -> Vec<u64> {
    rows.into_iter().map(|row| row.number.0).collect()
}

fn found(page: &Page<(PullRow, Option<RunsRow>)>) -> Vec<u64> {
    numbers(page.rows.iter().map(|(row, _)| row))
}

async fn vetting(store: &SledStore) -> Vec<u64> {
    numbers(&store.list_vetting(Among::All, FIRST).await.unwrap().rows)
}

#[tokio::test]
async fn a_page_looks_at_few_of_fifty_thousand_pull_requests() {
    const MANY: u64 = 50_000;
    let store = store();
    for first in (1..=MANY).step_by(1000) {
        let states = (first..first + 1000).map(|number| waiting(1, number, 0));
        store.commit(write(states.collect())).await.unwrap();
    }
    let page = pulls(&store, Search::default(), FIRST).await;
    assert_eq!((page.rows.len(), page.looks), (25, 25));
    assert_eq!(page.rows[0].0.number.0, MANY);
    let after = Asked {
        after: page.next,
        limit: 25,
    };
    let second = pulls(&store, Search::default(), after).await;
    assert_eq!((second.rows[0].0.number.0, second.looks), (MANY - 25, 25));
    let page = store.list_vetting(Among::All, FIRST).await.unwrap();
    assert_eq!((page.rows.len(), page.looks), (25, 25));
    // One that is looked for by its number is there at once.
    let page = pulls(&store, Search::of("#123", None), FIRST).await;
    assert_eq!(found(&page), [123]);
    assert_eq!((page.looks, page.next), (1, None));
    let page = pulls(&store, Search::of("123", None), FIRST).await;
    assert_eq!(
        (found(&page), page.looks),
        (vec![123, 49_123, 48_123], MOST_LOOKS)
    );
    let none = pulls(&store, Search::of("#60000", None), FIRST).await;
    assert_eq!((none.rows.len(), none.looks, none.next), (0, 1, None));
    let waiting = Search::of("", Some(Stage::Vetting));
    let page = pulls(&store, waiting, FIRST).await;
    assert_eq!((page.rows[0].0.number.0, page.looks), (1, 25));
    let counted = store.waiting(RepoId(1)).await.unwrap();
    assert_eq!((counted.count, counted.more), (MOST_LOOKS, true));
    // A search that finds little says how far it came, and goes on from there.
    let search = Search::of("change 47123", None);
    let page = pulls(&store, search.clone(), FIRST).await;
    assert_eq!((page.rows.len(), page.looks), (0, MOST_LOOKS));
    let page = pulls(
        &store,
        search,
        Asked {
            after: page.next,
            limit: 25,
        },
    )
    .await;
    assert_eq!(found(&page), [47_123]);
    assert!(page.looks <= MOST_LOOKS);
}

#[tokio::test]
async fn who_waits_the_longest_comes_first_and_who_waits_no_more_is_gone() {
    let store = store();
    let states = vec![waiting(1, 1, 5), waiting(1, 2, 3), waiting(2, 3, 4)];
    store.commit(write(states)).await.unwrap();
    assert_eq!(vetting(&store).await, [2, 3, 1]);
    let of_two = Among::These(Arc::new([RepoId(2)].into()));
    let page = store.list_vetting(of_two, FIRST).await.unwrap();
    assert_eq!(numbers(&page.rows), [3]);
    // A new head waits from then on; one that is trusted does not wait; one that is closed is in no list.
    let mut trusted = waiting(1, 1, 5);
    trusted.verdict = Some(Verdict::Trusted);
    let mut closed = waiting(2, 3, 4);
    closed.view.as_mut().unwrap().open = false;
    store
        .commit(write(vec![waiting(1, 2, 9), trusted, closed]))
        .await
        .unwrap();
    assert_eq!(vetting(&store).await, [2]);
    let all = pulls(&store, Search::default(), FIRST).await;
    assert_eq!(found(&all), [2, 1]);
    let stage = Search::of("", Some(Stage::Vetting));
    assert_eq!(found(&pulls(&store, stage, FIRST).await), [2]);
    let forgets = Change {
        records: vec![Record::ForgetRepo(RepoId(1), InboxId(u64::MAX))],
        ..Change::default()
    };
    store.commit(forgets).await.unwrap();
    assert_eq!(vetting(&store).await, [0; 0]);
    assert!(disk(&store).lists.is_empty());
}

#[tokio::test]
async fn a_repository_knows_how_many_wait_there_and_which_the_longest() {
    let store = store();
    let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    let waits = async |repo| store.waiting(RepoId(repo)).await.unwrap();
    let counted = waits(1).await;
    assert_eq!(
        (counted.count, counted.more, counted.since),
        (0, false, None)
    );
    let states = vec![waiting(1, 1, 5), waiting(1, 2, 3), waiting(2, 3, 4)];
    store.commit(write(states)).await.unwrap();
    let counted = waits(1).await;
    assert_eq!(
        (counted.count, millis(counted.since)),
        (2, millis(Some(day(3))))
    );
    let stage = Search::of("", Some(Stage::Vetting));
    assert_eq!(found(&pulls(&store, stage.clone(), FIRST).await), [2, 1]);
    let one = Asked { limit: 1, ..FIRST };
    let first = pulls(&store, stage.clone(), one).await;
    let after = first.next;
    let second = pulls(&store, stage, Asked { after, limit: 1 }).await;
    assert_eq!((found(&second), second.next), (vec![1], None));
    let mut trusted = waiting(1, 2, 3);
    trusted.verdict = Some(Verdict::Trusted);
    store.commit(write(vec![trusted])).await.unwrap();
    let counted = waits(1).await;
    assert_eq!(
        (counted.count, millis(counted.since)),
        (1, millis(Some(day(5))))
    );
}

#[tokio::test]
async fn words_beside_a_number_count_too() {
    let store = store();
    let states = (1..=12).map(|number| waiting(1, number, 0)).collect();
    store.commit(write(states)).await.unwrap();
    for (text, expected) in [
        ("#1", &[1][..]),
        ("1", &[1, 12, 11, 10]),
        ("#1 change", &[1]),
        ("change #1", &[1]),
        ("#1 nothing", &[]),
        ("#1 #2", &[]),
        ("change 12", &[12]),
        ("#", &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("#x", &[]),
        ("99", &[]),
    ] {
        let page = pulls(&store, Search::of(text, None), FIRST).await;
        assert_eq!(found(&page), expected, "{text:?}");
    }
    let passed = Search::of("#1", Some(Stage::Passed));
    assert_eq!(found(&pulls(&store, passed, FIRST).await), [0; 0]);
}

#[tokio::test]
async fn a_repository_is_found_by_the_name_that_it_has_now() {
    let store = store();
    let mut state = RepoState::new(repository(1));
    state.repo.installation = InstallationId(5);
    let old = state.repo.name.to_string();
    let named = |state: &RepoState| Change {
        records: vec![Record::Repo(Box::new(state.clone()))],
        ..Change::default()
    };
    store.commit(named(&state)).await.unwrap();
    let found = store.repo_named(&old.to_uppercase()).await.unwrap();
    assert_eq!(found.unwrap().id, RepoId(1));
    state.repo.name = crate::domain::ids::RepoName::parse("acme/renamed").unwrap();
    store.commit(named(&state)).await.unwrap();
    assert!(store.repo_named(&old).await.unwrap().is_none());
    assert!(store.repo_named("acme/rename").await.unwrap().is_none());
    let listed = store.repo_listed(RepoId(1)).await.unwrap().unwrap();
    assert_eq!(listed.name.to_string(), "acme/renamed");
    let all = store.list_repos(Among::All, FIRST).await.unwrap();
    assert_eq!(all.rows.len(), 1);
    let none = Among::These(Arc::default());
    assert!(store.list_repos(none, FIRST).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn lists_that_an_older_version_has_left_behind_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    store.commit(write(vec![waiting(1, 1, 0)])).await.unwrap();
    {
        // As a version without lists leaves it: the record is there, counted, and in no list.
        let disk = disk(&store);
        disk.unlist_pull(waiting(1, 1, 0).key()).unwrap();
        disk.count_from(disk.sequence().unwrap() + 1).unwrap();
    }
    assert_eq!(vetting(&store).await, [0; 0]);
    store.close().await.unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    assert_eq!(vetting(&store).await, [1]);
}

#[tokio::test]
async fn the_journal_of_an_earlier_version_leads_to_its_deliveries_too() {
    let dir = tempfile::tempdir().unwrap();
    let ids = ["one", "two", "three"].map(|id| DeliveryId::parse(id).unwrap());
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    for id in &ids {
        store.accept(delivery(id.as_str(), vec![])).await.unwrap();
    }
    store.write_journal().await.unwrap();
    // Which noted no places, until one was noted by a version in between.
    let places = disk(&store).journal_at.clone();
    places.remove("one").unwrap();
    places.remove("two").unwrap();
    drop(places);
    store.close().await.unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    for id in &ids {
        let found = store.arrival(id).await.unwrap();
        assert_eq!(found.map(|arrival| arrival.delivery), Some(id.clone()));
    }
}

#[tokio::test]
async fn the_journal_knows_what_came_and_whom_it_concerned() {
    let store = store();
    for (id, entries) in [
        ("first", vec![entry(1)]),
        ("second", vec![]),
        ("third", vec![entry(2)]),
    ] {
        let came: Delivery = delivery(id, entries);
        fresh(store.accept(came).await.unwrap());
    }
    store
        .accept(delivery("first", vec![entry(1)]))
        .await
        .unwrap();
    let ids = |page: Page<crate::store::lists::Arrival>| -> Vec<String> {
        page.rows
            .iter()
            .map(|one| one.delivery.to_string())
            .collect()
    };
    let all = store
        .list_arrivals(Among::All, vec![], FIRST)
        .await
        .unwrap();
    assert_eq!(ids(all), ["third", "second", "first"]);
    let some = store
        .list_arrivals(Among::All, vec!["sec".into()], FIRST)
        .await
        .unwrap();
    assert_eq!(ids(some), ["second"]);
    let nobody = Among::These(Arc::default());
    let none = store.list_arrivals(nobody, vec![], FIRST).await.unwrap();
    assert_eq!(ids(none), [""; 0]);
    let subject = entry(1).0;
    let of = store.arrivals_of(&subject, 10).await.unwrap();
    assert_eq!(of.len(), 1);
}

#[tokio::test]
async fn what_was_done_for_a_delivery_is_what_its_subjects_have_done_since_it_came() {
    let store = store();
    let [one, other, third] = [1, 2, 3].map(|id| Subject::Repository(RepoId(id)));
    let told = |subject: &Subject, what: &str, at, by: &[&str]| HistoryEntry {
        at: day(at),
        deliveries: by.iter().map(|id| DeliveryId::parse(id).unwrap()).collect(),
        ..line(subject, what)
    };
    let history = vec![
        told(&one, "before it came", 1, &["a"]),
        told(&one, "looked", 2, &["a"]),
        told(&one, "something else", 3, &["b"]),
        told(&one, "answered", 5, &["b", "a"]),
        told(&other, "followed", 4, &["a"]),
        told(&third, "not asked for", 4, &["a"]),
    ];
    store
        .commit(Change {
            history,
            ..Change::default()
        })
        .await
        .unwrap();
    let arrival = Arrival {
        delivery: DeliveryId::parse("a").unwrap(),
        at: day(2),
        event_name: "push".into(),
        what: String::new(),
        subjects: vec![one.clone()],
        about: None,
    };
    let done = store.done_for(&arrival, vec![one, other]).await.unwrap();
    let what: Vec<&str> = done.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(what, ["looked", "followed", "answered"]);
}

#[tokio::test]
async fn what_became_of_a_gate_is_told_to_the_pages_of_all_pull_requests_at_its_commit() {
    let store = store();
    let pulls = [(1, 'a'), (2, 'a'), (3, 'b')];
    let pulls = pulls.map(|(number, head)| pull(1, number, 7, Some(head)));
    store.commit(write(pulls.to_vec())).await.unwrap();
    let mut pages = store.changes().subscribe();
    let head = Subject::Head(RepoId(1), sha('a'));
    let told = Change {
        history: vec![line(&head, "success")],
        ..Change::default()
    };
    store.commit(told).await.unwrap();
    let mut touched = Vec::new();
    while let Ok(one) = pages.try_recv() {
        touched.push((one.repo, one.of));
    }
    let here = Some(RepoId(1));
    let pull = |number| Some(RunSubject::Pull(PrNumber(number)));
    assert_eq!(touched, [(here, pull(1)), (here, pull(2))]);
}
