//! The deliveries that GitHub could not hand over are asked for and taken in as if they had come.
//!
//! GitHub lists its attempts of about three days, newest first, page by page. A round lists back to what was settled
//! before and then settles from there on towards the present, oldest first, so that comments and pushes are heard in their
//! order. The mark moves only over what is settled, and is kept with the pages still to do: a round that ends (its budget
//! is used up, GitHub is away, the process dies) is gone on with. What GitHub does not list any more shows up in the
//! comparison with GitHub (`survey`, `compare`). A delivery that can't be taken up (`lost`) is put off, and with it those that
//! have to be heard after it: the others go on. So does one that GitHub does not show and was asked to send again, until it
//! has come. Those put off have their turn in each round, whatever became of the list, the longest untried first.
//!
//! How old a delivery is does not matter here. What comes over the webhook could be an old one that somebody plays again;
//! these are read from GitHub itself, over a connection that is authenticated, and each id is accepted once.

use super::lost::{Took, Trouble};
use super::rebuild::Rebuilding;
use super::walk::Walk;
use super::{Engine, Failure};
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
const MOST_FAILURES: u32 = 10;
/// This part of a round's requests is kept back for what was put off, so that a long list does not use up all.
const KEPT_BACK: u32 = 3;

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

/// The requests that a round may still make, and the deliveries that had their turn in it.
#[derive(Default)]
struct Budget {
    calls: u32,
    tried: HashSet<DeliveryId>,
    failures: u32,
}

impl Budget {
    /// Takes one; false: it is used up.
    fn take(&mut self) -> bool {
        let left = self.calls.checked_sub(1);
        self.calls = left.unwrap_or_default();
        left.is_some()
    }

    /// A delivery could not be taken up; whether that is enough for a round. The limit of an installation says nothing of GitHub.
    fn fails(&mut self, error: &GitHubError) -> bool {
        self.failures += u32::from(!error.is_limit());
        self.failures >= MOST_FAILURES
    }
}

/// Whether nothing else is worth asking after this: the store fails, or GitHub wants to be left alone by the app.
fn ends_a_round(failure: &Failure) -> bool {
    match failure {
        Failure::Store(_) => true,
        Failure::GitHub(error) => {
            error.retry_after().is_some() || matches!(error, GitHubError::Unauthorized { .. })
        }
    }
}

/// How a round ended.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Settled,
    BudgetUsedUp,
    /// As much waits in the inbox as may.
    Full,
    /// GitHub fails to show one after the other.
    Unwell,
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
            Ok(End::Unwell) => {
                tracing::warn!("GitHub fails to show lost deliveries; going on in the next round");
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

    /// What is listed comes first: what was put off holds up nothing but what has to come after it. If the list can't be read,
    /// what was put off goes on all the same.
    async fn round(&self, walk: &mut Walk) -> Result<End, Failure> {
        self.drop_what_has_come(walk).await?;
        let calls = self.shared.pace.recovery_calls;
        let kept_back = walk.put_off_count().min(calls / KEPT_BACK);
        let mut budget = Budget {
            calls: calls - kept_back,
            ..Budget::default()
        };
        let listed = self.settle_listed(walk, &mut budget).await;
        if listed.as_ref().is_err_and(ends_a_round) {
            return listed;
        }
        budget.calls += kept_back;
        let put_off = self.take_up_put_off(walk, &mut budget).await;
        if put_off.as_ref().is_err_and(ends_a_round) {
            return put_off;
        }
        Ok(listed?.max(put_off?))
    }

    /// What was put off and has come since, sent again by GitHub, holds up nobody.
    async fn drop_what_has_come(&self, walk: &mut Walk) -> Result<(), StoreError> {
        for delivery in walk.deliveries_put_off() {
            if self.store().has_accepted(&delivery).await? {
                walk.take_out(&delivery);
            }
        }
        Ok(())
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
        if page.is_ok() {
            walk.is_shown();
        }
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
            if !walk.has_room() {
                return Ok(End::BudgetUsedUp);
            }
            if walk.has_to_wait(attempt) {
                walk.put_off(attempt);
                continue;
            }
            if !budget.take() {
                return Ok(End::BudgetUsedUp);
            }
            budget.tried.insert(attempt.delivery.clone());
            match self.take_up_lost(walk, attempt).await {
                Ok(Took::Settled) => {}
                // One that was asked for before did not come in time, and what came after it may be there by now.
                Ok(Took::AskedAgain { first }) => {
                    if first {
                        walk.put_off(attempt);
                        walk.waits_for_it(&attempt.delivery, self.now());
                    }
                }
                Err(Trouble::OfAll(failure)) => return Err(failure),
                Err(Trouble::Own(error)) => {
                    walk.put_off(attempt);
                    self.note_failed(walk, attempt, &error);
                    if budget.fails(&error) {
                        return Ok(End::Unwell);
                    }
                }
            }
        }
        Ok(End::Settled)
    }

    /// What could not be taken up before, and what had to wait for it. What had its turn a moment ago has the next one in the
    /// next round.
    async fn take_up_put_off(&self, walk: &mut Walk, budget: &mut Budget) -> Result<End, Failure> {
        while let Some(attempt) = walk.next_put_off(self.now(), &budget.tried) {
            if self.is_full() {
                return Ok(End::Full);
            }
            if !budget.take() {
                return Ok(End::BudgetUsedUp);
            }
            budget.tried.insert(attempt.delivery.clone());
            match self.take_up_lost(walk, &attempt).await {
                Ok(Took::Settled) => walk.take_out(&attempt.delivery),
                Ok(Took::AskedAgain { .. }) => walk.waits_for_it(&attempt.delivery, self.now()),
                Err(Trouble::OfAll(failure)) => return Err(failure),
                Err(Trouble::Own(error)) => {
                    self.note_failed(walk, &attempt, &error);
                    if budget.fails(&error) {
                        return Ok(End::Unwell);
                    }
                }
            }
        }
        Ok(End::Settled)
    }

    /// One that is put off could not be taken up.
    fn note_failed(&self, walk: &mut Walk, attempt: &Attempt, error: &GitHubError) {
        let delivery = &attempt.delivery;
        let not_before = self.later(error.retry_after().unwrap_or_default());
        let refusal = !error.is_transient();
        if walk.failed(delivery, refusal, not_before) {
            tracing::error!(%delivery, %error, "giving a lost delivery up; the comparison with GitHub has to do");
        } else {
            tracing::warn!(%delivery, %error, "can't take up a lost delivery; trying again in a later round");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_at_its_limit_does_not_end_a_round_and_an_ill_github_does() {
        let doing = || "reading the comments".to_owned();
        let resting = GitHubError::Resting {
            doing: doing(),
            retry_after: Duration::from_secs(60),
        };
        let away = GitHubError::Transient {
            doing: doing(),
            detail: "GitHub answered 502".to_owned(),
            retry_after: None,
        };
        let mut budget = Budget::default();
        assert!((0..100).all(|_| !budget.fails(&resting)));
        let fewer = (1..MOST_FAILURES).all(|_| !budget.fails(&away));
        assert!(fewer && budget.fails(&away));
    }
}
