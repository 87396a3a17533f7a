//! What is kept about one repository: its configuration, as last read from the default branch.

use super::config::{ConfigError, RepoConfig};
use super::ids::{Repo, RepoName};
use super::init::InitRequests;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The record of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepoState {
    /// The repository as last named.
    pub repo: Repo,
    /// The last configuration without mistakes; in force even while a newer one has some.
    pub good: Option<RepoConfig>,
    /// What is wrong with the newest configuration.
    pub problem: Option<ConfigError>,
    /// When the configuration was last read; `None`: it has to be read before it is used.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it was first read, or began to concern us: what people had seen before that nobody knows.
    #[serde(default)]
    pub known_since: Option<DateTime<Utc>>,
    /// Whether every open pull request has been told of the configuration as it is.
    pub followed: bool,
    /// Whether it is archived: it can only be read, so nothing is done until that ends, and all that is known stays.
    #[serde(default)]
    pub archived: bool,
    /// Names it had, newest last: a delivery or a record from before a renaming must not bring one back.
    #[serde(default)]
    pub former_names: Vec<RepoName>,
    /// Who asked for a configuration, and how far that has come.
    #[serde(default)]
    pub init: InitRequests,
}

/// How many former names are kept.
const KEPT: usize = 5;

impl RepoState {
    /// A repository whose configuration was never read.
    pub fn new(repo: Repo) -> Self {
        Self {
            repo,
            good: None,
            problem: None,
            checked_at: None,
            known_since: None,
            followed: true,
            archived: false,
            former_names: Vec::new(),
            init: InitRequests::default(),
        }
    }

    /// Takes in what GitHub says of the repository.
    pub fn is_now(&mut self, repo: &Repo) {
        if self.repo == *repo {
            return;
        }
        // Who is trusted goes by the owner, and what was read under another name may be another repository's.
        self.followed &= self.repo.owner == repo.owner;
        self.checked_at = None;
        let old = std::mem::replace(&mut self.repo, repo.clone()).name;
        if old != repo.name {
            self.former_names.push(old);
            let surplus = self.former_names.len().saturating_sub(KEPT);
            self.former_names.drain(..surplus);
        }
        self.former_names.retain(|name| *name != repo.name);
    }

    /// Whether what a delivery, or a pull request's own record, says of the repository may be news. It may be old as well: only
    /// GitHub knows.
    pub fn may_be_now(&self, repo: &Repo) -> bool {
        self.repo != *repo && !self.former_names.contains(&repo.name)
    }

    /// The configuration in force, if it enables the app.
    pub fn enabled(&self) -> Option<&RepoConfig> {
        self.good
            .as_ref()
            .filter(|config| config.enabled && !self.archived)
    }

    /// Whether there is anything to do or say in this repository.
    pub fn concerns_us(&self) -> bool {
        self.enabled().is_some() || (self.problem.is_some() && !self.archived)
    }

    /// Takes in a configuration that was read: a mistake never replaces what was good.
    pub fn configured(&mut self, read: Result<RepoConfig, ConfigError>, now: DateTime<Utc>) {
        let before = (self.good.clone(), self.problem.clone(), self.concerns_us());
        match read {
            Ok(config) => {
                self.good = Some(config);
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.checked_at = Some(now);
        // Before that nobody kept what people saw.
        if !before.2 && self.concerns_us() {
            self.known_since = Some(now);
        }
        self.known_since.get_or_insert(now);
        let changed = self.good != before.0 || self.problem != before.1;
        if changed && (before.2 || self.concerns_us()) {
            self.followed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pull::tests::repo;

    #[test]
    fn a_former_name_is_no_news_until_it_is_the_name_again() {
        let named = |name: &str| Repo {
            name: RepoName::parse(name).unwrap(),
            ..repo()
        };
        let mut state = RepoState::new(named("acme/engine"));
        state.is_now(&named("acme/motor"));
        assert!(!state.may_be_now(&named("acme/engine")));
        assert!(!state.may_be_now(&named("acme/motor")));
        // The delivery of a further renaming is lost: other deliveries tell of it.
        assert!(state.may_be_now(&named("acme/drive")));
        state.is_now(&named("acme/engine"));
        assert!(!state.may_be_now(&named("acme/motor")));
        assert_eq!(state.repo, named("acme/engine"));
        for i in 0..20 {
            state.is_now(&named(&format!("acme/r{i}")));
        }
        assert_eq!(state.former_names.len(), KEPT);
    }

    #[test]
    fn what_people_saw_is_known_since_a_repository_concerns_us() {
        let mut state = RepoState::new(repo());
        let at = |hours| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hours);
        let read = |enabled| {
            Ok(RepoConfig {
                enabled,
                ..RepoConfig::default()
            })
        };
        for (hour, enabled, since) in [
            (1, false, 1),
            (2, false, 1),
            (3, true, 3),
            (4, true, 3),
            (5, false, 3),
            (6, true, 6),
        ] {
            state.configured(read(enabled), at(hour));
            assert_eq!(state.known_since, Some(at(since)), "{hour}");
        }
    }
}
