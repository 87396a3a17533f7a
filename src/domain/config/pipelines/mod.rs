//! `pipelines` and `templates`: from what a file says to [`Pipeline`]s that can be run as they are.
//!
//! A job is made of fragments: the template it extends, what a pipeline takes over from another, what stands in place.
//! Each fragment is checked by itself when it is read; then they are laid over each other key by key, matrices are
//! expanded, and the names by which jobs, gates and triggers mean each other are resolved. What other files or the
//! operator define, filters and connections, is noted with its place and checked by those who know it.
//!
//! Promises: pipelines that are accepted have jobs of unique names without cycles, and every name in them means
//! something. Work and result are bounded, whatever extends whatever.

mod draft;
mod effort;
mod expand;
mod extend;
mod gates;
mod graph;
mod keys;
mod matrix;
mod on;
mod read;
mod settings;
#[cfg(test)]
mod tests;

pub use keys::{job_keys, pipeline_keys};

use super::ConfigError;
use super::yaml::{Node, Source, Value};
use crate::domain::pipeline::{Pipeline, Trigger};
use effort::Effort;
use expand::Laid;
use extend::{Templates, Unlaid};
use gates::{Place, taken};
use read::{check_name, mapping};
use serde::{Deserialize, Serialize};
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// How many pipelines a file may have.
const MOST_PIPELINES: usize = 50;

/// How many bytes, about, the pipelines of a file may take once everything is laid out: they are stored with each
/// repository and read at each look.
const LARGEST: usize = 4 * 1024 * 1024;

/// The pipelines of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelinesFile {
    /// The file, for errors that only show when it is laid together with others.
    pub path: String,
    /// In the order of the file; at least one.
    pub pipelines: Vec<Pipeline>,
    /// What they name that is defined elsewhere, in the order of the file.
    pub mentions: BTreeSet<Mention>,
}

/// A name in a job that something outside of the pipelines has to give a meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mention {
    /// Where it is written.
    pub line: Option<u32>,
    /// Where in the line.
    pub column: Option<u32>,
    /// Of what.
    pub what: Mentioned,
    /// The name.
    pub name: String,
    /// The key of the job.
    pub job: String,
}

/// What is defined outside of the pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mentioned {
    /// A filter, in `changes`.
    Filter,
    /// A connection of the operator's settings.
    Connection,
    /// A connection of the operator's settings, of one of whose jobs this job takes an output.
    Outputs,
    /// A repository that is sent an event.
    Dispatch,
}

impl PipelinesFile {
    /// An error at a mention.
    pub(super) fn error(&self, at: &Mention, message: String, hint: String) -> ConfigError {
        ConfigError {
            path: self.path.clone(),
            line: at.line,
            column: at.column,
            message,
            hint: Some(hint),
        }
    }
}

/// The nodes of a file that this module reads, if they are there.
#[derive(Default)]
pub(super) struct Declared<'a> {
    pub(super) templates: Option<&'a Node>,
    pub(super) pipelines: Option<(&'a Spanned<String>, &'a Node)>,
}

/// What may still be laid out.
struct Budget {
    left: usize,
}

impl Budget {
    fn spend(&mut self, source: Source<'_>, at: Location, bytes: usize) -> Result<(), ConfigError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let message = format!(
                    "`pipelines` take more than {LARGEST} bytes once templates and matrices are laid out"
                );
                let hint = "Use fewer jobs, shorter inputs or smaller matrices";
                Err(source.error(at, message, Some(hint)))
            }
        }
    }
}

/// Reads the pipelines of a file; `None` where it has none, which means the implied one.
pub(super) fn read(
    source: Source<'_>,
    declared: Declared<'_>,
) -> Result<Option<PipelinesFile>, ConfigError> {
    let effort = Effort::new();
    let templates = Templates::read(source, declared.templates, &effort)?;
    let Some((key, node)) = declared
        .pipelines
        .filter(|(_, node)| node.value != Value::Null)
    else {
        return Ok(None);
    };
    let entries = mapping(
        source,
        "`pipelines`",
        "a mapping of names to pipelines",
        node,
    )?;
    if entries.is_empty() {
        let message = "`pipelines` is empty, so that nothing would be built";
        let hint =
            "Remove `pipelines`, so that every build of the mirror counts, or add a pipeline";
        return Err(source.error(key.referenced, message, Some(hint)));
    }
    if let Some((name, _)) = entries.get(MOST_PIPELINES) {
        let message = format!("`pipelines` has more than {MOST_PIPELINES} pipelines");
        return Err(source.error(name.referenced, message, Some("Use fewer")));
    }
    let mut unlaid = BTreeMap::new();
    for (name, node) in entries {
        check_name(source, "a pipeline", &name.value, name.referenced)?;
        unlaid.insert(
            name.value.as_str(),
            Unlaid::read(source, name, node, &effort)?,
        );
    }
    let mut file = PipelinesFile {
        path: source.error(Location::UNKNOWN, "", None).path,
        pipelines: Vec::new(),
        mentions: BTreeSet::new(),
    };
    let mut budget = Budget { left: LARGEST };
    let mut names = Names::default();
    for (name, _) in entries {
        let laid = extend::lay(source, &templates, &unlaid, &name.value, &effort)?;
        let pipeline = (name.value.clone(), name.referenced);
        let jobs = expand::jobs(source, &pipeline, &laid.jobs, &laid.left_out, &mut budget)?;
        let own = &unlaid[name.value.as_str()];
        let gates = gates::gates(source, &pipeline, own.check, &own.on, &jobs, &mut budget)?;
        for (trigger, at) in &own.on {
            names.take_command(source, &pipeline.0, trigger, *at)?;
            for (gate, at) in &gates {
                names.take_gate(source, &pipeline.0, trigger, &gate.name, *at)?;
            }
        }
        for job in &laid.jobs {
            file.note(source, job, &laid.jobs);
        }
        file.pipelines.push(Pipeline {
            name: pipeline.0,
            on: own.on.iter().map(|(trigger, _)| trigger.clone()).collect(),
            gates: gates.into_iter().map(|(gate, _)| gate).collect(),
            publish: laid.settings.publish,
            concurrency: laid.settings.concurrency,
            fail_fast: laid.settings.fail_fast,
            ignore_changes: laid.settings.ignore_changes,
            jobs,
            implied: false,
        });
    }
    Ok(Some(file))
}

impl PipelinesFile {
    /// Notes what a job names; a place that several pipelines took over is noted once.
    fn note(&mut self, source: Source<'_>, job: &Laid<'_>, all: &[Laid<'_>]) {
        let filters = job.draft.changes.iter().map(|at| (Mentioned::Filter, at));
        let connection = job.draft.parts.connection.iter();
        let connection = connection.map(|at| (Mentioned::Connection, at));
        let outputs = job.outputs_of_connections(all);
        let outputs = outputs.iter().map(|at| (Mentioned::Outputs, at));
        let named = filters.chain(connection).chain(outputs);
        let named = named.map(|(what, (name, at))| (what, name.clone(), at));
        let dispatch = job.draft.parts.dispatch.iter();
        let dispatch = dispatch.map(|((to, _), at)| (Mentioned::Dispatch, to.to_string(), at));
        for (what, name, at) in named.chain(dispatch) {
            let place = source.error(*at, "", None);
            let mention = Mention {
                line: place.line,
                column: place.column,
                what,
                name,
                job: job.name.to_owned(),
            };
            self.mentions.insert(mention);
        }
    }
}

/// Names that only one pipeline may have, and which has.
#[derive(Default)]
struct Names {
    commands: BTreeMap<String, String>,
    gates: BTreeMap<(Place, String), String>,
}

impl Names {
    fn take_command(
        &mut self,
        source: Source<'_>,
        pipeline: &str,
        trigger: &Trigger,
        at: Location,
    ) -> Result<(), ConfigError> {
        let Trigger::Command(command) = trigger else {
            return Ok(());
        };
        let by = self
            .commands
            .entry(command.to_ascii_lowercase())
            .or_insert_with(|| pipeline.to_owned());
        if by == pipeline {
            return Ok(());
        }
        let what = format!("are started by the command `{command}`");
        Err(taken(
            source,
            &what,
            by,
            pipeline,
            "Give one of them another command",
            at,
        ))
    }

    fn take_gate(
        &mut self,
        source: Source<'_>,
        pipeline: &str,
        trigger: &Trigger,
        gate: &str,
        at: Location,
    ) -> Result<(), ConfigError> {
        let by = self
            .gates
            .entry((Place::of(trigger), gate.to_owned()))
            .or_insert_with(|| pipeline.to_owned());
        if by == pipeline {
            return Ok(());
        }
        let what = match Place::of(trigger) {
            Place::Head => format!("publish `{gate}` on pull requests"),
            Place::Group => format!("publish `{gate}` on merge groups"),
            Place::Branch => format!("publish `{gate}` on branches"),
        };
        Err(taken(
            source,
            &what,
            by,
            pipeline,
            "Give one of them another `check`",
            at,
        ))
    }
}
