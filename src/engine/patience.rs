//! When to try again, and when not to begin: the one policy for all that is asked of GitHub and of backends.

mod turns;

pub(super) use turns::Turns;

use super::{Engine, cause};
use crate::domain::ids::InstallationId;
use crate::github::{Begun, GitHubError, Priority, RequestKind};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use rand::seq::SliceRandom;
use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Those who come again when a limit allows more do so within this time of their turn, so that they do not come all at once.
const SPREAD: Duration = Duration::from_millis(200);
/// So often something that GitHub does not find or refuses is tried again soon.
const PATIENT_TRIES: u32 = 8;

impl Engine {
    /// The time of the next try after `failures` in a row: doubling, jittered, never before GitHub allows it.
    pub(super) fn retry_at(&self, failures: u32, asked_for: Option<Duration>) -> DateTime<Utc> {
        cause::goes_on();
        if let Some(subject) = cause::at_work() {
            self.shared.metrics.work().tries_again(&subject);
        }
        let pace = &self.shared.pace;
        let doubled = pace.first_retry * 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        let bounded = doubled.min(pace.longest_retry);
        let jittered = self.jittered(bounded);
        self.later(asked_for.map_or(jittered, |least| least + jittered))
    }

    /// When to try again after an error of GitHub: soon if it may pass; within the hour if somebody has to act, or if it
    /// has not passed for long. What GitHub does not find or refuses at first may be a replica that lags behind.
    pub(super) fn retry_after(&self, error: &GitHubError, failures: u32) -> DateTime<Utc> {
        match error {
            // Nothing has failed.
            GitHubError::Resting { retry_after, .. } => self.spread(*retry_after),
            _ if error.needs_somebody() || (!error.is_transient() && failures > PATIENT_TRIES) => {
                self.retry_at(failures, Some(Duration::from_secs(3600)))
            }
            _ => self.retry_at(failures, error.retry_after()),
        }
    }

    /// A time after `wait`, and not the same for all: the repositories take turns.
    fn spread(&self, wait: Duration) -> DateTime<Utc> {
        cause::goes_on();
        let turn = cause::at_work().map(|subject| {
            let turns = self.shared.turns.lock();
            let mut turns = turns.unwrap_or_else(PoisonError::into_inner);
            turns.after(&subject, self.later(wait), self.now())
        });
        self.later(wait + turn.unwrap_or_default() + SPREAD.mul_f64(self.chance(0.0..1.0)))
    }

    /// The time after `wait`.
    pub(super) fn later(&self, wait: Duration) -> DateTime<Utc> {
        self.now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1))
    }

    /// A quarter more or less.
    pub(super) fn jittered(&self, wait: Duration) -> Duration {
        wait.mul_f64(self.chance(0.75..1.25))
    }

    /// In any order.
    pub(super) fn shuffle<T>(&self, all: &mut [T]) {
        let chance = self.shared.chance.lock();
        all.shuffle(&mut *chance.unwrap_or_else(PoisonError::into_inner));
    }

    fn chance(&self, range: Range<f64>) -> f64 {
        let chance = self.shared.chance.lock();
        chance
            .unwrap_or_else(PoisonError::into_inner)
            .gen_range(range)
    }

    /// The right to work on a subject of an installation; otherwise the time before which that is not worth beginning,
    /// because GitHub's limits are reached: what could not be finished would only be asked again.
    /// `kind`: of the request that it leads to.
    pub(super) async fn permit(
        &self,
        installation: InstallationId,
        priority: Priority,
        kind: RequestKind,
    ) -> Permit {
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
        let permit = semaphore.acquire_owned().await;
        let begun = self.shared.github.begin(installation, priority, kind);
        match (permit, begun) {
            (Ok(permit), Ok(begun)) => Permit::Given((permit, begun)),
            (_, begun) => Permit::NotBefore(self.spread(begun.err().unwrap_or_default())),
        }
    }
}

/// Whether a subject may be worked on now.
pub(super) enum Permit {
    Given((OwnedSemaphorePermit, Begun)),
    NotBefore(DateTime<Utc>),
}

/// Logs that GitHub could not be asked or made to do something. A missing permission was reported already, by the client.
pub(super) fn note_failure(error: &GitHubError, what: &str) {
    match error {
        GitHubError::MissingPermission { .. } | GitHubError::Resting { .. } => {
            tracing::debug!(%error, "{what}");
        }
        _ => tracing::warn!(%error, "{what}"),
    }
}
