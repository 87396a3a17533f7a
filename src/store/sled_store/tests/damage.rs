//! What is left of a store whose files are damaged. Each way of damaging is tried at many places: sled may have used a byte,
//! or not; either everything is there afterwards, or the newest snapshot is and the loss is known.

use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::fs;
use std::path::Path;

pub(super) const PULLS: u64 = 300;
const BEFORE_SNAPSHOT: u64 = 200;

/// A store of 300 pull requests, closed, with a snapshot after 200 of them and a delivery that waits.
pub(super) fn grown(dir: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SledStore::open(dir, day(0)).unwrap();
        fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap());
        for number in 1..=PULLS {
            let mut change = write(vec![pull(1, number, number % 7, Some('a'))]);
            let subject = Subject::Pull(pull(1, number, 1, None).key());
            change.history = vec![line(&subject, "it was opened")];
            change.due = vec![(subject, Some(day(1)))];
            store.commit(change).await.unwrap();
            if number == BEFORE_SNAPSHOT {
                store.snapshot(day(1), 5).await.unwrap().unwrap();
            }
        }
        store.close().await.unwrap();
    });
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// How it was found, a day later.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    Whole,
    Restored,
}

/// Opens it and checks that it is whole or restored, and works.
pub(super) fn found(dir: &Path, what: &str) -> Found {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SledStore::open(dir, day(2)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let pulls = pulls_of(&store, RepoId(1)).await.len() as u64;
        assert_eq!(store.pending().await.unwrap().len(), 1, "{what}");
        assert_eq!(
            store.accept(delivery("a", vec![])).await.unwrap(),
            Accepted::Duplicate,
            "{what}"
        );
        assert_eq!(
            store.pulls_at(RepoId(1), &sha('a')).await.unwrap().len() as u64,
            pulls
        );
        assert_eq!(store.due().await.unwrap().len() as u64, pulls, "{what}");
        assert_eq!(store.born_at(), day(0), "{what}");
        fresh(store.accept(delivery("b", vec![entry(2)])).await.unwrap());
        let Some(loss) = store.loss() else {
            assert_eq!(pulls, PULLS, "{what}: something is lost and nobody knows");
            return Found::Whole;
        };
        assert_eq!(pulls, BEFORE_SNAPSHOT, "{what}");
        assert_eq!(loss.at, day(2));
        assert_eq!(loss.restored_to, Some(day(1)), "{what}");
        if let Some(kept) = loss.kept_in {
            assert!(kept.read_dir().unwrap().next().is_some(), "{what}");
        }
        Found::Restored
    })
}

#[test]
fn flipped_bytes_and_cut_files_lose_nothing_or_nothing_that_is_not_known() {
    let origin = tempfile::tempdir().unwrap();
    grown(origin.path());
    let mut rng = StdRng::seed_from_u64(20);
    let size = fs::metadata(origin.path().join("state/db")).unwrap().len();
    let mut restored = 0;
    for round in 0..24 {
        let trial = tempfile::tempdir().unwrap();
        copy(origin.path(), trial.path());
        let db = trial.path().join("state/db");
        let mut bytes = fs::read(&db).unwrap();
        // The end of the file is room that sled has not used yet.
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let what = if round % 4 == 3 {
            let end = rng.gen_range(0..used);
            bytes.truncate(end);
            format!("cut at {end} of {size}")
        } else {
            let flips = [1, 8, 200][round % 4];
            for _ in 0..flips {
                bytes[rng.gen_range(0..=used)] ^= 1 << rng.gen_range(0..8);
            }
            format!("{flips} bits flipped, round {round}")
        };
        fs::write(&db, bytes).unwrap();
        restored += usize::from(found(trial.path(), &what) == Found::Restored);
    }
    assert!(
        restored > 6,
        "the damage was not where it hurts: {restored}"
    );
}

#[test]
fn damage_to_a_state_that_was_just_written_anew_is_known() {
    type Anew = fn(&Path);
    let ways: [(&str, Anew); 2] = [
        ("compacted", |dir| {
            drop(StateDir::new(dir).compact(day(1)).unwrap());
        }),
        ("imported", |dir| {
            let snapshots = fs::read_dir(dir.join("snapshots")).unwrap();
            let newest = snapshots.map(|file| file.unwrap().path()).max().unwrap();
            drop(StateDir::new(dir).import(day(1), &newest, true).unwrap());
        }),
    ];
    for (what, anew) in ways {
        let dir = tempfile::tempdir().unwrap();
        grown(dir.path());
        anew(dir.path());
        let db = dir.path().join("state/db");
        let mut bytes = fs::read(&db).unwrap();
        // Not in one place alone: sled may have moved what stood there.
        for some in bytes.chunks_mut(16 * 1024) {
            let end = some.len().min(4096);
            some[..end].fill(b'Z');
        }
        fs::write(&db, bytes).unwrap();
        assert_eq!(found(dir.path(), what), Found::Restored, "{what}");
    }
}

#[test]
fn a_file_that_is_gone_or_empty_is_noticed() {
    let origin = tempfile::tempdir().unwrap();
    grown(origin.path());
    for gone in [
        "db",
        "conf",
        "the directory",
        "the snapshot of sled",
        "emptied db",
        "garbage db",
    ] {
        let trial = tempfile::tempdir().unwrap();
        copy(origin.path(), trial.path());
        let state = trial.path().join("state");
        let expected = match gone {
            "the directory" => {
                fs::remove_dir_all(&state).unwrap();
                Some(Found::Restored)
            }
            "emptied db" => {
                fs::write(state.join("db"), b"").unwrap();
                Some(Found::Restored)
            }
            "garbage db" => {
                fs::write(state.join("db"), [0xA5; 1 << 20]).unwrap();
                Some(Found::Restored)
            }
            "the snapshot of sled" => {
                for file in fs::read_dir(&state).unwrap() {
                    let path = file.unwrap().path();
                    let name = path.file_name().unwrap().to_str().unwrap();
                    if name.starts_with("snap.") {
                        fs::remove_file(path).unwrap();
                    }
                }
                None
            }
            "conf" => {
                fs::remove_file(state.join("conf")).unwrap();
                None
            }
            file => {
                fs::remove_file(state.join(file)).unwrap();
                Some(Found::Restored)
            }
        };
        let found = found(trial.path(), gone);
        assert!(
            expected.is_none_or(|expected| expected == found),
            "{gone}: {found:?}"
        );
    }
}

#[test]
fn a_record_that_cannot_be_decoded_or_an_index_that_lacks_one_is_noticed() {
    let origin = tempfile::tempdir().unwrap();
    grown(origin.path());
    type Harm = fn(&Disk);
    let harms: [(&str, Harm); 5] = [
        ("garbage", |disk| {
            let key = keys::pull(pull(1, 7, 1, None).key());
            disk.pulls.insert(key, b"\x00garbage").unwrap();
        }),
        ("another one's value", |disk| {
            let value = disk.pulls.get(keys::pull(pull(1, 8, 1, None).key()));
            let key = keys::pull(pull(1, 7, 1, None).key());
            disk.pulls.insert(key, value.unwrap().unwrap()).unwrap();
        }),
        ("an index", |disk| {
            let first = disk.by_head.first().unwrap().unwrap().0;
            disk.by_head.remove(first).unwrap();
        }),
        ("a counter", |disk| {
            disk.history_next.clear().unwrap();
        }),
        ("the time of its birth", |disk| {
            disk.meta.insert("born_at", "yesterday").unwrap();
        }),
    ];
    for (what, harm) in harms {
        let trial = tempfile::tempdir().unwrap();
        copy(origin.path(), trial.path());
        let store = SledStore::open(trial.path(), day(1)).unwrap();
        harm(&disk(&store));
        drop(store);
        assert_eq!(found(trial.path(), what), Found::Restored, "{what}");
    }
}

#[test]
fn a_change_of_place_that_was_cut_off_is_completed() {
    let origin = tempfile::tempdir().unwrap();
    grown(origin.path());
    let at = |name: &str| origin.path().join(name);
    // Before: what is being filled is worth nothing yet.
    fs::create_dir(at("state.filling")).unwrap();
    copy(&at("state"), &at("state.coming"));
    assert_eq!(found(origin.path(), "before"), Found::Whole);
    assert!(!at("state.filling").exists() && !at("state.coming").exists());
    // In between: it is whole, and the other one was moved away.
    fs::rename(at("state"), at("state.coming")).unwrap();
    let store = SledStore::open(origin.path(), day(2)).unwrap();
    assert_eq!(store.lost_at(), None);
    assert!(!at("state.coming").exists());
}
