//! The files. Records are added to the newest one; when they take too much room the oldest goes.
//!
//! A record is a mark, the length of the rest, a proof of the rest (HMAC-SHA256), the delivery's id with its length, and what is kept, as
//! JSON compressed with lz4. A start looks at marks, lengths and ids alone; the proof is looked at when somebody reads. Where a file
//! goes wrong its end is left alone, and no file from before is added to: so a record that was cut off hurts no other.

use super::{Found, Kept};
use crate::domain::ids::DeliveryId;
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
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

#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    at: u64,
    length: u32,
}

/// All files.
pub(super) struct Segments {
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
    limit: u64,
    /// How long each is, by number: the newest has the highest.
    files: BTreeMap<u64, u64>,
    index: HashMap<DeliveryId, Place>,
    /// The newest, if it is ours to add to.
    open: Option<(u64, File)>,
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
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                self.files.insert(number, entry.metadata()?.len());
            }
        }
        for number in self.files.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.scan(number) {
                tracing::warn!(%error, file = %self.path(number).display(), "can't read payloads that were kept");
            }
        }
        Ok(())
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
        let (number, mut file) = match self.open.take() {
            Some((number, file)) if self.fits(number, length) => (number, file),
            _ => self.begin()?,
        };
        let at = self.files.get(&number).copied().unwrap_or_default();
        if let Err(error) = file.write_all(&record) {
            // What was half written goes, with the file if it has nothing else, and the next record begins another one.
            let mended = file.set_len(at);
            if at == 0 && self.remove(number).is_ok() {
                return Err(error);
            }
            if mended.is_err() {
                self.files.insert(number, at + length);
            }
            return Err(error);
        }
        self.files.insert(number, at + length);
        self.open = Some((number, file));
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
        while self.files.values().sum::<u64>() + more > self.limit {
            let Some(oldest) = self.files.keys().next().copied() else {
                return Ok(());
            };
            self.remove(oldest)?;
        }
        Ok(())
    }

    fn remove(&mut self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.open.take_if(|(open, _)| *open == number);
        self.files.remove(&number);
        self.index.retain(|_, place| place.segment != number);
        Ok(())
    }

    fn fits(&self, number: u64, more: u64) -> bool {
        let largest = (self.limit / FILES).min(LARGEST);
        let length = self.files.get(&number);
        length.is_some_and(|length| length + more <= largest)
    }

    fn begin(&mut self) -> io::Result<(u64, File)> {
        make_dir(&self.dir)?;
        let number = self.files.keys().next_back().map_or(1, |newest| newest + 1);
        let mut options = File::options();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path(number))?;
        self.files.insert(number, 0);
        Ok((number, file))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:010}{SUFFIX}"))
    }
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
