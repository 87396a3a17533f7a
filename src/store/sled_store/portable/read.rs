//! Reading a state from a text.

use super::{End, FORMAT, Header, LAST, Line, VERSION, migrate};
use crate::store::StoreError;
use crate::store::sled_store::records::failed;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::BufRead;

const DOING: &str = "reading a state";

/// What is found in a text, in its order.
pub(in crate::store::sled_store) enum Incoming {
    /// First.
    Header(Box<Header>),
    /// Then each record.
    Line(Box<Line>),
}

/// The part of a header that every version has.
#[derive(Deserialize)]
struct Preamble {
    format: String,
    version: u64,
}

/// Reads a whole text and hands over what it finds. Only when it returns it is known that the text is whole, so nothing
/// is to be made of it before.
///
/// # Errors
/// It is no state, of a newer version, cut off or changed; or `take` failed.
pub(in crate::store::sled_store) fn read(
    mut from: impl BufRead,
    mut take: impl FnMut(Incoming) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut hash = Sha256::new();
    let mut line = Vec::new();
    let mut number = 0_u64;
    let mut version = None;
    loop {
        line.clear();
        from.read_until(b'\n', &mut line).map_err(failed(DOING))?;
        number += 1;
        if !line.ends_with(b"\n") {
            return Err(match (number, line.is_empty()) {
                (1, _) => no_state("its first line is not whole"),
                (_, true) => broken(
                    number - 1,
                    "it ends without its last line: a part is missing",
                ),
                (_, false) => broken(number, "the line is cut off"),
            });
        }
        let Some(version) = version else {
            version = Some(begin(&line, &mut take)?);
            hash.update(&line);
            continue;
        };
        // No record begins so; that saves decoding each line twice.
        if line.starts_with(b"{\"end\":") {
            let End { end } = serde_json::from_slice(&line)
                .map_err(|error| broken(number, &error.to_string()))?;
            if end.records != number - 2 || end.sha256 != hex::encode(hash.finalize()) {
                return Err(broken(
                    number,
                    "its lines are not those that were written: some were changed, added or left out",
                ));
            }
            let more = from.fill_buf().map_err(failed(DOING))?;
            return match more.is_empty() {
                true => Ok(()),
                false => Err(broken(number + 1, "something stands after its last line")),
            };
        }
        let read = match version {
            VERSION => serde_json::from_slice(&line),
            older => serde_json::from_slice(&line)
                .map(|value| migrate::to_present(older, value))
                .and_then(serde_json::from_value),
        };
        let read: Line = read.map_err(|error| broken(number, &error.to_string()))?;
        if read.place() > Some(LAST) {
            return Err(broken(number, "its place is beyond any that a store gives"));
        }
        take(Incoming::Line(Box::new(read)))?;
        hash.update(&line);
    }
}

/// Reads the first line; returns the version of the others.
fn begin(
    line: &[u8],
    take: &mut impl FnMut(Incoming) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let value: Value =
        serde_json::from_slice(line).map_err(|_| no_state("its first line is not JSON"))?;
    let preamble = Preamble::deserialize(&value)
        .ok()
        .filter(|preamble| preamble.format == FORMAT)
        .ok_or_else(|| no_state("its first line does not name the format \"drawbridge-state\""))?;
    if preamble.version > VERSION {
        return Err(failed(DOING)(format!(
            "it is written in version {} of the format, and this Drawbridge knows the versions up to {VERSION}; \
             use the Drawbridge that wrote it, or a newer one",
            preamble.version
        )));
    }
    let header = Header::deserialize(value).map_err(|error| broken(1, &error.to_string()))?;
    if header.sequence > LAST {
        return Err(broken(1, "it counts more changes than a store can see"));
    }
    take(Incoming::Header(Box::new(header)))?;
    Ok(preamble.version)
}

fn no_state(why: &str) -> StoreError {
    failed(DOING)(format!(
        "this is no state of Drawbridge ({why}); give a file that `drawbridge state export` wrote, or a snapshot"
    ))
}

fn broken(line: u64, why: &str) -> StoreError {
    failed(DOING)(format!("line {line}: {why}"))
}
