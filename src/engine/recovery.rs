//! The deliveries that GitHub could not hand over are asked for and taken in as if they had come.
//!
//! GitHub lists its attempts of about three days, newest first, page by page. A round lists back to what was settled
//! before and then settles from there on towards the present, oldest first, so that comments and pushes are heard in their
//! order. The mark moves only over what is settled, and is kept with the pages still to do: a round that ends (its budget
//! is used up, GitHub is away, the process dies) is gone on with. What GitHub does not list any more shows up in the
//! comparison with GitHub (`survey`, `compare`).
//!
//! How old a delivery is does not matter here. What comes over the webhook could be an old one that somebody plays again;
//! these are read from GitHub itself, over a connection that is authenticated, and each id is accepted once.

use super::{Engine, Failure, Raw, Read};
use crate::domain::ids::{InstallationId, PullKey, RepoId, Subject};
use crate::github::{Attempt, Attempts, GitHubError};
use crate::store::{Change, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const MARK: &str = "deliveries";

/// GitHub waits ten seconds for an answer, and an attempt is listed only then: so far before the newest that is listed
/// everything is looked through again.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// Deliveries from so long before the store was made are of no interest to it; GitHub's clock and ours may differ.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);
/// So often a delivery that GitHub lists and can't show is asked for.
const MOST_TRIES: u32 = 8;

/// What is known only while the process lives; it is found out anew after a start.
#[derive(Default)]
pub(super) struct Progress {
    /// Whether the installations were looked at since the start, as a first round of deliveries leads on to that.
    pub begun: AtomicBool,
    /// Branches named like mirrors of pull requests that there never were: somebody else's.
    pub strangers: Mutex<HashSet<PullKey>>,
    /// Repositories whose comparisons have begun.
    pub met: Mutex<HashSet<RepoId>>,
    /// Repositories that their installation's list did not name the last time.
    pub missing: Mutex<HashSet<RepoId>>,
    /// Installations that were suspended the last time.
    pub suspended: Mutex<HashSet<InstallationId>>,
    /// Since a loss of data: the repositories that were compared completely, and whether there are no others.
    pub rebuilt: Mutex<(BTreeSet<RepoId>, bool)>,
    /// Where the round of the installations goes on.
    pub surveyed: Mutex<Option<InstallationId>>,
}

/// How far the deliveries are settled.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Walk {
    /// All that was attempted until then is settled, by GitHub's clock.
    done: Option<DateTime<Utc>>,
    /// The cursors of the pages still to settle, newest first; the newest of all has none.
    pages: Vec<Option<String>>,
    /// Whether they reach back to `done`; otherwise the last of them was not listed yet.
    listed: bool,
    /// Deliveries that were handed over at a later attempt.
    handed_over: BTreeSet<String>,
    /// Deliveries that GitHub lists and could not show so far, and how often.
    tries: BTreeMap<u64, u32>,
}

/// The requests that a round may still make.
struct Budget(u32);

impl Budget {
    /// Takes one; false: it is used up.
    fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// How a round ended.
#[derive(PartialEq, Eq)]
enum End {
    Settled,
    BudgetUsedUp,
    /// As much waits in the inbox as may.
    Full,
}

impl Engine {
    pub(super) async fn process_deliveries(&self) -> Result<(), StoreError> {
        let mut walk = self.walk().await?;
        let outcome = self.settle_deliveries(&mut walk).await;
        self.store().commit(Change::marking(MARK, &walk)).await?;
        let wait = match outcome {
            Ok(End::Settled) => None,
            Ok(End::BudgetUsedUp) => {
                tracing::info!(
                    "there are more lost deliveries to look for; going on in the next round"
                );
                None
            }
            Ok(End::Full) => {
                tracing::info!(
                    "as many deliveries wait as INBOX_LIMIT_MIB allows; the lost ones are taken up in a later round"
                );
                None
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::GitHub(error)) => {
                tracing::warn!(%error, "can't ask for lost deliveries");
                error.retry_after()
            }
        };
        self.wake_at(Subject::Deliveries, self.next_round(wait));
        if !self
            .shared
            .recovery
            .begun
            .swap(true, std::sync::atomic::Ordering::Relaxed)
        {
            self.wake_at(Subject::Installations, self.now());
        }
        Ok(())
    }

    /// When the next round of a recovery is: jittered, and not before GitHub allows it.
    pub(super) fn next_round(&self, asked_for: Option<Duration>) -> DateTime<Utc> {
        let wait = self.jittered(self.shared.pace.recover);
        self.later(wait.max(asked_for.unwrap_or_default()))
    }

    async fn walk(&self) -> Result<Walk, StoreError> {
        let kept = self.store().mark(MARK).await?;
        let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        Ok(kept.unwrap_or_else(|| Walk {
            // After a loss nobody knows how far it was: everything that GitHub still lists is looked through.
            done: match self.store().lost_at() {
                Some(_) => None,
                None => self.store().born_at().checked_sub_signed(CLOCKS),
            },
            ..Walk::default()
        }))
    }

    async fn settle_deliveries(&self, walk: &mut Walk) -> Result<End, Failure> {
        let mut budget = Budget(self.shared.pace.recovery_calls);
        let mut read: HashMap<Option<String>, Attempts> = HashMap::new();
        loop {
            if !walk.listed {
                if walk.pages.is_empty() {
                    walk.pages.push(None);
                }
                let cursor = walk.pages.last().cloned().flatten();
                if !budget.take() {
                    return Ok(End::BudgetUsedUp);
                }
                let page = self.attempts(walk, cursor.as_deref()).await?;
                walk.note_listed(&page);
                read.insert(cursor, page);
                continue;
            }
            let Some(cursor) = walk.pages.last().cloned() else {
                walk.is_through();
                return Ok(End::Settled);
            };
            let page = match read.remove(&cursor) {
                Some(page) => page,
                // Other deliveries have come to the top since: what stood there may be on a page of its own by now.
                None if cursor.is_none() => {
                    walk.listed = false;
                    continue;
                }
                None if !budget.take() => return Ok(End::BudgetUsedUp),
                None => self.attempts(walk, cursor.as_deref()).await?,
            };
            match self.settle_page(walk, &page, &mut budget).await? {
                End::Settled => walk.note_settled(&page),
                early => return Ok(early),
            }
        }
    }

    /// A page. If GitHub does not know the place any more, the next round begins anew.
    async fn attempts(
        &self,
        walk: &mut Walk,
        cursor: Option<&str>,
    ) -> Result<Attempts, GitHubError> {
        let page = self.shared.github.attempts(cursor).await;
        page.inspect_err(|error| {
            if cursor.is_some() && !error.is_transient() {
                walk.pages.clear();
                walk.listed = false;
            }
        })
    }

    async fn settle_page(
        &self,
        walk: &mut Walk,
        page: &Attempts,
        budget: &mut Budget,
    ) -> Result<End, Failure> {
        for attempt in page.attempts.iter().rev() {
            let settled = attempt.handed_over
                || walk.done.is_some_and(|done| attempt.at < done)
                || walk.handed_over.contains(attempt.delivery.as_str())
                || self.store().has_accepted(&attempt.delivery).await?;
            if settled {
                continue;
            }
            if self.is_full() {
                return Ok(End::Full);
            }
            if !budget.take() {
                return Ok(End::BudgetUsedUp);
            }
            if let Err(error) = self.take_up_lost(attempt).await {
                let Failure::GitHub(github) = &error else {
                    return Err(error);
                };
                let tries = walk.tries.entry(attempt.id).or_default();
                *tries += 1;
                let limited = github.retry_after().is_some();
                if limited || *tries < MOST_TRIES {
                    return Err(error);
                }
                tracing::error!(delivery = %attempt.delivery, error = %github, "giving a lost delivery up; the comparison with GitHub has to do");
            }
        }
        Ok(End::Settled)
    }

    /// Takes one in as the webhook would have.
    async fn take_up_lost(&self, attempt: &Attempt) -> Result<(), Failure> {
        let github = &self.shared.github;
        let delivery = &attempt.delivery;
        let payload = match github.payload(attempt.id).await {
            Ok(payload) => payload,
            // It has grown too old meanwhile.
            Err(GitHubError::NotFound { .. }) => {
                tracing::warn!(%delivery, "GitHub does not keep a lost delivery any more");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let Some(payload) = payload else {
            tracing::info!(%delivery, "GitHub does not show a lost delivery; asking for it again");
            return Ok(github.redeliver(attempt.id).await?);
        };
        let me = self.identity().await?;
        let raw = Raw {
            id: delivery,
            event_name: &attempt.event_name,
            payload: &payload,
            at: attempt.at,
        };
        match self.read(&me, raw) {
            Read::Undecodable(aside) | Read::NotJson(aside) => self.set_aside(aside).await?,
            Read::Delivery(mut received) => {
                if let Some(event) = &received.event
                    && self.was_heard(event).await?
                {
                    received.event = None;
                    received.note = "answered before data was lost".to_owned();
                }
                tracing::info!(%delivery, event = attempt.event_name, "taking up a lost delivery");
                self.take_in(received).await?
            }
        };
        Ok(())
    }
}

impl Walk {
    fn note_listed(&mut self, page: &Attempts) {
        let again = page
            .attempts
            .iter()
            .filter(|one| one.again && one.handed_over);
        self.handed_over
            .extend(again.map(|one| one.delivery.to_string()));
        let reaches_back = match (page.oldest, self.done) {
            (Some(oldest), Some(done)) => oldest < done,
            _ => false,
        };
        match &page.next {
            Some(next) if !reaches_back => self.pages.push(Some(next.clone())),
            _ => self.listed = true,
        }
    }

    fn note_settled(&mut self, page: &Attempts) {
        self.pages.pop();
        let newest = page.attempts.iter().map(|one| one.at).max();
        self.done = self.done.max(newest.map(|newest| newest - LATE));
    }

    fn is_through(&mut self) {
        self.listed = false;
        self.handed_over.clear();
        self.tries.clear();
    }
}
