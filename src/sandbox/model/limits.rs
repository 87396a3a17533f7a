//! GitHub's limits, as its documentation gives them ("Rate limits for the REST API"), by a clock that can be put forward.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Points that an installation may spend in a minute.
const POINTS: u32 = 900;
/// Requests that create something, a minute.
const CREATIONS: u32 = 80;
/// Requests under way at once.
const AT_ONCE: u32 = 100;

/// What was asked lately, and what is left.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// Whether the secondary limits count at all.
    pub(crate) enforced: bool,
    /// When the hour's budget is renewed; `None`: at the full hour, and a budget that is used up refuses nothing.
    pub(crate) renewed_at: Option<DateTime<Utc>>,
    pub(crate) under_way: u32,
    ahead: TimeDelta,
    asked: VecDeque<(DateTime<Utc>, u32, bool)>,
}

impl Limits {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    pub(crate) fn advance(&mut self, by: TimeDelta) {
        self.ahead += by;
    }

    /// Takes a request in; the seconds to wait if that is too much.
    pub(crate) fn take(&mut self, method: &str) -> Result<(), u64> {
        if !self.enforced {
            return Ok(());
        }
        let now = self.now();
        let minute = TimeDelta::minutes(1);
        self.asked.retain(|(at, ..)| now - *at < minute);
        let creates = method == "POST";
        let cost = if method == "GET" { 1 } else { 5 };
        let points: u32 = self.asked.iter().map(|(_, cost, _)| cost).sum();
        let creations = self.asked.iter().filter(|(.., creates)| *creates).count();
        let too_much = points + cost > POINTS
            || (creates && creations >= CREATIONS as usize)
            || self.under_way > AT_ONCE;
        if too_much {
            return Err(60);
        }
        self.asked.push_back((now, cost, creates));
        Ok(())
    }

    /// The seconds until the hour's budget is renewed.
    pub(crate) fn renewed_in(&self) -> Option<u64> {
        let wait = (self.renewed_at? - self.now()).num_seconds();
        Some(u64::try_from(wait).unwrap_or_default())
    }
}
