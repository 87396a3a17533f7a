//! Writing a state as a text.

use super::{Counts, End, FORMAT, Header, Line, Sum, VERSION};
use crate::store::sled_store::records::{encode, failed};
use crate::store::{Loss, StoreError};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::io::Write;

const DOING: &str = "writing a state";

/// Where a text comes from.
pub(in crate::store::sled_store) struct Origin {
    pub taken_at: DateTime<Utc>,
    pub born_at: DateTime<Utc>,
    pub sequence: u64,
    pub loss: Option<Loss>,
}

/// Writes a state, line by line.
pub(in crate::store::sled_store) struct Writer<W> {
    to: W,
    hash: Sha256,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    pub fn begin(to: W, origin: Origin) -> Result<Self, StoreError> {
        let mut writer = Self {
            to,
            hash: Sha256::new(),
            counts: Counts::new(),
        };
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            taken_at: origin.taken_at,
            born_at: origin.born_at,
            sequence: origin.sequence,
            loss: origin.loss,
        };
        writer.put(encode(DOING, &header)?)?;
        Ok(writer)
    }

    /// Writes a record.
    pub fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        *self.counts.entry(line.kind()).or_default() += 1;
        self.put(encode(DOING, line)?)
    }

    /// Writes the last line; what it was written to, and how many records there are.
    pub fn end(mut self) -> Result<(W, Counts), StoreError> {
        let end = End {
            end: Sum {
                records: self.counts.values().sum(),
                sha256: hex::encode(self.hash.finalize_reset()),
            },
        };
        self.put(encode(DOING, &end)?)?;
        self.to.flush().map_err(failed(DOING))?;
        Ok((self.to, self.counts))
    }

    fn put(&mut self, mut line: Vec<u8>) -> Result<(), StoreError> {
        line.push(b'\n');
        self.hash.update(&line);
        self.to.write_all(&line).map_err(failed(DOING))
    }
}

impl Header {
    /// The same, for another text.
    pub fn origin(self) -> Origin {
        Origin {
            taken_at: self.taken_at,
            born_at: self.born_at,
            sequence: self.sequence,
            loss: self.loss,
        }
    }
}
