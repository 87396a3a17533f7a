//! Keeps GitHub as the pull requests' states want it.
//!
//! Properties wanted:
//! 1. What was accepted is acted on, although the process dies at any point.
//! 2. One writer per subject; a slow or failing one never holds up another.
//! 3. Everything may be repeated: a subject can be brought up to date at any time, as often as one likes.
//!
//! Design: a delivery is routed to subjects and waits in the inbox. A task per subject takes in all that waits for it
//! (`domain::pull::intake`), asks GitHub what it needs to know (`facts`), decides (pure), commits state and "taken in"
//! in one transaction together with a note that the subject is due, and then acts until wanted and observed agree.
//! Only then is the note removed. Work on disk is therefore the inbox plus what is due, and a start takes up both.
//!
//! What GitHub could not tell us it is asked for (`recovery`, `survey`, `compare`): news found that way is taken in like any
//! other, or the subject concerned is woken.
//!
//! Accepted races: between judging a head and writing the mirror the head may move. What is written is a judged SHA
//! all the same, and the delivery of the push brings the next look.

mod compare;
mod configuration;
mod facts;
mod head;
mod identity;
mod installation;
mod jobs;
mod people;
mod presence;
mod pull;
mod recall;
mod receive;
mod recovery;
mod repository;
mod route;
mod rules;
mod runs;
mod schedule;
mod survey;
mod wishes;

pub use receive::{Raw, Read, Received, Taken};

use crate::backends::Backends;
use crate::clock::Clock;
use crate::domain::ids::{InstallationId, Repo, RepoId, Subject};
use crate::github::{GitHub, GitHubError};
use crate::store::{Accepted, Change, Delivery, InboxEntry, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use people::People;
use rand::Rng;
use schedule::Schedule;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{RwLock, Semaphore};

/// How the engine paces itself.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The wait after a first failure; doubles with each further one.
    pub first_retry: Duration,
    /// The longest wait after failures.
    pub longest_retry: Duration,
    /// How often builds are asked for while they run, in case a delivery was lost.
    pub poll: Duration,
    /// How often a job is asked for at first while nothing is heard of it; `None`: as its backend advises.
    pub job_poll: Option<Duration>,
    /// How long a gate that only reads differently waits after the last writing.
    pub gate: Duration,
    /// How many subjects of one installation are worked on at a time.
    pub per_installation: usize,
    /// How often GitHub is asked for what was missed: lost deliveries, and each repository's pull requests and mirrors.
    pub recover: Duration,
    /// So many requests one round of that may make.
    pub recovery_calls: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(2),
            longest_retry: Duration::from_secs(600),
            poll: Duration::from_secs(600),
            job_poll: None,
            gate: Duration::from_secs(5),
            per_installation: 16,
            recover: Duration::from_secs(300),
            recovery_calls: 300,
        }
    }
}

/// How long the last flush may take.
const LAST_FLUSH: Duration = Duration::from_secs(1);
/// So often something that GitHub does not find or refuses is tried again soon.
const PATIENT_TRIES: u32 = 8;

/// The engine. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    github: GitHub,
    backends: Arc<Backends>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    schedule: Schedule,
    people: People,
    rules: rules::Rules,
    organisations: configuration::Organisations,
    permits: Mutex<HashMap<InstallationId, Arc<Semaphore>>>,
    reading: Mutex<HashMap<RepoId, Arc<tokio::sync::Mutex<()>>>>,
    /// Held by everybody who works in a repository, and alone while it is forgotten: its records must not be written
    /// again by somebody who read them before.
    present: Mutex<HashMap<RepoId, Arc<RwLock<()>>>>,
    recovery: recovery::Progress,
}

/// Why a subject could not be brought up to date now.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Builds an engine and takes up what an earlier process left: the inbox, and what is due.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn start(
        store: Arc<dyn Store>,
        github: GitHub,
        backends: Arc<Backends>,
        clock: Arc<dyn Clock>,
        pace: Pace,
    ) -> Result<Self, StoreError> {
        let engine = Self {
            shared: Arc::new(Shared {
                store,
                github,
                backends,
                clock,
                pace,
                schedule: Schedule::new(),
                people: People::default(),
                rules: rules::Rules::default(),
                organisations: configuration::Organisations::default(),
                permits: Mutex::default(),
                reading: Mutex::default(),
                present: Mutex::default(),
                recovery: recovery::Progress::default(),
            }),
        };
        engine.recall_identity().await?;
        let pending = engine.store().pending().await?;
        let due = engine.store().due().await?;
        if !pending.is_empty() || !due.is_empty() {
            tracing::info!(
                deliveries = pending.len(),
                due = due.len(),
                "taking up what was left"
            );
        }
        engine.take_up(pending);
        for (subject, at) in due {
            engine.wake_at(subject, at);
        }
        engine.wake_at(Subject::Deliveries, engine.now());
        tokio::spawn(engine.clone().keep_time());
        Ok(engine)
    }

    /// Makes a decoded delivery durable and sees to it that it is acted on.
    ///
    /// # Errors
    /// When it could not be written; nothing was accepted then.
    pub async fn accept(&self, delivery: Received) -> Result<Accepted, StoreError> {
        let subjects = match &delivery.event {
            Some(event) => {
                self.forget_outdated(event);
                route::subjects(event, self.store()).await?
            }
            None => Vec::new(),
        };
        let note = match (&delivery.event, subjects.is_empty()) {
            (Some(_), true) => "concerns nothing that is known here".to_owned(),
            _ => delivery.note,
        };
        let entries = delivery
            .event
            .map(|event| subjects.into_iter().map(|s| (s, event.clone())).collect())
            .unwrap_or_default();
        let accepted = self
            .store()
            .accept(Delivery {
                id: delivery.id,
                received_at: delivery.received_at,
                event_name: delivery.event_name,
                entries,
                note,
            })
            .await?;
        if let Accepted::Fresh(entries) = &accepted {
            self.take_up(entries.clone());
        }
        Ok(accepted)
    }

    /// Returns once nothing is being worked on and nothing is due within a minute.
    pub async fn idle(&self) {
        self.shared.schedule.idle(self.shared.clock.as_ref()).await;
    }

    /// Begins nothing new, waits for what is being worked on (at most `patience`), and flushes.
    ///
    /// # Errors
    /// When the flush failed; what was accepted is on disk all the same.
    pub async fn stop(&self, patience: Duration) -> Result<(), StoreError> {
        self.shared.schedule.stop();
        let still = tokio::time::timeout(patience, self.shared.schedule.quiet()).await;
        if still.is_err() {
            tracing::warn!("stopping with work under way; the next start takes it up");
        }
        match tokio::time::timeout(LAST_FLUSH, self.store().flush()).await {
            Ok(flushed) => flushed,
            Err(_) => {
                tracing::warn!(
                    "stopping before the last flush ended; the next start does it again"
                );
                Ok(())
            }
        }
    }

    fn store(&self) -> &dyn Store {
        self.shared.store.as_ref()
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    fn take_up(&self, entries: Vec<InboxEntry>) {
        for entry in entries {
            let subject = entry.subject.clone();
            if self.shared.schedule.add(entry) {
                self.begin(subject);
            }
        }
    }

    /// Sees to it that a subject is brought up to date at `at`.
    fn wake_at(&self, subject: Subject, at: DateTime<Utc>) {
        if at <= self.now() {
            if self.shared.schedule.add_due(&subject) {
                self.begin(subject);
            }
        } else {
            self.shared.schedule.set_timer(subject, at);
        }
    }

    /// Commits a change, and wakes the subjects that it says are due.
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let due = change.due.clone();
        self.store().commit(change).await?;
        for (subject, at) in due {
            if let Some(at) = at {
                self.wake_at(subject, at);
            }
        }
        Ok(())
    }

    fn begin(&self, subject: Subject) {
        let engine = self.clone();
        tokio::spawn(async move {
            let worker = tokio::spawn(engine.clone().work_on(subject.clone()));
            if let Err(error) = worker.await {
                // A defect in the handling of one subject must not take the others with it.
                tracing::error!(%subject, %error, "the handling of a subject broke off");
                let later = engine.now() + TimeDelta::minutes(1);
                let mut entries = engine.store().pending().await.unwrap_or_default();
                entries.retain(|entry| entry.subject == subject);
                engine.shared.schedule.put_back(&subject, entries, later);
            }
        });
    }

    async fn work_on(self, subject: Subject) {
        while let Some((entries, due)) = self.shared.schedule.next(&subject) {
            let deliveries: Vec<&str> = entries.iter().map(|e| e.delivery.as_str()).collect();
            let span = tracing::info_span!("subject", %subject, ?deliveries);
            let done = tracing::Instrument::instrument(self.process(&subject, &entries, due), span);
            if let Err(error) = done.await {
                tracing::error!(%subject, %error, "can't keep the state of a subject; trying again");
                let later = self.now() + TimeDelta::seconds(10);
                self.shared.schedule.put_back(&subject, entries, later);
                return;
            }
        }
    }

    async fn process(
        &self,
        subject: &Subject,
        entries: &[InboxEntry],
        due: bool,
    ) -> Result<(), StoreError> {
        let _here = self.enter(subject).await;
        match subject {
            Subject::Pull(key) => self.process_pull(*key, entries, due).await,
            Subject::Head(repo, sha) => self.process_head(*repo, sha, entries).await,
            Subject::Repository(id) => self.process_repository(*id, entries).await,
            Subject::Installation(id) => self.process_installation(*id, entries).await,
            Subject::Runs(repo, of) => self.process_runs(*repo, of, entries).await,
            Subject::Deliveries => self.process_deliveries().await,
            Subject::Installations => self.process_installations().await,
            Subject::Comparison(repo) => self.process_comparison(*repo).await,
        }
    }

    async fn keep_time(self) {
        while let Some(due) = self
            .shared
            .schedule
            .next_timer(self.shared.clock.as_ref())
            .await
        {
            for subject in due {
                if self.shared.schedule.add_due(&subject) {
                    self.begin(subject);
                }
            }
        }
    }

    /// The time of the next try after `failures` in a row: doubling, jittered, never before GitHub allows it.
    fn retry_at(&self, failures: u32, asked_for: Option<Duration>) -> DateTime<Utc> {
        let pace = &self.shared.pace;
        let doubled = pace.first_retry * 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        let bounded = doubled.min(pace.longest_retry);
        let jittered = bounded.mul_f64(rand::thread_rng().gen_range(0.75..1.25));
        let wait = asked_for.map_or(jittered, |least| least + jittered);
        self.now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1))
    }

    /// When to try again after an error of GitHub: soon if it may pass; within the hour if somebody has to act, or if it
    /// has not passed for long. What GitHub does not find or refuses at first may be a replica that lags behind.
    fn retry_after(&self, error: &GitHubError, failures: u32) -> DateTime<Utc> {
        let somebody_has_to_act = matches!(
            error,
            GitHubError::MissingPermission { .. } | GitHubError::Suspended
        );
        if somebody_has_to_act || (!error.is_transient() && failures > PATIENT_TRIES) {
            self.retry_at(failures, Some(Duration::from_secs(3600)))
        } else {
            self.retry_at(failures, error.retry_after())
        }
    }

    async fn permit(
        &self,
        installation: InstallationId,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let semaphore = {
            let mut permits = self
                .shared
                .permits
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(self.shared.pace.per_installation));
            permits.entry(installation).or_insert_with(new).clone()
        };
        // The semaphore is never closed, so there always is a permit in the end.
        semaphore.acquire_owned().await.ok()
    }
}

/// Whether a repository is the one that holds its organisation's defaults.
fn is_organisation_defaults(repo: &Repo) -> bool {
    repo.name.name() == ".github"
}
