//! What one workflow says that a configuration may want ("Workflow syntax for GitHub Actions").

use crate::domain::config::{Filters, parse_filters};
use crate::domain::printable::printable;
use crate::domain::yaml::{Bounds, within};
use serde_json::{Map, Value};

/// Workflows need eight levels.
const BOUNDS: Bounds = Bounds {
    depth: 32,
    nodes: 20_000,
    text: 1 << 20,
};

/// So many patterns of one list are looked at.
const MOST_PATTERNS: usize = 50;
/// So many inputs of one workflow are looked at: GitHub allows 25.
const MOST_INPUTS: usize = 25;
/// So many steps of one workflow are looked at.
const MOST_STEPS: usize = 500;
/// So many of them that filter paths.
const MOST_FILTERING: usize = 10;
/// The longest filters that are written in a step, in bytes.
const LONGEST_FILTERS: usize = 16 * 1024;
/// So many filters of one step are looked at.
const MOST_FILTERS: usize = 20;

/// A workflow's file and what became of reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its name within the directory.
    pub file: String,
    /// What it says, or why that is not known.
    pub said: Result<Workflow, String>,
}

/// What a workflow says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workflow {
    /// What GitHub shows it as.
    pub name: String,
    /// Whether a push to a mirror starts it.
    pub hears_mirrors: bool,
    /// The paths that a push has to touch.
    pub paths: Vec<String>,
    /// The inputs of a start by hand; `None`: it can't be started so.
    pub inputs: Option<Vec<Input>>,
    /// Filters in steps of `dorny/paths-filter`: written in place, or the path of a file.
    pub filters: Vec<StepFilters>,
}

/// An input of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Whether it has to be given.
    pub required: bool,
    /// What stands for it: its default, or its first choice.
    pub value: Option<String>,
}

/// What a step filters by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFilters {
    /// These.
    InPlace(Filters),
    /// Those of a file.
    File(String),
    /// What can't be taken over, and why.
    Other(String),
}

/// Reads a workflow's text, whatever stands in it.
pub fn read(file: &str, text: &str) -> Reading {
    let said = serde_saphyr::from_str_with_options::<Value>(text, within(&BOUNDS))
        .map_err(|error| {
            format!(
                "it is not valid YAML: {}",
                printable(&error.to_string(), 120)
            )
        })
        .and_then(|root| match root {
            Value::Object(_) => Ok(said(file, &root)),
            _ => Err("it is no workflow".to_owned()),
        });
    let file = file.to_owned();
    Reading { file, said }
}

/// The files of filters that these workflows name, each once.
pub fn named_filter_files(readings: &[Reading]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for workflow in readings.iter().filter_map(|one| one.said.as_ref().ok()) {
        for filters in &workflow.filters {
            if let StepFilters::File(path) = filters
                && !paths.contains(path)
            {
                paths.push(path.clone());
            }
        }
    }
    paths
}

fn said(file: &str, root: &Value) -> Workflow {
    let named = root["name"].as_str().map(str::trim);
    let name = match named.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        // As GitHub shows one without a name.
        None => format!("{}/{file}", super::WORKFLOWS),
    };
    let push = event(&root["on"], "push");
    let hears_mirrors = push.as_ref().is_some_and(hears_mirrors);
    Workflow {
        name,
        hears_mirrors,
        paths: push
            .filter(|_| hears_mirrors)
            .map_or_else(Vec::new, |push| paths(&push)),
        inputs: event(&root["on"], "workflow_dispatch").map(|dispatch| inputs(&dispatch)),
        filters: steps(root)
            .filter_map(step_filters)
            .take(MOST_FILTERING)
            .collect(),
    }
}

/// What stands under an event; `None`: it starts nothing.
fn event(on: &Value, name: &str) -> Option<Value> {
    match on {
        Value::String(one) => (one == name).then_some(Value::Null),
        Value::Array(all) => all.iter().any(|one| one == name).then_some(Value::Null),
        Value::Object(all) => all.get(name).cloned(),
        _ => None,
    }
}

/// Whether a push to a mirror is among those that it listens to.
fn hears_mirrors(push: &Value) -> bool {
    let branches = texts(&push["branches"]);
    if !branches.is_empty() {
        return branches.iter().any(|pattern| may_be_a_mirror(pattern));
    }
    let ignored = texts(&push["branches-ignore"]);
    let tags_only = push.get("tags").is_some() || push.get("tags-ignore").is_some();
    match ignored.is_empty() {
        false => !ignored.iter().any(|pattern| may_be_a_mirror(pattern)),
        true => !tags_only,
    }
}

/// Whether a pattern of branches, in GitHub's dialect, is made for mirrors or for every branch.
fn may_be_a_mirror(pattern: &str) -> bool {
    pattern.starts_with("pull-request/")
        || matches!(
            pattern,
            "**" | "*/*" | "*/**" | "**/*" | "**/**" | "pull-request**"
        )
}

fn paths(push: &Value) -> Vec<String> {
    let wanted = texts(&push["paths"]);
    if !wanted.is_empty() {
        return wanted;
    }
    // A set of only `!` patterns holds everything else.
    texts(&push["paths-ignore"])
        .into_iter()
        .map(|pattern| format!("!{pattern}"))
        .collect()
}

/// A text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .take(MOST_PATTERNS)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn inputs(dispatch: &Value) -> Vec<Input> {
    let declared = dispatch["inputs"].as_object();
    let input = |(name, spec): (&String, &Value)| Input {
        name: name.clone(),
        required: spec["required"] == true,
        value: scalar(&spec["default"])
            .or_else(|| scalar(&spec["options"][0]))
            .or_else(|| (spec["type"] == "boolean").then(|| "false".to_owned())),
    };
    let declared = declared.into_iter().flatten().take(MOST_INPUTS);
    declared.map(input).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn steps(root: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let jobs = root["jobs"].as_object().into_iter().flat_map(Map::values);
    let steps = jobs.filter_map(|job| job["steps"].as_array()).flatten();
    steps.filter_map(Value::as_object).take(MOST_STEPS)
}

fn step_filters(step: &Map<String, Value>) -> Option<StepFilters> {
    let uses = step.get("uses")?.as_str()?;
    if uses.split('@').next() != Some("dorny/paths-filter") {
        return None;
    }
    let filters = step.get("with")?["filters"].as_str()?;
    let is_path = !filters.trim().contains(['\n', ':', ' ']);
    if is_path {
        let path = filters.trim();
        return Some(StepFilters::File(
            path.strip_prefix("./").unwrap_or(path).to_owned(),
        ));
    }
    if filters.len() > LONGEST_FILTERS {
        let why = format!("they have more than {LONGEST_FILTERS} bytes");
        return Some(StepFilters::Other(why));
    }
    Some(match parse_filters("filters", filters) {
        Ok(filters) => StepFilters::InPlace(filters.into_iter().take(MOST_FILTERS).collect()),
        Err(error) => StepFilters::Other(error.message),
    })
}
