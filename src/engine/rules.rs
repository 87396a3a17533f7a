//! Which checks a branch requires: an answer of GitHub that changes rarely, kept for a while.

use crate::domain::ids::RepoId;
use crate::github::{GitHubError, Repository};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long an answer is believed; no delivery tells of a change.
const BELIEVED: TimeDelta = TimeDelta::hours(1);
/// How many branches are remembered.
const KEPT: usize = 10_000;

/// The names of the checks that a branch of a repository requires, and when that was read.
type Answers = HashMap<(RepoId, String), (Vec<String>, DateTime<Utc>)>;

/// The cached answers.
#[derive(Default)]
pub(super) struct Rules(Mutex<Answers>);

impl Rules {
    /// The names of the checks that rules require on a branch.
    pub(super) async fn required(
        &self,
        github: &Repository,
        branch: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, GitHubError> {
        let key = (github.id(), branch.to_owned());
        let known = self.lock().get(&key).cloned();
        if let Some((names, at)) = known
            && now - at < BELIEVED
        {
            return Ok(names);
        }
        let checks = github.required_checks(branch).await?;
        let mut names: Vec<String> = checks.into_iter().map(|check| check.context).collect();
        names.sort_unstable();
        names.dedup();
        let mut all = self.lock();
        if all.len() >= KEPT {
            all.retain(|_, (_, at)| now - *at < BELIEVED);
        }
        if all.len() < KEPT {
            all.insert(key, (names.clone(), now));
        }
        Ok(names)
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
