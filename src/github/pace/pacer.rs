//! Decides when a request of one installation may leave: no I/O, and the time is passed in.
//!
//! Laws: in no minute or hour more than the limits; never more at once than allowed; nothing of a lower class before what
//! waits in a higher one; and each class leaves room in the limits for those above it, so that a comment that came first
//! does not hold up a mirror. Nothing waits longer than until there is room.

use super::window::Window;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use std::collections::BTreeSet;
use std::time::Duration;

/// What goes first when there is not enough for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Whether a head is trusted, and its mirror.
    Urgent,
    /// Gates and builds.
    Normal,
    /// What can wait: comments, comparing, asking in case a delivery was lost. It also waits while the hour's budget is
    /// nearly used up.
    Low,
}

/// How much an installation may ask of GitHub ("Rate limits for the REST API").
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests under way at once; GitHub allows 100.
    pub at_once: usize,
    /// Points a minute: a request that reads costs 1, one that writes 5.
    pub points: u32,
    /// Requests a minute that create something.
    pub creations: u32,
    /// Requests an hour that create something people are notified of: GitHub's limit is on content.
    pub comments: u32,
    /// The per cent of the hour's budget that are kept for what is not [`Priority::Low`].
    pub reserve: u32,
    /// How long a request waits before its asker is told to come again later.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 16,
            points: 900,
            creations: 80,
            comments: 500,
            reserve: 10,
            patience: Duration::from_secs(3),
        }
    }
}

impl Limits {
    /// None that anybody reaches: requests go out as they come. What GitHub refuses is still waited for.
    pub fn none() -> Self {
        Self {
            points: u32::MAX,
            creations: u32::MAX,
            comments: u32::MAX,
            ..Self::default()
        }
    }
}

/// What kind of request it is, as GitHub counts it; each takes more than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// It reads.
    Read,
    /// It changes or removes something.
    Write,
    /// It creates something.
    Create,
    /// It creates something people are notified of.
    Comment,
}

impl RequestKind {
    /// GitHub does not list which requests create content; every POST counts for the minute, and comments, of which
    /// people are notified, for the hour, too.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Read,
            Method::POST if path.ends_with("/comments") => Self::Comment,
            Method::POST => Self::Create,
            _ => Self::Write,
        }
    }

    fn points(self) -> u32 {
        match self {
            Self::Read => 1,
            _ => 5,
        }
    }

    fn creations(self) -> u32 {
        u32::from(matches!(self, Self::Create | Self::Comment))
    }

    fn comments(self) -> u32 {
        u32::from(self == Self::Comment)
    }
}

/// What an answer says about limits; times are by our own clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// The hour's budget: how much, what is left, when it is renewed.
    pub(super) budget: Option<Budget>,
    /// GitHub refused because of a limit.
    pub(super) limited: Option<Limited>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) renewed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Limited {
    /// GitHub said for how long.
    For(Duration),
    /// It did not: "wait for at least one minute", and longer each time.
    Silently,
}

/// Whether a request may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has left.
    Go,
    /// Others come first, or enough are under way: ask again when something has moved.
    Behind,
    /// Not before this time.
    At(DateTime<Utc>),
}

/// A place in the queue.
pub(super) type Place = (Priority, u64);

/// The longest that is waited on GitHub's word; the budget is renewed every hour.
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// How much later than told those come again who were sent away; until then they go before lower classes.
const SLACK: TimeDelta = TimeDelta::seconds(10);
/// The most often that a pause without a time is doubled.
const MOST_DOUBLINGS: u32 = 4;

/// One installation's share of GitHub.
#[derive(Debug)]
pub(super) struct Pacer {
    limits: Limits,
    points: Window,
    creations: Window,
    comments: Window,
    under_way: u32,
    /// How many of each class have begun with what leads to a creation.
    to_create: [u32; 3],
    pub(super) budget: Option<Budget>,
    pub(super) paused_until: Option<DateTime<Utc>>,
    silent_pauses: u32,
    pub(super) waiting: BTreeSet<Place>,
    next_place: u64,
    /// Until when those of a class are expected again that were sent away.
    expected: [Option<DateTime<Utc>>; 3],
}

impl Pacer {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            points: Window::new(TimeDelta::minutes(1), limits.points),
            creations: Window::new(TimeDelta::minutes(1), limits.creations),
            comments: Window::new(TimeDelta::hours(1), limits.comments),
            limits,
            under_way: 0,
            to_create: [0; 3],
            budget: None,
            paused_until: None,
            silent_pauses: 0,
            waiting: BTreeSet::new(),
            next_place: 0,
            expected: [None; 3],
        }
    }

    /// A place in the queue, behind those of the same class.
    pub(super) fn line_up(&mut self, priority: Priority) -> Place {
        self.next_place += 1;
        let place = (priority, self.next_place);
        self.waiting.insert(place);
        place
    }

    /// Whether it is this one's turn; if so, it has left the queue and counts as under way.
    pub(super) fn turn(&mut self, place: Place, kind: RequestKind, now: DateTime<Utc>) -> Turn {
        if self.waiting.first().is_some_and(|first| *first != place) {
            return Turn::Behind;
        }
        if let Some(at) = self.earliest(place.0, kind, now) {
            return Turn::At(at);
        }
        if self.under_way as usize >= self.limits.at_once {
            return Turn::Behind;
        }
        self.waiting.remove(&place);
        self.under_way += 1;
        self.points.begin(kind.points());
        self.creations.begin(kind.creations());
        self.comments.begin(kind.comments());
        Turn::Go
    }

    /// Whether there is room to create something beside what those of this class and of higher ones have begun.
    pub(super) fn has_room_for_more(
        &mut self,
        priority: Priority,
        kind: RequestKind,
        now: DateTime<Utc>,
    ) -> bool {
        let others = self.to_create[..=priority as usize].iter().sum();
        let (cost, share) = (kind.creations(), share(priority));
        let room = self.creations.room_beside(others, cost, share, now);
        room.is_none()
    }

    /// Somebody begins with what leads to a request of this kind.
    pub(super) fn begins(&mut self, priority: Priority, kind: RequestKind) {
        self.to_create[priority as usize] += kind.creations();
    }

    /// It has come to its end.
    pub(super) fn has_ended(&mut self, priority: Priority, kind: RequestKind) {
        self.to_create[priority as usize] -= kind.creations();
    }

    /// Leaves the queue without having left.
    pub(super) fn give_up(&mut self, place: Place) {
        self.waiting.remove(&place);
    }

    /// Those of this class were told to come again at `at`.
    pub(super) fn send_away(&mut self, priority: Priority, at: DateTime<Utc>) {
        let expected = &mut self.expected[priority as usize];
        let until = at + SLACK;
        *expected = Some(expected.map_or(until, |earlier| earlier.max(until)));
    }

    /// A request has ended, with this answer or without one.
    pub(super) fn ended(&mut self, kind: RequestKind, heard: &Heard, now: DateTime<Utc>) {
        self.under_way -= 1;
        self.points.end(kind.points(), now);
        self.creations.end(kind.creations(), now);
        self.comments.end(kind.comments(), now);
        if let Some(new) = heard.budget {
            let new = Budget {
                renewed_at: new.renewed_at.min(now + LONGEST),
                ..new
            };
            // Answers overtake one another: of one hour, the lowest is the latest.
            self.budget = Some(match self.budget {
                Some(old) if (new.renewed_at - old.renewed_at).abs() < TimeDelta::minutes(1) => {
                    Budget {
                        remaining: old.remaining.min(new.remaining),
                        ..new
                    }
                }
                // The last answers of the hour before may come late.
                Some(old) if old.renewed_at > now && new.renewed_at <= now + SLACK => old,
                _ => new,
            });
        }
        match heard.limited {
            None if self.paused_until.is_none_or(|until| until <= now) => self.silent_pauses = 0,
            None => {}
            Some(limited) => {
                let pause = match limited {
                    Limited::For(pause) => pause,
                    Limited::Silently => {
                        let doubled = 1 << self.silent_pauses.min(MOST_DOUBLINGS);
                        // Those that were under way together are refused together, which is once.
                        if self.paused_until.is_none_or(|until| until <= now) {
                            self.silent_pauses += 1;
                        }
                        crate::github::error::LIMITED_WITHOUT_TIME * doubled
                    }
                };
                let until = now + TimeDelta::from_std(pause).unwrap_or(LONGEST).min(LONGEST);
                self.paused_until = Some(self.paused_until.map_or(until, |old| old.max(until)));
            }
        }
    }

    /// When a request could leave if nobody else were in the queue; `None`: now.
    pub(super) fn earliest(
        &mut self,
        priority: Priority,
        kind: RequestKind,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let share = share(priority);
        // What is read is read in order to write: room for that is kept.
        let of_points = if kind == RequestKind::Read {
            share - 8
        } else {
            share
        };
        let higher = self.expected[..priority as usize].iter().flatten().max();
        [
            self.paused_until.map(|until| until.min(now + LONGEST)),
            higher.copied(),
            self.renewal(priority, now),
            self.points.room_at(kind.points(), of_points, now),
            self.creations.room_at(kind.creations(), share, now),
            self.comments.room_at(kind.comments(), share, now),
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .max()
    }

    /// When the hour's budget has to be renewed first.
    fn renewal(&mut self, priority: Priority, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let budget = self.budget?;
        if budget.renewed_at <= now {
            self.budget = None;
            return None;
        }
        let kept = match priority {
            Priority::Low => budget.limit.saturating_mul(self.limits.reserve) / 100,
            _ => 0,
        };
        let left = budget.remaining.saturating_sub(self.under_way);
        (left <= kept).then(|| budget.renewed_at.min(now + LONGEST))
    }
}

/// How much of the limits those of a class may use, in per cent.
fn share(priority: Priority) -> u32 {
    match priority {
        Priority::Urgent => 100,
        Priority::Normal => 80,
        Priority::Low => 50,
    }
}

#[cfg(test)]
#[path = "../tests/pacer.rs"]
mod tests;
