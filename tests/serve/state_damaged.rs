//! A server whose state was damaged while it stood still.

use super::process::{Bench, read};
use super::refusals::signed;
use super::state::ask_about;
use chrono::Utc;
use drawbridge::domain::ids::{RepoId, Subject};
use drawbridge::sandbox::{Fault, FaultKind};
use drawbridge::store::{Change, EntryKind, HistoryEntry, SledStore, Store as _};
use std::path::Path;
use std::time::SystemTime;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_found_set_aside_restored_and_readiness_tells() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    assert_eq!(read(signed(&serving, &bench, "ping", b"{}")).await.0, 202);
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    let db = bench.data_dir().join("state/db");
    let bytes = std::fs::read(&db).expect("a file");
    std::fs::write(&db, &bytes[..100]).expect("it is cut");

    let said = ask_about(bench.data_dir(), bench.data_dir(), &["verify"]);
    assert!(said.ends_with("exit code 1"), "{said}");

    // As long as GitHub does not list the installations, the rest can't be read.
    bench.github.fault(Fault::times(
        u32::MAX,
        "GET",
        "/app/installations",
        FaultKind::Status(500),
    ));
    let serving = bench.serve();
    let (status, answer) = serving.get("/readyz").await;
    assert_eq!(status, 200);
    assert!(
        answer.starts_with("{\"status\":\"ready; at ")
            && answer.contains(": it was set aside as state.broken-")
            && answer.contains(" in DATA_DIR, the snapshot of ")
            && answer.contains(" was restored, and the rest is being read from GitHub"),
        "{answer}"
    );
    serving.process.err.wait_for("line about it", |line| {
        line.contains("was set aside").then_some(())
    });
    let broken = std::fs::read_dir(bench.data_dir())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.display().to_string().contains("state.broken-"))
        .expect("it is kept");
    assert_eq!(
        std::fs::read(broken.join("db")).expect("a file")[..50],
        bytes[..50]
    );
    // The next start still tells.
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    assert!(
        bench
            .serve()
            .get("/readyz")
            .await
            .1
            .contains("state.broken-")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_to_a_large_state_in_use_ends_the_process_and_the_next_one_restores_it() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    make_large(bench.data_dir()).await;
    spoil_what_is_read_late(bench.data_dir()).await;

    let serving = bench.serve();
    let ended = serving.process.end();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.err.contains("drawbridge: the state is damaged ("),
        "{}",
        ended.err
    );
    let serving = bench.serve();
    let (status, answer) = serving.get("/readyz").await;
    assert_eq!(status, 200);
    assert!(
        answer.contains(": it was set aside as state.broken-")
            && answer.contains(" was restored, and the rest is being read from GitHub"),
        "{answer}"
    );
}

/// What stands in the lines of which the disk spoils one.
const SPOILT: [char; 8] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/// How many lines apart they are.
const APART: u64 = 600;

/// So that it is read only after the start.
async fn make_large(data: &Path) {
    let store = SledStore::open(data, Utc::now()).expect("a store");
    let line = |number: u64| {
        let place = usize::try_from(number / APART).expect("a small number");
        let spoilt = SPOILT.get(place).filter(|_| number.is_multiple_of(APART));
        HistoryEntry {
            subject: Subject::Repository(RepoId(number)),
            at: Utc::now(),
            kind: EntryKind::Decision,
            deliveries: Vec::new(),
            what: String::from(*spoilt.unwrap_or(&'x')).repeat(1 << 13),
        }
    };
    for some in 0..50 {
        let change = Change {
            history: (some * 100..(some + 1) * 100).map(line).collect(),
            ..Change::default()
        };
        store.commit(change).await.expect("it is written");
    }
    store.close().await.expect("it is closed");
    // sled notes where everything is when it is opened, and reads only what came later at the next start.
    let store = SledStore::open(data, Utc::now()).expect("a store");
    store.close().await.expect("it is closed");
}

/// Spoils a line that is not read at the start. Where one is, nobody knows before: sled writes pages anew now and then, beside what
/// it reads first, or to a file of their own.
async fn spoil_what_is_read_late(data: &Path) {
    let db = Path::new("state/db");
    let at = std::fs::metadata(data.join(db)).and_then(|db| db.modified());
    let at = at.expect("a time");
    for (place, letter) in (0..).zip(SPOILT) {
        let trial = tempfile::tempdir().expect("a directory");
        copy(data, trial.path());
        spoil(&trial.path().join(db), letter, at);
        let store = SledStore::open(trial.path(), Utc::now()).expect("a store");
        let subject = Subject::Repository(RepoId(place * APART));
        let is_found = store.loss().is_none() && store.history(&subject, 1).await.is_err();
        // What it says of the damage is not what this is about.
        let _ = store.close().await;
        if is_found {
            return spoil(&data.join(db), letter, at);
        }
    }
    panic!("no line is where only reading finds it");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("there is room");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).expect("there is room");
        }
    }
}

/// Turns bits round as a disk does that forgets: nobody has written since `at`.
fn spoil(db: &Path, letter: char, at: SystemTime) {
    let mut bytes = std::fs::read(db).expect("a file");
    let pieces = bytes.chunks_mut(2048);
    let pieces = pieces.filter(|piece| piece.iter().all(|byte| *byte == letter as u8));
    pieces.for_each(|piece| piece[0] ^= 1);
    std::fs::write(db, bytes).expect("it is written");
    let file = std::fs::File::options().write(true).open(db);
    let file = file.expect("a file");
    file.set_modified(at).expect("it is set");
}
