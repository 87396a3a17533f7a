//! How to log.

use super::{Given, SettingError, wrong};
use serde::Deserialize;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The logging settings: they are needed before the others are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Filter directives.
    pub level: String,
    /// Text or JSON.
    pub format: LogFormat,
}

impl Given {
    /// How to log.
    pub fn logging(&self) -> Logging {
        Logging {
            level: self
                .log_level
                .clone()
                .filter(|level| !level.trim().is_empty())
                .unwrap_or_else(|| "info".to_owned()),
            format: self.log_format.unwrap_or_default(),
        }
    }
}

impl SettingError {
    pub(crate) fn log_level(given: &str) -> Self {
        let remedy =
            "Use error, warn, info, debug or trace, or directives such as `info,drawbridge=debug`.";
        wrong("LOG_LEVEL", format!("{given:?} is not a level"), remedy)
    }
}
