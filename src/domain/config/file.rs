//! One configuration file: the schema, key by key.

use super::key::{LOCKED, TEMPLATES};
use super::pipelines::{self, PipelinesFile};
use super::values::{boolean, did_you_mean, list, logins, patterns, quoted};
use super::yaml::{Node, Source, Value};
use super::{ConfigError, FiltersSource, Key, Scope, filters};
use crate::domain::printable::printable;
use crate::domain::similar;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

/// What one file says, and nothing that it does not say: a key that is absent or empty is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigFile {
    /// `enabled`
    pub enabled: Option<bool>,
    /// `auto_sync_draft`
    pub auto_sync_draft: Option<bool>,
    /// `auto_sync_ready`
    pub auto_sync_ready: Option<bool>,
    /// `additional_trustees`
    pub additional_trustees: Option<Vec<String>>,
    /// `additional_vetters`
    pub additional_vetters: Option<Vec<String>>,
    /// `trust`
    pub trust: TrustFile,
    /// `filters`
    pub filters: Option<FiltersSource>,
    /// `require_filter_coverage`
    pub require_filter_coverage: Option<bool>,
    /// `pipelines`
    pub pipelines: Option<PipelinesFile>,
    /// `locked`: the keys that repositories cannot set. Always empty in a repository's own file.
    pub locked: BTreeSet<Key>,
}

/// The `trust` section of one file, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustFile {
    /// `trust.require_verified_commits`
    pub require_verified_commits: Option<bool>,
    /// `trust.always_vet`
    pub always_vet: Option<Vec<String>>,
    /// `trust.approve_without_sha`
    pub approve_without_sha: Option<bool>,
}

/// Reads a configuration file. `path` is only for errors; an empty file is valid and says nothing.
///
/// The first mistake in the order of the file is reported, those of `templates` and `pipelines` last.
pub fn parse(path: &str, text: &str, scope: Scope) -> Result<ConfigFile, ConfigError> {
    let source = Source { path, text };
    let mut file = ConfigFile::default();
    let Some(root) = source.read()? else {
        return Ok(file);
    };
    let Value::Map(entries) = &root.value else {
        let hint = Some("Write a line such as `enabled: true`");
        return Err(source.wrong_kind(&root, "The file", "a mapping of keys to values", hint));
    };
    let mut declared = pipelines::Declared::default();
    for (name, value) in entries {
        match name.value.as_str() {
            LOCKED => file.locked = locked(source, name, value, scope)?,
            TEMPLATES => declared.templates = Some(value),
            _ => match known(source, name, None)? {
                Key::Trust => trust(source, value, &mut file)?,
                Key::Pipelines => declared.pipelines = Some((name, value)),
                key => set(source, &mut file, key, value)?,
            },
        }
    }
    file.pipelines = pipelines::read(source, declared)?;
    Ok(file)
}

fn trust(source: Source<'_>, section: &Node, file: &mut ConfigFile) -> Result<(), ConfigError> {
    match &section.value {
        Value::Null => Ok(()),
        Value::Map(entries) => {
            for (name, value) in entries {
                set(source, file, known(source, name, Some(Key::Trust))?, value)?;
            }
            Ok(())
        }
        _ => Err(source.wrong_kind(
            section,
            &quoted(Key::Trust),
            "a mapping of keys to values",
            None,
        )),
    }
}

/// Stores the value of one key that is no section.
fn set(
    source: Source<'_>,
    file: &mut ConfigFile,
    key: Key,
    value: &Node,
) -> Result<(), ConfigError> {
    let flag = || boolean(source, key.name(), value);
    let logins = || logins(source, key, value);
    match key {
        Key::Enabled => file.enabled = flag()?,
        Key::AutoSyncDraft => file.auto_sync_draft = flag()?,
        Key::AutoSyncReady => file.auto_sync_ready = flag()?,
        Key::RequireFilterCoverage => file.require_filter_coverage = flag()?,
        Key::RequireVerifiedCommits => file.trust.require_verified_commits = flag()?,
        Key::ApproveWithoutSha => file.trust.approve_without_sha = flag()?,
        Key::AdditionalTrustees => file.additional_trustees = logins()?,
        Key::AdditionalVetters => file.additional_vetters = logins()?,
        Key::AlwaysVet => file.trust.always_vet = patterns(source, key, value)?,
        Key::Filters => file.filters = filters::source_of(source, value)?,
        Key::Trust => trust(source, value, file)?,
        // Read by `parse`, together with `templates`.
        Key::Pipelines => {}
    }
    Ok(())
}

/// The key of that name at this level of the file; an error with the likeliest remedy if there is none.
fn known(
    source: Source<'_>,
    name: &Spanned<String>,
    section: Option<Key>,
) -> Result<Key, ConfigError> {
    let dotted = |name: &str| {
        section.map_or(name.to_owned(), |section| {
            format!("{}.{name}", section.name())
        })
    };
    let wanted = dotted(&name.value);
    if let Some(key) = Key::from_name(&wanted).filter(|key| key.section() == section) {
        return Ok(key);
    }
    // What follows only chooses a hint.
    let leaf = |key: Key| leaf_of(key.name());
    let more = section.is_none().then_some(TEMPLATES);
    let here = Key::ALL
        .into_iter()
        .filter(|key| key.section() == section)
        .map(leaf)
        .chain(more);
    let elsewhere = Key::ALL
        .into_iter()
        .find(|key| leaf(*key) == leaf_of(&name.value) && key.section() != section);
    let hint = match elsewhere {
        Some(key) => match key.section() {
            Some(section) => format!("`{}` belongs under `{}:`", leaf(key), section.name()),
            None => format!("`{}` belongs at the top level of the file", leaf(key)),
        },
        None => did_you_mean(&name.value, here.clone())
            .unwrap_or_else(|| format!("Known keys here: {}", here.collect::<Vec<_>>().join(", "))),
    };
    Err(source.error(
        name.referenced,
        format!("unknown key `{}`", printable(&wanted, 60)),
        Some(&hint),
    ))
}

/// The last part of a dotted name.
fn leaf_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn locked(
    source: Source<'_>,
    name: &Spanned<String>,
    value: &Node,
    scope: Scope,
) -> Result<BTreeSet<Key>, ConfigError> {
    if scope == Scope::Repository {
        let message = format!("`{LOCKED}` has no meaning in a repository's own file");
        let hint = "Move it to the organisation's file, in its `.github` repository";
        return Err(source.error(name.referenced, message, Some(hint)));
    }
    let mut keys = BTreeSet::new();
    for (text, at) in list(source, LOCKED, value)?.unwrap_or_default() {
        let Some(key) = Key::from_name(&text) else {
            let names = || Key::ALL.into_iter().map(Key::name);
            let nested = names().find(|name| leaf_of(name) == text);
            let hint = match nested.or_else(|| similar::nearest(&text, names(), 3)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!(
                    "Keys that can be locked: {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            };
            let message = format!("`{LOCKED}` names an unknown key `{}`", printable(&text, 60));
            return Err(source.error(at, message, Some(&hint)));
        };
        keys.insert(key);
    }
    Ok(keys)
}
