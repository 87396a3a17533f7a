//! Reads a repository's configuration from its default branch, and its organisation's defaults.

use super::{Engine, Failure, is_organisation_defaults};
use crate::domain::config::{self, ConfigError, ConfigFile, Filters, PATHS, RepoConfig, Scope};
use crate::domain::ids::{InstallationId, OwnerKind, Repo, RepoName, UserId};
use crate::domain::repository::RepoState;
use crate::github::GitHubError;
use crate::store::{Change, Record};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a configuration is believed without the push that would invalidate it.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// What was read, or what is wrong with it; or that it could not be read now.
type Read<T> = Result<Result<T, ConfigError>, GitHubError>;

type Defaults = Arc<Result<Option<ConfigFile>, ConfigError>>;

/// Whose defaults: an installation's organisation. The installation alone would not do, as a transfer can change it.
type Owner = (InstallationId, UserId);

/// The organisations' defaults, as read.
#[derive(Default)]
pub(super) struct Organisations(Mutex<HashMap<Owner, (Defaults, DateTime<Utc>)>>);

impl Organisations {
    /// Drops what an installation's organisation was read to have.
    pub(super) fn forget(&self, installation: InstallationId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|key, _| key.0 != installation);
    }
}

impl Engine {
    /// The repository with a configuration that is not out of date; reads it if need be, once at a time.
    pub(super) async fn configuration(&self, repo: &Repo) -> Result<RepoState, Failure> {
        let lock = {
            let mut reading = self
                .shared
                .reading
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            reading.entry(repo.id).or_default().clone()
        };
        let _one_at_a_time = lock.lock().await;
        let known = self.store().repo(repo.id).await?;
        let mut state = known
            .clone()
            .unwrap_or_else(|| RepoState::new(repo.clone()));
        state.is_said_to_be(repo);
        let repo = &state.repo.clone();
        let fresh = state
            .checked_at
            .is_some_and(|at| self.now() - at < BELIEVED);
        if !fresh {
            let read = self.read_configuration(repo).await?;
            if let Err(problem) = &read {
                tracing::warn!(repository = %repo.name, %problem, "the configuration has a mistake");
            }
            state.configured(read, self.now());
        }
        if known.as_ref() != Some(&state) {
            let records = vec![Record::Repo(Box::new(state.clone()))];
            let change = Change {
                records,
                ..Change::default()
            };
            self.store().commit(change).await?;
        }
        Ok(state)
    }

    async fn read_configuration(&self, repo: &Repo) -> Read<RepoConfig> {
        // The repository that holds the defaults is configured by them itself.
        let scope = if is_organisation_defaults(repo) {
            Scope::Organisation
        } else {
            Scope::Repository
        };
        let own = match self.read_file(repo, &repo.name, scope).await? {
            Ok(own) => own,
            Err(problem) => return Ok(Err(problem)),
        };
        let defaults = self.defaults_of(repo).await?;
        let org = match defaults.as_ref() {
            Ok(org) => org.as_ref(),
            Err(problem) => return Ok(Err(problem.clone())),
        };
        let filters = match config::filters_file(org, own.as_ref()) {
            None => None,
            Some(named) => {
                let holder = match named.scope {
                    Scope::Repository => repo.name.clone(),
                    Scope::Organisation => repo.name.owners_defaults(),
                };
                match self.read_filters(repo, &holder, named.path).await? {
                    Ok(filters) => Some(filters),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
        };
        Ok(Ok(config::resolve(org, own.as_ref(), filters.as_ref())))
    }

    async fn read_file(
        &self,
        repo: &Repo,
        holder: &RepoName,
        scope: Scope,
    ) -> Read<Option<ConfigFile>> {
        for path in PATHS {
            let text = match self.fetch_text(repo, holder, path).await? {
                Ok(text) => text,
                Err(problem) => return Ok(Err(problem)),
            };
            if let Some(text) = text {
                let named = match scope {
                    Scope::Repository => path.to_owned(),
                    Scope::Organisation => format!("{holder}/{path}"),
                };
                return Ok(config::parse(&named, &text, scope).map(Some));
            }
        }
        Ok(Ok(None))
    }

    async fn read_filters(&self, repo: &Repo, holder: &RepoName, path: &str) -> Read<Filters> {
        Ok(match self.fetch_text(repo, holder, path).await? {
            Err(problem) => Err(problem),
            Ok(Some(text)) => config::parse_filters(path, &text),
            Ok(None) => Err(ConfigError {
                path: path.to_owned(),
                line: None,
                column: None,
                message: format!(
                    "`filters` names this file, but {holder} has none on its default branch"
                ),
                hint: Some("Add the file, or write the filters in place".to_owned()),
            }),
        })
    }

    async fn fetch_text(&self, repo: &Repo, holder: &RepoName, path: &str) -> Read<Option<String>> {
        let github = self.shared.github.of(repo);
        let text = if *holder == repo.name {
            github.file(path, None).await
        } else {
            github.file_of(holder, path).await
        };
        match text {
            Ok(text) => Ok(Ok(text)),
            // It is there, and it is no text: a directory, too large, not UTF-8.
            Err(GitHubError::Refused {
                status: 200,
                message,
                ..
            }) => Ok(Err(ConfigError {
                path: path.to_owned(),
                line: None,
                column: None,
                message: format!("the file can't be read: {message}"),
                hint: Some("Put a text file of at most 256 KiB there".to_owned()),
            })),
            Err(error) => Err(error),
        }
    }

    async fn defaults_of(&self, repo: &Repo) -> Result<Defaults, GitHubError> {
        if repo.owner_kind != OwnerKind::Organisation || is_organisation_defaults(repo) {
            return Ok(Arc::new(Ok(None)));
        }
        let key = (repo.installation, repo.owner);
        let known = {
            let known = self
                .shared
                .organisations
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.get(&key).cloned()
        };
        if let Some((defaults, at)) = known
            && self.now() - at < BELIEVED
        {
            return Ok(defaults);
        }
        let holder = repo.name.owners_defaults();
        let read = self.read_file(repo, &holder, Scope::Organisation).await?;
        let defaults = Arc::new(read);
        let mut known = self
            .shared
            .organisations
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (defaults.clone(), self.now()));
        Ok(defaults)
    }
}
