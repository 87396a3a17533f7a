//! That a state was closed as it should be, in a small file beside sled's: what was read and found sound, or written by the process
//! that closed it, is as it was left. Whoever opens it takes the file away, so a process that dies leaves none.
//!
//! Such a state is in use before all of it was read again (`beside`): no write was cut off, every later change was counted and
//! is there (`sequence`), and what a disk has spoilt since then sled refuses to read, as each page has its checksum.

use super::disk;
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The file's name.
const FILE: &str = "drawbridge.closed";

/// What was known of a state when it was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    /// How many changes it had seen.
    pub sequence: u64,
}

impl Closed {
    /// Notes in sled's directory that it was closed. On disk when it returns.
    pub fn write(self, dir: &Path) -> std::io::Result<()> {
        let (path, text) = (dir.join(FILE), self.text(dir)?);
        fs::write(&path, text)?;
        fs::File::open(path)?.sync_all()?;
        disk::sync_dir(dir)
    }

    /// What the note says, unless the state was changed since; there is none afterwards.
    pub fn take(dir: &Path) -> Option<Self> {
        let path = dir.join(FILE);
        let text = fs::read_to_string(&path).ok()?;
        fs::remove_file(path).ok()?;
        disk::sync_dir(dir).ok()?;
        let (sequence, _) = text.split_once(' ')?;
        let closed = Self {
            sequence: sequence.parse().ok()?,
        };
        (closed.text(dir).ok()? == text).then_some(closed)
    }

    /// With what any later change to sled's file would change, and a checksum.
    fn text(self, dir: &Path) -> std::io::Result<String> {
        let db = fs::metadata(dir.join("db"))?;
        let (sequence, size, at, part) = (self.sequence, db.len(), db.mtime(), db.mtime_nsec());
        let says = format!("{sequence} {size} {at} {part}");
        let check = hex::encode(&Sha256::digest(&says)[..8]);
        Ok(format!("{says} {check}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Closed = Closed { sequence: 7 };

    #[test]
    fn a_note_counts_once_and_for_the_state_as_it_was_closed() {
        type Harm = fn(&Path);
        let harms: [(&str, Harm, Option<Closed>); 5] = [
            ("nothing", |_| {}, Some(CLOSED)),
            (
                "written to",
                |dir| fs::write(dir.join("db"), "changed").unwrap(),
                None,
            ),
            (
                "touched",
                |dir| {
                    let db = fs::File::options()
                        .write(true)
                        .open(dir.join("db"))
                        .unwrap();
                    db.set_modified(std::time::UNIX_EPOCH).unwrap();
                },
                None,
            ),
            (
                "another note",
                |dir| {
                    let text = fs::read_to_string(dir.join(FILE)).unwrap();
                    fs::write(dir.join(FILE), text.replacen('7', "8", 1)).unwrap();
                },
                None,
            ),
            ("gone", |dir| fs::remove_file(dir.join(FILE)).unwrap(), None),
        ];
        for (what, harm, expected) in harms {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("db"), "pages").unwrap();
            CLOSED.write(dir.path()).unwrap();
            harm(dir.path());
            assert_eq!(Closed::take(dir.path()), expected, "{what}");
            assert_eq!(Closed::take(dir.path()), None, "{what}, again");
        }
    }
}
