//! A large state that was closed as it should be is in use before all of it was read.

use super::super::flusher::Flushed;
use super::damage::{Found, PULLS, copy, found, grown};
use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::fs;
use std::path::Path;

/// Opens it as one that is too large to be read first.
fn open(dir: &Path) -> SledStore {
    SledStore::open_at(Home::of_large_states(dir), day(2)).unwrap()
}

/// Returns once all of it was read; what is wrong with it.
async fn read(store: &SledStore) -> Option<String> {
    loop {
        let damaged = store.damaged().borrow().clone();
        let disk = store.holder.disk("testing");
        if damaged.is_some() || disk.is_ok_and(|disk| disk.read().is_some()) {
            return damaged;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_state_that_was_closed_is_in_use_at_once_and_read_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| scope.spawn(|| grown(dir.path())).join()).unwrap();
    for _ in 0..2 {
        assert!(dir.path().join("state/drawbridge.closed").exists());
        let store = open(dir.path());
        assert!(store._beside.is_some(), "it was read before it was in use");
        // Whatever is changed meanwhile is no damage.
        for number in 1..=PULLS {
            let mut change = write(vec![pull(1, number, number % 5, Some('b'))]);
            let subject = Subject::Pull(pull(1, number, 1, None).key());
            change.history = vec![line(&subject, "it was judged again")];
            store.commit(change).await.unwrap();
        }
        assert_eq!(read(&store).await, None);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn damage_to_a_state_in_use_ends_its_use_and_the_next_start_restores_it() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| scope.spawn(|| grown(dir.path())).join()).unwrap();
    let store = open(dir.path());
    assert_eq!(read(&store).await, None);
    let key = keys::pull(pull(1, 7, 1, None).key());
    disk(&store).pulls.insert(key, b"\x00garbage").unwrap();
    store.close().await.unwrap();

    let store = open(dir.path());
    assert_eq!(store.loss(), None, "it was not read yet");
    let why = read(&store).await.expect("it is damaged");
    assert!(why.contains("can't be decoded"), "{why}");
    let refused = store.accept(delivery("c", vec![entry(3)])).await;
    assert!(refused.is_err(), "what is taken in now would be lost");
    store.close().await.unwrap_err();
    let restored = std::thread::scope(|scope| {
        let found = scope.spawn(|| found(dir.path(), "in use"));
        found.join().unwrap()
    });
    assert_eq!(restored, Found::Restored);
}

#[test]
fn a_note_that_tells_of_more_changes_than_there_are_tells_of_a_loss() {
    for opening in [Home::new, Home::of_large_states] {
        let dir = tempfile::tempdir().unwrap();
        grown(dir.path());
        // As if the disk had spoilt the end of the log, and never got the newest mark.
        let state = dir.path().join("state");
        let mark = sequence::read_mark(&state).unwrap();
        let note = closed::Closed { sequence: mark + 1 };
        note.write(&state).unwrap();
        let disk = opening(dir.path()).open(day(2)).unwrap();
        let loss = disk.loss().expect("a change is missing");
        assert_eq!(loss.restored_to, Some(day(1)));
        assert!(loss.why.contains("its log ends with change"), "{loss:?}");
    }
}

#[test]
fn only_one_that_was_never_read_in_full_is_given_up_for_good_when_it_can_not_be_opened_anew() {
    type Opening = fn(&Path) -> Home;
    let cases: [(&str, Opening, bool); 2] = [
        ("read", Home::new, false),
        ("unread", Home::of_large_states, true),
    ];
    for (what, opening, for_good) in cases {
        let dir = tempfile::tempdir().unwrap();
        grown(dir.path());
        let home = opening(dir.path());
        let disk = home.open(day(2)).unwrap();
        assert_eq!(disk.read().is_none(), for_good, "{what}");
        let key = keys::pull(pull(1, 7, 1, None).key());
        disk.pulls.insert(key, b"\x00garbage").unwrap();
        let mut holder = Arc::new(Holder::new(disk, Some(home), day(2)));
        holder.let_go("a write failed");
        for _ in 0..2 {
            holder.mend().unwrap_err();
            assert_eq!(holder.damaged.borrow().is_some(), for_good, "{what}");
        }
    }
}

#[test]
fn what_a_disk_spoils_is_refused_until_it_is_found() {
    let origin = tempfile::tempdir().unwrap();
    grown(origin.path());
    // sled notes then where everything is, and reads nothing of it at the next start.
    drop(open(origin.path()));
    let mut rng = StdRng::seed_from_u64(21);
    let mut restored = 0;
    for round in 0..16 {
        let trial = tempfile::tempdir().unwrap();
        copy(origin.path(), trial.path());
        let db = trial.path().join("state/db");
        let at = fs::metadata(origin.path().join("state/db"));
        let at = at.unwrap().modified().unwrap();
        let mut bytes = fs::read(&db).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        for _ in 0..[8, 200, 2000][round % 3] {
            bytes[rng.gen_range(0..=used)] ^= 1 << rng.gen_range(0..8);
        }
        fs::write(&db, bytes).unwrap();
        // No program wrote there.
        let file = fs::File::options().write(true).open(&db).unwrap();
        file.set_modified(at).unwrap();
        drop(file);
        read_what_can_be_read(trial.path());
        let what = format!("round {round}");
        restored += usize::from(found(trial.path(), &what) == Found::Restored);
    }
    assert!(restored > 0, "the damage was not where it hurts");
}

/// Uses it until it was read, or damage was found.
fn read_what_can_be_read(dir: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(dir);
        if store.loss().is_some() {
            return;
        }
        for number in 1..=PULLS {
            let right = pull(1, number, number % 7, Some('a'));
            if let Ok(state) = store.pull(right.key()).await {
                assert_eq!(state, Some(right), "damage was read as if it were none");
            }
        }
        read(&store).await;
    });
}
