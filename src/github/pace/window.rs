//! How much was spent in the last minute or hour.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;

/// What was spent within this time of one another is kept as one.
const GRAIN: TimeDelta = TimeDelta::seconds(1);

/// A limit on what is spent in any stretch of time of one length. What is under way counts, and what has ended counts from
/// its end on: GitHub took it in at some time between, so its own count never is the higher one.
#[derive(Debug)]
pub(super) struct Window {
    span: TimeDelta,
    most: u32,
    spent: VecDeque<Spent>,
    sum: u32,
    under_way: u32,
}

#[derive(Debug)]
struct Spent {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    cost: u32,
}

impl Window {
    pub(super) fn new(span: TimeDelta, most: u32) -> Self {
        Self {
            span,
            most,
            spent: VecDeque::new(),
            sum: 0,
            under_way: 0,
        }
    }

    /// When there is room for `cost` within `share` per cent of the limit; `None`: now.
    pub(super) fn room_at(
        &mut self,
        cost: u32,
        share: u32,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.room_beside(0, cost, share, now)
    }

    /// The same, beside what others are about to spend.
    pub(super) fn room_beside(
        &mut self,
        others: u32,
        cost: u32,
        share: u32,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.forget(now);
        if cost == 0 {
            return None;
        }
        // Whatever the share, there is room for one when nothing else was spent.
        let most = (self.most.saturating_mul(share) / 100).max(cost);
        let mut taken = self.sum + self.under_way + others + cost;
        if taken <= most {
            return None;
        }
        for spent in &self.spent {
            taken -= spent.cost;
            if taken <= most {
                return Some(spent.until + self.span);
            }
        }
        // All room is taken by what is under way.
        Some(now + self.span)
    }

    pub(super) fn begin(&mut self, cost: u32) {
        self.under_way += cost;
    }

    pub(super) fn end(&mut self, cost: u32, now: DateTime<Utc>) {
        self.under_way -= cost;
        if cost == 0 {
            return;
        }
        self.sum += cost;
        match self.spent.back_mut() {
            Some(last) if now >= last.from && now - last.from < GRAIN => {
                last.until = last.until.max(now);
                last.cost += cost;
            }
            _ => self.spent.push_back(Spent {
                from: now,
                until: now,
                cost,
            }),
        }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        // A clock that was set back must not make a minute last longer.
        for spent in self.spent.iter_mut().rev() {
            if spent.until <= now {
                break;
            }
            spent.until = now;
            spent.from = spent.from.min(now);
        }
        while let Some(oldest) = self.spent.front()
            && now - oldest.until >= self.span
        {
            self.sum -= oldest.cost;
            self.spent.pop_front();
        }
    }
}
