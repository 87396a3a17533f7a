//! The deliveries that GitHub could not hand over are asked for and taken in as if they had come.
//!
//! GitHub lists its attempts of about three days, newest first, page by page. A round lists back to what was settled
//! before and then settles from there on towards the present, oldest first, so that comments and pushes are heard in their
//! order. The mark moves only over what is settled, and is kept with the pages still to do: a round that ends (its budget
//! is used up, GitHub is away, the process dies) is gone on with. What GitHub does not list any more shows up in the
//! comparison with GitHub (`survey`, `compare`). A delivery that can't be taken up is put off, and with it those that have to
//! be heard after it: the others go on.
//!
//! How old a delivery is does not matter here. What comes over the webhook could be an old one that somebody plays again;
//! these are read from GitHub itself, over a connection that is authenticated, and each id is accepted once.

use super::rebuild::Rebuilding;
use super::walk::Walk;
use super::{Engine, Failure, Raw, Read};
use crate::domain::ids::{DeliveryId, InstallationId, PullKey, RepoId, Subject};
use crate::github::{Attempt, Attempts, GitHubError};
use crate::store::{Change, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const MARK: &str = "deliveries";

/// Deliveries from so long before the store was made are of no interest to it; GitHub's clock and ours may differ.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);
/// So many deliveries can't be taken up in one round before it ends: then it is GitHub that is not well.
const MOST_FAILURES: usize = 10;

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
    /// When data was lost last.
    pub last_loss: Mutex<Option<DateTime<Utc>>>,
    /// What was read again since.
    pub rebuilding: Mutex<Rebuilding>,
    /// Where the round of the installations goes on.
    pub surveyed: Mutex<Option<InstallationId>>,
}

/// The requests that a round may still make, and the deliveries that could not be taken up in it.
struct Budget {
    calls: u32,
    failed: Vec<DeliveryId>,
}

impl Budget {
    /// Takes one; false: it is used up.
    fn take(&mut self) -> bool {
        let left = self.calls.checked_sub(1);
        self.calls = left.unwrap_or_default();
        left.is_some()
    }

    /// A delivery could not be taken up; whether that is enough for a round.
    fn fails(&mut self, delivery: &DeliveryId) -> bool {
        self.failed.push(delivery.clone());
        self.failed.len() >= MOST_FAILURES
    }
}

/// How a round ended.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Settled,
    BudgetUsedUp,
    /// As much waits in the inbox as may.
    Full,
}

impl Engine {
    pub(super) async fn process_deliveries(&self) -> Result<(), StoreError> {
        let mut walk = self.walk().await?;
        let outcome = self.round(&mut walk).await;
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
        Ok(kept.unwrap_or_else(|| {
            Walk::from(match self.store().lost_at() {
                // Nobody knows how far it was: everything that GitHub still lists is looked through.
                Some(_) => None,
                None => self.store().born_at().checked_sub_signed(CLOCKS),
            })
        }))
    }

    /// What is listed comes first: what was put off holds up nothing but what has to come after it.
    async fn round(&self, walk: &mut Walk) -> Result<End, Failure> {
        let mut budget = Budget {
            calls: self.shared.pace.recovery_calls,
            failed: Vec::new(),
        };
        let listed = self.settle_listed(walk, &mut budget).await?;
        let put_off = self.take_up_put_off(walk, &mut budget).await?;
        Ok(listed.max(put_off))
    }

    async fn settle_listed(&self, walk: &mut Walk, budget: &mut Budget) -> Result<End, Failure> {
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
            match self.settle_page(walk, &page, budget).await? {
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
                || walk.is_done(attempt)
                || walk.has_put_off(&attempt.delivery)
                || self.store().has_accepted(&attempt.delivery).await?;
            if settled {
                continue;
            }
            if self.is_full() {
                return Ok(End::Full);
            }
            if walk.has_to_wait(attempt) {
                if !walk.put_off(attempt, 0) {
                    return Ok(End::BudgetUsedUp);
                }
                continue;
            }
            if !budget.take() {
                return Ok(End::BudgetUsedUp);
            }
            if let Some((error, tries)) = self.try_to_take_up(walk, attempt).await? {
                let there_is_room = walk.put_off(attempt, tries);
                if !there_is_room || budget.fails(&attempt.delivery) {
                    return Err(error.into());
                }
            }
        }
        Ok(End::Settled)
    }

    /// What could not be taken up before, and what had to wait for it, oldest first.
    async fn take_up_put_off(&self, walk: &mut Walk, budget: &mut Budget) -> Result<End, Failure> {
        let mut at = 0;
        while let Some(attempt) = walk.put_off_at(at) {
            // What failed a moment ago has its next turn in the next round.
            if walk.has_to_wait_at(at) || budget.failed.contains(&attempt.delivery) {
                at += 1;
                continue;
            }
            if self.store().has_accepted(&attempt.delivery).await? {
                walk.take_out(at);
                continue;
            }
            if self.is_full() {
                return Ok(End::Full);
            }
            if !budget.take() {
                return Ok(End::BudgetUsedUp);
            }
            let Some((error, tries)) = self.try_to_take_up(walk, &attempt).await? else {
                walk.take_out(at);
                continue;
            };
            if walk.failed_again(at, tries) {
                tracing::error!(delivery = %attempt.delivery, %error, "giving a lost delivery up; the comparison with GitHub has to do");
                walk.take_out(at);
            } else {
                at += 1;
            }
            if budget.fails(&attempt.delivery) {
                return Err(error.into());
            }
        }
        Ok(End::Settled)
    }

    /// Why this one could not be taken up, if it is this one alone, and for how many tries that counts.
    async fn try_to_take_up(
        &self,
        walk: &mut Walk,
        attempt: &Attempt,
    ) -> Result<Option<(GitHubError, u32)>, Failure> {
        match self.take_up_lost(walk, attempt).await {
            Ok(()) => Ok(None),
            // Its installation has asked enough for now; the app itself may go on.
            Err(Failure::GitHub(error @ GitHubError::Resting { .. })) => Ok(Some((error, 0))),
            Err(Failure::GitHub(error)) if error.retry_after().is_none() => Ok(Some((error, 1))),
            Err(error) => Err(error),
        }
    }

    /// Takes one in as the webhook would have.
    async fn take_up_lost(&self, walk: &mut Walk, attempt: &Attempt) -> Result<(), Failure> {
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
            if !walk.asks_again(attempt) {
                tracing::error!(%delivery, "giving up a lost delivery that GitHub does not show; the comparison with GitHub has to do");
                return Ok(());
            }
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
                    && let Some(why) = self.is_let_be(event).await?
                {
                    received.event = None;
                    received.note = why.to_owned();
                }
                tracing::info!(%delivery, event = attempt.event_name, "taking up a lost delivery");
                self.take_in(*received).await?
            }
        };
        Ok(())
    }
}
