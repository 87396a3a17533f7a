//! Each repository's configuration, and whether rules protect its mirrors and require its gates.

use super::{Area, Doctor};
use crate::domain::config::{self, ConfigError, ConfigFile, PATHS, RepoConfig, Scope};
use crate::domain::ids::{OwnerKind, RepoName};
use crate::domain::pipeline::Trigger;
use crate::github::{AppInfo, GitHubError, Installation, Repository, RequiredCheck};
use std::collections::BTreeSet;

/// What a ruleset on the mirrors has to restrict.
const RESTRICTED: [(&str, &str); 3] = [
    ("creation", "creations"),
    ("update", "updates"),
    ("deletion", "deletions"),
];

/// A branch of each kind that is the app's alone, and how a ruleset names them.
const OURS: [(&str, &str); 2] = [
    ("pull-request/1", "pull-request/*"),
    ("drawbridge/schedule/1", "drawbridge/**/*"),
];

/// What is wrong with a file, or that it could not be read.
enum Trouble {
    Mistake(ConfigError),
    GitHub(GitHubError),
}

impl From<GitHubError> for Trouble {
    fn from(error: GitHubError) -> Self {
        Self::GitHub(error)
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::Mistake(error)
    }
}

impl Doctor {
    /// Looks at the repositories of an installation, at most `left`; how many more may be looked at.
    pub(super) async fn look_at_repositories(
        &mut self,
        app: &AppInfo,
        installation: &Installation,
        left: usize,
    ) -> usize {
        let (covered, total) = match self.github.first_covered(installation.id).await {
            Ok(found) => found,
            Err(error) => {
                let what = format!(
                    "{}: its repositories can't be listed: {error}.",
                    installation.account
                );
                self.report
                    .task(Area::Repositories, what, "Try again later.");
                return left;
            }
        };
        let mut seen = 0;
        let mut silent = 0;
        for one in covered.iter().filter(|one| !one.archived).take(left) {
            seen += 1;
            let repository = self.github.of(&one.repo);
            if !self.look_at_repository(app, &repository).await {
                silent += 1;
            }
        }
        if silent > 0 {
            self.report.note(
                Area::Repositories,
                format!("{}: {silent} of {seen} repositories that were looked at are not enabled; nothing happens there.", installation.account),
            );
        }
        let archived = covered.iter().filter(|one| one.archived).count();
        if total > seen + archived {
            self.report.note(
                Area::Repositories,
                format!(
                    "{}: {seen} of {total} repositories were looked at (`--repositories`).",
                    installation.account
                ),
            );
        }
        left - seen
    }

    /// Whether it is enabled, or may be.
    async fn look_at_repository(&mut self, app: &AppInfo, repository: &Repository) -> bool {
        let name = repository.repo().name.clone();
        let config = match self.read(repository).await {
            Ok(config) if !config.enabled => return false,
            Ok(config) => config,
            Err(Trouble::Mistake(error)) => {
                self.report.task(
                    Area::Repositories,
                    format!("{name}: the configuration has a mistake: {error}"),
                    "Mend it on the default branch; until then the last good one stays in force.",
                );
                return true;
            }
            Err(Trouble::GitHub(error)) => {
                let what = format!("{name}: the configuration can't be read: {error}.");
                self.report
                    .task(Area::Repositories, what, "Try again later.");
                return true;
            }
        };
        match self.rules(app, repository, &config).await {
            Ok(0) => self.report.fine(
                Area::Repositories,
                format!("{name}: enabled; rules protect the mirrors and require the gates."),
            ),
            Ok(_) => {}
            Err(error) => self.report.note(
                Area::Repositories,
                format!("{name}: enabled; its rules can't be read ({error})."),
            ),
        }
        true
    }

    /// The configuration as the server would read it.
    async fn read(&self, repository: &Repository) -> Result<RepoConfig, Trouble> {
        let repo = repository.repo();
        let holds_defaults = repo.name.name() == ".github";
        let scope = if holds_defaults {
            Scope::Organisation
        } else {
            Scope::Repository
        };
        let own = file(repository, &repo.name, scope).await?;
        let org = if repo.owner_kind == OwnerKind::Organisation && !holds_defaults {
            file(
                repository,
                &repo.name.owners_defaults(),
                Scope::Organisation,
            )
            .await?
        } else {
            None
        };
        let (own, org) = (own.as_ref(), org.as_ref());
        let filters = match config::filters_file(org, own) {
            None => None,
            Some(named) => {
                let holder = match named.scope {
                    Scope::Repository => repo.name.clone(),
                    Scope::Organisation => repo.name.owners_defaults(),
                };
                match text(repository, &holder, named.path).await? {
                    Some(text) => Some(config::parse_filters(named.path, &text)?),
                    None => None,
                }
            }
        };
        let config = config::resolve(org, own, filters.as_ref())?;
        config::check_connections(org, own, &self.backends.usable_by(&repo.name))?;
        if let Some(path) = &config.missing_filters_file {
            return Err(Trouble::Mistake(ConfigError {
                path: path.clone(),
                line: None,
                column: None,
                message: "`filters` names this file, but there is none".to_owned(),
                hint: Some("Add the file, or write the filters in place".to_owned()),
            }));
        }
        Ok(config)
    }

    /// How many rules are missing.
    async fn rules(
        &mut self,
        app: &AppInfo,
        repository: &Repository,
        config: &RepoConfig,
    ) -> Result<usize, GitHubError> {
        let repo = repository.repo();
        let name = &repo.name;
        let page = format!("{}/{name}/settings/rules", self.github.site());
        let mut found = 0;
        for (branch, branches) in OURS {
            let kinds = repository.kinds_of_rules(branch).await?;
            let free: Vec<_> = RESTRICTED
                .into_iter()
                .filter(|(kind, _)| !kinds.contains(*kind))
                .map(|(_, name)| name)
                .collect();
            if !free.is_empty() {
                found += 1;
                self.report.task(
                    Area::Repositories,
                    format!("{name}: no ruleset restricts {} of the branches {branches}: whoever may write can put any commit there.", free.join(", ")),
                    format!("At {page}, add a branch ruleset for `pull-request/*` and `drawbridge/**/*` that restricts creations, updates and deletions, with the app {} alone on its bypass list.", app.slug),
                );
            }
        }
        let required = repository.required_checks(&repo.default_branch).await?;
        for gate in gates(config) {
            let remedy = |verb: &str| {
                format!(
                    "At {page}, {verb} for {}: require the status check `{gate}` with {} as its source.",
                    repo.default_branch, app.slug
                )
            };
            match standing(&gate, app.id, &required) {
                Standing::Required => continue,
                Standing::FromAnybody => self.report.task(
                    Area::Repositories,
                    format!("{name}: `{gate}` is required, but from anybody: another app or a workflow could report it."),
                    remedy("change the ruleset"),
                ),
                Standing::FromAnother => self.report.task(
                    Area::Repositories,
                    format!("{name}: `{gate}` is required from another app, so that nothing can ever be merged."),
                    remedy("change the ruleset"),
                ),
                Standing::NotRequired => self.report.task(
                    Area::Repositories,
                    format!("{name}: no ruleset requires `{gate}` on {}.", repo.default_branch),
                    remedy("add a ruleset"),
                ),
            }
            found += 1;
        }
        Ok(found)
    }
}

/// How a gate stands in the rules.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Required,
    FromAnybody,
    FromAnother,
    NotRequired,
}

pub(super) fn standing(gate: &str, app: u64, required: &[RequiredCheck]) -> Standing {
    let mut ids = required
        .iter()
        .filter(|check| check.context == gate)
        .map(|check| check.app_id)
        .peekable();
    if ids.peek().is_none() {
        return Standing::NotRequired;
    }
    let ids: Vec<_> = ids.collect();
    if ids.contains(&Some(app)) {
        Standing::Required
    } else if ids.contains(&None) {
        Standing::FromAnybody
    } else {
        Standing::FromAnother
    }
}

/// The gates that are published on pull requests.
fn gates(config: &RepoConfig) -> BTreeSet<String> {
    config
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.on.contains(&Trigger::PullRequest))
        .flat_map(|pipeline| pipeline.gates.iter().map(|gate| gate.name.clone()))
        .collect()
}

async fn file(
    repository: &Repository,
    holder: &RepoName,
    scope: Scope,
) -> Result<Option<ConfigFile>, Trouble> {
    for path in PATHS {
        if let Some(text) = text(repository, holder, path).await? {
            return Ok(Some(config::parse(path, &text, scope)?));
        }
    }
    Ok(None)
}

async fn text(
    repository: &Repository,
    holder: &RepoName,
    path: &str,
) -> Result<Option<String>, GitHubError> {
    if *holder == repository.repo().name {
        repository.file(path, None).await
    } else {
        repository.file_of(holder, path).await
    }
}
