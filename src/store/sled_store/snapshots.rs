//! Snapshots: the whole state at one moment in a file of its own, from which it is restored when sled's files can't be used.
//!
//! A file is written under a temporary name, is on disk, and only then gets its name; so a file with a snapshot's name is
//! whole, unless it was damaged later, which its checksum tells. It is the text of `portable`, compressed with LZ4.

use super::collected::Collected;
use super::disk::Disk;
use super::portable::{self, Counts, Origin, Writer};
use super::records::failed;
use super::{StoreError, disk};
use chrono::{DateTime, Utc};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

const DOING: &str = "taking a snapshot";
const SUFFIX: &str = ".ndjson.lz4";
/// The name of the one that is being written.
const UNFINISHED: &str = "unfinished";

/// A snapshot that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its file.
    pub path: PathBuf,
    /// How large that is.
    pub bytes: u64,
    /// What it holds.
    pub counts: Counts,
    /// How long changes had to wait for it.
    pub paused: Duration,
    /// The last change in it.
    pub sequence: u64,
}

impl Disk {
    /// Takes a snapshot into `dir` and deletes all but the newest `keep`.
    pub(super) fn snapshot(
        &self,
        dir: &Path,
        now: DateTime<Utc>,
        keep: usize,
    ) -> Result<Snapshot, StoreError> {
        disk::create_private(dir)?;
        let collected = self.collect(dir, now)?;
        let (paused, sequence) = (collected.paused, collected.origin.sequence);
        let unfinished = dir.join(UNFINISHED);
        let written = self.write_snapshot(&unfinished, collected);
        if written.is_err() {
            // A disk that is full needs the room.
            let _ = fs::remove_file(&unfinished);
        }
        let (counts, bytes) = written?;
        let path = dir.join(format!("state-{}{SUFFIX}", now.format("%Y%m%dT%H%M%S%3fZ")));
        fs::rename(&unfinished, &path).map_err(failed(DOING))?;
        disk::sync_dir(dir).map_err(failed(DOING))?;
        for old in list(dir)?.iter().skip(keep.max(1)) {
            fs::remove_file(old).map_err(failed("deleting an old snapshot"))?;
        }
        Ok(Snapshot {
            path,
            bytes,
            counts,
            paused,
            sequence,
        })
    }

    /// What the first line of a text says.
    pub(super) fn origin(&self, now: DateTime<Utc>) -> Result<Origin, StoreError> {
        Ok(Origin {
            taken_at: now,
            born_at: self.born_at,
            sequence: self.sequence()?,
            loss: self.loss(),
        })
    }

    fn write_snapshot(
        &self,
        path: &Path,
        collected: Collected,
    ) -> Result<(Counts, u64), StoreError> {
        let file = disk::create_file(path).map_err(failed(DOING))?;
        let compressed = FrameEncoder::new(BufWriter::new(file));
        let mut writer = Writer::begin(compressed, collected.origin)?;
        collected.records.each(|raw| match self.is_leaving() {
            true => Err(failed(DOING)("the store is being closed")),
            false => writer.line(&self.line(DOING, &raw)?),
        })?;
        let (compressed, counts) = writer.end()?;
        let file = compressed
            .finish()
            .map_err(failed(DOING))?
            .into_inner()
            .map_err(failed(DOING))?;
        file.sync_all().map_err(failed(DOING))?;
        let bytes = file.metadata().map_err(failed(DOING))?.len();
        Ok((counts, bytes))
    }
}

/// The snapshots in `dir`, newest first.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    const DOING: &str = "looking for snapshots";
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(DOING)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(DOING))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("state-") && name.ends_with(SUFFIX)) {
            found.push(path);
        }
    }
    // Their names begin with the time.
    found.sort();
    found.reverse();
    Ok(found)
}

/// Reads a snapshot, or an export that is not compressed.
pub(super) fn read(
    path: &Path,
    take: impl FnMut(portable::Incoming) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    use std::io::BufRead;
    let about = |error: std::io::Error| disk::about(path, &error.to_string());
    let mut file = BufReader::new(File::open(path).map_err(about)?);
    // What LZ4 frames begin with, its specification says.
    let is_compressed = file
        .fill_buf()
        .map_err(about)?
        .starts_with(&[4, 0x22, 0x4D, 0x18]);
    let read = match is_compressed {
        true => portable::read(BufReader::new(FrameDecoder::new(file)), take),
        false => portable::read(file, take),
    };
    read.map_err(|error| disk::about(path, &error.cause))
}

/// Fills an empty store from a file; what the first line says. All that stands in the file is there when it returns, or it is
/// an error.
pub(super) fn fill(disk: &Disk, path: &Path) -> Result<(portable::Header, Counts), StoreError> {
    let mut header = None;
    let mut filling = super::lines::Filling::new(disk);
    let mut counts = Counts::new();
    read(path, |incoming| match incoming {
        portable::Incoming::Header(found) => {
            header = Some(*found);
            Ok(())
        }
        portable::Incoming::Line(line) => {
            *counts.entry(line.kind()).or_default() += 1;
            filling.add(*line)
        }
    })?;
    filling.end()?;
    let header = header.ok_or_else(|| failed("reading a state")("it has no first line"))?;
    let mut written = disk.verify().sound()?.counts;
    written.retain(|_, count| *count > 0);
    if written != counts {
        return Err(disk::about(
            path,
            "a record stands in it twice, and which of the two counts is not known; \
             give a file that `drawbridge state export` wrote, as it wrote it",
        ));
    }
    disk.continue_as(&header)?;
    disk.flush()?;
    Ok((header, counts))
}
