//! How much of what is kept, and how long.

use super::{Given, SettingError, wrong};
use crate::store::Retention;
use chrono::TimeDelta;
use std::time::Duration;

/// How long what is kept.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The time between two snapshots.
    pub snapshot_every: Duration,
    /// How many snapshots are kept.
    pub snapshots: usize,
    /// What is forgotten when.
    pub retention: Retention,
    /// How many bytes of payloads are kept.
    pub payloads: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            snapshot_every: Duration::from_secs(3600),
            snapshots: 24,
            retention: Retention::default(),
            payloads: 64 << 20,
        }
    }
}

impl Keep {
    pub(super) fn of(given: &Given) -> Result<Self, SettingError> {
        let default = Self::default();
        // The flags refuse 0 themselves, the file does not.
        let number = |setting: &'static str, value: Option<u32>| match value {
            Some(0) => Err(wrong(
                setting,
                "0 is too few",
                "Give a number from 1 on, or leave it out.",
            )),
            other => Ok(other),
        };
        let days = |count: u32| TimeDelta::days(count.into());
        let retention = Retention {
            history: number("HISTORY_DAYS", given.history_days)?
                .map_or(default.retention.history, days),
            closed: number("CLOSED_DAYS", given.closed_days)?
                .map_or(default.retention.closed, days),
        };
        Ok(Self {
            snapshot_every: number("SNAPSHOT_MINUTES", given.snapshot_minutes)?
                .map_or(default.snapshot_every, |minutes| {
                    Duration::from_secs(60 * u64::from(minutes))
                }),
            snapshots: number("SNAPSHOTS", given.snapshots)?
                .map_or(default.snapshots, |count| count as usize),
            retention,
            payloads: given
                .payloads_mib
                .map_or(default.payloads, |mib| mib.saturating_mul(1 << 20)),
        })
    }
}
