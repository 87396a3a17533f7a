//! The kinds of values that only pipelines and jobs have.

use crate::domain::config::ConfigError;
use crate::domain::config::values::did_you_mean_or_known;
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::pipeline::is_name;
use crate::domain::printable::{is_deceptive, printable};
use serde_saphyr::{Location, Spanned};

/// A value and where it stands.
pub(super) type At<T> = (T, Location);

/// The entries of a mapping.
pub(super) type Entries = [(Spanned<String>, Node)];

/// The entries of a node that has to be a mapping.
pub(super) fn mapping<'a>(
    source: Source<'_>,
    what: &str,
    expected: &str,
    node: &'a Node,
) -> Result<&'a Entries, ConfigError> {
    match &node.value {
        Value::Map(entries) => Ok(entries),
        _ => Err(source.wrong_kind(node, what, expected, None)),
    }
}

/// A text, a number or a boolean, as it is written.
pub(super) fn text(source: Source<'_>, name: &str, node: &Node) -> Result<At<String>, ConfigError> {
    match source.scalar(node) {
        Some(text) => Ok((text, node.referenced)),
        None => Err(source.wrong_kind(node, &format!("`{name}`"), "a text", None)),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    source: Source<'_>,
    name: &str,
    node: &Node,
    words: &[(&str, T)],
) -> Result<T, ConfigError> {
    let given = source.scalar(node);
    let found = words
        .iter()
        .find(|(word, _)| given.as_deref() == Some(*word));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let expected: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        source.wrong_kind(node, &format!("`{name}`"), &expected.join(" or "), None)
    })
}

/// Refuses what can't be the name of `kind` ("a job"): names are typed in commands and stand in templates.
pub(super) fn check_name(
    source: Source<'_>,
    kind: &str,
    name: &str,
    at: Location,
) -> Result<(), ConfigError> {
    if is_name(name) {
        return Ok(());
    }
    let message = format!("`{}` can't be the name of {kind}", printable(name, 60));
    let hint = "Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit";
    Err(source.error(at, message, Some(hint)))
}

/// Refuses a text that is empty, too long or not what it looks like.
pub(super) fn check_visible(
    source: Source<'_>,
    what: &str,
    (text, at): &At<String>,
    most: usize,
) -> Result<(), ConfigError> {
    if !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= most
        && !text.chars().any(is_deceptive)
    {
        return Ok(());
    }
    let message = format!("{what} can't be `{}`", printable(text, 60));
    let hint = format!("Use 1 to {most} visible characters, without spaces around them");
    Err(source.error(*at, message, Some(&hint)))
}

/// The error for a name that nothing has.
pub(super) fn unknown_name<'a>(
    source: Source<'_>,
    message: String,
    (name, at): &At<String>,
    known: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> ConfigError {
    let hint = if name.contains('(') != name.contains(')') {
        // `needs: [build (13.0, amd64)]` is two texts for YAML.
        "A name with a comma needs quotes: `'build (13.0, amd64)'`".to_owned()
    } else {
        did_you_mean_or_known(name, known, candidates)
    };
    source.error(*at, message, Some(&hint))
}

/// Seconds, as `2h`, `30m`, `90s` or `1h30m`: each unit at most once, the larger first.
pub(super) fn duration(
    source: Source<'_>,
    name: &str,
    node: &Node,
    most: u64,
) -> Result<u64, ConfigError> {
    let (given, at) = text(source, name, node)?;
    let refuse = |reason: &str, hint: &str| {
        let message = format!("`{name}`: `{}` {reason}", printable(&given, 40));
        Err(source.error(at, message, Some(hint)))
    };
    let Some(seconds) = seconds(&given) else {
        let hint = "Write hours, minutes or seconds: `2h`, `30m`, `90s`, `1h30m`";
        return refuse("is no length of time", hint);
    };
    if seconds == 0 || seconds > most {
        let hint = format!("Write at least `1s` and at most `{}h`", most / 3600);
        return refuse("is too short or too long", &hint);
    }
    Ok(seconds)
}

fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    for (unit, factor) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let number: u64 = number.parse().ok()?;
            total = total.checked_add(number.checked_mul(factor)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn lengths_of_time_are_hours_minutes_and_seconds_in_this_order() {
        for (text, length) in [
            ("2h", Some(7200)),
            ("30m", Some(1800)),
            ("90s", Some(90)),
            ("1h30m", Some(5400)),
            ("1h5s", Some(3605)),
            ("0s", Some(0)),
            ("", None),
            ("30", None),
            ("h", None),
            ("30m1h", None),
            ("1h1h", None),
            ("1.5h", None),
            ("-1h", None),
            ("+1h", None),
            ("1 h", None),
            ("2d", None),
            ("99999999999999999999h", None),
            ("9999999999999999999h", None),
        ] {
            assert_eq!(seconds(text), length, "{text}");
        }
    }
}
