//! `filters`: named lists of patterns, inline or in a file of their own in the format of paths-filter.

use super::values::{MOST_PATTERNS, check_pattern, check_together, quoted};
use super::yaml::{Node, Source, Value};
use super::{ConfigError, Key};
use crate::domain::printable::{is_deceptive, printable};
use serde::{Deserialize, Serialize};
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;

/// Named sets of paths: each name with its patterns, all of which are known to compile.
pub type Filters = BTreeMap<String, Vec<String>>;

/// What the key `filters` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiltersSource {
    /// The filters themselves.
    Inline(Filters),
    /// The path of a file with the filters, relative to the root of the repository that holds this configuration.
    File(String),
}

/// The longest name of a filter, in characters.
const LONGEST_NAME: usize = 100;

/// Reads a file of filters in the format of [paths-filter](https://github.com/dorny/paths-filter): a mapping of names to
/// a pattern or a list, whose items may be lists again, as anchors make them. `path` is only for errors.
pub fn parse_filters(path: &str, text: &str) -> Result<Filters, ConfigError> {
    let source = Source { path, text };
    let Some(root) = source.read()? else {
        return Ok(Filters::new());
    };
    match &root.value {
        Value::Map(entries) => inline(source, entries),
        _ => Err(source.wrong_kind(&root, "The file", "a mapping of names to patterns", None)),
    }
}

/// The value of the key `filters`.
pub(super) fn source_of(
    source: Source<'_>,
    node: &Node,
) -> Result<Option<FiltersSource>, ConfigError> {
    match &node.value {
        Value::Null => Ok(None),
        Value::Map(entries) => inline(source, entries).map(FiltersSource::Inline).map(Some),
        Value::Text(path) => match check_path(path) {
            Ok(path) => Ok(Some(FiltersSource::File(path.to_owned()))),
            Err(reason) => {
                let message = format!(
                    "`{}` names the file `{}`, {reason}",
                    Key::Filters.name(),
                    printable(path, 80)
                );
                let hint = Some(
                    "Write a path from the root of the repository, such as `.github/filters.yaml`",
                );
                Err(source.error(node.referenced, message, hint))
            }
        },
        _ => {
            let expected = "a mapping of names to patterns, or the path of a file with it";
            Err(source.wrong_kind(node, &quoted(Key::Filters), expected, None))
        }
    }
}

/// The path without a leading `./`, or why it can't be the path of a file in the repository.
fn check_path(path: &str) -> Result<&str, &'static str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.starts_with('/') || path.contains(['\\', ':']) {
        return Err("which is not relative to the root of the repository");
    }
    if path.len() > 300 || path.chars().any(is_deceptive) {
        return Err("which is too long or has an invisible character");
    }
    if path
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err("which has an empty, `.` or `..` part");
    }
    if !path.ends_with(".yaml") && !path.ends_with(".yml") {
        return Err("which does not end in `.yaml` or `.yml`");
    }
    Ok(path)
}

fn inline(source: Source<'_>, entries: &[(Spanned<String>, Node)]) -> Result<Filters, ConfigError> {
    let mut filters = Filters::new();
    let mut total = 0;
    for (name, node) in entries {
        let shown = printable(&name.value, 60);
        if name.value.trim().is_empty()
            || name.value.chars().count() > LONGEST_NAME
            || name.value.chars().any(is_deceptive)
        {
            let message = format!("`{shown}` can't be the name of a filter");
            let hint = format!("Use 1 to {LONGEST_NAME} visible characters");
            return Err(source.error(name.referenced, message, Some(&hint)));
        }
        let mut patterns = Vec::new();
        collect(source, &shown, node, &mut patterns)?;
        if patterns.is_empty() {
            let message = format!("filter `{shown}` has no patterns and would never match");
            return Err(source.error(
                name.referenced,
                message,
                Some("Give it a pattern, or remove it"),
            ));
        }
        check_together(
            source,
            name.referenced,
            &format!("filter `{shown}`"),
            &patterns,
        )?;
        total += patterns.len();
        if total > MOST_PATTERNS {
            let message = format!("`filters` has more than {MOST_PATTERNS} patterns in all");
            return Err(source.error(name.referenced, message, Some("Use fewer, wider patterns")));
        }
        filters.insert(name.value.clone(), patterns);
    }
    Ok(filters)
}

/// Appends the patterns of a node, flattening lists in lists. Recursion is bounded by the depth of the YAML.
fn collect(
    source: Source<'_>,
    filter: &str,
    node: &Node,
    into: &mut Vec<String>,
) -> Result<(), ConfigError> {
    let refuse = |at: Location, message: String, hint: Option<&str>| {
        Err(source.error(at, format!("filter `{filter}`: {message}"), hint))
    };
    match &node.value {
        Value::List(items) => items
            .iter()
            .try_for_each(|item| collect(source, filter, item, into)),
        Value::Null => refuse(node.referenced, "a pattern is missing".to_owned(), None),
        Value::Map(_) => refuse(
            node.referenced,
            "patterns by kind of change (`added: …`) are not supported".to_owned(),
            Some("List the patterns directly"),
        ),
        Value::Text(_) | Value::Bool(_) | Value::Number => {
            let pattern = source.scalar(node).unwrap_or_default();
            match check_pattern(&pattern) {
                Ok(()) => {
                    into.push(pattern);
                    Ok(())
                }
                Err((message, hint)) => refuse(node.referenced, message, hint.as_deref()),
            }
        }
    }
}
