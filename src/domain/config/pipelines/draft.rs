//! A job in the making: fragments laid over each other, key by key.

use super::effort::Effort;
use super::keys::JobKey;
use super::matrix::{Matrix, matrix};
use super::on::branches;
use super::read::{At, Entries, check_name, check_visible, choice, duration, mapping, text};
use crate::domain::config::ConfigError;
use crate::domain::config::values::{boolean, one_or_list};
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::ids::RepoName;
use crate::domain::pipeline::{IfAuthor, Template};
use crate::domain::printable::printable;
use serde_saphyr::Location;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How long a job may take at most, in seconds.
const LONGEST_TIMEOUT: u64 = 72 * 3600;

/// How long it may take unless it says otherwise.
const DEFAULT_TIMEOUT: u64 = 6 * 3600;

const MOST_RETRIES: u32 = 10;

/// How many names `needs` may list, and how many texts each of `changes`, `labels` and `branches`.
const MOST_NEEDS: usize = 500;
const MOST_TEXTS: usize = 100;

/// The longest text of an input, in characters: all inputs of a `workflow_dispatch` together have 65,535.
const LONGEST_INPUT: usize = 10_000;

/// What the fragments laid over each other so far say.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) needs: Vec<At<String>>,
    pub(super) needs_any: bool,
    pub(super) changes: Vec<At<String>>,
    pub(super) labels: Vec<String>,
    pub(super) branches: Vec<String>,
    pub(super) if_author: IfAuthor,
    pub(super) required: bool,
    pub(super) timeout: u64,
    pub(super) retries: u32,
    pub(super) matrix: Option<Matrix>,
    /// Shared, because many jobs may extend one template.
    pub(super) inputs: BTreeMap<String, Rc<At<Template>>>,
    pub(super) parts: Parts,
}

/// Whether a fragment was read before: compiling patterns is the dear part of it, and needed once.
#[derive(Clone, Copy)]
pub(super) enum Reading<'a> {
    First(&'a Effort),
    Again,
}

/// What is said of the backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) workflow: Option<At<String>>,
    pub(super) check: Option<At<Template>>,
    pub(super) app: Option<At<String>>,
    pub(super) dispatch: Option<At<(RepoName, String)>>,
    pub(super) connection: Option<At<String>>,
    pub(super) reference: Option<At<Template>>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            needs: Vec::new(),
            needs_any: false,
            changes: Vec::new(),
            labels: Vec::new(),
            branches: Vec::new(),
            if_author: IfAuthor::default(),
            required: true,
            timeout: DEFAULT_TIMEOUT,
            retries: 0,
            matrix: None,
            inputs: BTreeMap::new(),
            parts: Parts::default(),
        }
    }
}

impl Draft {
    /// Lays a fragment over this. `what` is whose it is, for messages. An empty value stands for the key's default;
    /// inputs count one by one; a backend replaces all that was said of another.
    pub(super) fn lay(
        &mut self,
        source: Source<'_>,
        what: &str,
        fragment: &Entries,
        reading: Reading<'_>,
    ) -> Result<(), ConfigError> {
        let mut known = Vec::with_capacity(fragment.len());
        for (name, value) in fragment {
            known.push((JobKey::known(source, what, name)?, value));
        }
        if known.iter().any(|(key, _)| key.is_backend()) {
            self.parts = Parts::default();
        }
        for (key, value) in known {
            self.set(source, what, key, value, reading)?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        source: Source<'_>,
        what: &str,
        key: JobKey,
        node: &Node,
        reading: Reading<'_>,
    ) -> Result<(), ConfigError> {
        let name = key.name();
        let some = (node.value != Value::Null).then_some(node);
        let flag = || boolean(source, name, node);
        let texts = |most: usize| {
            let texts = one_or_list(source, name, node)?;
            if texts.len() <= most {
                return Ok(texts);
            }
            let message = format!(
                "{what}: `{name}` lists {} texts, more than {most}",
                texts.len()
            );
            Err(source.error(node.referenced, message, Some("List fewer")))
        };
        match key {
            // Read before; see `Fragment::extends`.
            JobKey::Extends => {}
            JobKey::Needs => self.needs = texts(MOST_NEEDS)?,
            JobKey::NeedsAny => self.needs_any = flag()?.unwrap_or(false),
            JobKey::Changes => self.changes = visible(source, "a filter", texts(MOST_TEXTS)?)?,
            JobKey::Labels => {
                let labels = visible(source, "a label", texts(MOST_TEXTS)?)?;
                self.labels = labels.into_iter().map(|(label, _)| label).collect();
            }
            JobKey::Branches => {
                let globs = texts(MOST_TEXTS)?;
                self.branches = match reading {
                    Reading::First(effort) => {
                        branches(source, name, globs, node.referenced, effort)?
                    }
                    Reading::Again => globs.into_iter().map(|(glob, _)| glob).collect(),
                };
            }
            JobKey::IfAuthor => {
                let words = [("trusted", IfAuthor::Trusted), ("any", IfAuthor::Any)];
                let chosen = some.map(|node| choice(source, name, node, &words));
                self.if_author = chosen.transpose()?.unwrap_or_default();
            }
            JobKey::Required => self.required = flag()?.unwrap_or(true),
            JobKey::Timeout => {
                let given = some.map(|node| duration(source, name, node, LONGEST_TIMEOUT));
                self.timeout = given.transpose()?.unwrap_or(DEFAULT_TIMEOUT);
            }
            JobKey::Retries => {
                let given = some.map(|node| retries(source, node));
                self.retries = given.transpose()?.unwrap_or(0);
            }
            JobKey::Matrix => {
                self.matrix = some.map(|node| matrix(source, what, node)).transpose()?;
            }
            JobKey::Inputs => match some {
                Some(node) => self.add_inputs(source, what, node)?,
                None => self.inputs.clear(),
            },
            JobKey::Workflow => {
                self.parts.workflow = some.map(|node| workflow(source, node)).transpose()?;
            }
            JobKey::Check => {
                let read = |node| {
                    let given = text(source, name, node)?;
                    check_visible(source, "`check`", &given, 200)?;
                    template(source, "`check`", given)
                };
                self.parts.check = some.map(read).transpose()?;
            }
            JobKey::App => {
                let read = |node| slug(source, text(source, name, node)?);
                self.parts.app = some.map(read).transpose()?;
            }
            JobKey::Dispatch => {
                let read = |node| dispatch(source, node).map(|read| (read, node.referenced));
                self.parts.dispatch = some.map(read).transpose()?;
            }
            JobKey::Connection => {
                let read = |node| {
                    let given = text(source, name, node)?;
                    check_name(source, "a connection", &given.0, given.1).map(|()| given)
                };
                self.parts.connection = some.map(read).transpose()?;
            }
            JobKey::Ref => {
                let read = |node| {
                    let given = text(source, name, node)?;
                    check_visible(source, "`ref`", &given, 200)?;
                    template(source, "`ref`", given)
                };
                self.parts.reference = some.map(read).transpose()?;
            }
        }
        Ok(())
    }

    fn add_inputs(
        &mut self,
        source: Source<'_>,
        what: &str,
        node: &Node,
    ) -> Result<(), ConfigError> {
        for (name, value) in mapping(source, "`inputs`", "a mapping of names to texts", node)? {
            let shown = printable(&name.value, 60);
            let valid = (1..=100).contains(&name.value.len())
                && name
                    .value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            if !valid {
                let message = format!("{what}: `{shown}` can't be the name of an input");
                let hint = "Use letters, digits, `-`, `_` and `.`";
                return Err(source.error(name.referenced, message, Some(hint)));
            }
            if value.value == Value::Null {
                self.inputs.remove(&name.value);
                continue;
            }
            let given = text(source, &format!("inputs.{shown}"), value)?;
            if given.0.chars().count() > LONGEST_INPUT {
                let message =
                    format!("{what}: input `{shown}` is longer than {LONGEST_INPUT} characters");
                return Err(source.error(given.1, message, Some("Make it shorter")));
            }
            let read = template(source, &format!("{what}: input `{shown}`"), given)?;
            self.inputs.insert(name.value.clone(), Rc::new(read));
        }
        Ok(())
    }
}

fn template(
    source: Source<'_>,
    what: &str,
    (text, at): At<String>,
) -> Result<At<Template>, ConfigError> {
    match Template::parse(&text) {
        Ok(template) => Ok((template, at)),
        Err(bad) => Err(source.error(at, format!("{what}: {bad}"), Some(&bad.hint))),
    }
}

fn visible(
    source: Source<'_>,
    what: &str,
    texts: Vec<At<String>>,
) -> Result<Vec<At<String>>, ConfigError> {
    for text in &texts {
        check_visible(source, what, text, 100)?;
    }
    Ok(texts)
}

fn retries(source: Source<'_>, node: &Node) -> Result<u32, ConfigError> {
    let number = source.scalar(node).and_then(|text| text.parse().ok());
    number
        .filter(|number| *number <= MOST_RETRIES)
        .ok_or_else(|| {
            let expected = format!("a number from 0 to {MOST_RETRIES}");
            source.wrong_kind(node, "`retries`", &expected, None)
        })
}

/// The name of a file in `.github/workflows/`.
fn workflow(source: Source<'_>, node: &Node) -> Result<At<String>, ConfigError> {
    let (given, at) = text(source, "workflow", node)?;
    let name = given
        .strip_prefix(".github/workflows/")
        .unwrap_or(&given)
        .to_owned();
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"));
    let valid = stem.is_some_and(|stem| !stem.is_empty())
        && name.len() <= 200
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"/\\?#%`\"'".contains(&byte));
    if valid {
        return Ok((name, at));
    }
    let message = format!(
        "`workflow`: `{}` is no workflow file",
        printable(&given, 60)
    );
    let hint = "Write the name of a file in `.github/workflows/`, such as `build.yml`";
    Err(source.error(at, message, Some(hint)))
}

fn slug(source: Source<'_>, (given, at): At<String>) -> Result<At<String>, ConfigError> {
    let valid = (1..=100).contains(&given.len())
        && given
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if valid {
        return Ok((given, at));
    }
    let message = format!("`app`: `{}` is no app", printable(&given, 60));
    let hint = "Write its slug, the last part of https://github.com/apps/…: `github-actions`";
    Err(source.error(at, message, Some(hint)))
}

fn dispatch(source: Source<'_>, node: &Node) -> Result<(RepoName, String), ConfigError> {
    let hint = "Write `dispatch: {repository: owner/name, event: type}`";
    let (mut repository, mut event) = (None, None);
    for (name, value) in mapping(source, "`dispatch`", "a mapping", node)? {
        match name.value.as_str() {
            "repository" => {
                let (given, at) = text(source, "dispatch.repository", value)?;
                let Ok(parsed) = RepoName::parse(&given) else {
                    let message = format!(
                        "`dispatch.repository`: `{}` is no repository",
                        printable(&given, 60)
                    );
                    return Err(source.error(at, message, Some("Write `owner/name`")));
                };
                repository = Some(parsed);
            }
            "event" => {
                let given = text(source, "dispatch.event", value)?;
                check_visible(source, "`dispatch.event`", &given, 100)?;
                event = Some(given.0);
            }
            other => {
                let message = format!("`dispatch`: unknown key `{}`", printable(other, 60));
                return Err(source.error(name.referenced, message, Some(hint)));
            }
        }
    }
    let missing = |what: &str| {
        let at: Location = node.referenced;
        source.error(at, format!("`dispatch` has no `{what}`"), Some(hint))
    };
    Ok((
        repository.ok_or_else(|| missing("repository"))?,
        event.ok_or_else(|| missing("event"))?,
    ))
}
