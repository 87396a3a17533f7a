//! What reading the pipelines of a file may cost, whatever extends whatever and however little is left of it.

use super::LARGEST;
use crate::domain::config::ConfigError;
use crate::domain::config::yaml::{Node, Source, Value};
use serde_saphyr::Location;
use std::cell::Cell;

/// How many globs of branches a file may have. Compiling them is the dear part of reading it.
const MOST_GLOBS: usize = 4_000;

/// How many bytes of templates and jobs may be laid over each other, each counted wherever it is taken over: four times
/// what may be left of them.
const MOST_LAID: usize = 4 * LARGEST;

/// What may still be done.
pub(super) struct Effort {
    globs: Cell<usize>,
    bytes: Cell<usize>,
}

impl Effort {
    /// For one file.
    pub(super) fn new() -> Self {
        Self {
            globs: Cell::new(MOST_GLOBS),
            bytes: Cell::new(MOST_LAID),
        }
    }

    /// So many globs are about to be compiled.
    pub(super) fn compile(
        &self,
        source: Source<'_>,
        at: Location,
        globs: usize,
    ) -> Result<(), ConfigError> {
        take(&self.globs, globs).ok_or_else(|| {
            let message = format!("the file has more than {MOST_GLOBS} patterns of branches");
            source.error(at, message, Some("Use fewer, wider patterns"))
        })
    }

    /// A template or job of this size is about to be laid over another.
    pub(super) fn lay(
        &self,
        source: Source<'_>,
        at: Location,
        bytes: usize,
    ) -> Result<(), ConfigError> {
        take(&self.bytes, bytes).ok_or_else(|| {
            let message = format!(
                "templates and jobs come to more than {MOST_LAID} bytes once each is counted wherever it is taken over"
            );
            source.error(at, message, Some("Use shorter ones, or fewer that extend them"))
        })
    }
}

fn take(left: &Cell<usize>, cost: usize) -> Option<()> {
    left.set(left.get().checked_sub(cost)?);
    Some(())
}

/// About how many bytes a node takes to read.
pub(super) fn size(node: &Node) -> usize {
    // Also what has no text costs something.
    16 + match &node.value {
        Value::Null | Value::Bool(_) | Value::Number => 0,
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| key.value.len() + size(value))
                .sum()
        }
    }
}
