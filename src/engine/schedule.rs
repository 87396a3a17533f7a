//! Who works on what, when. All of it is a cache: the inbox and the due subjects on disk are the truth.

use crate::clock::Clock;
use crate::domain::event::Event;
use crate::domain::ids::Subject;
use crate::store::{InboxEntry, InboxId};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// So often the clock is looked at, whatever is due when: it may have been put forward, and a machine that slept counts no time.
const LOOK: Duration = Duration::from_secs(10);

/// The schedule of one engine.
pub(super) struct Schedule {
    inner: Mutex<Inner>,
    /// Ticks with every change, for those who wait for rest.
    changed: watch::Sender<u64>,
    /// Tells the one who keeps time that there may be something to do before what it waits for.
    earlier: Notify,
}

/// Why a subject is worked on, besides the news of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// For the news alone.
    #[default]
    No,
    /// It had to wait for its turn, and goes on where it was.
    Turn,
    /// It is to be looked at again.
    Look,
}

#[derive(Default)]
struct Inner {
    /// Subjects being worked on or about to be, each with what waits for it.
    busy: HashMap<Subject, Waiting>,
    /// What could not be begun, until its subject is worked on again.
    parked: HashMap<Subject, Parked>,
    timers: BTreeSet<(DateTime<Utc>, Subject)>,
    timer_of: HashMap<Subject, (DateTime<Utc>, Due)>,
    stopping: bool,
}

/// What could not be begun: the news, and why else it would have been.
#[derive(Default)]
struct Parked {
    entries: Vec<InboxEntry>,
    due: Due,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<InboxEntry>,
    due: Due,
    /// What is being taken in just now, and when it came.
    taken: Vec<(InboxId, DateTime<Utc>)>,
    /// Whether there is more than comments among that.
    taken_is_news: bool,
    /// Why it would have been worked on, had that not come first.
    taken_timer: Due,
}

/// Whether it says something new of what it concerns: a comment says what somebody wants.
fn is_news(entry: &InboxEntry) -> bool {
    !matches!(entry.event, Event::Comment { .. })
}

impl Inner {
    fn add_with(&mut self, subject: &Subject, add: impl FnOnce(&mut Waiting)) -> bool {
        let begins = !self.busy.contains_key(subject);
        let parked = self.parked.remove(subject).unwrap_or_default();
        let waiting = self.busy.entry(subject.clone()).or_default();
        waiting.entries.extend(parked.entries);
        waiting.due = waiting.due.max(parked.due);
        add(waiting);
        begins
    }

    /// Whether a timer has ended that nobody has taken yet.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.timers.first().is_some_and(|(at, _)| *at <= now)
    }
}

/// What is due within this time has still to be done before there is rest. Housekeeping always has a next round, which is
/// nothing left to do, unless it is one of those that follow each other closely after a start.
fn soon(subject: &Subject) -> TimeDelta {
    match subject.comes_round() {
        true => TimeDelta::seconds(10),
        false => TimeDelta::minutes(1),
    }
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            changed: watch::channel(0).0,
            earlier: Notify::new(),
        }
    }

    /// Adds an inbox entry; true if nobody works on its subject yet and the caller has to begin.
    pub(super) fn add(&self, entry: InboxEntry) -> bool {
        let subject = entry.subject.clone();
        self.add_with(&subject, |waiting| {
            // The inbox may be read again while somebody works on what it held before.
            let waits = waiting.entries.iter().any(|other| other.id == entry.id);
            let is_taken = waiting.taken.iter().any(|(id, _)| *id == entry.id);
            if !waits && !is_taken {
                waiting.entries.push(entry);
            }
        })
    }

    /// Marks a subject as due now; true if the caller has to begin.
    pub(super) fn add_due(&self, subject: &Subject, why: Due) -> bool {
        self.add_with(subject, |waiting| waiting.due = waiting.due.max(why))
    }

    fn add_with(&self, subject: &Subject, add: impl FnOnce(&mut Waiting)) -> bool {
        let mut inner = self.lock();
        if inner.stopping {
            return false;
        }
        let begins = inner.add_with(subject, add);
        drop(inner);
        self.tick();
        begins
    }

    /// Whether news of a subject waits, or is being taken in.
    pub(super) fn has_news(&self, subject: &Subject) -> bool {
        let inner = self.lock();
        let waits = inner.parked.get(subject);
        let waits = waits.is_some_and(|parked| parked.entries.iter().any(is_news));
        let busy = inner.busy.get(subject);
        waits || busy.is_some_and(|busy| busy.taken_is_news || busy.entries.iter().any(is_news))
    }

    /// All that waits for a subject; `None`: nothing, and it is nobody's any more.
    pub(super) fn next(&self, subject: &Subject) -> Option<(Vec<InboxEntry>, Due)> {
        let mut locked = self.lock();
        let inner = &mut *locked;
        let stopping = inner.stopping;
        let waiting = inner.busy.get_mut(subject)?;
        let (entries, due) = (
            std::mem::take(&mut waiting.entries),
            std::mem::take(&mut waiting.due),
        );
        if stopping || (entries.is_empty() && due == Due::No) {
            inner.busy.remove(subject);
            drop(locked);
            self.tick();
            return None;
        }
        let taken = entries.iter().map(|entry| (entry.id, entry.received_at));
        waiting.taken = taken.collect();
        waiting.taken_is_news = entries.iter().any(is_news);
        waiting.taken_timer = Due::No;
        if let Some((at, why)) = inner.timer_of.remove(subject) {
            inner.timers.remove(&(at, subject.clone()));
            waiting.taken_timer = why;
        }
        Some((entries, due))
    }

    /// What could not be taken in waits again, and is tried at `at`, for the reason it was taken or for this one.
    pub(super) fn put_back(
        &self,
        subject: &Subject,
        mut entries: Vec<InboxEntry>,
        (at, why): (DateTime<Utc>, Due),
    ) {
        let mut inner = self.lock();
        let waiting = inner.busy.remove(subject).unwrap_or_default();
        let there: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let more = waiting.entries.into_iter();
        entries.extend(more.filter(|entry| !there.contains(&entry.id)));
        let due = why.max(waiting.due).max(waiting.taken_timer);
        let parked = Parked { entries, due };
        inner.parked.insert(subject.clone(), parked);
        drop(inner);
        self.set_timer(subject.clone(), at, due);
    }

    /// Sets the subject's timer. There is one for each: the earliest time counts, and the weightiest reason.
    pub(super) fn set_timer(&self, subject: Subject, at: DateTime<Utc>, why: Due) {
        let mut inner = self.lock();
        let (mut at, mut why) = (at, why);
        if let Some((other, because)) = inner.timer_of.remove(&subject) {
            inner.timers.remove(&(other, subject.clone()));
            (at, why) = (at.min(other), why.max(because));
        }
        let first = inner.timers.first();
        let is_first = first.is_none_or(|(first, _)| at < *first);
        inner.timer_of.insert(subject.clone(), (at, why));
        inner.timers.insert((at, subject));
        drop(inner);
        self.tick();
        if is_first {
            self.earlier.notify_one();
        }
    }

    /// Waits for the next timers, which makes their subjects due; those that the caller has to begin. `None`: the engine stops.
    pub(super) async fn next_timer(&self, clock: &dyn Clock) -> Option<Vec<Subject>> {
        loop {
            let wait = {
                let mut inner = self.lock();
                if inner.stopping {
                    return None;
                }
                let now = clock.now();
                let mut begin = Vec::new();
                while inner.is_due(now)
                    && let Some((_, subject)) = inner.timers.pop_first()
                {
                    let timer = inner.timer_of.remove(&subject);
                    let why = timer.map_or(Due::Look, |(_, why)| why);
                    if inner.add_with(&subject, |waiting| waiting.due = waiting.due.max(why)) {
                        begin.push(subject);
                    }
                }
                if !begin.is_empty() {
                    return Some(begin);
                }
                let next = inner.timers.first().map(|(at, _)| *at - now);
                let wait = next.and_then(|wait| wait.to_std().ok());
                wait.map_or(LOOK, |wait| wait.min(LOOK))
            };
            tokio::select! {
                () = self.earlier.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Begins nothing from now on.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.look_at_the_clock();
    }

    /// Begins what is due by now, in whatever way the time has come.
    pub(super) fn look_at_the_clock(&self) {
        self.tick();
        self.earlier.notify_one();
    }

    /// Nobody works on anything, and nobody is about to begin.
    pub(super) async fn quiet(&self, clock: &dyn Clock) {
        self.wait_until(|inner| {
            let begins = !inner.stopping && inner.is_due(clock.now());
            inner.busy.is_empty() && !begins
        })
        .await;
    }

    /// Nobody works on anything, and no timer ends soon.
    pub(super) async fn idle(&self, clock: &dyn Clock) {
        self.wait_until(|inner| {
            let now = clock.now();
            let is_soon = |(at, subject): &(DateTime<Utc>, Subject)| *at <= now + soon(subject);
            inner.busy.is_empty() && !inner.timers.iter().any(is_soon)
        })
        .await;
    }

    async fn wait_until(&self, condition: impl Fn(&Inner) -> bool) {
        let mut changed = self.changed.subscribe();
        // What is due by a clock that was put forward has to be done before there is rest.
        self.earlier.notify_one();
        while !condition(&self.lock()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether a subject is being worked on, or is to be by then.
    pub(super) fn comes_before(&self, subject: &Subject, then: DateTime<Utc>) -> bool {
        let inner = self.lock();
        let timer = inner.timer_of.get(subject);
        inner.busy.contains_key(subject) || timer.is_some_and(|(at, _)| *at <= then)
    }

    /// When the earliest came of what waits for a subject or is being taken in.
    pub(super) fn waits_since(&self, subject: &Subject) -> Option<DateTime<Utc>> {
        let inner = self.lock();
        let parked = inner.parked.get(subject).into_iter();
        let parked = parked.flat_map(|parked| &parked.entries);
        let busy = inner.busy.get(subject);
        let taken = busy.into_iter().flat_map(|waiting| &waiting.taken);
        let entries = busy.into_iter().flat_map(|waiting| &waiting.entries);
        let came = entries.chain(parked).map(|entry| entry.received_at);
        came.chain(taken.map(|(_, came)| *came)).min()
    }

    /// How many subjects are worked on, and how many wait for a time.
    pub(super) fn stand(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.busy.len(), inner.timers.len())
    }

    /// Wakes those who wait for a change.
    fn tick(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    /// What comes of these timers, each in so many seconds.
    fn taken(timers: &[(i64, Due)]) -> Due {
        let schedule = Schedule::new();
        let subject = Subject::Repository(RepoId(1));
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        for (seconds, why) in timers {
            schedule.set_timer(subject.clone(), at(*seconds), *why);
        }
        let first = timers.iter().map(|(seconds, _)| at(*seconds)).min();
        assert_eq!(schedule.lock().timers.first().map(|(at, _)| *at), first);
        assert!(schedule.add_due(&subject, Due::No));
        assert_eq!(schedule.next(&subject), None, "nothing waits for it yet");
        for (seconds, why) in timers {
            schedule.set_timer(subject.clone(), at(*seconds), *why);
        }
        // Something else comes first, and can't be begun.
        assert!(schedule.add_due(&subject, Due::Turn));
        let (_, why) = schedule.next(&subject).expect("its turn");
        schedule.put_back(&subject, Vec::new(), (at(9), why));
        let inner = schedule.lock();
        assert_eq!((inner.timers.len(), inner.timer_of.len()), (1, 1));
        inner.timer_of[&subject].1
    }

    #[test]
    fn a_look_that_could_not_be_begun_is_not_forgotten_when_something_else_comes_first() {
        let schedule = Schedule::new();
        let subject = Subject::Repository(RepoId(1));
        assert!(schedule.add_due(&subject, Due::Look));
        let (_, why) = schedule.next(&subject).expect("a look");
        let later = DateTime::UNIX_EPOCH + TimeDelta::seconds(9);
        schedule.put_back(&subject, Vec::new(), (later, why));
        assert!(schedule.add_due(&subject, Due::Turn));
        assert_eq!(schedule.next(&subject), Some((Vec::new(), Due::Look)));
        assert_eq!(schedule.next(&subject), None, "once");
    }

    #[test]
    fn a_look_that_is_due_later_is_not_forgotten_when_news_can_not_be_taken_in() {
        let schedule = Schedule::new();
        let subject = Subject::Repository(RepoId(1));
        let later = DateTime::UNIX_EPOCH + TimeDelta::seconds(9);
        schedule.set_timer(subject.clone(), later, Due::Look);
        assert!(schedule.add_due(&subject, Due::Turn));
        let (_, why) = schedule.next(&subject).expect("its turn");
        schedule.put_back(&subject, Vec::new(), (later, why));
        assert!(schedule.add_due(&subject, Due::Turn));
        assert_eq!(schedule.next(&subject), Some((Vec::new(), Due::Look)));
    }

    #[test]
    fn who_is_to_be_looked_at_is_so_whatever_else_it_waits_for() {
        for (timers, why) in [
            (&[(5, Due::Turn)][..], Due::Turn),
            (&[(5, Due::Turn), (7, Due::Turn)], Due::Turn),
            (&[(5, Due::Turn), (7, Due::Look)], Due::Look),
            (&[(7, Due::Turn), (5, Due::Look)], Due::Look),
            (&[(5, Due::Look), (7, Due::Turn)], Due::Look),
        ] {
            assert_eq!(taken(timers), why, "{timers:?}");
        }
    }
}
