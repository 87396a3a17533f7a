//! Because of which deliveries something is done, also later and on other subjects: a delivery can be followed through the log to
//! the last request it leads to, and it is known how long ago it came.
//!
//! It is kept in memory alone and decides nothing: after a restart, what was due is done without it. It is passed on to whoever is
//! woken within a quarter of an hour, so that what is forgotten in the end is no more than what is about to be done. A subject that
//! only looks at its jobs again when it is time does so because of no delivery; one that could not do what it had to do, or has to
//! wait with it, still does it because of the same ones ([`goes_on`]). Lines of histories name them.

use crate::domain::ids::{DeliveryId, PrNumber, Repo, Subject};
use crate::store::{EntryKind, HistoryEntry, InboxEntry};
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Nobody who is woken later than this is told why.
const SOON: TimeDelta = TimeDelta::minutes(15);
/// So many deliveries are passed on, or named in a line of history, the newest.
const PASSED_ON: usize = 16;
/// The causes of so many subjects are kept; of more, the one that has waited the longest makes room.
const MOST: usize = 10_000;

tokio::task_local! {
    /// What the present task works on, and why.
    static AT_WORK: AtWork;
}

struct AtWork {
    subject: Subject,
    cause: Cause,
    /// Whether something is left to do for the same reason.
    goes_on: Cell<bool>,
}

/// Some deliveries.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause {
    deliveries: Vec<DeliveryId>,
    /// When the first of them came.
    since: Option<DateTime<Utc>>,
}

impl Cause {
    fn add(&mut self, deliveries: &[DeliveryId], since: Option<DateTime<Utc>>) {
        for delivery in deliveries {
            if !self.deliveries.contains(delivery) {
                self.deliveries.push(delivery.clone());
            }
        }
        self.since = self.since.into_iter().chain(since).min();
    }

    /// These came, too.
    pub(super) fn and(mut self, entries: &[InboxEntry]) -> Self {
        for entry in entries {
            let delivery = std::slice::from_ref(&entry.delivery);
            self.add(delivery, Some(entry.received_at));
        }
        self
    }

    /// Their ids, for the log; `None`: there is none.
    pub(super) fn named(&self) -> Option<String> {
        let ids: Vec<&str> = self.deliveries.iter().map(DeliveryId::as_str).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// Does `work` on a subject because of them.
    pub(super) async fn scope<T>(self, subject: &Subject, work: impl Future<Output = T>) -> T {
        let at_work = AtWork {
            subject: subject.clone(),
            cause: self,
            goes_on: Cell::new(false),
        };
        AT_WORK.scope(at_work, work).await
    }
}

/// What the present task works on.
pub(super) fn at_work() -> Option<Subject> {
    AT_WORK.try_with(|at| at.subject.clone()).ok()
}

/// When the first delivery came that led to what is done now.
pub(super) fn since() -> Option<DateTime<Utc>> {
    AT_WORK.try_with(|at| at.cause.since).ok().flatten()
}

/// What the present task has to do is not done yet: when it is woken again, it is because of the same deliveries.
pub(super) fn goes_on() {
    // Where nobody is at work nobody is woken again.
    let _ = AT_WORK.try_with(|at| at.goes_on.set(true));
}

/// A line of history of what the present task does, which names the deliveries that led to it.
pub(super) fn line(
    subject: Subject,
    at: DateTime<Utc>,
    kind: EntryKind,
    what: String,
) -> HistoryEntry {
    let deliveries = AT_WORK.try_with(|at| newest(&at.cause.deliveries).to_vec());
    HistoryEntry {
        subject,
        at,
        kind,
        deliveries: deliveries.unwrap_or_default(),
        what,
    }
}

fn newest(deliveries: &[DeliveryId]) -> &[DeliveryId] {
    &deliveries[deliveries.len().saturating_sub(PASSED_ON)..]
}

/// Names the pull request on every line that the present task logs from now on.
pub(super) fn is_about(repo: &Repo, number: PrNumber) {
    let name = format!("{}#{number}", repo.name);
    tracing::Span::current().record("pull", name.as_str());
}

/// The causes of what is about to be done.
#[derive(Default)]
pub(super) struct Causes(Mutex<HashMap<Subject, Cause>>);

impl Causes {
    /// A subject is woken for `at` by the present task.
    pub(super) fn pass_on(&self, subject: &Subject, at: DateTime<Utc>, now: DateTime<Utc>) {
        let told = AT_WORK.try_with(|by| {
            let goes_on = *subject != by.subject || by.goes_on.get() || at <= now;
            if goes_on && at - now <= SOON {
                self.keep(subject, &by.cause);
            }
        });
        // Where nobody is at work there is nothing to tell.
        let _ = told;
    }

    /// A subject's turn has not come yet.
    pub(super) fn keep(&self, subject: &Subject, cause: &Cause) {
        if cause.deliveries.is_empty() {
            return;
        }
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing hangs on it but what people can look up.
        if causes.len() >= MOST && !causes.contains_key(subject) {
            return;
        }
        let kept = causes.entry(subject.clone()).or_default();
        kept.add(&cause.deliveries, cause.since);
        kept.deliveries = newest(&kept.deliveries).to_vec();
    }

    /// Why a subject is worked on now, besides what waits for it.
    pub(super) fn take(&self, subject: &Subject) -> Cause {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        causes.remove(subject).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    fn cause(ids: &[&str], at: i64) -> Cause {
        let mut cause = Cause::default();
        let ids: Vec<_> = ids
            .iter()
            .map(|id| DeliveryId::parse(id).unwrap())
            .collect();
        cause.add(&ids, Some(time(at)));
        cause
    }

    fn time(at: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(at, 0).unwrap()
    }

    #[tokio::test]
    async fn who_is_woken_soon_is_told_why_and_told_once() {
        let causes = Causes::default();
        let (by, soon, late) = (
            Subject::Repository(RepoId(1)),
            Subject::Repository(RepoId(2)),
            Subject::Repository(RepoId(3)),
        );
        cause(&["a", "b"], 5)
            .scope(&by, async {
                assert_eq!(at_work(), Some(by.clone()));
                assert_eq!(since(), Some(time(5)));
                causes.pass_on(&soon, time(60), time(0));
                causes.pass_on(&late, time(3600), time(0));
            })
            .await;
        causes.pass_on(&late, time(0), time(0));
        causes.keep(&soon, &cause(&["b", "c"], 3));
        let told = causes.take(&soon);
        assert_eq!(told.named().as_deref(), Some("a b c"));
        assert_eq!(told.since, Some(time(3)));
        assert_eq!(causes.take(&soon).named(), None);
        assert_eq!(causes.take(&late).named(), None);
    }

    #[tokio::test]
    async fn who_looks_again_in_time_does_so_for_nothing_and_who_tries_again_for_the_same() {
        let causes = Causes::default();
        let subject = Subject::Repository(RepoId(1));
        let again = cause(&["a"], 5).scope(&subject, async {
            causes.pass_on(&subject, time(60), time(0));
        });
        again.await;
        assert_eq!(causes.take(&subject).named(), None);
        for (goes_on, at) in [(true, 60), (false, 0)] {
            let again = cause(&["a"], 5).scope(&subject, async {
                if goes_on {
                    super::goes_on();
                }
                causes.pass_on(&subject, time(at), time(0));
            });
            again.await;
            assert_eq!(causes.take(&subject).named().as_deref(), Some("a"));
        }
    }

    #[tokio::test]
    async fn a_line_names_the_newest_of_many_deliveries() {
        let subject = Subject::Repository(RepoId(1));
        let ids: Vec<String> = (0..20).map(|n| format!("d{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let line = async { line(subject.clone(), time(0), EntryKind::Action, "done".into()) };
        let line = cause(&ids, 5).scope(&subject, line).await;
        let named: Vec<&str> = line.deliveries.iter().map(DeliveryId::as_str).collect();
        assert_eq!(named, ids[4..]);
    }

    #[test]
    fn of_very_many_causes_no_more_are_kept_until_one_is_taken() {
        let causes = Causes::default();
        for n in 0..=MOST {
            let subject = Subject::Repository(RepoId(n as u64));
            causes.keep(&subject, &cause(&["a"], n as i64));
        }
        let last = Subject::Repository(RepoId(MOST as u64));
        let of = |n| causes.take(&Subject::Repository(RepoId(n))).named();
        assert_eq!(of(0).as_deref(), Some("a"));
        assert_eq!(causes.take(&last).named(), None);
        causes.keep(&last, &cause(&["b"], 0));
        assert_eq!(causes.take(&last).named().as_deref(), Some("b"));
    }
}
