//! From drafts to jobs: matrices expanded, needs and the values of templates resolved.

use super::Budget;
use super::draft::Draft;
use super::graph::Graph;
use super::matrix::Variant;
use super::read::{At, unknown_name};
use crate::domain::config::ConfigError;
use crate::domain::config::yaml::Source;
use crate::domain::pipeline::{BackendSpec, JobSpec, Template, Value};
use crate::domain::printable::printable;
use serde_saphyr::Location;
use std::collections::{BTreeMap, BTreeSet};

/// How many jobs a pipeline may have.
const MOST_JOBS: usize = 1_000;

/// How many inputs a job may have, and how many GitHub lets a workflow have.
const MOST_INPUTS: usize = 100;
const MOST_WORKFLOW_INPUTS: usize = 25;

/// A job whose fragments are all laid.
pub(super) struct Laid<'a> {
    pub(super) name: &'a str,
    pub(super) at: Location,
    pub(super) draft: Draft,
}

impl Laid<'_> {
    pub(super) fn what(&self) -> String {
        format!("job `{}`", self.name)
    }

    /// The connections of the jobs whose outputs its inputs and its `ref` name, each where it is written.
    pub(super) fn outputs_of_connections(&self, all: &[Laid<'_>]) -> Vec<At<String>> {
        let templates = self.draft.inputs.values().map(|template| &**template);
        let templates = templates.chain(&self.draft.parts.reference);
        let outputs = templates.flat_map(|(template, at)| {
            template.values().filter_map(move |value| match value {
                Value::Output { job, .. } => Some((job, *at)),
                _ => None,
            })
        });
        let connection = |(of, at): (&String, Location)| {
            let of_matrix = |key: &str| of.split_once(" (").is_some_and(|(of, _)| of == key);
            let named = |job: &&Laid<'_>| of == job.name || of_matrix(job.name);
            let (name, _) = all.iter().find(named)?.draft.parts.connection.as_ref()?;
            Some((name.clone(), at))
        };
        outputs.filter_map(connection).collect()
    }
}

/// The jobs of a pipeline. `left_out` are those that it took over and left out.
pub(super) fn jobs<'a>(
    source: Source<'a>,
    pipeline: &At<String>,
    laid: &'a [Laid<'a>],
    left_out: &BTreeSet<&str>,
    budget: &mut Budget,
) -> Result<Vec<JobSpec>, ConfigError> {
    let mut variants = Vec::with_capacity(laid.len());
    let mut total = 0;
    for job in laid {
        let what = job.what();
        check_backend(source, job, &what)?;
        let expanded = match &job.draft.matrix {
            Some(matrix) => matrix.expand(source, &what, job.name, budget)?,
            None => vec![(job.name.to_owned(), Variant::new())],
        };
        total += expanded.len();
        if total > MOST_JOBS {
            let message = format!("pipeline `{}` has more than {MOST_JOBS} jobs", pipeline.0);
            let hint = "Use fewer jobs, or smaller matrices";
            return Err(source.error(pipeline.1, message, Some(hint)));
        }
        variants.push(expanded);
    }
    let mut graph = Graph {
        source,
        laid,
        variants,
        needs: Vec::new(),
    };
    graph.needs = graph.find_needs(&pipeline.0, left_out)?;
    graph.refuse_cycles()?;
    let mut specs = Vec::with_capacity(total);
    for (at, variants) in graph.variants.iter().enumerate() {
        for (name, variant) in variants {
            let spec = graph.spec(at, name, variant)?;
            budget.spend(source, laid[at].at, weight(&spec))?;
            specs.push(spec);
        }
    }
    Ok(specs)
}

/// Refuses a job without exactly one backend, or with what does not belong to it.
fn check_backend(source: Source<'_>, job: &Laid<'_>, what: &str) -> Result<(), ConfigError> {
    let parts = &job.draft.parts;
    let given: Vec<&str> = [
        parts.workflow.as_ref().map(|_| "workflow"),
        parts.check.as_ref().map(|_| "check"),
        parts.dispatch.as_ref().map(|_| "dispatch"),
        parts.connection.as_ref().map(|_| "connection"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let backend = match given[..] {
        [backend] => backend,
        [] => {
            let message = format!("{what} has no backend");
            let hint = "Say what executes it with `workflow`, `check`, `dispatch` or `connection`";
            return Err(source.error(job.at, message, Some(hint)));
        }
        [one, other, ..] => {
            let message = format!("{what} has two backends, `{one}` and `{other}`");
            return Err(source.error(job.at, message, Some("Keep one of them")));
        }
    };
    if let Some((_, at)) = parts.app.as_ref().filter(|_| backend != "check") {
        let message = format!("{what}: `app` belongs to `check`, and has no meaning here");
        return Err(source.error(*at, message, Some("Remove it")));
    }
    if let Some((_, at)) = parts.reference.as_ref().filter(|_| backend != "connection") {
        let message = format!("{what}: `ref` belongs to `connection`, and has no meaning here");
        return Err(source.error(*at, message, Some("Remove it")));
    }
    let most = match backend {
        "workflow" => MOST_WORKFLOW_INPUTS,
        _ => MOST_INPUTS,
    };
    let inputs = &job.draft.inputs;
    if let Some(first) = inputs.values().next().filter(|_| backend == "check") {
        let message =
            format!("{what}: `inputs` have no meaning with `check`, which starts nothing");
        return Err(source.error(first.1, message, Some("Remove them")));
    }
    if inputs.len() > most {
        let message = format!("{what} has {} inputs, more than {most}", inputs.len());
        let hint = "Use fewer, or put several values into one";
        return Err(source.error(job.at, message, Some(hint)));
    }
    Ok(())
}

impl Graph<'_> {
    fn spec(&self, at: usize, name: &str, variant: &Variant) -> Result<JobSpec, ConfigError> {
        let job = &self.laid[at];
        let draft = &job.draft;
        let mut found = BTreeMap::new();
        let mut inputs = BTreeMap::new();
        for (input, template) in &draft.inputs {
            let what = || format!("{}: input `{input}`", job.what());
            let template = self.resolve(at, variant, &what, template, &mut found)?;
            inputs.insert(input.clone(), template);
        }
        let texts = |list: &[At<String>]| list.iter().map(|(text, _)| text.clone()).collect();
        Ok(JobSpec {
            name: name.to_owned(),
            key: job.name.to_owned(),
            matrix: variant.clone(),
            needs: self.needs[at]
                .iter()
                .map(|spot| self.name(*spot).to_owned())
                .collect(),
            needs_any: draft.needs_any,
            changes: texts(&draft.changes),
            labels: draft.labels.clone(),
            branches: draft.branches.clone(),
            if_author: draft.if_author,
            required: draft.required,
            timeout: Some(draft.timeout),
            retries: draft.retries,
            inputs,
            backend: self.backend(at, variant, &mut found)?,
        })
    }

    fn backend(
        &self,
        at: usize,
        variant: &Variant,
        found: &mut BTreeMap<String, String>,
    ) -> Result<BackendSpec, ConfigError> {
        let job = &self.laid[at];
        let parts = &job.draft.parts;
        let app = parts.app.as_ref().map(|(app, _)| app.clone());
        if let Some((file, _)) = &parts.workflow {
            return Ok(BackendSpec::Workflow(file.clone()));
        }
        if let Some((repository, event)) = parts.dispatch.as_ref().map(|(read, _)| read.clone()) {
            return Ok(BackendSpec::Dispatch { repository, event });
        }
        if let Some((name, _)) = &parts.connection {
            let what = || format!("{}: `ref`", job.what());
            let reference = parts.reference.as_ref();
            let reference = reference
                .map(|template| self.resolve(at, variant, &what, template, found))
                .transpose()?;
            let name = name.clone();
            return Ok(BackendSpec::Connection { name, reference });
        }
        let Some(template) = &parts.check else {
            let message = format!("{} has no backend", job.what());
            return Err(self.source.error(job.at, message, None));
        };
        let what = || format!("{}: `check`", job.what());
        let fixed = self.resolve(at, variant, &what, template, found)?;
        if let Some(value) = fixed
            .values()
            .find(|value| !matches!(value, Value::Matrix(_)))
        {
            let message = format!("{} can't name `{value}`", what());
            let hint =
                "Only `matrix.NAME` is known when the file is read; `*` stands for any characters";
            return Err(self.source.error(template.1, message, Some(hint)));
        }
        let pattern = fixed.render(|value| match value {
            Value::Matrix(key) => variant.get(key).cloned().unwrap_or_default(),
            _ => String::new(),
        });
        Ok(BackendSpec::Check { pattern, app })
    }

    /// The template with each job under its full name. `found` remembers the names found for this variant.
    fn resolve(
        &self,
        at: usize,
        variant: &Variant,
        what: &dyn Fn() -> String,
        (template, place): &At<Template>,
        found: &mut BTreeMap<String, String>,
    ) -> Result<Template, ConfigError> {
        let mut needed = |job: &String| match found.get(job) {
            Some(name) => Ok(name.clone()),
            None => {
                let name = self.needed(at, variant, what, &(job.clone(), *place))?;
                found.insert(job.clone(), name.clone());
                Ok::<_, ConfigError>(name)
            }
        };
        template.try_map(|value| match value {
            Value::Output { job, name } => {
                let (job, name) = (needed(job)?, name.clone());
                if self.is_check(at, &job) {
                    let message = format!(
                        "{}: `{value}` is always empty, because `{}` is a `check`: what others report has no outputs",
                        what(),
                        printable(&job, 80)
                    );
                    let hint = "Only jobs with `workflow`, `dispatch` or a `connection` to an HTTP service give outputs";
                    return Err(self.source.error(*place, message, Some(hint)));
                }
                Ok(Value::Output { job, name })
            }
            Value::Result(job) => needed(job).map(Value::Result),
            Value::Matrix(key) => {
                let matrix = self.laid[at].draft.matrix.as_ref();
                if matrix.is_some_and(|matrix| matrix.has(key)) {
                    return Ok(value.clone());
                }
                let message = format!("{}: there is no `matrix.{key}`", what());
                let keys = matrix.into_iter().flat_map(|matrix| matrix.keys());
                let key = (key.clone(), *place);
                Err(unknown_name(
                    self.source,
                    message,
                    &key,
                    "Keys of its matrix",
                    keys,
                ))
            }
            other => Ok(other.clone()),
        })
    }
}

/// About how many bytes a job takes.
fn weight(spec: &JobSpec) -> usize {
    let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 8).sum::<usize>();
    let pairs = |pairs: &BTreeMap<String, String>| {
        pairs
            .iter()
            .map(|(key, value)| key.len() + value.len() + 16)
            .sum::<usize>()
    };
    let inputs = spec
        .inputs
        .iter()
        .map(|(name, template)| name.len() + template.to_string().len() + 16);
    300 + spec.name.len()
        + spec.key.len()
        + pairs(&spec.matrix)
        + texts(&spec.needs)
        + texts(&spec.changes)
        + texts(&spec.labels)
        + texts(&spec.branches)
        + inputs.sum::<usize>()
}
