//! The kinds of values that keys have: read from a node, or refused with its place.

use super::yaml::{Node, Source, Value};
use super::{ConfigError, Key};
use crate::domain::filter::PathSet;
use crate::domain::glob;
use crate::domain::printable::{is_deceptive, printable};
use crate::domain::similar;
use serde_saphyr::Location;

/// How many patterns `filters` may have in all, and `trust.always_vet`: a bound on what compiling them costs.
pub(super) const MOST_PATTERNS: usize = 1_000;

/// What is wrong with a text, and the remedy.
type Fault = (String, Option<String>);

/// The key's name for use in a message.
pub(super) fn quoted(key: Key) -> String {
    format!("`{}`", key.name())
}

/// `true` or `false`; nothing is no value.
pub(super) fn boolean(
    source: Source<'_>,
    name: &str,
    node: &Node,
) -> Result<Option<bool>, ConfigError> {
    let what = format!("`{name}`");
    match &node.value {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(*value)),
        Value::Text(_) => {
            let hint = Some("Write true or false, without quotes");
            Err(source.wrong_kind(node, &what, "true or false", hint))
        }
        _ => Err(source.wrong_kind(node, &what, "true or false", None)),
    }
}

/// A list of logins.
pub(super) fn logins(
    source: Source<'_>,
    key: Key,
    node: &Node,
) -> Result<Option<Vec<String>>, ConfigError> {
    texts(source, key, node, check_login)
}

/// A list of patterns that compile, one by one and together.
pub(super) fn patterns(
    source: Source<'_>,
    key: Key,
    node: &Node,
) -> Result<Option<Vec<String>>, ConfigError> {
    let patterns = texts(source, key, node, check_pattern)?;
    if let Some(patterns) = &patterns {
        check_together(source, node.referenced, &quoted(key), patterns)?;
    }
    Ok(patterns)
}

/// Refuses patterns that are valid one by one but too many or too large together.
pub(super) fn check_together(
    source: Source<'_>,
    at: Location,
    what: &str,
    patterns: &[String],
) -> Result<(), ConfigError> {
    if patterns.len() > MOST_PATTERNS {
        let message = format!(
            "{what} has {} patterns, more than {MOST_PATTERNS}",
            patterns.len()
        );
        return Err(source.error(at, message, Some("Use fewer, wider patterns")));
    }
    match PathSet::new(patterns) {
        Ok(_) => Ok(()),
        Err(bad) => Err(source.error(at, format!("{what}: {bad}"), bad.hint.as_deref())),
    }
}

fn texts(
    source: Source<'_>,
    key: Key,
    node: &Node,
    check: fn(&str) -> Result<(), Fault>,
) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(items) = list(source, key.name(), node)? else {
        return Ok(None);
    };
    let checked = items.into_iter().map(|(text, at)| match check(&text) {
        Ok(()) => Ok(text),
        Err((message, hint)) => {
            Err(source.error(at, format!("`{}`: {message}", key.name()), hint.as_deref()))
        }
    });
    checked.collect::<Result<_, _>>().map(Some)
}

/// A list of texts, each with its place; nothing is no value.
pub(super) fn list(
    source: Source<'_>,
    name: &str,
    node: &Node,
) -> Result<Option<Vec<(String, Location)>>, ConfigError> {
    let items = match &node.value {
        Value::Null => return Ok(None),
        Value::List(items) => items,
        _ => {
            let hint = source
                .scalar(node)
                .map(|text| format!("Write `[{}]`", printable(&text, 60)));
            return Err(source.wrong_kind(
                node,
                &format!("`{name}`"),
                "a list of texts",
                hint.as_deref(),
            ));
        }
    };
    let text = |(index, item): (usize, &Node)| match source.scalar(item) {
        Some(text) => Ok((text, item.referenced)),
        None => Err(source.wrong_kind(item, &format!("`{name}[{index}]`"), "a text", None)),
    };
    items
        .iter()
        .enumerate()
        .map(text)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// A text or a list of texts, each with its place; nothing is none.
pub(super) fn one_or_list(
    source: Source<'_>,
    name: &str,
    node: &Node,
) -> Result<Vec<(String, Location)>, ConfigError> {
    match source.scalar(node) {
        Some(text) => Ok(vec![(text, node.referenced)]),
        None if matches!(node.value, Value::Map(_)) => {
            let hint = Some("Write them in a list: `[a, b]`");
            Err(source.wrong_kind(
                node,
                &format!("`{name}`"),
                "a text or a list of texts",
                hint,
            ))
        }
        None => Ok(list(source, name, node)?.unwrap_or_default()),
    }
}

/// "Did you mean …?", if one of the candidates is written alike or nearly so.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let alike = candidates.clone().find(|name| plain(name) == plain(word));
    // Of a short word, little is left when much is changed.
    let most = (word.chars().count() / 2).min(3);
    let near = alike.or_else(|| similar::nearest(word, candidates, most))?;
    Some(format!("Did you mean `{}`?", printable(near, 80)))
}

/// The same, or else which there are.
pub(super) fn did_you_mean_or_known<'a>(
    word: &str,
    known: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> String {
    did_you_mean(word, candidates.clone()).unwrap_or_else(|| {
        let mut names: Vec<String> = candidates
            .clone()
            .take(20)
            .map(|name| printable(name, 80))
            .collect();
        match names.len() {
            0 => names.push("none".to_owned()),
            shown if candidates.count() > shown => names.push("…".to_owned()),
            _ => {}
        }
        format!("{known}: {}", names.join(", "))
    })
}

/// A login is letters, digits, `-` and, for managed users, `_`; an app's ends in `[bot]`. Behind it the account's number
/// may stand.
fn check_login(entry: &str) -> Result<(), Fault> {
    let (login, id) = match entry.split_once('#') {
        Some((login, id)) => (login, Some(id)),
        None => (entry, None),
    };
    let shown = printable(login, 60);
    if let Some(bare) = login.strip_prefix('@') {
        return Err((
            format!("`{shown}` is no login"),
            Some(format!("Write `{}`, without `@`", printable(bare, 60))),
        ));
    }
    if login.contains('/') {
        return Err((
            format!("`{shown}` is no login; teams are not supported"),
            Some("List people".to_owned()),
        ));
    }
    let name = login.strip_suffix("[bot]").unwrap_or(login);
    let valid = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_number = |id: &str| {
        id.parse()
            .is_ok_and(|number: u64| number > 0 && number.to_string() == id)
    };
    if let Some(id) = id.filter(|id| valid && !is_number(id)) {
        let shown_id = printable(id, 60);
        return Err((
            format!("`{shown_id}` is no account's number"),
            Some(format!(
                "Behind `#` stands the `id` that api.github.com/users/{shown} shows"
            )),
        ));
    }
    if valid {
        Ok(())
    } else {
        let hint = "A login has letters, digits and `-`".to_owned();
        Err((format!("`{shown}` is no login"), Some(hint)))
    }
}

/// Whether a pattern can be used; for the errors of lists of patterns.
pub(super) fn check_pattern(pattern: &str) -> Result<(), Fault> {
    if pattern.chars().any(is_deceptive) {
        let shown = printable(pattern, 80);
        return Err((
            format!("pattern `{shown}` has an invisible character"),
            Some("Type it again".to_owned()),
        ));
    }
    glob::compile(pattern)
        .map(drop)
        .map_err(|bad| (bad.to_string(), bad.hint))
}
