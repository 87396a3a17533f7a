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

mod again;
mod anchors;
mod branches;
mod cause;
mod compare;
mod configuration;
mod facts;
mod head;
mod hearing;
mod held;
mod identity;
mod init;
mod installation;
mod jobs;
mod look;
mod lost;
mod openness;
mod patience;
mod payloads;
mod people;
mod perform;
mod presence;
mod preview;
mod publish;
mod pull;
mod quiet;
mod rebuild;
mod recall;
mod receive;
mod recovery;
mod repository;
mod route;
mod rules;
mod runs;
mod schedule;
mod standing;
mod survey;
mod tasks;
mod turn;
mod waiting;
mod walk;
mod wishes;
mod work;

pub use again::NotAgain;
pub use payloads::{LONGEST_KEPT, Wrapping};
pub use quiet::Passing;
pub use receive::{Raw, Read, Received, Taken};

use crate::backends::Backends;
use crate::clock::Clock;
use crate::domain::ids::{InstallationId, Repo, RepoId, Subject};
use crate::domain::pages::Pages;
use crate::github::{GitHub, GitHubError, Limits};
use crate::store::{Accepted, Delivery, Loss, Payloads, Store, StoreError};
use crate::telemetry::{Found, Metrics};
use chrono::{DateTime, Utc};
use patience::{Permit, note_failure};
use people::People;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schedule::Schedule;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use work::Worked;

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
    /// How long a gate that only reads differently waits after the last writing, at first.
    pub gate: Duration,
    /// The same once it has stood as it does for long.
    pub gate_at_most: Duration,
    /// How long a head has stood before it is looked at what configuration it proposes, unless its files matter anyway.
    pub preview: Duration,
    /// How many subjects of one installation are worked on at a time.
    pub per_installation: usize,
    /// How much is asked of GitHub.
    pub limits: Limits,
    /// Where chance comes from; `None`: from the system.
    pub seed: Option<u64>,
    /// How often GitHub is asked for what was missed: lost deliveries, and each repository's pull requests and mirrors.
    pub recover: Duration,
    /// So many requests one round of that may make.
    pub recovery_calls: u32,
    /// So many bytes of deliveries may wait in the inbox; above that none is accepted that can be had later.
    pub inbox_limit: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(2),
            longest_retry: Duration::from_secs(600),
            poll: Duration::from_secs(600),
            job_poll: None,
            gate: Duration::from_secs(5),
            gate_at_most: Duration::from_secs(900),
            preview: Duration::from_secs(120),
            per_installation: 16,
            limits: Limits::default(),
            seed: None,
            recover: Duration::from_secs(300),
            recovery_calls: 300,
            inbox_limit: 256 << 20,
        }
    }
}

/// What an engine is made of.
pub struct Parts {
    /// What survives a crash.
    pub store: Arc<dyn Store>,
    /// GitHub.
    pub github: GitHub,
    /// What executes jobs.
    pub backends: Arc<Backends>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How it paces itself.
    pub pace: Pace,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the dashboard is, if there is one and people can be led there.
    pub pages: Option<Pages>,
    /// Where payloads are kept for people to look at, if they are.
    pub payloads: Option<Payloads>,
}

/// How long the last flush may take.
pub const LAST_FLUSH: Duration = Duration::from_secs(1);

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
    chance: Mutex<StdRng>,
    schedule: Schedule,
    people: People,
    rules: rules::Rules,
    organisations: configuration::Organisations,
    permits: Mutex<HashMap<InstallationId, Arc<Semaphore>>>,
    turns: Mutex<patience::Turns>,
    waiting: waiting::Waiting,
    reading: Mutex<HashMap<RepoId, Arc<tokio::sync::Mutex<()>>>>,
    /// What was written before may have been written by an earlier process.
    started_at: DateTime<Utc>,
    presence: presence::Presence,
    openness: openness::Openness,
    quiet: quiet::Quiet,
    recovery: recovery::Progress,
    metrics: Metrics,
    pages: Option<Pages>,
    payloads: Option<Payloads>,
    causes: cause::Causes,
    jobs: standing::Jobs,
    held: turn::Held,
    /// Cancelled when a stop does not wait for the work under way any longer.
    given_up: CancellationToken,
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
    pub async fn start(parts: Parts) -> Result<Self, StoreError> {
        let (clock, seed) = (parts.clock, parts.pace.seed);
        let chance = seed.map_or_else(StdRng::from_entropy, StdRng::seed_from_u64);
        let engine = Self {
            shared: Arc::new(Shared {
                chance: Mutex::new(chance),
                store: parts.store,
                github: parts.github,
                backends: parts.backends,
                pace: parts.pace,
                schedule: Schedule::new(),
                people: People::default(),
                rules: rules::Rules::default(),
                organisations: configuration::Organisations::default(),
                permits: Mutex::default(),
                turns: Mutex::default(),
                waiting: waiting::Waiting::default(),
                reading: Mutex::default(),
                started_at: clock.now(),
                clock,
                presence: presence::Presence::default(),
                openness: openness::Openness::default(),
                quiet: quiet::Quiet::default(),
                recovery: recovery::Progress::default(),
                metrics: parts.metrics,
                pages: parts.pages,
                payloads: parts.payloads,
                causes: cause::Causes::default(),
                jobs: standing::Jobs::default(),
                held: turn::Held::default(),
                given_up: CancellationToken::new(),
            }),
        };
        engine.recall_identity().await?;
        engine.resume().await?;
        engine.wake_at(Subject::Deliveries, engine.now());
        tokio::spawn(engine.clone().recall_quiet());
        tokio::spawn(engine.clone().keep_time());
        Ok(engine)
    }

    /// Takes up what is in the inbox and what is due: at the start, and after the store was opened anew.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn resume(&self) -> Result<(), StoreError> {
        self.recall_loss().await?;
        let pending = self.store().pending().await?;
        let due = self.store().due().await?;
        if !pending.is_empty() || !due.is_empty() {
            tracing::info!(
                deliveries = pending.len(),
                due = due.len(),
                "taking up what was left"
            );
        }
        self.take_up(pending);
        let subjects = due.iter().map(|(subject, _)| subject.clone()).collect();
        tokio::spawn(self.clone().recall_jobs(subjects));
        for (subject, at) in due {
            self.wake_at(subject, at);
        }
        Ok(())
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
            if matches!(cause::at_work(), Some(of) if of.comes_round()) {
                self.shared.metrics.work().found(Found::Difference);
            }
            self.take_up(entries.clone());
            let subjects: Vec<Subject> = entries.iter().map(|one| one.subject.clone()).collect();
            self.hear_of(&subjects);
        }
        Ok(accepted)
    }

    /// Whether as much waits in the inbox as may.
    pub fn is_full(&self) -> bool {
        self.shared.waiting.bytes() >= self.shared.pace.inbox_limit
    }

    /// Looks at the clock, which may have been put forward, and begins what is due.
    pub fn look_at_the_clock(&self) {
        self.shared.schedule.look_at_the_clock();
    }

    /// Returns once nothing is being worked on, whatever is due soon.
    pub async fn quiet(&self) {
        self.shared.schedule.quiet(self.shared.clock.as_ref()).await;
    }

    /// Returns once nothing is being worked on and nothing is due within a minute, a next round of housekeeping aside.
    pub async fn idle(&self) {
        self.shared.schedule.idle(self.shared.clock.as_ref()).await;
    }

    /// Begins nothing new, waits for what is being worked on (at most `patience`), and flushes.
    ///
    /// # Errors
    /// When the flush failed; what was accepted is on disk all the same.
    pub async fn stop(&self, patience: Duration) -> Result<(), StoreError> {
        self.shared.schedule.stop();
        let still = tokio::time::timeout(patience, self.quiet()).await;
        if still.is_err() {
            tracing::warn!("stopping with work under way; the next start takes it up");
            self.shared.given_up.cancel();
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

    /// What may be missing because the store took the place of one that could not be used.
    pub fn loss(&self) -> Option<Loss> {
        self.store().loss()
    }

    fn store(&self) -> &dyn Store {
        self.shared.store.as_ref()
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }
}

/// Whether a repository is the one that holds its organisation's defaults.
fn is_organisation_defaults(repo: &Repo) -> bool {
    repo.name.name() == ".github"
}
