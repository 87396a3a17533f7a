//! Reads a repository's configuration from its default branch, and its organisation's defaults.

use super::pull::Naming;
use super::{Engine, Failure, is_organisation_defaults};
use crate::domain::config::{self, ConfigError, ConfigFile, Filters, PATHS, RepoConfig, Scope};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::{InstallationId, OwnerKind, Repo, RepoId, RepoName, Sha, Subject, UserId};
use crate::domain::repository::RepoState;
use crate::github::{GitHubError, Priority};
use crate::store::{Change, Record, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// How long a configuration is believed without the push that would invalidate it.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// Whether what was read at `at` is believed.
pub(super) fn is_believed(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    // A clock that was put back says nothing.
    (TimeDelta::zero()..BELIEVED).contains(&(now - at))
}

/// What was read, or what is wrong with it; or that it could not be read now.
type Read<T> = Result<Result<T, ConfigError>, GitHubError>;

type Defaults = Arc<Result<Option<ConfigFile>, ConfigError>>;

/// Whose defaults: an installation's organisation. The installation alone would not do, as a transfer can change it.
type Owner = (InstallationId, UserId);

/// The organisations' defaults, as read.
#[derive(Default)]
pub(super) struct Organisations(Mutex<KnownDefaults>);

#[derive(Default)]
struct KnownDefaults {
    read: HashMap<Owner, (Defaults, DateTime<Utc>)>,
    /// How often something was dropped: what is being read meanwhile may be older.
    dropped: u64,
}

impl Organisations {
    /// Drops what an installation's organisation was read to have.
    pub(super) fn forget(&self, installation: InstallationId) {
        let mut known = self.known();
        known.read.retain(|key, _| key.0 != installation);
        known.dropped += 1;
    }

    fn of(&self, owner: &Owner, now: DateTime<Utc>) -> Result<Defaults, u64> {
        let known = self.known();
        match known.read.get(owner) {
            Some((defaults, at)) if is_believed(*at, now) => Ok(defaults.clone()),
            _ => Err(known.dropped),
        }
    }

    /// They were read; before that so much had been dropped.
    fn note(&self, owner: Owner, defaults: &Defaults, at: DateTime<Utc>, dropped: u64) {
        let mut known = self.known();
        if known.dropped == dropped {
            known.read.insert(owner, (defaults.clone(), at));
        }
    }

    fn known(&self) -> MutexGuard<'_, KnownDefaults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// The repository with a configuration that is not out of date; reads it if need be, once at a time. A new
    /// configuration makes the repository due, so that its other pull requests follow.
    pub(super) async fn configuration(
        &self,
        repo: &Repo,
        named: Naming,
    ) -> Result<RepoState, Failure> {
        let _one_at_a_time = self.reading(repo.id).await;
        let known = self.store().repo(repo.id).await?;
        let mut state = known
            .clone()
            .unwrap_or_else(|| RepoState::new(repo.clone()));
        if named == Naming::JustNow && state.may_be_now(repo) {
            // Another name would do until the comparison finds it, but another owner's members are trusted. A delivery may be
            // an old one, so neither its word nor the record's is taken.
            let github = self.shared.github.of(repo).with_priority(Priority::Urgent);
            if let Some(there) = github.as_it_is().await? {
                state.is_now(&there.repo);
            }
        }
        let now = self.now();
        let fresh = state.checked_at.is_some_and(|at| is_believed(at, now))
            && !self.shared.schedule.has_news(&Subject::Repository(repo.id));
        if !fresh {
            let read = self.read_configuration(&state.repo, None).await?;
            if let Err(problem) = &read {
                tracing::warn!(repository = %state.repo.name, %problem, "the configuration has a mistake");
            }
            state.configured(read, self.now());
        }
        if known.as_ref() != Some(&state) {
            let follow =
                (!state.followed).then(|| (Subject::Repository(repo.id), Some(self.now())));
            let change = Change {
                records: vec![Record::Repo(Box::new(state.clone()))],
                due: follow.into_iter().collect(),
                ..Change::default()
            };
            self.commit(change).await?;
        }
        self.note_quiet(&state).await?;
        Ok(state)
    }

    /// What was read before `since` is not believed any more.
    pub(super) async fn outdate(
        &self,
        repo: RepoId,
        since: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading(repo).await;
        let Some(mut known) = self.store().repo(repo).await? else {
            return Ok(());
        };
        if known.checked_at.is_some_and(|at| at < since) {
            known.checked_at = None;
            // What is told from now on waits until it was read again.
            self.shared.quiet.forget(repo);
            let change = Change {
                records: vec![Record::Repo(Box::new(known))],
                ..Change::default()
            };
            self.store().commit(change).await?;
        }
        Ok(())
    }

    /// Whatever was read of a repository in which the asker does not work is not believed any more; nobody forgets it meanwhile.
    pub(super) async fn outdate_from_outside(&self, repo: RepoId) -> Result<(), StoreError> {
        let lock = self.present(repo);
        let _there = lock.read().await;
        // A reading under way may have begun before.
        self.outdate(repo, DateTime::<Utc>::MAX_UTC).await
    }

    /// Notes that all open pull requests were told of a configuration, together with telling them, unless there is
    /// a newer one by now.
    pub(super) async fn followed(
        &self,
        told_of: &RepoState,
        mut change: Change,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading(told_of.repo.id).await;
        if let Some(mut known) = self.store().repo(told_of.repo.id).await?
            && (&known.good, &known.problem) == (&told_of.good, &told_of.problem)
        {
            known.followed = true;
            change.records.push(Record::Repo(Box::new(known)));
        }
        self.commit(change).await
    }

    /// Whoever holds this is the only one to change the record of a repository.
    pub(super) async fn reading(&self, id: RepoId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut reading = self
                .shared
                .reading
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            reading.entry(id).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// What a head whose pull request changes `files` would configure, if it changes that. It is only looked at, never
    /// in force.
    pub(super) async fn proposed_configuration(
        &self,
        repo: &Repo,
        head: &Sha,
        files: &[ChangedFile],
    ) -> Result<Option<Result<RepoConfig, ConfigError>>, Failure> {
        let known = self.store().repo(repo.id).await?;
        if !known.is_some_and(|known| configures(&known, files)) {
            return Ok(None);
        }
        Ok(Some(self.read_configuration(repo, Some(head)).await?))
    }

    /// The configuration on the default branch, or at a commit.
    async fn read_configuration(&self, repo: &Repo, at: Option<&Sha>) -> Read<RepoConfig> {
        // The repository that holds the defaults is configured by them itself.
        let scope = if is_organisation_defaults(repo) {
            Scope::Organisation
        } else {
            Scope::Repository
        };
        let own = match self.read_file(repo, &repo.name, scope, at).await? {
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
                match self.read_filters(repo, &holder, named.path, at).await? {
                    Ok(filters) => Some(filters),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
        };
        let usable = self.shared.backends.usable_by(&repo.name);
        Ok(
            config::resolve(org, own.as_ref(), filters.as_ref()).and_then(|config| {
                config::check_connections(org, own.as_ref(), &usable)?;
                let backends = &self.shared.backends;
                config::check_outputs(org, own.as_ref(), &backends.without_outputs())?;
                let may = |to: &RepoName| backends.may_dispatch(&repo.name, to);
                config::check_dispatches(org, own.as_ref(), may)?;
                Ok(config)
            }),
        )
    }

    async fn read_file(
        &self,
        repo: &Repo,
        holder: &RepoName,
        scope: Scope,
        at: Option<&Sha>,
    ) -> Read<Option<ConfigFile>> {
        for path in PATHS {
            let text = match self.fetch_text(repo, holder, path, at).await? {
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

    async fn read_filters(
        &self,
        repo: &Repo,
        holder: &RepoName,
        path: &str,
        at: Option<&Sha>,
    ) -> Read<Filters> {
        Ok(match self.fetch_text(repo, holder, path, at).await? {
            Err(problem) => Err(problem),
            Ok(Some(text)) => config::parse_filters(path, &text),
            Ok(None) => Err(ConfigError {
                path: path.to_owned(),
                line: None,
                column: None,
                message: match at {
                    Some(_) if *holder == repo.name => {
                        "`filters` names this file, but there is none in this pull request"
                            .to_owned()
                    }
                    _ => format!(
                        "`filters` names this file, but {holder} has none on its default branch"
                    ),
                },
                hint: Some("Add the file, or write the filters in place".to_owned()),
            }),
        })
    }

    async fn fetch_text(
        &self,
        repo: &Repo,
        holder: &RepoName,
        path: &str,
        at: Option<&Sha>,
    ) -> Read<Option<String>> {
        let github = self.shared.github.of(repo).with_priority(Priority::Urgent);
        let text = if *holder == repo.name {
            github.file(path, at).await
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
        let (owner, began) = ((repo.installation, repo.owner), self.now());
        let organisations = &self.shared.organisations;
        let dropped = match organisations.of(&owner, began) {
            Ok(defaults) => return Ok(defaults),
            Err(dropped) => dropped,
        };
        let holder = repo.name.owners_defaults();
        let read = self.read_file(repo, &holder, Scope::Organisation, None);
        let defaults = Arc::new(read.await?);
        organisations.note(owner, &defaults, began, dropped);
        Ok(defaults)
    }
}

/// Whether these files are the configuration of a repository, or named by it.
pub(super) fn configures(repository: &RepoState, files: &[ChangedFile]) -> bool {
    let good = repository.good.as_ref();
    let filters = good.and_then(|config| config.filters_path.as_deref());
    let mut paths = files.iter().flat_map(ChangedFile::paths);
    paths.any(|path| PATHS.contains(&path) || filters == Some(path))
}
