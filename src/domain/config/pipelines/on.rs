//! `on`: what starts a pipeline.

use super::effort::Effort;
use super::read::At;
use crate::domain::command::TABLE;
use crate::domain::config::ConfigError;
use crate::domain::config::values::{
    check_pattern, check_together, did_you_mean_or_known, one_or_list,
};
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::pipeline::Trigger;
use crate::domain::pipeline::schedule::Cron;
use crate::domain::printable::printable;
use serde_saphyr::Location;

/// The words of `on`.
const WORDS: [&str; 5] = ["pull_request", "merge_group", "push", "schedule", "command"];

/// Commands that are, or will be, Drawbridge's own, besides those in its table.
const RESERVED: [&str; 7] = ["ok", "okay", "approve", "retest", "test", "skip", "cancel"];

/// How many triggers a pipeline may have.
const MOST_TRIGGERS: usize = 50;

/// The longest name of a command.
const LONGEST_COMMAND: usize = 40;

/// Reads the value of `on`: a trigger, or a list or mapping of several.
pub(super) fn triggers(
    source: Source<'_>,
    pipeline: &str,
    node: &Node,
    effort: &Effort,
) -> Result<Vec<At<Trigger>>, ConfigError> {
    let mut found = Vec::new();
    match &node.value {
        Value::List(items) => {
            for item in items {
                one(source, item, &mut found, effort)?;
            }
        }
        _ => one(source, node, &mut found, effort)?,
    }
    if found.is_empty() {
        let message = format!("pipeline `{pipeline}`: `on` names no trigger");
        let hint = "Write `on: pull_request`";
        return Err(source.error(node.referenced, message, Some(hint)));
    }
    Ok(found)
}

fn one(
    source: Source<'_>,
    node: &Node,
    found: &mut Vec<At<Trigger>>,
    effort: &Effort,
) -> Result<(), ConfigError> {
    match &node.value {
        Value::Map(entries) => entries.iter().try_for_each(|(word, value)| {
            let word = (word.value.as_str(), word.referenced);
            read(source, word, Some(value), found, effort)
        }),
        Value::Text(word) => read(source, (word, node.referenced), None, found, effort),
        _ => {
            let hint = Some("Write `on: pull_request`, or `on: {push: [main]}`");
            Err(source.wrong_kind(node, "`on`", "a trigger, or several of them", hint))
        }
    }
}

fn read(
    source: Source<'_>,
    (word, at): (&str, Location),
    value: Option<&Node>,
    found: &mut Vec<At<Trigger>>,
    effort: &Effort,
) -> Result<(), ConfigError> {
    let nothing = value.is_none_or(|value| value.value == Value::Null);
    let missing = |what: &str, hint: &str| {
        Err(source.error(at, format!("`{word}` needs {what}"), Some(hint)))
    };
    let texts = |value: Option<&Node>| match value {
        Some(value) => one_or_list(source, word, value),
        None => Ok(Vec::new()),
    };
    match word {
        "pull_request" | "merge_group" if !nothing => {
            let hint = "To restrict it, give the jobs `branches`, `changes` or `labels`";
            Err(source.error(at, format!("`{word}` takes no value"), Some(hint)))
        }
        "pull_request" => add(source, found, Trigger::PullRequest, at),
        "merge_group" => add(source, found, Trigger::MergeGroup, at),
        "push" => {
            let globs = texts(value)?;
            if globs.is_empty() {
                return missing("branches", "Write `push: [main, 'release/*']`");
            }
            let globs = branches(source, "push", globs, at, effort)?;
            add(source, found, Trigger::Push(globs), at)
        }
        "schedule" => {
            let times = texts(value)?;
            if times.is_empty() {
                return missing("a cron expression", "Write `schedule: '0 2 * * *'`, in UTC");
            }
            times
                .into_iter()
                .try_for_each(|(expr, at)| match Cron::parse(&expr) {
                    Ok(_) => add(source, found, Trigger::Schedule(expr), at),
                    Err(bad) => {
                        Err(source.error(at, format!("`schedule`: {bad}"), Some(&bad.hint)))
                    }
                })
        }
        "command" => {
            let names = texts(value)?;
            if names.is_empty() {
                return missing("a name", "Write `command: deploy` for `/deploy`");
            }
            names.into_iter().try_for_each(|(name, at)| {
                check_command(source, &name, at)?;
                add(source, found, Trigger::Command(name), at)
            })
        }
        _ => {
            let hint = did_you_mean_or_known(word, "Known triggers", WORDS.into_iter());
            let message = format!("`on` names an unknown trigger `{}`", printable(word, 60));
            Err(source.error(at, message, Some(&hint)))
        }
    }
}

fn add(
    source: Source<'_>,
    found: &mut Vec<At<Trigger>>,
    new: Trigger,
    at: Location,
) -> Result<(), ConfigError> {
    let (what, hint) = match &new {
        Trigger::PullRequest => ("`pull_request`".to_owned(), "Keep one of them"),
        Trigger::MergeGroup => ("`merge_group`".to_owned(), "Keep one of them"),
        Trigger::Push(_) => ("`push`".to_owned(), "Write all branches in one list"),
        Trigger::Schedule(expr) => (format!("the schedule `{expr}`"), "Keep one of them"),
        Trigger::Command(name) => (format!("the command `{name}`"), "Keep one of them"),
    };
    let twice = found.iter().any(|(old, _)| match (old, &new) {
        (Trigger::Push(_), Trigger::Push(_)) => true,
        (Trigger::Command(old), Trigger::Command(new)) => old.eq_ignore_ascii_case(new),
        (old, new) => old == new,
    });
    if twice {
        return Err(source.error(at, format!("`on` names {what} twice"), Some(hint)));
    }
    if found.len() == MOST_TRIGGERS {
        let message = format!("`on` names more than {MOST_TRIGGERS} triggers");
        return Err(source.error(at, message, Some("Use fewer")));
    }
    found.push((new, at));
    Ok(())
}

/// Globs of branches that compile, one by one and together.
pub(super) fn branches(
    source: Source<'_>,
    name: &str,
    globs: Vec<At<String>>,
    at: Location,
    effort: &Effort,
) -> Result<Vec<String>, ConfigError> {
    effort.compile(source, at, globs.len())?;
    for (glob, at) in &globs {
        if let Err((message, hint)) = check_pattern(glob) {
            return Err(source.error(*at, format!("`{name}`: {message}"), hint.as_deref()));
        }
    }
    let globs: Vec<String> = globs.into_iter().map(|(glob, _)| glob).collect();
    check_together(source, at, &format!("`{name}`"), &globs)?;
    Ok(globs)
}

fn check_command(source: Source<'_>, name: &str, at: Location) -> Result<(), ConfigError> {
    let shown = printable(name, 60);
    let valid = name.len() <= LONGEST_COMMAND
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !valid {
        let hint = match name.strip_prefix('/') {
            Some(bare) => format!("Write it without the slash: `{}`", printable(bare, 60)),
            None => format!(
                "Use at most {LONGEST_COMMAND} letters, digits, `-` and `_`, the first a letter"
            ),
        };
        let message = format!("`{shown}` can't be the name of a command");
        return Err(source.error(at, message, Some(&hint)));
    }
    let own = TABLE
        .iter()
        .flat_map(|spec| spec.spellings())
        .filter_map(|spelling| spelling.trim_start_matches('/').split(' ').next());
    if own
        .chain(RESERVED)
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        let message = format!("`/{shown}` is a command of Drawbridge itself");
        return Err(source.error(at, message, Some("Choose another name")));
    }
    Ok(())
}
