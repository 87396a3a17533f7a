//! What is left of what an installation may ask of GitHub, for people to look at.

use super::pacer::Pacer;
use chrono::{DateTime, Utc};

/// What is left of an installation's hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLeft {
    /// How many requests the hour has; `None`: GitHub has not said it yet, or the hour is over.
    pub limit: Option<u32>,
    /// How many of them are left.
    pub remaining: Option<u32>,
    /// When there are new ones.
    pub renewed_at: Option<DateTime<Utc>>,
    /// Until when nothing is asked, because GitHub said so.
    pub paused_until: Option<DateTime<Utc>>,
    /// How many requests wait for their turn.
    pub waiting: usize,
}

impl Pacer {
    /// What is left.
    pub(super) fn left(&self, now: DateTime<Utc>) -> BudgetLeft {
        let budget = self.budget.filter(|budget| budget.renewed_at > now);
        BudgetLeft {
            limit: budget.map(|budget| budget.limit),
            remaining: budget.map(|budget| budget.remaining),
            renewed_at: budget.map(|budget| budget.renewed_at),
            paused_until: self.paused_until.filter(|until| *until > now),
            waiting: self.waiting.len(),
        }
    }
}
