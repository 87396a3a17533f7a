use super::segments::Segments;
use super::*;
use std::fs;
use std::path::Path;

const LIMIT: u64 = 1 << 20;

fn key(byte: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([byte; 32])
}

fn open(dir: &Path) -> Segments {
    Segments::open(dir.join("payloads"), key(7), LIMIT)
}

fn id(number: usize) -> DeliveryId {
    DeliveryId::parse(&format!("delivery-{number}")).unwrap()
}

fn kept(number: usize, payload: &str) -> Kept {
    Kept {
        delivery: id(number),
        event_name: "push".to_owned(),
        at: DateTime::UNIX_EPOCH,
        headers: vec![("x-github-event".to_owned(), "push".to_owned())],
        signed: Some("sha256".to_owned()),
        repository: Some(RepoId(1)),
        bytes: payload.len() as u64,
        payload: Some(payload.to_owned()),
        means_the_same: true,
        aside: None,
    }
}

/// Nothing that can be made smaller.
fn noise(bytes: usize) -> String {
    let noise: Vec<u8> = (0..bytes / 2).map(|_| rand::random()).collect();
    hex::encode(noise)
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("payloads")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_was_kept_is_found_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = open(dir.path());
    for number in 0..5 {
        first.add(&kept(number, "{}")).unwrap();
    }
    // The first one counts: an id is not signed.
    first.add(&kept(0, "another")).unwrap();
    drop(first);
    let mut second = open(dir.path());
    second.add(&kept(9, "{\"a\":1}")).unwrap();
    for number in [0, 4] {
        let found = Found::Kept(Box::new(kept(number, "{}")));
        assert_eq!(second.find(&id(number)), found);
    }
    assert_eq!(second.find(&id(5)), Found::Nothing);
    assert_eq!(
        files(dir.path()).len(),
        2,
        "no file from before is added to"
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).add(&kept(0, "{}")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("payloads")), 0o700);
    assert_eq!(mode(&files(dir.path())[0]), 0o600);
}

#[test]
fn it_takes_no_more_room_than_it_may_and_the_oldest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = open(dir.path());
    let takes = || -> u64 {
        let files = files(dir.path()).into_iter();
        files.map(|file| fs::metadata(file).unwrap().len()).sum()
    };
    for number in 0..150 {
        segments.add(&kept(number, &noise(20_000))).unwrap();
        assert!(takes() <= LIMIT, "{number}: {}", takes());
    }
    assert!(takes() > LIMIT / 2);
    assert_eq!(segments.find(&id(0)), Found::Nothing);
    assert!(matches!(segments.find(&id(149)), Found::Kept(_)));
    // One that is larger than everything is not kept, and takes nothing away.
    segments.add(&kept(150, &noise(3 << 20))).unwrap();
    assert_eq!(segments.find(&id(150)), Found::Nothing);
    assert!(matches!(segments.find(&id(149)), Found::Kept(_)));
    // Who wants none any more has none.
    drop(segments);
    Segments::open(dir.path().join("payloads"), key(7), 0);
    assert_eq!(takes(), 0);
}

#[test]
fn what_was_changed_on_the_disk_is_not_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = open(dir.path());
    for number in 0..3 {
        segments
            .add(&kept(number, "{\"a\":\"some text\"}"))
            .unwrap();
    }
    let file = &files(dir.path())[0];
    let whole = fs::read(file).unwrap();
    let length = whole.len() / 3;
    for at in 0..length {
        let mut changed = whole.clone();
        changed[length + at] ^= 1;
        fs::write(file, changed).unwrap();
        // Mark and length are looked at by a start alone.
        if at >= 8 {
            assert_eq!(segments.find(&id(1)), Found::Damaged, "byte {at}");
        }
        // Nor does a start mind, and what is before it is found.
        let again = open(dir.path());
        assert!(!matches!(again.find(&id(1)), Found::Kept(_)), "byte {at}");
        assert!(matches!(again.find(&id(0)), Found::Kept(_)), "byte {at}");
    }
    fs::write(file, &whole).unwrap();
    // Whoever writes a record without the key has written nothing.
    let other = Segments::open(dir.path().join("payloads"), key(8), LIMIT);
    assert_eq!(other.find(&id(1)), Found::Damaged);
}

#[test]
fn a_record_that_was_cut_off_hurts_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = open(dir.path());
    segments.add(&kept(0, "{}")).unwrap();
    let file = files(dir.path())[0].clone();
    let whole = fs::metadata(&file).unwrap().len();
    segments.add(&kept(1, "{}")).unwrap();
    let two = fs::read(&file).unwrap();
    for cut in whole..two.len() as u64 {
        fs::write(&file, &two[..cut as usize]).unwrap();
        let mut again = open(dir.path());
        assert_eq!(again.find(&id(1)), Found::Nothing, "{cut}");
        again.add(&kept(1, "{}")).unwrap();
        for number in 0..2 {
            assert!(matches!(again.find(&id(number)), Found::Kept(_)), "{cut}");
        }
        fs::remove_file(&files(dir.path())[1]).unwrap();
    }
}

#[test]
fn what_is_older_than_it_may_be_goes_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = open(dir.path());
    let day = |days| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(days);
    let came = |number, days| Kept {
        at: day(days),
        ..kept(number, "{}")
    };
    for (number, days) in [(0, 1), (1, 2), (2, 20), (3, 0)] {
        segments.add(&came(number, days)).unwrap();
    }
    assert_eq!(files(dir.path()).len(), 2, "a week is in a file");
    segments.forget(day(2)).unwrap();
    assert!(matches!(segments.find(&id(0)), Found::Kept(_)));
    segments.forget(day(3)).unwrap();
    for number in [0, 1] {
        assert_eq!(segments.find(&id(number)), Found::Nothing);
    }
    assert!(matches!(segments.find(&id(3)), Found::Kept(_)));
    // What was added before a start is as old as its file.
    let file = &files(dir.path())[0];
    let file = fs::File::options().append(true).open(file).unwrap();
    file.set_modified(day(5).into()).unwrap();
    let mut again = open(dir.path());
    again.forget(day(5)).unwrap();
    assert!(matches!(again.find(&id(2)), Found::Kept(_)));
    again.forget(day(6)).unwrap();
    assert_eq!(again.find(&id(2)), Found::Nothing);
    assert_eq!(files(dir.path()).len(), 0);
    again.add(&came(2, 30)).unwrap();
    assert!(matches!(again.find(&id(2)), Found::Kept(_)));
}

#[test]
fn files_of_others_hinder_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("payloads");
    fs::create_dir(&place).unwrap();
    let mut segments = open(dir.path());
    for name in [
        "18446744073709551615.payloads",
        "7.payloads",
        "+000000007.payloads",
        "0000000001.payloads",
        "0000000002.payloads",
        "notes",
    ] {
        fs::write(place.join(name), "of somebody else").unwrap();
    }
    // Those that came meanwhile, and those that were there.
    for number in 0..2 {
        segments.add(&kept(number, "{}")).unwrap();
        assert!(matches!(segments.find(&id(number)), Found::Kept(_)));
        segments = open(dir.path());
    }
    assert!(place.join("0000000004.payloads").exists());
    // Where no number is left that is said, and what there is is shown.
    fs::write(place.join("9999999999.payloads"), "").unwrap();
    let mut last = open(dir.path());
    let error = last.add(&kept(2, "{}")).unwrap_err();
    assert!(error.to_string().contains("move that one away"), "{error}");
    assert!(matches!(last.find(&id(1)), Found::Kept(_)));
}

/// Payloads whose thread waits until it is told to go on.
fn held_up(dir: &Path) -> (Payloads, std::sync::mpsc::Sender<()>) {
    let payloads = Payloads::open(dir.join("payloads"), key(7), LIMIT).unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    assert!(payloads.keep(2, move || {
        // Also when the test has failed.
        let _ = wait.recv();
        kept(0, "{}")
    }));
    (payloads, go)
}

#[tokio::test(start_paused = true)]
async fn who_looks_while_much_is_written_does_not_wait_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let (payloads, go) = held_up(dir.path());
    assert_eq!(payloads.find(&id(0)).await, Found::NotNow);
    go.send(()).unwrap();
}

#[tokio::test]
async fn those_who_look_and_go_away_take_few_places() {
    let dir = tempfile::tempdir().unwrap();
    let (payloads, go) = held_up(dir.path());
    let first = id(0);
    for _ in 0..100 {
        let looking = payloads.find(&first);
        assert!(futures::poll!(std::pin::pin!(looking)).is_pending());
    }
    assert!(payloads.to.capacity() >= MOST_WAITING - READ_AT_ONCE - 1);
    go.send(()).unwrap();
    assert!(matches!(payloads.find(&id(0)).await, Found::Kept(_)));
}

#[tokio::test]
async fn a_mistake_about_one_payload_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path().join("payloads"), key(7), LIMIT).unwrap();
    assert!(payloads.keep(WAITING, || panic!("a mistake of ours")));
    payloads.settled().await;
    assert!(payloads.keep(WAITING, || kept(1, "{}")));
    assert!(matches!(payloads.find(&id(1)).await, Found::Kept(_)));
}

#[tokio::test]
async fn a_place_that_nothing_can_be_written_to_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("payloads");
    fs::write(&place, "no directory").unwrap();
    let payloads = Payloads::open(place.clone(), key(7), LIMIT).unwrap();
    assert!(payloads.keep(2, || kept(0, "{}")));
    assert_eq!(payloads.find(&id(0)).await, Found::Nothing);
    fs::remove_file(&place).unwrap();
    assert!(payloads.keep(2, || kept(1, "{}")));
    assert!(matches!(payloads.find(&id(1)).await, Found::Kept(_)));
}

#[tokio::test]
async fn of_too_much_at_once_the_rest_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path().join("payloads"), key(7), LIMIT).unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    assert!(payloads.keep(WAITING / 2, move || {
        wait.recv().unwrap();
        kept(0, "{}")
    }));
    assert!(payloads.keep(WAITING / 2, || kept(1, "{}")));
    assert!(!payloads.keep(1, || kept(2, "{}")));
    go.send(()).unwrap();
    payloads.settled().await;
    assert!(payloads.keep(1, || kept(3, "{}")));
    assert!(matches!(payloads.find(&id(1)).await, Found::Kept(_)));
    assert_eq!(payloads.find(&id(2)).await, Found::Nothing);
    assert!(matches!(payloads.find(&id(3)).await, Found::Kept(_)));
}
