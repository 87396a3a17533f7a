//! Lets requests leave as [`Pacer`] decides, one queue for each installation: one at its limits slows no other.

mod left;
mod pacer;
mod window;

pub use left::BudgetLeft;
pub use pacer::{Limits, Priority, RequestKind};

use super::ask::Ask;
use super::classify::{self, Answer, Limit};
use crate::clock::Clock;
use crate::domain::ids::InstallationId;
use chrono::{DateTime, TimeDelta, Utc};
use pacer::{Budget, Heard, Limited, Pacer, Place, Turn};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long to stay away when all places stayed taken: somebody's requests hang.
const CROWDED: Duration = Duration::from_secs(2);

/// All installations' queues.
pub(super) struct Lanes {
    limits: Limits,
    clock: Arc<dyn Clock>,
    lanes: Mutex<HashMap<InstallationId, Arc<Lane>>>,
}

struct Lane {
    pacer: Mutex<Pacer>,
    clock: Arc<dyn Clock>,
    /// Ticks when a place may have become free.
    moved: watch::Sender<()>,
}

impl Lanes {
    pub(super) fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            clock,
            lanes: Mutex::default(),
        }
    }

    /// Waits until the request may leave; otherwise how long to stay away.
    pub(super) async fn enter(
        &self,
        installation: InstallationId,
        priority: Priority,
        ask: &Ask,
    ) -> Result<Pass, Duration> {
        let kind = RequestKind::of(&ask.method, &ask.path);
        let patience = self.limits.patience;
        let standing = Standing::in_line(self.lane(installation), priority);
        let lane = standing.lane.clone();
        let mut moved = lane.moved.subscribe();
        let until = Instant::now() + patience;
        loop {
            moved.mark_unchanged();
            let now = self.clock.now();
            let turn = lane.pacer().turn(standing.place, kind, now);
            let left = until.saturating_duration_since(Instant::now());
            let wait = match turn {
                Turn::Go => {
                    return Ok(Pass {
                        lane,
                        kind,
                        heard: Heard::default(),
                    });
                }
                Turn::Behind if left.is_zero() => return Err(CROWDED),
                Turn::Behind => left,
                Turn::At(at) => {
                    let wait = (at - now).to_std().unwrap_or_default();
                    if wait > left {
                        lane.pacer().send_away(priority, at);
                        return Err(wait);
                    }
                    wait
                }
            };
            tokio::select! {
                _ = moved.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// The right to begin with what leads to a request of this kind; otherwise how long to stay away: what could not be
    /// finished would only be asked again.
    pub(super) fn begin(
        &self,
        installation: InstallationId,
        priority: Priority,
        kind: RequestKind,
    ) -> Result<Begun, Duration> {
        let now = self.clock.now();
        let lane = self.lane(installation);
        let mut pacer = lane.pacer();
        let at = pacer.earliest(priority, kind, now);
        if let Some((at, wait)) = self.far(at, now) {
            pacer.send_away(priority, at);
            return Err(wait);
        }
        // Others may come to their end soon, and not all of them create anything.
        if !pacer.has_room_for_more(priority, kind, now) {
            return Err(self.limits.patience);
        }
        pacer.begins(priority, kind);
        drop(pacer);
        Ok(Begun {
            lane,
            priority,
            kind,
        })
    }

    /// The same as a time, without sending anybody away.
    pub(super) fn used_up_until(
        &self,
        installation: InstallationId,
        priority: Priority,
    ) -> Option<DateTime<Utc>> {
        let lane = self.all().get(&installation).cloned()?;
        let now = self.clock.now();
        let at = lane.pacer().earliest(priority, RequestKind::Create, now);
        self.far(at, now).map(|(at, _)| at)
    }

    /// A time, and how long it is until then, if that is longer than anybody waits for.
    fn far(
        &self,
        at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Duration)> {
        let at = at?;
        let wait = (at - now).to_std().ok()?;
        (wait > self.limits.patience).then_some((at, wait))
    }

    /// What is left of each installation's hour, as far as GitHub has said it, by installation.
    pub(super) fn budgets(&self) -> Vec<(InstallationId, BudgetLeft)> {
        let now = self.clock.now();
        let lanes = self.all();
        let left = lanes.iter().map(|(id, lane)| (*id, lane.pacer().left(now)));
        let mut left: Vec<_> = left.collect();
        left.sort_by_key(|(id, _)| *id);
        left
    }

    fn lane(&self, installation: InstallationId) -> Arc<Lane> {
        let new = || {
            Arc::new(Lane {
                pacer: Mutex::new(Pacer::new(self.limits.clone())),
                clock: self.clock.clone(),
                moved: watch::Sender::new(()),
            })
        };
        self.all().entry(installation).or_insert_with(new).clone()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<InstallationId, Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody in the queue, who leaves it also when nobody waits for the request any more.
struct Standing {
    lane: Arc<Lane>,
    place: Place,
}

impl Standing {
    fn in_line(lane: Arc<Lane>, priority: Priority) -> Self {
        let place = lane.pacer().line_up(priority);
        Self { lane, place }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.lane.pacer().give_up(self.place);
        self.lane.moved.send_replace(());
    }
}

/// Something that leads to a request; ends when dropped.
pub struct Begun {
    lane: Arc<Lane>,
    priority: Priority,
    kind: RequestKind,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.lane.pacer().has_ended(self.priority, self.kind);
    }
}

/// A request that is under way; ends when dropped. One whose answer is never seen has been made all the same.
pub(super) struct Pass {
    lane: Arc<Lane>,
    kind: RequestKind,
    heard: Heard,
}

impl Pass {
    /// Takes in what the answer says about limits.
    pub(super) fn answered(mut self, answer: &Answer) {
        self.heard = heard(answer, self.lane.clock.now());
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let now = self.lane.clock.now();
        self.lane.pacer().ended(self.kind, &self.heard, now);
        self.lane.moved.send_replace(());
    }
}

fn heard(answer: &Answer, now: DateTime<Utc>) -> Heard {
    let number = |name: &str| answer.header(name)?.trim().parse::<u32>().ok();
    // Search and other endpoints have budgets of their own, which say nothing about this one.
    let core = answer
        .header("x-ratelimit-resource")
        .is_none_or(|resource| resource == "core");
    let budget = || {
        let reset: i64 = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
        let github = answer.date().unwrap_or(now).timestamp();
        Some(Budget {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            renewed_at: now + TimeDelta::try_seconds(reset.saturating_sub(github) + 1)?,
        })
    };
    Heard {
        budget: if core { budget() } else { None },
        limited: classify::limit(answer, now).map(|limit| match limit {
            Limit::Budget(wait) | Limit::Pause(wait) => Limited::For(wait),
            Limit::Silent => Limited::Silently,
        }),
    }
}
