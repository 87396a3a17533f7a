//! Files that were made or changed by hand, and what an import of them may not do.

use super::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// A whole state with these records, as `drawbridge state export` would have written it.
fn state(sequence: u64, records: &[Value]) -> String {
    let header = json!({"format": "drawbridge-state", "version": 1, "taken_at": day(0), "born_at": day(0), "sequence": sequence});
    let mut text = format!("{header}\n");
    for record in records {
        text.push_str(&format!("{record}\n"));
    }
    let sum = hex::encode(Sha256::digest(&text));
    let end = json!({"end": {"records": records.len(), "sha256": sum}});
    text + &format!("{end}\n")
}

fn import(dir: &Path, text: &str) -> Result<Imported, StoreError> {
    let file = dir.join("file");
    std::fs::write(&file, text).unwrap();
    StateDir::new(&dir.join("data")).import(day(1), &file, false)
}

fn history(place: u64) -> Value {
    let entry = line(&Subject::Repository(RepoId(1)), "something");
    json!({"history": {"place": place, "entry": entry}})
}

fn inbox(place: u64) -> Value {
    let (subject, event) = entry(1);
    json!({"inbox": {"place": place, "entry": {
        "delivery": "d-1", "received_at": day(0), "subject": subject, "event": event,
    }}})
}

fn aside(place: u64) -> Value {
    json!({"aside": {"place": place, "aside": {
        "delivery": "d-1", "received_at": day(0), "event_name": "push", "reason": "r", "payload": "",
    }}})
}

#[test]
fn what_can_t_be_counted_on_from_is_refused() {
    for (text, words) in [
        (
            state(0, &[history(u64::MAX)]),
            "line 2: its place is beyond",
        ),
        (state(0, &[inbox(u64::MAX)]), "line 2: its place is beyond"),
        (
            state(0, &[history(1), aside(u64::MAX)]),
            "line 3: its place is beyond",
        ),
        (state(u64::MAX, &[]), "line 1: it counts more changes"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = import(dir.path(), &text).unwrap_err();
        assert!(error.cause.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_history_goes_on_behind_its_last_line_whatever_order_the_lines_come_in() {
    let dir = tempfile::tempdir().unwrap();
    import(dir.path(), &state(7, &[history(5), history(3)])).unwrap();
    let store = SledStore::open(&dir.path().join("data"), day(1)).unwrap();
    assert_eq!(store.loss(), None);
    let subject = Subject::Repository(RepoId(1));
    let change = Change {
        history: vec![line(&subject, "the newest")],
        ..Change::default()
    };
    store.commit(change).await.unwrap();
    let history = store.history(&subject, 9).await.unwrap();
    assert_eq!((history.len(), history[0].what.as_str()), (3, "the newest"));
}

#[test]
fn of_two_records_in_one_place_none_is_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let error = import(dir.path(), &state(0, &[inbox(1), inbox(1)])).unwrap_err();
    assert!(error.cause.contains("stands in it twice"), "{error}");
}

#[test]
fn a_file_that_is_refused_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    import(dir.path(), "no state").unwrap_err();
    let there = std::fs::read_dir(dir.path().join("data")).unwrap();
    let names: Vec<_> = there.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["lock"]);
}
