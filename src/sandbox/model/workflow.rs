//! Workflow files, as far as a dispatch has to understand them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Hub;
use super::git::Tree;

/// Where GitHub looks for workflows.
pub(crate) const FOLDER: &str = ".github/workflows/";

/// What a workflow file says that matters here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Workflow {
    name: Option<String>,
    #[serde(rename = "run-name")]
    run_name: Option<String>,
    #[serde(default)]
    on: Value,
    #[serde(default)]
    jobs: Map<String, Value>,
}

/// An input that a workflow declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) default: Option<String>,
    /// What may be chosen; empty for an input that is no choice.
    pub(crate) options: Vec<String>,
}

impl Workflow {
    /// Reads a file; `None` for one that GitHub could not read either.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_saphyr::from_str(text).ok()
    }

    /// Its name; without one GitHub shows the path.
    pub(crate) fn name<'a>(&'a self, path: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(path)
    }

    /// The name of its first job.
    pub(crate) fn job(&self) -> Option<&str> {
        let (id, job) = self.jobs.iter().next()?;
        Some(job.get("name").and_then(Value::as_str).unwrap_or(id))
    }

    /// What a dispatch may send, or `None` if there is no `workflow_dispatch` trigger. `on` is one name, a list or a map.
    pub(crate) fn inputs(&self) -> Option<Vec<Input>> {
        const TRIGGER: &str = "workflow_dispatch";
        let trigger = match &self.on {
            Value::String(one) if one == TRIGGER => &Value::Null,
            Value::Array(list) if list.iter().any(|one| one == TRIGGER) => &Value::Null,
            Value::Object(map) => map.get(TRIGGER)?,
            _ => return None,
        };
        let declared = trigger.get("inputs").and_then(Value::as_object);
        let input = |(name, body): (&String, &Value)| Input {
            name: name.clone(),
            required: body.get("required") == Some(&Value::Bool(true)),
            default: body.get("default").map(text),
            options: body
                .get("options")
                .and_then(Value::as_array)
                .map(|options| options.iter().map(text).collect())
                .unwrap_or_default(),
        };
        Some(declared.into_iter().flatten().map(input).collect())
    }

    /// What a run with these inputs is called, where the file says it.
    pub(crate) fn title(&self, inputs: &BTreeMap<String, String>) -> Option<String> {
        let mut rest = self.run_name.as_deref()?;
        let mut title = String::new();
        while let Some((before, after)) = rest.split_once("${{") {
            let (inside, after) = after.split_once("}}").unwrap_or((after, ""));
            let inside = inside.trim();
            let name = inside
                .strip_prefix("inputs.")
                .or_else(|| inside.strip_prefix("github.event.inputs."));
            // Any other expression comes to nothing here.
            let value = name.and_then(|name| inputs.get(name));
            title.push_str(before);
            title.push_str(value.map_or("", String::as_str));
            rest = after;
        }
        Some(title + rest)
    }
}

/// A scalar as the text that a workflow sees.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Hub {
    /// The files of the default branch.
    pub(crate) fn default_tree(&self, repo: u64) -> Option<&Tree> {
        let row = self.repo(repo);
        let head = self.objects.get(row.branch(&row.default_branch)?)?;
        Some(head.tree.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(text: &str) -> Option<Vec<String>> {
        let declared = Workflow::read(text)?.inputs()?;
        Some(declared.into_iter().map(|input| input.name).collect())
    }

    #[test]
    fn on_may_be_a_name_a_list_or_a_map() {
        for (text, expected) in [
            ("on: workflow_dispatch", Some(vec![])),
            ("on: [push, workflow_dispatch]", Some(vec![])),
            ("on:\n  push:\n  workflow_dispatch:\n", Some(vec![])),
            ("\"on\":\n  workflow_dispatch: {}\n", Some(vec![])),
            (
                "on:\n  workflow_dispatch:\n    inputs:\n      arch:\n      n: { type: number }\n",
                Some(vec!["arch".to_owned(), "n".to_owned()]),
            ),
            ("on: push", None),
            ("on: [push", None),
            ("name: no trigger", None),
        ] {
            assert_eq!(inputs(text), expected, "{text}");
        }
    }

    #[test]
    fn the_title_takes_in_the_inputs() {
        let workflow = Workflow::read("run-name: 'Build ${{ inputs.arch }} of ${{ github.ref }}!'");
        let inputs = BTreeMap::from([("arch".to_owned(), "amd64".to_owned())]);
        let title = workflow.expect("it reads").title(&inputs);
        assert_eq!(title.as_deref(), Some("Build amd64 of !"));
    }
}
