//! Whether requests to GitHub are paced.

use crate::github::Limits;
use serde::Deserialize;

/// Whether GitHub's limits on requests are kept by not asking faster than they allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum GithubLimits {
    /// Those of github.com.
    #[default]
    On,
    /// A GitHub Enterprise Server whose administrator has switched none on: nothing is held back.
    Off,
}

impl GithubLimits {
    /// How much is asked of GitHub.
    pub fn limits(self) -> Limits {
        match self {
            Self::On => Limits::default(),
            Self::Off => Limits::none(),
        }
    }
}
