//! The files. Records are added to the newest one; when they take too much room the oldest goes.
//!
//! A record is a mark, the length of the rest, a proof of the rest (HMAC-SHA256), the delivery's id with its length, and what is kept, as
//! JSON compressed with lz4. A start looks at marks, lengths and ids alone; the proof is looked at when somebody reads. Where a file
//! goes wrong its end is left alone, and no file from before is added to: so a record that was cut off hurts no other.

use super::{Found, Kept};
use crate::domain::ids::DeliveryId;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirEntry, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MARK: [u8; 4] = *b"DBP1";
/// Mark, length and proof.
const HEAD: usize = 4 + 4 + 32;
const SUFFIX: &str = ".payloads";
/// The whole is divided into so many files, so that little more goes than has to.
const FILES: u64 = 16;
/// None is larger unless one record is.
const LARGEST: u64 = 4 << 20;
/// Nor takes in for longer than this, so that what is old does not stay for what is new.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// Numbers have ten digits. A file with another name is not ours.
const HIGHEST: u64 = 9_999_999_999;

#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    at: u64,
    length: u32,
}

/// A file.
#[derive(Debug, Clone, Copy)]
struct Segment {
    length: u64,
    /// When what was added last came; of a file from before, when it was last written.
    newest: DateTime<Utc>,
}

/// The file that is added to.
struct Open {
    number: u64,
    file: File,
    /// When what was added first came.
    since: DateTime<Utc>,
}

/// All files.
pub(super) struct Segments {
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
    limit: u64,
    /// By number: the newest has the highest.
    files: BTreeMap<u64, Segment>,
    index: HashMap<DeliveryId, Place>,
    /// The newest, if it is ours to add to.
    open: Option<Open>,
}

impl Segments {
    /// Those that are there. One that can't be read hinders nothing: it takes its room until it is the oldest.
    pub fn open(dir: PathBuf, key: Zeroizing<[u8; 32]>, limit: u64) -> Self {
        let mut segments = Self {
            dir,
            key,
            limit,
            files: BTreeMap::new(),
            index: HashMap::new(),
            open: None,
        };
        if let Err(error) = segments.look().and_then(|()| segments.make_room(0)) {
            let dir = segments.dir.display();
            tracing::warn!(%dir, %error, "can't look at the payloads that were kept; new ones are kept all the same");
        }
        segments
    }

    fn look(&mut self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            // What can't be looked at hides nothing else.
            match entry.and_then(|entry| self.segment_of(&entry)) {
                Ok(found) => self.files.extend(found),
                Err(error) => {
                    tracing::warn!(%error, "can't look at a file of payloads that were kept");
                }
            }
        }
        for number in self.files.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.scan(number) {
                tracing::warn!(%error, file = %self.path(number).display(), "can't read payloads that were kept");
            }
        }
        Ok(())
    }

    /// Its number, and what is known of it; `None`: it is not ours.
    fn segment_of(&self, entry: &DirEntry) -> io::Result<Option<(u64, Segment)>> {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        let number = number.and_then(|number| number.parse().ok());
        let ours = |number: &u64| *number <= HIGHEST && name == *name_of(*number);
        let Some(number) = number.filter(ours) else {
            return Ok(None);
        };
        let there = entry.metadata()?;
        let segment = Segment {
            length: there.len(),
            newest: there.modified()?.into(),
        };
        Ok(Some((number, segment)))
    }

    /// Reads which records a file has, up to the first that can't be one.
    fn scan(&mut self, number: u64) -> io::Result<()> {
        let mut file = BufReader::new(File::open(self.path(number))?);
        let end = file.get_ref().metadata()?.len();
        let mut at = 0;
        while let Some((delivery, length)) = next_record(&mut file)? {
            let place = Place {
                segment: number,
                at,
                length,
            };
            at += HEAD as u64 + u64::from(length);
            if at > end {
                break;
            }
            self.index.entry(delivery).or_insert(place);
            file.seek(SeekFrom::Start(at))?;
        }
        Ok(())
    }

    /// Adds a record, unless there is one of this delivery.
    pub fn add(&mut self, kept: &Kept) -> io::Result<()> {
        if self.index.contains_key(&kept.delivery) {
            return Ok(());
        }
        let record = self.record(kept)?;
        let length = record.len() as u64;
        if length > self.limit {
            return Ok(());
        }
        self.make_room(length)?;
        let open = self.open.take();
        let mut open = match open.filter(|open| self.fits(open, length, kept.at)) {
            Some(open) => open,
            None => self.begin(kept.at)?,
        };
        let number = open.number;
        let segment = self.files.get(&number).copied();
        let at = segment.map_or(0, |segment| segment.length);
        let newest = segment.map_or(kept.at, |segment| segment.newest.max(kept.at));
        let grown = Segment {
            length: at + length,
            newest,
        };
        if let Err(error) = open.file.write_all(&record) {
            // What was half written goes, with the file if it has nothing else, and the next record begins another one.
            let mended = open.file.set_len(at);
            if at == 0 && self.remove(number).is_ok() {
                return Err(error);
            }
            if mended.is_err() {
                self.files.insert(number, grown);
            }
            return Err(error);
        }
        self.files.insert(number, grown);
        self.open = Some(open);
        let place = Place {
            segment: number,
            at,
            length: (record.len() - HEAD) as u32,
        };
        self.index.insert(kept.delivery.clone(), place);
        Ok(())
    }

    /// What there is of a delivery.
    pub fn find(&self, delivery: &DeliveryId) -> Found {
        let Some(place) = self.index.get(delivery) else {
            return Found::Nothing;
        };
        match self.read(*place) {
            Ok(Some(kept)) if kept.delivery == *delivery => Found::Kept(Box::new(kept)),
            _ => Found::Damaged,
        }
    }

    /// `None`: it is not what was written.
    fn read(&self, place: Place) -> io::Result<Option<Kept>> {
        let mut file = File::open(self.path(place.segment))?;
        file.seek(SeekFrom::Start(place.at))?;
        let mut head = [0; HEAD];
        file.read_exact(&mut head)?;
        let mut rest = vec![0; place.length as usize];
        file.read_exact(&mut rest)?;
        let mut mac = self.mac();
        mac.update(&rest);
        // Before anything else is made of it.
        if mac.verify_slice(&head[8..]).is_err() {
            return Ok(None);
        }
        let id = 1 + rest.first().copied().map_or(0, usize::from);
        let text = rest
            .get(id..)
            .and_then(|packed| lz4_flex::block::decompress_size_prepended(packed).ok());
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    fn record(&self, kept: &Kept) -> io::Result<Vec<u8>> {
        let id = kept.delivery.as_str().as_bytes();
        // An id has at most 100 characters.
        let mut rest = vec![id.len() as u8];
        rest.extend_from_slice(id);
        let text = serde_json::to_vec(kept)?;
        rest.extend(lz4_flex::block::compress_prepend_size(&text));
        let mut mac = self.mac();
        mac.update(&rest);
        let proof = mac.finalize().into_bytes();
        let length = u32::try_from(rest.len()).map_err(io::Error::other)?;
        Ok([&MARK[..], &length.to_be_bytes(), &proof, &rest].concat())
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.key.as_slice()).expect("a key of any length")
    }

    /// The oldest files go until so many bytes more may be there.
    fn make_room(&mut self, more: u64) -> io::Result<()> {
        let lengths = |files: &BTreeMap<u64, Segment>| -> u64 {
            files.values().map(|segment| segment.length).sum()
        };
        while lengths(&self.files) + more > self.limit {
            let Some(oldest) = self.files.keys().next().copied() else {
                return Ok(());
            };
            self.remove(oldest)?;
        }
        Ok(())
    }

    /// Files in which nothing came at that time or later go.
    pub fn forget(&mut self, before: DateTime<Utc>) -> io::Result<()> {
        let old = self.files.iter().filter(|(_, file)| file.newest < before);
        for number in old.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.remove(number)?;
        }
        Ok(())
    }

    fn remove(&mut self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.open.take_if(|open| open.number == number);
        self.files.remove(&number);
        self.index.retain(|_, place| place.segment != number);
        Ok(())
    }

    fn fits(&self, open: &Open, more: u64, came: DateTime<Utc>) -> bool {
        let largest = (self.limit / FILES).min(LARGEST);
        let segment = self.files.get(&open.number);
        segment.is_some_and(|segment| segment.length + more <= largest)
            && came - open.since < LONGEST
    }

    fn begin(&mut self, since: DateTime<Utc>) -> io::Result<Open> {
        make_dir(&self.dir)?;
        let newest = self.files.keys().next_back().copied().unwrap_or_default();
        let mut options = File::options();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        for number in newest + 1..=HIGHEST {
            match options.open(self.path(number)) {
                // One that could not be looked at, or came from elsewhere.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => {
                    let file = file?;
                    let segment = Segment {
                        length: 0,
                        newest: since,
                    };
                    self.files.insert(number, segment);
                    return Ok(Open {
                        number,
                        file,
                        since,
                    });
                }
            }
        }
        let last = name_of(HIGHEST);
        Err(io::Error::other(format!(
            "no number is left for a file behind {last}; move that one away and restart"
        )))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(name_of(number))
    }
}

fn name_of(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// The next record's delivery and length; `None`: there is none, or something else.
fn next_record(file: &mut impl Read) -> io::Result<Option<(DeliveryId, u32)>> {
    let mut head = [0; HEAD + 1];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let [a, b, c, d] = [head[4], head[5], head[6], head[7]];
    let length = u32::from_be_bytes([a, b, c, d]);
    let id_length = head[HEAD];
    if head[..4] != MARK || u32::from(id_length) >= length {
        return Ok(None);
    }
    let mut id = vec![0; usize::from(id_length)];
    match file.read_exact(&mut id) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let id = String::from_utf8(id).ok();
    let delivery = id.and_then(|id| DeliveryId::parse(&id).ok());
    Ok(delivery.map(|delivery| (delivery, length)))
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
