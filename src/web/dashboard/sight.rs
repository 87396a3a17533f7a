//! What somebody who has signed in with GitHub may see. GitHub is asked again every few minutes, in their name; while it can't be
//! asked, its last answer is good for a while, and then for nothing.

use super::access::{Person, Sees};
use crate::domain::event::Account;
use crate::domain::ids::{RepoId, UserId};
use crate::github::{GitHub, GitHubError, UserToken};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// GitHub's answer is not asked for again before it is so old.
const FRESH: TimeDelta = TimeDelta::minutes(3);
/// An answer that is so old shows nothing any more.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(15);
/// After a question that failed, the next one is asked so much later.
const AGAIN: TimeDelta = TimeDelta::seconds(20);
/// So long the asking may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody who has signed in with GitHub.
pub(super) struct OnGitHub {
    /// Whose account it is.
    pub id: UserId,
    token: UserToken,
    /// Whoever asks holds it, so that one session asks once.
    answer: Mutex<Answered>,
}

struct Answered {
    /// By the name that they have now; the number stays.
    account: Account,
    repos: Arc<BTreeSet<RepoId>>,
    at: DateTime<Utc>,
    tried_at: DateTime<Utc>,
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
            answer: Mutex::new(Answered {
                account,
                repos: Arc::new(repos),
                at: now,
                tried_at: now,
            }),
        }
    }

    /// Who they are, with what they may see now.
    pub async fn person(&self, github: &GitHub, now: DateTime<Utc>) -> Result<Person, Unseen> {
        let (account, repos) = self.sees(github, now).await?;
        Ok(Person::on_github(account, Sees::Repositories(repos)))
    }

    /// Who they are.
    pub async fn account(&self) -> Account {
        self.answer.lock().await.account.clone()
    }

    /// Whether GitHub shows them nothing.
    pub async fn sees_nothing(&self) -> bool {
        self.answer.lock().await.repos.is_empty()
    }

    async fn sees(
        &self,
        github: &GitHub,
        now: DateTime<Utc>,
    ) -> Result<(Account, Arc<BTreeSet<RepoId>>), Unseen> {
        let mut answer = self.answer.lock().await;
        let again = !(TimeDelta::zero()..AGAIN).contains(&(now - answer.tried_at));
        if age(answer.at, now) != Age::Fresh && (again || answer.at == answer.tried_at) {
            answer.tried_at = now;
            let asking = async {
                let account = github.whose(&self.token).await?;
                Ok((account, github.seen_by(&self.token).await?))
            };
            match tokio::time::timeout(PATIENCE, asking).await {
                Ok(Ok((account, _))) if account.id != self.id => {
                    return Err(Unseen::SignedOut);
                }
                Ok(Ok((account, repos))) => {
                    *answer = Answered {
                        account,
                        repos: Arc::new(repos),
                        at: now,
                        tried_at: now,
                    };
                }
                Ok(Err(GitHubError::Unauthorized { .. })) => return Err(Unseen::SignedOut),
                Ok(Err(error)) => tracing::debug!(%error, "can't ask what somebody may see"),
                Err(_) => tracing::debug!("it takes too long to ask what somebody may see"),
            }
        }
        match age(answer.at, now) {
            Age::Over => Err(Unseen::NotNow),
            Age::Fresh | Age::Old => Ok((answer.account.clone(), answer.repos.clone())),
        }
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
