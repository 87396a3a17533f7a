//! What people ask for on the dashboard.

use super::ids::Sha;
use serde::{Deserialize, Serialize};

/// What a person asks for on the page of a pull request. All but the look concern the head that the page showed, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Look again, as `/sync`.
    Sync,
    /// Run again what failed, as `/retest`.
    Rerun(Sha),
    /// Stop what runs, as `/cancel`.
    Cancel(Sha),
    /// Approve this commit, as `/ok to test` with its whole SHA.
    Approve(Sha),
}

impl Deed {
    /// The head that the page showed, where it matters.
    pub fn head(&self) -> Option<&Sha> {
        match self {
            Self::Sync => None,
            Self::Rerun(head) | Self::Cancel(head) | Self::Approve(head) => Some(head),
        }
    }
}
