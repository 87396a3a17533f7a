//! Works on subjects: one task for each, begun when something waits for it or its time has come.

use super::schedule::Due;
use super::{Engine, cause};
use crate::domain::ids::Subject;
use crate::store::{Change, InboxEntry, StoreError};
use crate::telemetry::Found;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use tracing::field::Empty;

impl Engine {
    /// Sees to it that these are taken in.
    pub(super) fn take_up(&self, entries: Vec<InboxEntry>) {
        for entry in entries {
            self.shared.waiting.add(&entry);
            let subject = entry.subject.clone();
            if self.shared.schedule.add(entry) {
                self.begin(subject);
            }
        }
    }

    /// Sees to it that a subject is brought up to date at `at`.
    pub(super) fn wake_at(&self, subject: Subject, at: DateTime<Utc>) {
        self.wake_for(subject, at, Due::Look);
    }

    fn wake_for(&self, subject: Subject, at: DateTime<Utc>, why: Due) {
        let now = self.now();
        self.shared.causes.pass_on(&subject, at, now);
        let compared = matches!(cause::at_work(), Some(Subject::Comparison(_)));
        if compared && !subject.comes_round() {
            self.shared.metrics.work().found(Found::Difference);
        }
        if at <= now {
            if self.shared.schedule.add_due(&subject, why) {
                self.begin(subject);
            }
        } else {
            self.shared.schedule.set_timer(subject, at, why);
        }
    }

    /// Commits a change, and wakes the subjects that it says are due.
    pub(super) async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.commit_for_turn(change, None).await
    }

    /// The same, where this one waits for nothing but its turn.
    pub(super) async fn commit_for_turn(
        &self,
        change: Change,
        waits: Option<&Subject>,
    ) -> Result<(), StoreError> {
        let due = change.due.clone();
        self.store().commit(change).await?;
        for (subject, at) in due {
            let why = match waits == Some(&subject) {
                true => Due::Turn,
                false => Due::Look,
            };
            if let Some(at) = at {
                self.wake_for(subject, at, why);
            }
        }
        Ok(())
    }

    /// What a subject has done could not be kept: it is looked at again, and those that it has noted as due before that
    /// follow what was kept.
    pub(super) fn look_again_later(
        &self,
        subject: &Subject,
        due: Vec<(Subject, Option<DateTime<Utc>>)>,
    ) {
        cause::goes_on();
        self.wake_at(subject.clone(), self.now() + TimeDelta::seconds(10));
        for (other, at) in due {
            if let Some(at) = at.filter(|_| other != *subject) {
                self.wake_at(other, at);
            }
        }
    }

    fn begin(&self, subject: Subject) {
        let engine = self.clone();
        tokio::spawn(async move {
            let worker = tokio::spawn(engine.clone().work_on(subject.clone()));
            let worker = AbortOnDropHandle::new(worker);
            let given_up = engine.shared.given_up.clone();
            let Some(ended) = given_up.run_until_cancelled(worker).await else {
                return;
            };
            if let Err(error) = ended {
                // A defect in the handling of one subject must not take the others with it.
                tracing::error!(%subject, %error, "the handling of a subject broke off");
                engine.shared.metrics.work().broke_off();
                let later = engine.now() + TimeDelta::minutes(1);
                let mut entries = engine.store().pending().await.unwrap_or_default();
                engine.shared.waiting.retain(&entries);
                entries.retain(|entry| entry.subject == subject);
                let again = (later, Due::Look);
                engine.shared.schedule.put_back(&subject, entries, again);
                engine.has_ended(&subject);
            }
        });
    }

    async fn work_on(self, subject: Subject) {
        loop {
            // Whatever is noted from here on may not be seen by what follows: it stays noted.
            let from = self.now();
            let Some((entries, due)) = self.shared.schedule.next(&subject) else {
                break;
            };
            let told = self.shared.causes.take(&subject);
            let cause = told.clone().and(&entries);
            let delivery = cause.named();
            let span = tracing::info_span!("subject", %subject, delivery, pull = Empty);
            let began = Instant::now();
            let work = self
                .process(&subject, &entries, (from, due))
                .instrument(span);
            let done = cause.scope(&subject, work).await;
            let counted = self.shared.metrics.work();
            counted.passed(&subject, began.elapsed());
            let again = match done {
                Ok(Worked::Made) => {
                    self.shared.waiting.remove(&entries);
                    continue;
                }
                Ok(Worked::NotBefore(at)) => {
                    counted.postponed(&subject);
                    (at, due.max(Due::Turn))
                }
                Err(error) => {
                    tracing::error!(%subject, %error, "can't keep the state of a subject; trying again");
                    (self.now() + TimeDelta::seconds(10), Due::Look)
                }
            };
            self.shared.causes.keep(&subject, &told);
            self.shared.schedule.put_back(&subject, entries, again);
            break;
        }
        self.has_ended(&subject);
    }

    async fn process(
        &self,
        subject: &Subject,
        entries: &[InboxEntry],
        (from, due): (DateTime<Utc>, Due),
    ) -> Result<Worked, StoreError> {
        let _here = self.enter(subject).await;
        let news = self.news(subject, entries);
        if news.is_empty() && !entries.is_empty() && due == Due::No {
            return Ok(Worked::Made);
        }
        let entries = &*news;
        match subject {
            Subject::Pull(key) => self.process_pull(*key, entries, (from, due)).await,
            Subject::Head(repo, sha) => self.process_head(*repo, sha, entries, from).await,
            Subject::Repository(id) => self.process_repository(*id, entries, from).await,
            Subject::Installation(id) => self.process_installation(*id, entries, from).await,
            Subject::Runs(repo, of) => self.process_runs(*repo, of, entries, from).await,
            Subject::Deliveries => self.process_deliveries().await.map(Worked::made),
            Subject::Installations => self.process_installations(from).await.map(Worked::made),
            Subject::Comparison(repo) => {
                self.process_comparison(*repo, from).await.map(Worked::made)
            }
        }
    }

    /// Begins what is due when its time comes, until the stop.
    pub(super) async fn keep_time(self) {
        while let Some(due) = self
            .shared
            .schedule
            .next_timer(self.shared.clock.as_ref())
            .await
        {
            for subject in due {
                self.begin(subject);
            }
        }
    }
}

/// What came of working on a subject.
pub(super) enum Worked {
    /// What waited was taken in.
    Made,
    /// Nothing was begun, and is not to be before this time.
    NotBefore(DateTime<Utc>),
}

impl Worked {
    pub(super) fn made((): ()) -> Self {
        Self::Made
    }
}
