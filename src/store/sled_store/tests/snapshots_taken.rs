use super::super::flusher::Flushed;
use super::*;
use std::fs;
use std::path::PathBuf;

async fn grown(dir: &std::path::Path) -> SledStore {
    let store = SledStore::open(dir, day(0)).unwrap();
    fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap());
    let aside = Aside {
        delivery: DeliveryId::parse("c").unwrap(),
        received_at: day(0),
        event_name: "push".into(),
        reason: "it has no head".into(),
        payload: "{}".into(),
    };
    store.set_aside(aside).await.unwrap();
    let subject = Subject::Repository(RepoId(1));
    let mut change = write(vec![pull(1, 1, 3, Some('a')), pull(1, 2, 3, None)]);
    change.history = (0..50)
        .map(|n| line(&subject, &format!("line {n}")))
        .collect();
    change.due = vec![(subject, Some(day(4)))];
    store.commit(change).await.unwrap();
    store
}

fn damage(path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_snapshot_restores_everything_but_old_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = grown(dir.path()).await;
    let taken = store.snapshot(day(1), 3).await.unwrap().unwrap();
    let (pending, due, asides) = (
        store.pending().await.unwrap(),
        store.due().await.unwrap(),
        store.asides(9).await.unwrap(),
    );
    let pulls = pulls_of(&store, RepoId(1)).await;
    store.close().await.unwrap();
    fs::remove_file(dir.path().join("state/db")).unwrap();

    let store = SledStore::open(dir.path(), day(2)).unwrap();
    assert_eq!(store.loss().unwrap().restored_to, Some(day(1)));
    assert_eq!(store.pending().await.unwrap(), pending);
    assert_eq!(store.due().await.unwrap(), due);
    assert_eq!(store.asides(9).await.unwrap(), asides);
    assert_eq!(pulls_of(&store, RepoId(1)).await, pulls);
    assert_eq!(store.pulls_by(UserId(3)).await.unwrap().len(), 2);
    for seen in ["a", "c"] {
        let again = store.accept(delivery(seen, vec![])).await.unwrap();
        assert_eq!(again, Accepted::Duplicate);
    }
    let subject = Subject::Repository(RepoId(1));
    let history = store.history(&subject, 100).await.unwrap();
    assert_eq!((history.len(), history[0].what.as_str()), (20, "line 49"));
    let mut more = write(vec![]);
    more.history = vec![line(&subject, "line 50")];
    store.commit(more).await.unwrap();
    assert_eq!(store.history(&subject, 100).await.unwrap().len(), 21);
    assert_eq!(taken.counts[&Kind::Pull], 2);
}

#[tokio::test]
async fn nothing_new_needs_no_snapshot_and_the_oldest_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = grown(dir.path()).await;
    let mut taken = Vec::new();
    for number in 1..=4 {
        taken.push(store.snapshot(day(number), 2).await.unwrap().unwrap().path);
        assert_eq!(store.snapshot(day(number), 2).await.unwrap(), None);
        store.commit(write(vec![])).await.unwrap();
    }
    let there: Vec<bool> = taken.iter().map(|path| path.exists()).collect();
    assert_eq!(there, [false, false, true, true]);
    assert_eq!(
        fs::read_dir(dir.path().join("snapshots")).unwrap().count(),
        2
    );
}

#[tokio::test]
async fn a_database_that_was_opened_anew_may_hold_as_many_changes_and_other_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = grown(dir.path()).await;
    let first = store.snapshot(day(1), 9).await.unwrap().unwrap();
    let mut holder = store.holder.clone();
    holder.let_go("a write failed");
    holder.mend().unwrap();
    let second = store.snapshot(day(2), 9).await.unwrap();
    let second = second.expect("nobody knows that nothing changed");
    assert_eq!(first.sequence, second.sequence);
}

#[tokio::test]
async fn of_damaged_snapshots_the_newest_that_is_whole_is_used_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = grown(dir.path()).await;
    let first = store.snapshot(day(1), 9).await.unwrap().unwrap().path;
    store
        .commit(write(vec![pull(1, 3, 3, None)]))
        .await
        .unwrap();
    let second = store.snapshot(day(2), 9).await.unwrap().unwrap().path;
    store.close().await.unwrap();
    for (harmed, restored_to, pulls) in [(second, Some(day(1)), 2), (first, None, 0)] {
        damage(&harmed);
        fs::remove_file(dir.path().join("state/db")).unwrap();
        let store = SledStore::open(dir.path(), day(3)).unwrap();
        assert_eq!(store.loss().unwrap().restored_to, restored_to);
        assert_eq!(pulls_of(&store, RepoId(1)).await.len(), pulls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_shows_one_moment_while_changes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path(), day(0)).unwrap());
    // Each change moves the same number into two repositories at once: no moment has them differ.
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let (wrote, mut written) = tokio::sync::watch::channel(0);
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            let mut number = 0;
            while stopped.try_recv().is_err() {
                number += 1;
                let both = vec![pull(1, number, 3, None), pull(2, number, 3, None)];
                store.commit(write(both)).await.unwrap();
                wrote.send_replace(number);
            }
        }
    });
    for number in 1..8 {
        written
            .wait_for(|wrote| *wrote > number * 10)
            .await
            .unwrap();
        let taken = store
            .snapshot(day(number as i64), 1)
            .await
            .unwrap()
            .unwrap();
        let mut of = [0_u64, 0];
        super::super::snapshots::read(&taken.path, |incoming| {
            if let portable::Incoming::Line(line) = incoming
                && let portable::Line::Pull(state) = *line
            {
                of[(state.repo.id.0 - 1) as usize] += 1;
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(of[0], of[1]);
        assert!(of[0] > number * 10);
    }
    stop.send(()).unwrap();
    writer.await.unwrap();
}
