use super::*;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

#[tokio::test]
async fn what_was_accepted_is_found_when_the_store_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    let mut entries = fresh(
        store
            .accept(delivery("a", vec![entry(1), entry(2)]))
            .await
            .unwrap(),
    );
    drop(store);

    let store = SledStore::open(dir.path(), day(1)).unwrap();
    assert_eq!(store.pending().await.unwrap(), entries);
    assert_eq!(
        store.accept(delivery("a", vec![])).await.unwrap(),
        Accepted::Duplicate
    );
    entries.extend(fresh(
        store.accept(delivery("b", vec![entry(3)])).await.unwrap(),
    ));
    assert!(entries.is_sorted_by(|a, b| a.id < b.id));
    store.close().await.unwrap();

    // Old ids are forgotten, but no entry.
    let store = SledStore::open(dir.path(), day(20)).unwrap();
    store.prune(day(20), Retention::default()).await.unwrap();
    assert_eq!(store.pending().await.unwrap(), entries);
    fresh(store.accept(delivery("a", vec![])).await.unwrap());
}

#[tokio::test]
async fn what_was_accepted_is_on_disk_before_the_store_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(&dir.path().join("store"), day(0)).unwrap();
    let entries = fresh(
        store
            .accept(delivery("a", vec![entry(1), entry(2)]))
            .await
            .unwrap(),
    );

    // What a crash at this moment would leave.
    let (from, to) = (dir.path().join("store"), dir.path().join("after-crash"));
    fs::create_dir_all(to.join("state")).unwrap();
    for file in ["state/conf", "state/db"] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let found = SledStore::open(&to, day(1)).unwrap();
    assert_eq!(found.pending().await.unwrap(), entries);
    assert_eq!(
        found.accept(delivery("a", vec![])).await.unwrap(),
        Accepted::Duplicate
    );
    assert_eq!(found.born_at(), day(0));
}

#[tokio::test]
async fn places_go_on_after_the_inbox_was_emptied_and_the_store_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    let before = fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap())[0].id;
    let done = Change {
        done: vec![before],
        ..Change::default()
    };
    store.commit(done).await.unwrap();
    store.close().await.unwrap();

    let store = SledStore::open(dir.path(), day(0)).unwrap();
    assert_eq!(store.pending().await.unwrap(), []);
    let after = fresh(store.accept(delivery("b", vec![entry(1)])).await.unwrap())[0].id;
    assert!(after > before);
}

#[tokio::test]
async fn a_state_that_takes_much_more_room_than_its_records_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    let state = pull(1, 7, 3, Some('a'));
    store.commit(write(vec![state.clone()])).await.unwrap();
    let entries = fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap());
    store.close().await.unwrap();
    // What a process leaves that died when it had done this before.
    fs::create_dir(dir.path().join("state.compacted-19700101T000000Z")).unwrap();

    let home = home::Home::new(dir.path());
    let which = || fs::metadata(home.state()).unwrap().ino();
    let open = |spare| {
        let disk = home.open(day(1)).unwrap();
        drop(home.tighten(disk, day(1), spare).unwrap());
        which()
    };
    // Already an empty database takes more than four times the room of three records; how much more sled leaves depends on when it
    // tidies up.
    let before = which();
    assert_eq!(open(1 << 30), before);
    assert_ne!(open(0), before);

    let store = SledStore::open(dir.path(), day(1)).unwrap();
    assert_eq!(store.loss(), None);
    assert_eq!(store.pull(state.key()).await.unwrap(), Some(state));
    assert_eq!(store.pending().await.unwrap(), entries);
    let left = fs::read_dir(dir.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lock", "state"]);
}

#[tokio::test]
async fn a_state_whose_writing_anew_ended_between_two_steps_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    let state = pull(1, 7, 3, Some('a'));
    store.commit(write(vec![state.clone()])).await.unwrap();
    store.close().await.unwrap();
    // It has made room for the new one, which has not taken it yet.
    let old = dir.path().join("state.compacted-19700101T000000Z");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("db"), "of before").unwrap();
    fs::rename(dir.path().join("state"), dir.path().join("state.coming")).unwrap();
    let home = home::Home::new(dir.path());
    drop(home.open(day(1)).unwrap());
    assert!(!old.exists(), "the new one is sound");

    // The new one is damaged: nothing is deleted.
    fs::create_dir(&old).unwrap();
    fs::write(old.join("db"), "of before").unwrap();
    fs::write(dir.path().join("state/db"), "Z".repeat(10_000)).unwrap();
    drop(home.open(day(1)).unwrap());
    let names = fs::read_dir(dir.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kept: Vec<_> = names.filter(|name| name.contains("broken")).collect();
    kept.sort();
    assert_eq!(kept.len(), 2, "{kept:?}");
}

#[test]
fn it_is_born_when_it_is_first_opened() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        SledStore::open(dir.path(), day(0)).unwrap().born_at(),
        day(0)
    );
    assert_eq!(
        SledStore::open(dir.path(), day(5)).unwrap().born_at(),
        day(0)
    );
}

#[test]
fn a_directory_that_is_open_is_refused_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let _open = SledStore::open(dir.path(), day(0)).unwrap();
    let error = SledStore::open(dir.path(), day(0)).unwrap_err();
    assert!(only(dir.path(), "state"), "it was set aside");
    assert!(
        error
            .cause
            .contains("another process has this directory open; stop it"),
        "{error}"
    );
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    super::disk(&store)
        .meta
        .insert(disk::SCHEMA_KEY, &2u64.to_be_bytes())
        .unwrap();
    drop(store);
    let error = SledStore::open(dir.path(), day(0)).unwrap_err();
    assert!(only(dir.path(), "state"), "it was set aside");
    assert!(error.cause.contains("written in schema 2"), "{error}");
}

/// Whether the directory holds one store, by this name.
fn only(dir: &std::path::Path, name: &str) -> bool {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("state")).eq([name])
}

#[tokio::test]
async fn a_damaged_store_is_set_aside_and_says_so_until_everything_was_compared() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), day(0)).unwrap();
    assert_eq!(store.lost_at(), None);
    super::disk(&store)
        .meta
        .insert("born_at", "yesterday")
        .unwrap();
    drop(store);

    let store = SledStore::open(dir.path(), day(1)).unwrap();
    assert_eq!((store.born_at(), store.lost_at()), (day(1), Some(day(1))));
    let loss = store.loss().unwrap();
    let kept = dir.path().join("state.broken-20231115T221320Z");
    assert_eq!(loss.kept_in.as_deref(), Some(kept.as_path()));
    assert!(kept.join("db").exists());
    assert!(
        loss.why.contains("meta/born_at can't be decoded"),
        "{loss:?}"
    );
    drop(store);

    let store = SledStore::open(dir.path(), day(2)).unwrap();
    assert_eq!(store.loss(), Some(loss));
    store.rebuilt().await.unwrap();
    assert_eq!(store.lost_at(), None);
    drop(store);
    let store = SledStore::open(dir.path(), day(3)).unwrap();
    assert_eq!((store.born_at(), store.lost_at()), (day(1), None));
}

#[cfg(unix)]
#[test]
fn the_directory_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new");
    let _store = SledStore::open(&path, day(0)).unwrap();
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o700
    );
}
