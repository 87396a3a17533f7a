//! What becomes of changes that fail, before they are applied or in the middle of it.

use super::super::flusher::Flushed;
use super::super::group::Piece;
use super::super::inbox::NewDelivery;
use super::*;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Who finds so many in a row in a page has found what the disk spoils.
const SPOILT: [u8; 64] = [b'y'; 64];
/// So many entries stand in sled's first three pages, and the next ones in a page that can be read.
const UNREADABLE: usize = 27;

/// A state that was closed, with entries in the inbox on several pages, of which the disk has spoilt the first ones since.
fn spoilt(dir: &Path) -> Vec<InboxId> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let entries = runtime.block_on(async {
        let store = SledStore::open(dir, day(0)).unwrap();
        let mut entries = Vec::new();
        // One after the other, as sled splits its pages where they are too full at the time.
        for number in 1..=40 {
            let (subject, mut event) = entry(number as u64);
            if let Event::RepositoryChanged { repo, .. } = &mut event
                && number <= UNREADABLE
            {
                let name = format!("acme/{}", str::from_utf8(&SPOILT).unwrap());
                repo.name = RepoName::parse(&name).unwrap();
            }
            let new = delivery(&number.to_string(), vec![(subject, event)]);
            entries.extend(fresh(store.accept(new).await.unwrap()));
        }
        // sled reads the end of its log when it is opened, and must not find it there.
        let long = "x".repeat(1 << 13);
        let lines = (1..=300).map(|number| line(&Subject::Repository(RepoId(number)), &long));
        let change = Change {
            history: lines.collect(),
            ..Change::default()
        };
        store.commit(change).await.unwrap();
        store.close().await.unwrap();
        entries
    });
    // sled notes then where everything is, and reads nothing of it at the next start.
    runtime
        .block_on(SledStore::open(dir, day(1)).unwrap().close())
        .unwrap();
    let db = dir.join("state/db");
    let at = fs::metadata(&db).unwrap().modified().unwrap();
    let mut bytes = fs::read(&db).unwrap();
    let places = bytes.windows(SPOILT.len()).enumerate();
    let places = places.filter(|(_, some)| **some == SPOILT);
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    assert!(places.len() >= UNREADABLE);
    places.iter().for_each(|place| bytes[*place] ^= 1);
    fs::write(&db, bytes).unwrap();
    // No program wrote there.
    let file = fs::File::options().write(true).open(&db).unwrap();
    file.set_modified(at).unwrap();
    entries.into_iter().map(|entry| entry.id).collect()
}

/// Takes in all entries that can be read: sled joins the emptied pages with the one before, and finds that one spoilt.
fn fails_in_the_middle(entries: &[InboxId]) -> Change {
    Change {
        done: entries[UNREADABLE..].to_vec(),
        ..write(vec![pull(1, 7, 3, Some('a'))])
    }
}

#[test]
fn a_change_that_was_applied_in_part_has_its_records_before_its_entries_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let entries = spoilt(dir.path());
    let disk = Home::of_large_states(dir.path()).open(day(2)).unwrap();
    assert_eq!(disk.read(), None, "who reads all of it finds the damage");
    disk.commit(fails_in_the_middle(&entries)).unwrap_err();
    assert!(disk.torn.get().is_some(), "it failed before it was applied");
    let key = pull(1, 7, 3, None).key();
    assert!(disk.pull(&key).unwrap().get().is_some());

    // Nobody builds on it, and nothing of it is said to be on disk.
    let aside = Aside {
        delivery: DeliveryId::parse("b").unwrap(),
        received_at: day(0),
        event_name: "push".into(),
        reason: String::new(),
        payload: String::new(),
    };
    disk.set_aside(aside).unwrap_err();
    disk.commit(write(vec![pull(1, 8, 3, None)])).unwrap_err();
    disk.flush().unwrap_err();
    disk.probe().unwrap_err();
}

#[tokio::test]
async fn damage_that_a_write_meets_first_ends_the_use_of_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let trial = dir.path().to_owned();
    let entries = std::thread::spawn(move || spoilt(&trial)).join().unwrap();
    let home = Home::of_large_states(dir.path());
    let disk = home.open(day(2)).unwrap();
    let holder = Arc::new(Holder::new(disk, Some(home), day(2)));
    let flusher =
        Flusher::start(holder.clone(), Duration::from_millis(1), Flushes::default()).unwrap();
    let change = fails_in_the_middle(&entries);
    let written = holder.disk("testing").unwrap().commit(change);
    written.unwrap_err();
    flusher.suspect();
    let mut damaged = holder.damaged.subscribe();
    let why = damaged.wait_for(Option::is_some).await.unwrap().clone();
    let why = why.expect("it was waited for");
    assert!(why.contains("corrupted"), "{why}");
    flusher.wait(Epoch::default()).await.unwrap_err();
}

#[tokio::test]
async fn what_was_written_to_a_database_that_is_gone_is_not_said_to_be_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path());
    let disk = home.open(day(2)).unwrap();
    let holder = Arc::new(Holder::new(disk, Some(home), day(2)));
    let flusher = Flusher::start(holder.clone(), MEND_EVERY, Flushes::default()).unwrap();
    let of = || holder.disk("testing").unwrap().epoch;
    let gone = of();
    flusher.wait(gone).await.unwrap();
    holder.clone().let_go("a write failed");
    holder.clone().mend().unwrap();
    flusher.wait(gone).await.unwrap_err();
    flusher.wait(of()).await.unwrap();
}

#[tokio::test]
async fn of_changes_that_are_written_together_only_the_one_that_fails_is_not_written() {
    let store = store();
    let disk = disk(&store);
    let subject = Subject::Repository(RepoId(1));
    let next = &disk.history_next;
    next.insert(keys::subject(&subject), b"garbage").unwrap();
    let mut bad = write(vec![pull(1, 8, 3, None)]);
    bad.history = vec![line(&subject, "it was judged")];
    let changes = [
        write(vec![pull(1, 7, 3, None)]),
        bad,
        write(vec![pull(1, 9, 3, None)]),
    ];
    let (mut pieces, mut written) = (Vec::new(), Vec::new());
    for change in changes {
        let (answer, answered) = oneshot::channel();
        let change = change::Prepared::new(change).unwrap();
        pieces.push(Piece::Change(change, answer));
        written.push(answered);
    }
    let (answer, accepted) = oneshot::channel();
    let new = NewDelivery::new(delivery("a", vec![entry(1)])).unwrap();
    pieces.push(Piece::Delivery(new, answer));

    let waits = store.flusher.waits().unwrap();
    disk.write_together(pieces, &waits);
    let mut were_written = Vec::new();
    for answered in written {
        were_written.push(answered.await.unwrap().is_ok());
    }
    assert_eq!(were_written, [true, false, true]);
    fresh(accepted.await.unwrap().unwrap());
    let numbers = pulls_of(&store, RepoId(1)).await;
    let numbers: Vec<_> = numbers.iter().map(|pull| pull.number.0).collect();
    assert_eq!(numbers, [7, 9]);
    assert_eq!(disk.torn.get(), None, "none of it was applied in part");
}
