//! How much GitHub lets the app ask, and its clock for that.

use crate::sandbox::Sandbox;
use crate::sandbox::server::HOURLY;
use chrono::TimeDelta;

impl Sandbox {
    /// From now on the installation's secondary limits count: 900 points and 80 creating requests a minute, 100 at once.
    pub fn enforce_limits(&self) {
        self.edit(|hub| hub.limits.enforced = true);
    }

    /// Puts the clock forward that limits are counted by.
    pub fn advance(&self, by: TimeDelta) {
        self.edit(|hub| {
            hub.limits.advance(by);
            let now = hub.limits.now();
            if hub.limits.renewed_at.is_some_and(|at| at <= now) {
                hub.limits.renewed_at = Some(now + TimeDelta::hours(1));
                hub.requests_used = 0;
            }
        });
    }

    /// So many requests are left of the hour, which ends after `renewed_in`.
    pub fn set_budget(&self, remaining: u64, renewed_in: TimeDelta) {
        self.edit(|hub| {
            hub.requests_used = HOURLY.saturating_sub(remaining);
            hub.limits.renewed_at = Some(hub.limits.now() + renewed_in);
        });
    }
}
