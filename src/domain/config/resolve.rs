//! The repository's file laid over the organisation's.

use super::values::did_you_mean_or_known;
use super::{
    ConfigError, ConfigFile, Filters, FiltersSource, Key, Mentioned, PipelinesFile, RepoConfig,
    Scope, Trust,
};
use crate::domain::ids::RepoName;
use crate::domain::pipeline::Pipeline;
use crate::domain::printable::printable;

/// A file of filters that must be read before [`resolve`]: whose repository holds it, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFiltersFile<'a> {
    /// The repository itself, or the organisation's `.github` repository.
    pub scope: Scope,
    /// Relative to the root of that repository.
    pub path: &'a str,
}

/// The file of filters that is in force, if `filters` names one.
pub fn filters_file<'a>(
    org: Option<&'a ConfigFile>,
    repo: Option<&'a ConfigFile>,
) -> Option<NamedFiltersFile<'a>> {
    filters_file_of(Layers { org, repo })
}

fn filters_file_of(layers: Layers<'_>) -> Option<NamedFiltersFile<'_>> {
    match layers.pick_with_scope(Key::Filters, |file| file.filters.as_ref())? {
        (scope, FiltersSource::File(path)) => Some(NamedFiltersFile { scope, path }),
        (_, FiltersSource::Inline(_)) => None,
    }
}

/// What is in force: the repository's value of each key, else the organisation's, else the default; for a key that
/// the organisation has locked, the organisation's value, else the default. The keys of `trust` count one by one.
///
/// `filters_file` is the content of the file that [`filters_file()`] names; it is ignored when none is named. Where one
/// is named and not given, [`RepoConfig::missing_filters_file`] says so.
///
/// Refused is what only the files together show: a job whose `changes` name a filter that is not in force.
pub fn resolve(
    org: Option<&ConfigFile>,
    repo: Option<&ConfigFile>,
    filters_file: Option<&Filters>,
) -> Result<RepoConfig, ConfigError> {
    let layers = Layers { org, repo };
    let config = lay(layers, filters_file);
    if config.missing_filters_file.is_none() {
        layers.check_filters(&config.filters)?;
    }
    Ok(config)
}

/// Refuses a job whose connection is none of `usable`: the names of those that the operator's settings let this
/// repository use. The configuration must be of the same files.
pub fn check_connections(
    org: Option<&ConfigFile>,
    repo: Option<&ConfigFile>,
    usable: &[&str],
) -> Result<(), ConfigError> {
    let Some(file) = (Layers { org, repo }).pipelines() else {
        return Ok(());
    };
    let bad = file.mentions.iter().find(|mention| {
        mention.what == Mentioned::Connection && !usable.contains(&mention.name.as_str())
    });
    let Some(bad) = bad else { return Ok(()) };
    let hint = if usable.is_empty() {
        "This repository may use none: connections are defined by who operates Drawbridge, in its settings"
            .to_owned()
    } else {
        let known = "Connections that this repository may use";
        did_you_mean_or_known(&bad.name, known, usable.iter().copied())
    };
    let message = format!(
        "job `{}` names a connection `{}` that this repository may not use",
        bad.job,
        printable(&bad.name, 80)
    );
    Err(file.error(bad, message, hint))
}

/// Refuses a job that takes an output of a job on one of these connections: the system behind it gives none. The
/// configuration must be of the same files.
pub fn check_outputs(
    org: Option<&ConfigFile>,
    repo: Option<&ConfigFile>,
    without_outputs: &[&str],
) -> Result<(), ConfigError> {
    let Some(file) = (Layers { org, repo }).pipelines() else {
        return Ok(());
    };
    let bad = file.mentions.iter().find(|mention| {
        mention.what == Mentioned::Outputs && without_outputs.contains(&mention.name.as_str())
    });
    let Some(bad) = bad else { return Ok(()) };
    let message = format!(
        "job `{}` takes an output of a job on the connection `{}`, which leads to a GitLab, and that gives none",
        bad.job,
        printable(&bad.name, 80)
    );
    let hint =
        "Only jobs with `workflow`, `dispatch` or a `connection` to an HTTP service give outputs";
    Err(file.error(bad, message, hint.to_owned()))
}

/// Refuses a job that sends an event to a repository that the operator's settings do not let this one send to. The
/// configuration must be of the same files.
pub fn check_dispatches(
    org: Option<&ConfigFile>,
    repo: Option<&ConfigFile>,
    may: impl Fn(&RepoName) -> bool,
) -> Result<(), ConfigError> {
    let Some(file) = (Layers { org, repo }).pipelines() else {
        return Ok(());
    };
    let bad = file.mentions.iter().find(|mention| {
        let to = RepoName::parse(&mention.name);
        mention.what == Mentioned::Dispatch && !to.is_ok_and(|to| may(&to))
    });
    let Some(bad) = bad else { return Ok(()) };
    let message = format!(
        "job `{}` sends an event to {}, to which this repository may not",
        bad.job,
        printable(&bad.name, 80)
    );
    let hint = "Who operates Drawbridge allows it, in its settings, under `[dispatch]`".to_owned();
    Err(file.error(bad, message, hint))
}

/// The configuration without files: every default.
pub(super) fn defaults() -> RepoConfig {
    let nothing = Layers {
        org: None,
        repo: None,
    };
    lay(nothing, None)
}

fn lay(layers: Layers<'_>, filters_file: Option<&Filters>) -> RepoConfig {
    let flag = |key, of: fn(&ConfigFile) -> Option<bool>| {
        layers.pick_with_scope(key, of).map(|(_, value)| value)
    };
    let list = |key, of: fn(&ConfigFile) -> Option<&Vec<String>>| {
        layers
            .pick_with_scope(key, of)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let trust = Trust::default();
    let auto_sync_ready = flag(Key::AutoSyncReady, |file| file.auto_sync_ready).unwrap_or(true);
    let (filters, missing_filters_file) =
        match layers.pick_with_scope(Key::Filters, |file| file.filters.as_ref()) {
            None => (Filters::new(), None),
            Some((_, FiltersSource::Inline(filters))) => (filters.clone(), None),
            Some((_, FiltersSource::File(path))) => match filters_file {
                Some(filters) => (filters.clone(), None),
                None => (Filters::new(), Some(path.clone())),
            },
        };
    RepoConfig {
        enabled: flag(Key::Enabled, |file| file.enabled).unwrap_or(false),
        auto_sync_draft: flag(Key::AutoSyncDraft, |file| file.auto_sync_draft)
            .unwrap_or(auto_sync_ready),
        auto_sync_ready,
        additional_trustees: list(Key::AdditionalTrustees, |file| {
            file.additional_trustees.as_ref()
        }),
        additional_vetters: list(Key::AdditionalVetters, |file| {
            file.additional_vetters.as_ref()
        }),
        trust: Trust {
            require_verified_commits: flag(Key::RequireVerifiedCommits, |file| {
                file.trust.require_verified_commits
            })
            .unwrap_or(trust.require_verified_commits),
            always_vet: list(Key::AlwaysVet, |file| file.trust.always_vet.as_ref()),
            approve_without_sha: flag(Key::ApproveWithoutSha, |file| {
                file.trust.approve_without_sha
            })
            .unwrap_or(trust.approve_without_sha),
        },
        filters,
        require_filter_coverage: flag(Key::RequireFilterCoverage, |file| {
            file.require_filter_coverage
        })
        .unwrap_or(false),
        missing_filters_file,
        filters_path: filters_file_of(layers).map(|named| named.path.to_owned()),
        pipelines: match layers.pipelines() {
            Some(file) => file.pipelines.clone(),
            None => vec![Pipeline::implied()],
        },
    }
}

/// The two files that may say something about a repository.
#[derive(Clone, Copy)]
struct Layers<'a> {
    org: Option<&'a ConfigFile>,
    repo: Option<&'a ConfigFile>,
}

impl<'a> Layers<'a> {
    /// The value that counts for a key, and whose it is.
    fn pick_with_scope<T>(
        &self,
        key: Key,
        of: impl Fn(&'a ConfigFile) -> Option<T>,
    ) -> Option<(Scope, T)> {
        let of_repo = if self.is_locked(key) {
            None
        } else {
            self.repo.and_then(&of)
        };
        of_repo.map(|value| (Scope::Repository, value)).or_else(|| {
            self.org
                .and_then(&of)
                .map(|value| (Scope::Organisation, value))
        })
    }

    fn pipelines(&self) -> Option<&'a PipelinesFile> {
        self.pick_with_scope(Key::Pipelines, |file| file.pipelines.as_ref())
            .map(|(_, file)| file)
    }

    fn check_filters(&self, filters: &Filters) -> Result<(), ConfigError> {
        let Some(file) = self.pipelines() else {
            return Ok(());
        };
        let unknown = file.mentions.iter().find(|mention| {
            mention.what == Mentioned::Filter && !filters.contains_key(&mention.name)
        });
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let hint = if filters.is_empty() {
            "Add it under `filters:`".to_owned()
        } else {
            did_you_mean_or_known(
                &unknown.name,
                "Known filters",
                filters.keys().map(String::as_str),
            )
        };
        let message = format!(
            "job `{}` names an unknown filter `{}`",
            unknown.job,
            printable(&unknown.name, 80)
        );
        Err(file.error(unknown, message, hint))
    }

    /// Whether the organisation has locked the key, or the section it is in.
    fn is_locked(&self, key: Key) -> bool {
        let Some(org) = self.org else { return false };
        org.locked.contains(&key)
            || key
                .section()
                .is_some_and(|section| org.locked.contains(&section))
    }
}
