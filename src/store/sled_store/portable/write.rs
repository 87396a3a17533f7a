//! Writing a state as a text.

use super::{Counts, End, FORMAT, Header, Line, Sum, VERSION};
use crate::store::sled_store::records::{encode, failed};
use crate::store::{Loss, StoreError};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::io::Write;

/// Where a text comes from.
pub(in crate::store::sled_store) struct Origin {
    pub taken_at: DateTime<Utc>,
    pub born_at: DateTime<Utc>,
    pub sequence: u64,
    pub loss: Option<Loss>,
}

/// Writes a state; returns how many records it has.
pub(in crate::store::sled_store) fn write(
    doing: &'static str,
    origin: Origin,
    lines: impl Iterator<Item = Result<Line, StoreError>>,
    to: &mut impl Write,
) -> Result<Counts, StoreError> {
    let mut hash = Sha256::new();
    let mut put = |mut line: Vec<u8>, hash: &mut Sha256| {
        line.push(b'\n');
        hash.update(&line);
        to.write_all(&line).map_err(failed(doing))
    };
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        taken_at: origin.taken_at,
        born_at: origin.born_at,
        sequence: origin.sequence,
        loss: origin.loss,
    };
    put(encode(doing, &header)?, &mut hash)?;
    let mut counts = Counts::new();
    let mut records = 0;
    for line in lines {
        let line = line?;
        put(encode(doing, &line)?, &mut hash)?;
        *counts.entry(line.kind()).or_default() += 1;
        records += 1;
    }
    let end = End {
        end: Sum {
            records,
            sha256: hex::encode(hash.finalize_reset()),
        },
    };
    put(encode(doing, &end)?, &mut hash)?;
    to.flush().map_err(failed(doing))?;
    Ok(counts)
}
