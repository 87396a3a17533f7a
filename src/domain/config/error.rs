//! The one way in which reading a configuration fails.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a configuration file was refused: what, where, and what to do about it. Text from the file is cut and escaped,
/// so the parts may be shown as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct ConfigError {
    /// The file, relative to its repository's root.
    pub path: String,
    /// Counted from 1; `None` when the error concerns the whole file.
    pub line: Option<u32>,
    /// In characters, counted from 1.
    pub column: Option<u32>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead, without a full stop.
    pub hint: Option<String>,
}

/// `path:line:column: message. hint`, the form that editors and terminals make clickable.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, ". {hint}"),
            None => Ok(()),
        }
    }
}
