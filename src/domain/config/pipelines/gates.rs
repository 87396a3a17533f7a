//! `check`: the gates of a pipeline, and which jobs count for each.

use super::Budget;
use super::read::{At, check_visible, unknown_name};
use crate::domain::config::ConfigError;
use crate::domain::config::values::one_or_list;
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::gate::GATE_NAME;
use crate::domain::pipeline::{GateSpec, JobSpec, Trigger};
use crate::domain::printable::printable;
use serde_saphyr::Location;
use std::collections::BTreeSet;

/// The check that validates a changed configuration.
const CONFIG_CHECK: &str = "drawbridge / config";

/// The longest name of a gate, in characters.
const LONGEST_NAME: usize = 100;

const MOST_GATES: usize = 50;

/// Reads the value of `check`. Without one there is a single gate: the one that pull requests and merge queues wait for,
/// or else one with the pipeline's name.
pub(super) fn gates(
    source: Source<'_>,
    pipeline: &At<String>,
    node: Option<&Node>,
    on: &[At<Trigger>],
    jobs: &[JobSpec],
    budget: &mut Budget,
) -> Result<Vec<At<GateSpec>>, ConfigError> {
    let single = |(name, at): At<String>| {
        check_gate(source, &(name.clone(), at))?;
        Ok(vec![(GateSpec { name, jobs: None }, at)])
    };
    let Some(node) = node.filter(|node| node.value != Value::Null) else {
        let waited_for = on
            .iter()
            .any(|(trigger, _)| matches!(trigger, Trigger::PullRequest | Trigger::MergeGroup));
        return match waited_for {
            true => single((GATE_NAME.to_owned(), pipeline.1)),
            false => single(pipeline.clone()),
        };
    };
    if let Some(name) = source.scalar(node) {
        return single((name, node.referenced));
    }
    let Value::Map(entries) = &node.value else {
        let expected = "the name of a gate, or a mapping of gates to their jobs";
        return Err(source.wrong_kind(node, "`check`", expected, None));
    };
    if entries.is_empty() || entries.len() > MOST_GATES {
        let message = format!(
            "pipeline `{}` has {} gates, and should have 1 to {MOST_GATES}",
            pipeline.0,
            entries.len()
        );
        let hint = "Write the name of a gate, or remove `check`";
        return Err(source.error(node.referenced, message, Some(hint)));
    }
    let mut gates = Vec::new();
    for (name, value) in entries {
        let gate = (name.value.clone(), name.referenced);
        check_gate(source, &gate)?;
        let shown = printable(&gate.0, LONGEST_NAME);
        let mut counted: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for job in one_or_list(source, &format!("check.{shown}"), value)? {
            let mut meant = jobs
                .iter()
                .filter(|spec| spec.key == job.0 || spec.name == job.0)
                .peekable();
            if meant.peek().is_none() {
                let message = format!(
                    "gate `{shown}` names an unknown job `{}`",
                    printable(&job.0, 80)
                );
                let mut keys: Vec<&str> = jobs.iter().map(|spec| spec.key.as_str()).collect();
                keys.dedup();
                let keys = keys.into_iter();
                return Err(unknown_name(
                    source,
                    message,
                    &job,
                    "Jobs of this pipeline",
                    keys,
                ));
            }
            for spec in meant.filter(|spec| seen.insert(spec.name.as_str())) {
                budget.spend(source, job.1, spec.name.len())?;
                counted.push(spec.name.clone());
            }
        }
        if counted.is_empty() {
            let message = format!("gate `{shown}` names no job");
            let hint = "List the jobs that count for it";
            return Err(source.error(name.referenced, message, Some(hint)));
        }
        let jobs = Some(counted);
        gates.push((GateSpec { name: gate.0, jobs }, gate.1));
    }
    Ok(gates)
}

fn check_gate(source: Source<'_>, gate: &At<String>) -> Result<(), ConfigError> {
    check_visible(source, "the name of a gate", gate, LONGEST_NAME)?;
    if gate.0.eq_ignore_ascii_case(CONFIG_CHECK) {
        let message = format!("`{CONFIG_CHECK}` is the check of the configuration itself");
        return Err(source.error(gate.1, message, Some("Choose another name")));
    }
    Ok(())
}

/// Where the gates of a trigger are published: two pipelines that publish the same name there would overwrite each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The head of a pull request.
    Head,
    /// The commit of a merge group.
    Group,
    /// The newest commit of a branch.
    Branch,
}

impl Place {
    pub(super) fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::PullRequest | Trigger::Command(_) => Self::Head,
            Trigger::MergeGroup => Self::Group,
            Trigger::Push(_) | Trigger::Schedule(_) => Self::Branch,
        }
    }
}

/// Which pipeline has taken a name, of a gate or a command, and what to say of a second one.
pub(super) fn taken(
    source: Source<'_>,
    what: &str,
    by: &str,
    also: &str,
    hint: &str,
    at: Location,
) -> ConfigError {
    let message = format!("pipelines `{by}` and `{also}` both {what}");
    source.error(at, message, Some(hint))
}
