//! One repository's open pull requests, mirrors and anchors, compared with what is kept (`domain::recovery`). Whoever differs is
//! woken, and its own task brings it up to date: it removes orphaned mirrors and anchors, restores missing mirrors, corrects
//! wrong ones and publishes gates. While nothing changed, GitHub only confirms what was read before, which is free.

use super::patience::Permit;
use super::{Engine, Failure, route};
use crate::domain::event::Event;
use crate::domain::ids::{PrNumber, PullKey, RepoId, Subject};
use crate::domain::pull::{MIRROR_PREFIX, PullState, mirrored_number};
use crate::domain::recovery::{Rule, Shown, Sight, compare};
use crate::domain::repository::RepoState;
use crate::github::{GitHubError, Listed, Listing, Priority, RequestKind};
use crate::store::{Change, StoreError};
use chrono::{DateTime, Utc};
use std::sync::PoisonError;
use std::time::Duration;

/// A pull request that is brought up to date costs about as many requests.
const CALLS_OF_A_PULL: u32 = 10;
/// Where nothing is enabled, only a push can change that; should its delivery be lost for good, it is noticed within:
const SELDOM: Duration = Duration::from_secs(24 * 3600);

/// What came of a comparison.
struct Pass {
    outcome: Outcome,
    reading: Reading,
}

/// How far a repository is read again after a loss of data. What was found out is read: it waits in the inbox like a delivery.
enum Reading {
    /// Every open pull request was read, or is being tried.
    Whole,
    /// Some are still to be read.
    InParts,
    /// Something could not be asked.
    Cut,
}

/// When the next comparison is.
enum Outcome {
    /// The repository is not enabled.
    NotOurs,
    /// Nothing differs.
    Alike,
    /// Those that differ are woken.
    Woken,
    /// So are some; the rest has to wait.
    More,
}

impl Engine {
    pub(super) async fn process_comparison(
        &self,
        id: RepoId,
        from: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let subject = Subject::Comparison(id);
        let next = match self.store().repo(id).await? {
            Some(known) => Some(self.next_comparison(&known).await?),
            None => {
                self.shared.recovery.part_from(id);
                None
            }
        };
        let done = Change {
            due: vec![(subject.clone(), None)],
            from: Some(from),
            ..Change::default()
        };
        self.store().commit(done).await?;
        if let Some(next) = next {
            self.wake_at(subject, next);
        }
        Ok(())
    }

    async fn next_comparison(&self, known: &RepoState) -> Result<DateTime<Utc>, StoreError> {
        let installation = known.repo.installation;
        let _permit = match self
            .permit(installation, Priority::Low, RequestKind::Write)
            .await
        {
            Permit::Given(permit) => permit,
            Permit::NotBefore(time) => return Ok(time),
        };
        let Pass { outcome, reading } = match self.compare(known).await {
            Ok(pass) => pass,
            Err(Failure::Store(error)) => return Err(error),
            // Its end is told by a delivery, or found out (`survey`).
            Err(Failure::GitHub(GitHubError::Suspended)) => return Ok(self.later(SELDOM)),
            Err(Failure::GitHub(error)) => {
                self.rebuilding().not_compared(known.repo.id);
                self.is_rebuilt().await?;
                tracing::warn!(repository = %known.repo.name, %error, "can't compare a repository with GitHub");
                return Ok(self.next_round(error.retry_after()));
            }
        };
        match reading {
            Reading::Whole => self.rebuilding().compared(known.repo.id),
            Reading::InParts => self.rebuilding().partly_compared(known.repo.id),
            Reading::Cut => self.rebuilding().not_compared(known.repo.id),
        }
        self.is_rebuilt().await?;
        Ok(match outcome {
            Outcome::NotOurs => self.later(self.jittered(SELDOM)),
            Outcome::Alike | Outcome::Woken => self.next_round(None),
            Outcome::More => self.now() + (self.next_round(None) - self.now()) / 5,
        })
    }

    async fn compare(&self, known: &RepoState) -> Result<Pass, Failure> {
        let state = self
            .configuration(&known.repo, super::pull::Naming::Earlier)
            .await?;
        let Some(config) = state.enabled() else {
            return Ok(Pass {
                outcome: Outcome::NotOurs,
                reading: Reading::Whole,
            });
        };
        let repo = state.repo.id;
        let github = self.shared.github.of(&state.repo).for_housekeeping();
        let (open, all_listed) = split(github.open_pulls().await?);
        let (branches, all_mirrors) = split(github.branches(MIRROR_PREFIX).await?);
        let pushes = self.unheard_pushes(&state, config, &github).await?;
        let sight = Sight {
            open: open.into_iter().map(shown).collect(),
            all_listed,
            // Whatever else is below the prefix is not ours.
            mirrors: branches
                .into_iter()
                .filter_map(|(branch, sha)| Some((mirrored_number(&branch)?, sha)))
                .collect(),
            all_mirrors,
        };
        let rule = Rule {
            labels: route::asks_for_labels(repo, self.store()).await?,
            lost_at: self.lost_at(),
        };
        let kept = self.kept(repo, &sight).await?;
        let differences = compare(&kept, &sight, rule);
        let mut left = (self.shared.pace.recovery_calls / CALLS_OF_A_PULL).max(1);
        let mut woken = Vec::new();
        let mut more = false;
        let mut take = |left: &mut u32| {
            more |= *left == 0;
            let some = *left > 0;
            *left = left.saturating_sub(1);
            some
        };
        for number in &differences.pulls {
            if take(&mut left) {
                woken.push(*number);
            }
        }
        let mirrors = differences.mirrors.iter();
        let moved = mirrors.map(|(number, there)| Event::MirrorPushed {
            repo: state.repo.clone(),
            number: *number,
            after: there.clone(),
            sender: None,
        });
        let mut found = 0;
        for event in pushes.into_iter().chain(moved) {
            // What can't be taken in does not use up what the others may cost.
            if self.is_found_out(&event).await? {
                found += 1;
            } else if take(&mut left) {
                found += 1;
                self.found_out(event).await?;
            }
        }
        let mut unasked = false;
        for number in &differences.strangers {
            let key = PullKey {
                repo,
                number: *number,
            };
            if !self.is_stranger(key) && take(&mut left) {
                match github.pull(*number).await {
                    Ok(_) => woken.push(*number),
                    Err(GitHubError::NotFound { .. }) => self.note_stranger(key),
                    Err(error) => {
                        tracing::warn!(%error, %number, "can't ask whose branch it is");
                        unasked = true;
                    }
                }
            }
        }
        let unread = |number: &PrNumber| {
            let is = |pull: &&PullState| pull.number == *number;
            let pull = kept.iter().find(is);
            rule.lost_at.is_some() && pull.is_none_or(|pull| pull.recalled != rule.lost_at)
        };
        let reading = if unasked {
            Reading::Cut
        } else if more || differences.pulls.iter().any(unread) {
            Reading::InParts
        } else {
            Reading::Whole
        };
        let outcome = if more || unasked {
            Outcome::More
        } else if woken.is_empty() && found == 0 {
            Outcome::Alike
        } else {
            Outcome::Woken
        };
        if !matches!(outcome, Outcome::Alike) {
            tracing::info!(repository = %state.repo.name, ?woken, "waking pull requests that differ from what GitHub shows");
            self.wake_all(repo, &woken).await?;
        }
        Ok(Pass { outcome, reading })
    }

    /// The records of all that is open, here or there, or has a mirror: the others have nothing to compare.
    async fn kept(&self, repo: RepoId, sight: &Sight) -> Result<Vec<PullState>, StoreError> {
        let mut numbers = self.store().open_pulls(repo).await?;
        numbers.extend(sight.open.keys().chain(sight.mirrors.keys()));
        self.store().pulls(repo, numbers).await
    }

    async fn wake_all(&self, repo: RepoId, numbers: &[PrNumber]) -> Result<(), StoreError> {
        let now = Some(self.now());
        let due = numbers.iter().map(|number| {
            let key = PullKey {
                repo,
                number: *number,
            };
            (Subject::Pull(key), now)
        });
        self.commit(Change {
            due: due.collect(),
            ..Change::default()
        })
        .await
    }

    fn is_stranger(&self, key: PullKey) -> bool {
        let strangers = self.shared.recovery.strangers.lock();
        let strangers = strangers.unwrap_or_else(PoisonError::into_inner);
        strangers.contains(&key)
    }

    fn note_stranger(&self, key: PullKey) {
        let strangers = self.shared.recovery.strangers.lock();
        let mut strangers = strangers.unwrap_or_else(PoisonError::into_inner);
        strangers.insert(key);
    }
}

/// A list, and whether it is whole.
pub(super) fn split<T>(listing: Listing<T>) -> (Vec<T>, bool) {
    match listing {
        Listing::Whole(all) => (all, true),
        Listing::Cut(some) => (some, false),
    }
}

fn shown(listed: Listed) -> (PrNumber, Shown) {
    let Listed {
        number,
        draft,
        head,
        base,
        labels,
    } = listed;
    let shown = Shown {
        draft,
        head,
        base,
        labels,
    };
    (number, shown)
}
