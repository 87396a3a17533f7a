//! All records at one moment, in a file without a name: in memory they would take many times what the server does.

use super::StoreError;
use super::disk::Disk;
use super::lines::{Kind, Raw};
use super::portable::Origin;
use super::records::failed;
use super::verify::history_of;
use chrono::{DateTime, Utc};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const DOING: &str = "collecting the records for a snapshot";
/// So many lines of each history are collected: people read them, nothing is decided by them.
const HISTORY: usize = 20;

/// All records but the older lines of histories.
pub(super) struct Collected {
    pub records: Records,
    pub origin: Origin,
    /// How long changes had to wait.
    pub paused: Duration,
}

/// The file that they are in.
pub(super) struct Records {
    file: File,
    count: u64,
}

impl Disk {
    /// Reads all records while nothing changes. They are written as they are stored: to make a text of them takes longer, and
    /// need not hold up anybody.
    pub(super) fn collect(&self, dir: &Path, now: DateTime<Utc>) -> Result<Collected, StoreError> {
        let file = tempfile::tempfile_in(dir).map_err(failed(DOING))?;
        let mut to = FrameEncoder::new(BufWriter::new(file));
        let mut count = 0;
        let alone = self.alone();
        let began = Instant::now();
        for kind in Kind::ALL {
            // Of the history that is being read.
            let mut newest: VecDeque<Raw> = VecDeque::new();
            for raw in self.raws(DOING, kind) {
                let raw = raw?;
                let first = newest.front().map(|first| history_of(&first.key));
                let goes_on = kind == Kind::History && first == Some(history_of(&raw.key));
                if goes_on && newest.len() == HISTORY {
                    newest.pop_front();
                }
                if !goes_on {
                    count += write_all(&mut to, &mut newest)?;
                }
                newest.push_back(raw);
            }
            count += write_all(&mut to, &mut newest)?;
        }
        let origin = self.origin(now)?;
        let paused = began.elapsed();
        drop(alone);
        let file = to.finish().map_err(failed(DOING))?;
        let mut file = file.into_inner().map_err(failed(DOING))?;
        file.rewind().map_err(failed(DOING))?;
        Ok(Collected {
            records: Records { file, count },
            origin,
            paused,
        })
    }
}

impl Records {
    /// Hands out the records, in the order in which they were read.
    pub fn each(
        self,
        mut take: impl FnMut(Raw) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = FrameDecoder::new(BufReader::new(self.file));
        for _ in 0..self.count {
            take(read(&mut from).map_err(failed(DOING))?)?;
        }
        Ok(())
    }
}

/// Writes these, and how many they were.
fn write_all(to: &mut impl Write, raws: &mut VecDeque<Raw>) -> Result<u64, StoreError> {
    let count = raws.len() as u64;
    for raw in raws.drain(..) {
        write(to, &raw).map_err(failed(DOING))?;
    }
    Ok(count)
}

fn write(to: &mut impl Write, raw: &Raw) -> io::Result<()> {
    let kind = Kind::ALL.iter().position(|kind| *kind == raw.kind);
    let lengths = [kind.unwrap_or_default(), raw.key.len(), raw.value.len()];
    for length in lengths {
        to.write_all(&(length as u64).to_be_bytes())?;
    }
    to.write_all(&raw.key)?;
    to.write_all(&raw.value)
}

fn read(from: &mut impl Read) -> io::Result<Raw> {
    let mut lengths = [0; 3];
    for length in &mut lengths {
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        *length = u64::from_be_bytes(bytes) as usize;
    }
    let [kind, key, value] = lengths;
    let mut part = |length: usize| {
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Ok::<_, io::Error>(bytes.into())
    };
    Ok(Raw {
        kind: *Kind::ALL.get(kind).ok_or(io::ErrorKind::InvalidData)?,
        key: part(key)?,
        value: part(value)?,
    })
}
