//! Reads a repository's configuration from its default branch, and its organisation's defaults.

use super::{Engine, Failure, is_organisation_defaults};
use crate::domain::config::{
    self, ConfigError, ConfigFile, Filters, LARGEST_FILE, PATHS, RepoConfig, Scope,
};
use crate::domain::ids::{InstallationId, OwnerKind, Repo, RepoName, UserId};
use crate::domain::repository::RepoState;
use crate::github::GitHubError;
use crate::store::{Change, Record};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a configuration is believed without the push that would invalidate it.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

type Defaults = Arc<Result<Option<ConfigFile>, ConfigError>>;

/// The organisations' defaults, as read.
#[derive(Default)]
pub(super) struct Organisations(
    Mutex<HashMap<(InstallationId, UserId), (Defaults, DateTime<Utc>)>>,
);

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
        state.repo = repo.clone();
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

    async fn read_configuration(
        &self,
        repo: &Repo,
    ) -> Result<Result<RepoConfig, ConfigError>, GitHubError> {
        let own = match self.read_file(repo, &repo.name, Scope::Repository).await? {
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
    ) -> Result<Result<Option<ConfigFile>, ConfigError>, GitHubError> {
        for path in PATHS {
            if let Some(text) = self.fetch_text(repo, holder, path).await? {
                let named = match scope {
                    Scope::Repository => path.to_owned(),
                    Scope::Organisation => format!("{holder}/{path}"),
                };
                return Ok(config::parse(&named, &text, scope).map(Some));
            }
        }
        Ok(Ok(None))
    }

    async fn read_filters(
        &self,
        repo: &Repo,
        holder: &RepoName,
        path: &str,
    ) -> Result<Result<Filters, ConfigError>, GitHubError> {
        Ok(match self.fetch_text(repo, holder, path).await? {
            Some(text) => config::parse_filters(path, &text),
            None => Err(ConfigError {
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

    async fn fetch_text(
        &self,
        repo: &Repo,
        holder: &RepoName,
        path: &str,
    ) -> Result<Option<String>, GitHubError> {
        let github = self.shared.github.of(repo);
        let text = if *holder == repo.name {
            github.file(path, None).await?
        } else {
            github.file_of(holder, path).await?
        };
        // One byte more than is allowed is enough for the parser to refuse it.
        Ok(text.map(|mut text| {
            let mut end = (LARGEST_FILE + 1).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.truncate(end);
            text
        }))
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
