//! `extends`: templates over templates, pipelines over pipelines, fragments over fragments.

use super::draft::{Draft, Reading};
use super::effort::{Effort, size};
use super::expand::Laid;
use super::keys::{JobKey, PipelineKey};
use super::on::triggers;
use super::read::{At, Entries, check_name, mapping, text, unknown_name};
use super::settings::Settings;
use crate::domain::config::ConfigError;
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::pipeline::Trigger;
use crate::domain::printable::printable;
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// How many templates a file may have.
const MOST_TEMPLATES: usize = 200;

/// How many times templates, or pipelines, may extend each other in a row.
const DEEPEST: usize = 10;

/// A job or template as it stands in one place.
#[derive(Clone)]
struct Fragment<'a> {
    entries: &'a Entries,
    at: Location,
    /// About how many bytes it takes to lay it over another.
    size: usize,
    /// `extends`: `None` where it is not said, `Some(None)` where it is said to be nothing.
    extends: Option<Option<At<String>>>,
}

impl<'a> Fragment<'a> {
    /// Reads a fragment and checks what can be checked of it alone.
    fn read(
        source: Source<'_>,
        what: &str,
        node: &'a Node,
        effort: &Effort,
    ) -> Result<Self, ConfigError> {
        let entries = mapping(source, what, "a mapping of keys to values", node)?;
        Draft::default().lay(source, what, entries, Reading::First(effort))?;
        let extends = entries
            .iter()
            .find(|(name, _)| name.value == JobKey::Extends.name());
        let extends = extends
            .map(|(_, node)| extends_of(source, node))
            .transpose()?;
        Ok(Self {
            entries,
            at: node.referenced,
            size: size(node),
            extends,
        })
    }

    /// Lays it over what is there.
    fn lay(
        &self,
        source: Source<'_>,
        what: &str,
        draft: &mut Draft,
        effort: &Effort,
    ) -> Result<(), ConfigError> {
        effort.lay(source, self.at, self.size)?;
        draft.lay(source, what, self.entries, Reading::Again)
    }
}

fn extends_of(source: Source<'_>, node: &Node) -> Result<Option<At<String>>, ConfigError> {
    match node.value {
        Value::Null => Ok(None),
        _ => text(source, "extends", node).map(Some),
    }
}

/// The chain of what extends what, the last first: `next` gives what a name extends.
fn chain<'a>(
    source: Source<'_>,
    kind: &str,
    first: &'a str,
    next: impl Fn(&'a str) -> Result<Option<(&'a str, &'a At<String>)>, ConfigError>,
) -> Result<Vec<&'a str>, ConfigError> {
    let mut names = vec![first];
    while let Some((name, at)) = next(names[names.len() - 1])? {
        if names.contains(&name) {
            names.push(name);
            let message = format!(
                "{kind} extend each other in a circle: {}",
                names.join(" → ")
            );
            return Err(source.error(at.1, message, Some("Remove one of these `extends`")));
        }
        if names.len() > DEEPEST {
            let message = format!("more than {DEEPEST} {kind} extend each other in a row");
            return Err(source.error(at.1, message, Some("Use fewer levels")));
        }
        names.push(name);
    }
    Ok(names)
}

/// The templates of a file, each with what it extends laid under it, and the size of all that.
pub(super) struct Templates<'a>(BTreeMap<&'a str, (Draft, usize)>);

impl<'a> Templates<'a> {
    /// Reads the value of `templates`.
    pub(super) fn read(
        source: Source<'_>,
        node: Option<&'a Node>,
        effort: &Effort,
    ) -> Result<Self, ConfigError> {
        let Some(node) = node.filter(|node| node.value != Value::Null) else {
            return Ok(Self(BTreeMap::new()));
        };
        let entries = mapping(source, "`templates`", "a mapping of names to jobs", node)?;
        if let Some((name, _)) = entries.get(MOST_TEMPLATES) {
            let message = format!("`templates` has more than {MOST_TEMPLATES} templates");
            return Err(source.error(name.referenced, message, Some("Use fewer")));
        }
        let mut fragments = BTreeMap::new();
        for (name, node) in entries {
            check_name(source, "a template", &name.value, name.referenced)?;
            let what = format!("template `{}`", name.value);
            let fragment = Fragment::read(source, &what, node, effort)?;
            fragments.insert(name.value.as_str(), fragment);
        }
        let mut drafts = BTreeMap::new();
        for (name, _) in entries {
            let next = |name: &'_ str| match &fragments[name].extends {
                Some(Some(wanted)) => match fragments.get_key_value(wanted.0.as_str()) {
                    Some((found, _)) => Ok(Some((*found, wanted))),
                    None => Err(unknown_template(source, wanted, fragments.keys().copied())),
                },
                _ => Ok(None),
            };
            let (mut draft, mut size) = (Draft::default(), 0);
            for layer in chain(source, "templates", &name.value, next)?
                .into_iter()
                .rev()
            {
                let what = format!("template `{layer}`");
                fragments[layer].lay(source, &what, &mut draft, effort)?;
                size += fragments[layer].size;
            }
            drafts.insert(name.value.as_str(), (draft, size));
        }
        Ok(Self(drafts))
    }

    /// A copy of one, to lay more over it.
    fn get(
        &self,
        source: Source<'_>,
        wanted: &At<String>,
        effort: &Effort,
    ) -> Result<Draft, ConfigError> {
        let Some((draft, size)) = self.0.get(wanted.0.as_str()) else {
            return Err(unknown_template(source, wanted, self.0.keys().copied()));
        };
        effort.lay(source, wanted.1, *size)?;
        Ok(draft.clone())
    }
}

fn unknown_template<'a>(
    source: Source<'_>,
    wanted: &At<String>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ConfigError {
    let message = format!(
        "`extends` names an unknown template `{}`",
        printable(&wanted.0, 80)
    );
    if known.clone().next().is_none() {
        let hint = "A job extends a template, which stands under `templates:` at the top level";
        return source.error(wanted.1, message, Some(hint));
    }
    unknown_name(source, message, wanted, "Known templates", known)
}

/// A pipeline as it stands in the file.
pub(super) struct Unlaid<'a> {
    pub(super) on: Vec<At<Trigger>>,
    pub(super) check: Option<&'a Node>,
    name: &'a Spanned<String>,
    extends: Option<At<String>>,
    entries: &'a Entries,
    /// `None`: to be left out.
    jobs: Jobs<'a>,
}

impl<'a> Unlaid<'a> {
    /// Reads a pipeline and checks what can be checked of it alone.
    pub(super) fn read(
        source: Source<'_>,
        name: &'a Spanned<String>,
        node: &'a Node,
        effort: &Effort,
    ) -> Result<Self, ConfigError> {
        let what = format!("pipeline `{}`", name.value);
        let entries = mapping(source, &what, "a mapping of keys to values", node)?;
        let mut read = Self {
            on: Vec::new(),
            check: None,
            name,
            extends: None,
            entries,
            jobs: Vec::new(),
        };
        for (key, node) in entries {
            match PipelineKey::known(source, &what, key)? {
                PipelineKey::On => read.on = triggers(source, &name.value, node, effort)?,
                PipelineKey::Check => read.check = Some(node),
                PipelineKey::Extends => read.extends = extends_of(source, node)?,
                PipelineKey::Jobs => read.jobs = jobs(source, node, effort)?,
                _ => {}
            }
        }
        Settings::default().lay(source, &what, entries)?;
        if read.on.is_empty() {
            let message = format!("{what} has no `on`, so that nothing would start it");
            return Err(source.error(name.referenced, message, Some("Write `on: pull_request`")));
        }
        Ok(read)
    }
}

/// The jobs of a pipeline as they stand in it.
type Jobs<'a> = Vec<(&'a Spanned<String>, Option<Fragment<'a>>)>;

fn jobs<'a>(source: Source<'_>, node: &'a Node, effort: &Effort) -> Result<Jobs<'a>, ConfigError> {
    let entries = match &node.value {
        Value::Null => return Ok(Vec::new()),
        _ => mapping(source, "`jobs`", "a mapping of names to jobs", node)?,
    };
    let read = |(name, node): &'a (Spanned<String>, Node)| {
        check_name(source, "a job", &name.value, name.referenced)?;
        let fragment = match node.value {
            Value::Null => None,
            _ => Some(Fragment::read(
                source,
                &format!("job `{}`", name.value),
                node,
                effort,
            )?),
        };
        Ok((name, fragment))
    };
    entries.iter().map(read).collect()
}

/// A pipeline with everything that it takes over.
pub(super) struct LaidPipeline<'a> {
    pub(super) settings: Settings,
    pub(super) jobs: Vec<Laid<'a>>,
    /// What it took over and left out.
    pub(super) left_out: BTreeSet<&'a str>,
}

/// Lays what a pipeline extends under it, and templates under its jobs.
pub(super) fn lay<'a>(
    source: Source<'_>,
    templates: &Templates<'_>,
    all: &'a BTreeMap<&'a str, Unlaid<'a>>,
    name: &'a str,
    effort: &Effort,
) -> Result<LaidPipeline<'a>, ConfigError> {
    let next = |name: &'a str| match &all[name].extends {
        None => Ok(None),
        Some(wanted) => match all.get_key_value(wanted.0.as_str()) {
            Some((found, _)) => Ok(Some((*found, wanted))),
            None => {
                let message = format!(
                    "pipeline `{name}` extends an unknown pipeline `{}`",
                    printable(&wanted.0, 80)
                );
                let known = all.keys().copied().filter(|other| *other != name);
                Err(unknown_name(
                    source,
                    message,
                    wanted,
                    "Other pipelines",
                    known,
                ))
            }
        },
    };
    let mut settings = Settings::default();
    let mut left_out = BTreeSet::new();
    let mut order: Vec<&'a Spanned<String>> = Vec::new();
    let mut layers: BTreeMap<&'a str, Vec<&'a Fragment<'a>>> = BTreeMap::new();
    for layer in chain(source, "pipelines", name, next)?.into_iter().rev() {
        let unlaid = &all[layer];
        settings.lay(source, &format!("pipeline `{layer}`"), unlaid.entries)?;
        for (job, fragment) in &unlaid.jobs {
            let key = job.value.as_str();
            if let Some(fragment) = fragment {
                if !layers.contains_key(key) {
                    order.push(job);
                }
                left_out.remove(key);
                layers.entry(key).or_default().push(fragment);
            } else if layers.remove(key).is_some() {
                order.retain(|other| other.value != key);
                left_out.insert(key);
            } else {
                let at = (key.to_owned(), job.referenced);
                if unlaid.extends.is_none() {
                    let message = format!("job `{key}` is empty");
                    let hint =
                        "Say what executes it with `workflow`, `check`, `dispatch` or `connection`";
                    return Err(source.error(at.1, message, Some(hint)));
                }
                let message = format!(
                    "pipeline `{layer}` leaves out job `{key}`, which it does not take over"
                );
                let known = order.iter().map(|job| job.value.as_str());
                return Err(unknown_name(
                    source,
                    message,
                    &at,
                    "Jobs that it takes over",
                    known,
                ));
            }
        }
    }
    if order.is_empty() {
        let message = format!("pipeline `{name}` has no jobs");
        let hint = "Add one under `jobs:`, or remove the pipeline";
        let at = all[name].name.referenced;
        return Err(source.error(at, message, Some(hint)));
    }
    let mut jobs = Vec::with_capacity(order.len());
    for job in order {
        let fragments = &layers[job.value.as_str()];
        let what = format!("job `{}`", job.value);
        let extends = fragments
            .iter()
            .rev()
            .find_map(|fragment| fragment.extends.as_ref());
        let mut draft = match extends.and_then(Option::as_ref) {
            Some(template) => templates.get(source, template, effort)?,
            None => Draft::default(),
        };
        for fragment in fragments {
            fragment.lay(source, &what, &mut draft, effort)?;
        }
        jobs.push(Laid {
            name: &job.value,
            at: job.referenced,
            draft,
        });
    }
    Ok(LaidPipeline {
        settings,
        jobs,
        left_out,
    })
}
