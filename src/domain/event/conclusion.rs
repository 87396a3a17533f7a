//! How a build ended.

use serde::{Deserialize, Serialize};

/// GitHub's conclusions of a check run, check suite or workflow run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// All is well.
    Success,
    /// It is not for this to say.
    Neutral,
    /// There was nothing to do.
    Skipped,
    /// Something is wrong.
    Failure,
    /// Somebody or something stopped it.
    Cancelled,
    /// It took longer than it may.
    TimedOut,
    /// Somebody has to do something first.
    ActionRequired,
    /// GitHub gave it up after fourteen days without a word.
    Stale,
    /// It could not begin: its workflow's file has a mistake, say.
    StartupFailure,
}

impl Conclusion {
    /// Whether a required check with this conclusion lets a merge through: `success`, `neutral`, `skipped`
    /// (GitHub, "About status checks").
    pub fn passes(self) -> bool {
        matches!(self, Self::Success | Self::Neutral | Self::Skipped)
    }

    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Neutral => "neutral",
            Self::Skipped => "skipped",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::ActionRequired => "action_required",
            Self::Stale => "stale",
            Self::StartupFailure => "startup_failure",
        }
    }

    /// Reads GitHub's word; one this version does not know does not pass.
    pub fn from_word(word: &str) -> Self {
        match word {
            "success" => Self::Success,
            "neutral" => Self::Neutral,
            "skipped" => Self::Skipped,
            "cancelled" => Self::Cancelled,
            "timed_out" => Self::TimedOut,
            "action_required" => Self::ActionRequired,
            "stale" => Self::Stale,
            "startup_failure" => Self::StartupFailure,
            _ => Self::Failure,
        }
    }
}
