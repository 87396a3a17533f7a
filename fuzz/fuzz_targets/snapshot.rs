//! `drawbridge state import` of any file: what is refused leaves the directory as it was, and what is taken over is a sound
//! state that holds exactly the records of the file.
//!
//! Input: a byte of choices, then a file. The choices put a last line under it that fits (without which nearly everything is
//! refused for its checksum), compress it, and have it imported although it was found to be wrong.
#![no_main]

use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::store::{Counts, StateDir, StoreError};
use libfuzzer_sys::fuzz_target;
use lz4_flex::frame::FrameEncoder;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

const HEADER: &str = r#"{"format":"drawbridge-state","version":1,"taken_at":"2026-01-02T03:04:05Z","born_at":"2025-12-01T00:00:00Z"}"#;

/// A directory with a small state, and the file that is looked at.
struct Place {
    dir: TempDir,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let seen = r#"{"seen":{"id":"d-1","at":1767323045000,"note":"push: main"}}"#;
    fs::write(&file, ended(format!("{HEADER}\n{seen}\n").as_bytes())).unwrap();
    let data = dir.path().join("data");
    StateDir::new(&data).import(now(), &file, false).unwrap();
    let before = content(&data);
    Place { dir, before }
});

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_500)
}

/// Every file in a directory, but the lock.
fn content(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(content(&path)),
            false if path.ends_with("lock") => {}
            false => drop(found.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

/// The text with the last line that fits it.
fn ended(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let sum = hex::encode(Sha256::digest(&text));
    let end = format!(
        "{{\"end\":{{\"records\":{},\"sha256\":\"{sum}\"}}}}\n",
        lines - 1
    );
    text.extend_from_slice(end.as_bytes());
    text
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = FrameEncoder::new(Vec::new());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn exported(file: &Path) -> Result<(Vec<u8>, Counts), StoreError> {
    let mut text = Vec::new();
    let counts = StateDir::export_snapshot(file, &mut text)?;
    Ok((text, counts))
}

/// What a file holds, whatever it looks like: written anew it says the same, and written anew again it does not change.
fn says_the_same_when_written_anew(file: &Path, counts: &Counts) {
    let (text, written) = exported(file).unwrap();
    assert_eq!(written, *counts);
    let again = file.with_file_name("again");
    fs::write(&again, &text).unwrap();
    assert_eq!(StateDir::verify_file(&again).unwrap(), *counts);
    assert_eq!(exported(&again).unwrap().0, text);
}

fn imported(data: &Path, file: &Path) -> bool {
    let imported = match StateDir::new(data).import(now(), file, true) {
        Ok(imported) => imported,
        Err(error) => {
            assert!(!error.cause.is_empty());
            assert!(
                content(data) == PLACE.before,
                "the directory is not as it was: {error}"
            );
            return false;
        }
    };
    let mut found = StateDir::new(data).verify(now()).unwrap();
    found.counts.retain(|_, count| *count > 0);
    assert_eq!(found.problems, Vec::<String>::new());
    assert_eq!(
        found.counts, imported.counts,
        "not every record of the file is there"
    );
    // Back to what it was.
    fs::remove_dir_all(data.join("state")).unwrap();
    fs::rename(imported.kept_in.unwrap(), data.join("state")).unwrap();
    assert!(content(data) == PLACE.before);
    true
}

fuzz_target!(|input: &[u8]| {
    let Some((&choices, text)) = input.split_first() else {
        return;
    };
    let mut text = text.to_vec();
    if choices & 1 != 0 {
        text = ended(&text);
    }
    if choices & 2 != 0 {
        text = compressed(&text);
    }
    let (data, file) = (PLACE.dir.path().join("data"), PLACE.dir.path().join("file"));
    fs::write(&file, &text).unwrap();
    match StateDir::verify_file(&file) {
        Ok(counts) => {
            says_the_same_when_written_anew(&file, &counts);
            imported(&data, &file);
        }
        Err(error) => {
            assert!(error.cause.contains(&file.display().to_string()), "{error}");
            assert!(exported(&file).is_err());
            if choices & 4 != 0 {
                assert!(!imported(&data, &file), "what is wrong was taken over");
            }
        }
    }
});
