//! The configuration of a repository: `.github/drawbridge.yaml`, or NVIDIA's `.github/copy-pr-bot.yaml` unchanged.
//!
//! Text comes in, a [`RepoConfig`] with every default filled comes out: [`parse`] reads one file into a
//! [`ConfigFile`], which holds only what is written in it, and [`resolve()`] lays the repository's file over the
//! organisation's. Reading the files from the right branch, and keeping the last good one when a file is broken, is
//! the engine's task.
//!
//! Promises: a file is either understood completely or refused with one [`ConfigError`] that names the thing, the
//! place and the remedy. Nothing is guessed and nothing unknown is skipped, because a mistyped key would otherwise
//! silently mean its default. Any text takes bounded time and memory.

mod described;
mod error;
mod file;
mod filters;
mod key;
mod pipelines;
mod resolve;
pub mod schema;
#[cfg(test)]
mod tests;
mod values;
mod yaml;

pub use described::{Mapping, described, line_for_editors};
pub use error::ConfigError;
pub use file::{ConfigFile, TrustFile, parse};
pub use filters::{Filters, FiltersSource, parse_filters};
pub use key::Key;
pub use pipelines::{Mention, Mentioned, PipelinesFile, job_keys, pipeline_keys};
pub use resolve::{
    NamedFiltersFile, check_connections, check_dispatches, check_outputs, filters_file, resolve,
};
pub use schema::schema;

use super::event::Account;
use super::ids::UserId;
use super::pipeline::{BackendSpec, Pipeline};
use serde::{Deserialize, Serialize};

/// Where a repository's configuration may be, in the order they are looked for: the first that exists counts.
pub const PATHS: [&str; 2] = [".github/drawbridge.yaml", ".github/copy-pr-bot.yaml"];

/// Where a server gives out the schema of this file.
pub const SCHEMA_PATH: &str = "/schema/config.json";

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 256 * 1024;

/// Whose file it is. An organisation's lives in its `.github` repository and gives defaults to all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The repository's own file.
    Repository,
    /// The organisation's defaults; the only file that may contain `locked`.
    Organisation,
}

/// What is in force for a repository, every default filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RepoConfig {
    /// Without it the app does nothing in this repository. Default: false.
    pub enabled: bool,
    /// Whether a trusted draft is mirrored without being asked for. Default: the value of `auto_sync_ready`.
    pub auto_sync_draft: bool,
    /// Whether a trusted pull request that is ready for review is mirrored without being asked for. Default: true.
    pub auto_sync_ready: bool,
    /// Logins that are trusted as if they were members, each perhaps with its account's number (`alice#5`); see [`RepoConfig::is_listed_trustee`].
    pub additional_trustees: Vec<String>,
    /// Logins that may approve as if they had write, in the same way; see [`RepoConfig::is_listed_vetter`].
    pub additional_vetters: Vec<String>,
    /// The `trust` section.
    pub trust: Trust,
    /// Named sets of paths, each a list of patterns in the dialect of [`crate::domain::filter`].
    pub filters: Filters,
    /// Whether a changed file that no filter matches fails the gate. Default: false.
    pub require_filter_coverage: bool,
    /// The file that `filters` names, when its content was not given to [`resolve()`]: `filters` is then empty and must
    /// not be taken for what the repository wants.
    pub missing_filters_file: Option<String>,
    /// The file that `filters` names, if it names one.
    pub filters_path: Option<String>,
    /// What is built, and when. Default: [`Pipeline::implied`] alone.
    pub pipelines: Vec<Pipeline>,
}

/// The `trust` section, every default filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trust {
    /// Whether every commit of a trusted change must carry a verified signature. Default: true.
    pub require_verified_commits: bool,
    /// Patterns of paths that a vetter must approve, whoever changed them. Default: none.
    pub always_vet: Vec<String>,
    /// Whether `/ok to test` without a SHA is accepted. Default: false.
    pub approve_without_sha: bool,
}

impl Default for RepoConfig {
    fn default() -> Self {
        resolve::defaults()
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            require_verified_commits: true,
            always_vet: Vec::new(),
            approve_without_sha: false,
        }
    }
}

impl RepoConfig {
    /// The connections that jobs name: connection, pipeline, job. Whether they may is the operator's to say; see
    /// [`check_connections`].
    pub fn connections(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.pipelines.iter().flat_map(|pipeline| {
            pipeline.jobs.iter().filter_map(|job| match &job.backend {
                BackendSpec::Connection { name, .. } => {
                    Some((name.as_str(), pipeline.name.as_str(), job.name.as_str()))
                }
                _ => None,
            })
        })
    }

    /// Whether the account is in `additional_trustees`.
    pub fn is_listed_trustee(&self, account: &Account) -> bool {
        is_listed(&self.additional_trustees, account)
    }

    /// Whether the account is in `additional_vetters`.
    pub fn is_listed_vetter(&self, account: &Account) -> bool {
        is_listed(&self.additional_vetters, account)
    }

    /// The account's number that a list pins this login to, for where only the login is known.
    pub fn pinned_id(&self, login: &str) -> Option<UserId> {
        let lists = [&self.additional_trustees, &self.additional_vetters];
        let mut pinned = lists
            .into_iter()
            .flatten()
            .filter_map(|entry| pinned(entry));
        let (_, id) = pinned.find(|(listed, _)| listed.eq_ignore_ascii_case(login))?;
        Some(id)
    }
}

/// An account with a number is that number whatever it is called now; otherwise it is whoever has the login now. Logins compare without
/// case, as on GitHub: they are ASCII, so ASCII folding is enough and no other character can be made to look equal.
fn is_listed(list: &[String], account: &Account) -> bool {
    list.iter().any(|entry| match pinned(entry) {
        Some((_, id)) => id == account.id,
        None => entry.eq_ignore_ascii_case(&account.login),
    })
}

/// `login#number` taken apart.
fn pinned(entry: &str) -> Option<(&str, UserId)> {
    let (login, id) = entry.split_once('#')?;
    Some((login, UserId(id.parse().ok()?)))
}
