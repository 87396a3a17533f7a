//! What somebody who has signed in with GitHub may see. GitHub is asked again every few minutes, in their name; while it can't be
//! asked, its last answer is good for a while, and then for nothing.

use super::access::{Person, Sees};
use crate::domain::event::Account;
use crate::domain::ids::{RepoId, UserId};
use crate::github::{GitHub, GitHubError, UserToken};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// GitHub's answer is not asked for again before it is so old.
const FRESH: TimeDelta = TimeDelta::minutes(3);
/// An answer that is so old shows nothing any more.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(15);
/// After a question that failed, the next one is asked so much later.
const AGAIN: TimeDelta = TimeDelta::seconds(20);
/// So long the asking may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// So long anybody waits for it while the last answer is still good.
const WHILE_KNOWN: Duration = Duration::from_secs(5);

/// Somebody who has signed in with GitHub.
pub(super) struct OnGitHub {
    /// Whose account it is.
    pub id: UserId,
    token: UserToken,
    /// Whoever asks holds it, so that one session asks once.
    asking: tokio::sync::Mutex<()>,
    answer: Mutex<Answered>,
}

#[derive(Clone)]
struct Answered {
    /// By the name that they have now; the number stays.
    account: Account,
    repos: Arc<BTreeSet<RepoId>>,
    at: DateTime<Utc>,
    /// When a question failed since then.
    failed_at: Option<DateTime<Utc>>,
    /// Whether GitHub takes their token no more.
    signed_out: bool,
}

/// Why it is not known what somebody may see.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// GitHub does not take their token any more.
    SignedOut,
    /// GitHub can't be asked, and its last answer is too old.
    NotNow,
}

/// What an answer of this age is good for.
#[derive(Debug, PartialEq, Eq)]
enum Age {
    /// All that is wanted.
    Fresh,
    /// It is asked for again, and goes on being used if that fails.
    Old,
    /// Nothing.
    Over,
}

fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> Age {
    match now - at {
        // A clock that was put back says nothing.
        age if age < TimeDelta::zero() => Age::Old,
        age if age < FRESH => Age::Fresh,
        age if age < GOOD_FOR => Age::Old,
        _ => Age::Over,
    }
}

impl OnGitHub {
    /// Somebody of whom GitHub has just said this.
    pub fn new(
        account: Account,
        token: UserToken,
        repos: BTreeSet<RepoId>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: account.id,
            token,
            asking: tokio::sync::Mutex::default(),
            answer: Mutex::new(Answered {
                account,
                repos: Arc::new(repos),
                at: now,
                failed_at: None,
                signed_out: false,
            }),
        }
    }

    /// Who they are, with what they may see now.
    pub async fn person(
        self: &Arc<Self>,
        github: &GitHub,
        now: DateTime<Utc>,
    ) -> Result<Person, Unseen> {
        let known = age(self.answered().at, now);
        if known != Age::Fresh {
            // A task of its own: a browser that hangs up says nothing of GitHub.
            let (this, github) = (self.clone(), github.clone());
            let asking = tokio::spawn(async move { this.ask(&github, now).await });
            // What is known may be used meanwhile: a slow GitHub holds nobody up for long.
            let patience = match known {
                Age::Old => WHILE_KNOWN,
                _ => PATIENCE,
            };
            let _ = tokio::time::timeout(patience, asking).await;
        }
        let answer = self.answered();
        match age(answer.at, now) {
            _ if answer.signed_out => Err(Unseen::SignedOut),
            Age::Over => Err(Unseen::NotNow),
            Age::Fresh | Age::Old => Ok(Person::on_github(
                answer.account,
                Sees::Repositories(answer.repos),
            )),
        }
    }

    /// Who they are.
    pub fn account(&self) -> Account {
        self.answered().account
    }

    /// Whether they have a right of their own in no repository.
    pub fn has_no_right(&self) -> bool {
        self.answered().repos.is_empty()
    }

    /// Asks, unless that was done meanwhile or has failed a moment ago.
    async fn ask(&self, github: &GitHub, now: DateTime<Utc>) {
        let _turn = self.asking.lock().await;
        let before = self.answered();
        let failed = before.failed_at.map(|at| now - at);
        let failed_lately = failed.is_some_and(|ago| (TimeDelta::zero()..AGAIN).contains(&ago));
        if before.signed_out || failed_lately || age(before.at, now) == Age::Fresh {
            return;
        }
        let asking = async {
            let account = github.whose(&self.token).await?;
            Ok((account, github.seen_by(&self.token).await?))
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        let mut answer = self.lock();
        match asked {
            Ok(Ok((account, _))) if account.id != self.id => answer.signed_out = true,
            Ok(Ok((account, repos))) => {
                answer.account = account;
                answer.repos = Arc::new(repos);
                answer.at = now;
                answer.failed_at = None;
            }
            Ok(Err(GitHubError::Unauthorized { .. })) => answer.signed_out = true,
            Ok(Err(error)) => {
                answer.failed_at = Some(now);
                tracing::debug!(%error, "can't ask what somebody may see");
            }
            Err(_) => {
                answer.failed_at = Some(now);
                tracing::debug!("it takes too long to ask what somebody may see");
            }
        }
    }

    fn answered(&self) -> Answered {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Answered> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gets_old_and_is_over_in_the_end() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        for (seconds, expected) in [
            (-1, Age::Old),
            (0, Age::Fresh),
            (179, Age::Fresh),
            (180, Age::Old),
            (899, Age::Old),
            (900, Age::Over),
        ] {
            assert_eq!(age(at, at + TimeDelta::seconds(seconds)), expected);
        }
    }
}
