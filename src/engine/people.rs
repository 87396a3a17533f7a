//! Who is a member and who may approve: answers of GitHub that change rarely, kept for a while and dropped when a
//! delivery says that they are out of date.

use crate::domain::event::Account;
use crate::domain::ids::{InstallationId, Repo, RepoId, UserId};
use crate::github::{GitHub, GitHubError, Permission, Priority, Repository};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// How long an answer is believed without the delivery that would invalidate it.
const BELIEVED: TimeDelta = TimeDelta::minutes(10);
/// How many answers are kept of each kind.
const KEPT: usize = 50_000;

/// The cached answers.
#[derive(Default)]
pub(super) struct People {
    /// Keyed by the owner of the repository too: an installation's owner can change with a transfer.
    members: Cache<(InstallationId, UserId, UserId)>,
    vetters: Cache<(InstallationId, RepoId, UserId)>,
}

/// An answer, and whether GitHub had to be asked for it.
pub(super) struct Answer {
    pub(super) yes: bool,
    pub(super) asked: bool,
}

impl People {
    /// Whether `account` is a member of the organisation that owns `repo` (or the person who does).
    pub(super) async fn is_member(
        &self,
        github: &GitHub,
        repo: &Repo,
        account: &Account,
        now: DateTime<Utc>,
    ) -> Result<Answer, GitHubError> {
        let key = (repo.installation, repo.owner, account.id);
        if let Some(yes) = self.members.get(&key, now) {
            return Ok(Answer { yes, asked: false });
        }
        let yes = urgently(github, repo).is_member(account).await?;
        self.members.put(key, yes, now);
        Ok(Answer { yes, asked: true })
    }

    /// Whether `account` has write access or more to `repo`.
    pub(super) async fn may_write(
        &self,
        github: &GitHub,
        repo: &Repo,
        account: &Account,
        now: DateTime<Utc>,
    ) -> Result<bool, GitHubError> {
        let key = (repo.installation, repo.id, account.id);
        if let Some(yes) = self.vetters.get(&key, now) {
            return Ok(yes);
        }
        let permission = urgently(github, repo).permission(account).await?;
        let yes = matches!(permission, Permission::Write | Permission::Admin);
        self.vetters.put(key, yes, now);
        Ok(yes)
    }

    /// What is believed of one account's right to write, without a question.
    pub(super) fn is_known_to_write(
        &self,
        repo: &Repo,
        account: &Account,
        now: DateTime<Utc>,
    ) -> Option<bool> {
        let key = (repo.installation, repo.id, account.id);
        self.vetters.get(&key, now)
    }

    /// Drops what is believed of one account's right to write.
    pub(super) fn forget_right(&self, repo: &Repo, account: &Account) {
        self.vetters
            .remove(&(repo.installation, repo.id, account.id));
    }

    /// Drops all answers of an installation.
    pub(super) fn forget(&self, installation: InstallationId) {
        self.members.retain(|key| key.0 != installation);
        self.vetters.retain(|key| key.0 != installation);
    }
}

/// Whether a head is trusted, or a command is followed, depends on it.
fn urgently(github: &GitHub, repo: &Repo) -> Repository {
    github.of(repo).with_priority(Priority::Urgent)
}

struct Cache<K>(Mutex<HashMap<K, (bool, DateTime<Utc>)>>);

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Cache<K> {
    fn get(&self, key: &K, now: DateTime<Utc>) -> Option<bool> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (yes, at) = entries.get(key)?;
        (now - *at < BELIEVED).then_some(*yes)
    }

    fn put(&self, key: K, yes: bool, now: DateTime<Utc>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= KEPT {
            entries.retain(|_, (_, at)| now - *at < BELIEVED);
        }
        if entries.len() < KEPT {
            entries.insert(key, (yes, now));
        }
    }

    fn remove(&self, key: &K) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(key);
    }

    fn retain(&self, keep: impl Fn(&K) -> bool) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, _| keep(key));
    }
}
