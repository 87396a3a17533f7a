//! What is kept about one repository: its configuration, as last read from the default branch.

use super::config::{ConfigError, RepoConfig};
use super::ids::Repo;
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
    /// Whether every open pull request has been told of the configuration as it is.
    pub followed: bool,
}

impl RepoState {
    /// A repository whose configuration was never read.
    pub fn new(repo: Repo) -> Self {
        Self {
            repo,
            good: None,
            problem: None,
            checked_at: None,
            followed: true,
        }
    }

    /// The configuration in force, if it enables the app.
    pub fn enabled(&self) -> Option<&RepoConfig> {
        self.good.as_ref().filter(|config| config.enabled)
    }

    /// Whether there is anything to do or say in this repository.
    pub fn concerns_us(&self) -> bool {
        self.enabled().is_some() || self.problem.is_some()
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
        let changed = self.good != before.0 || self.problem != before.1;
        if changed && (before.2 || self.concerns_us()) {
            self.followed = false;
        }
    }
}
