//! What a workflow's file says about being started by hand: GitHub refuses a dispatch with an input that it does not
//! declare ("Workflow syntax for GitHub Actions", `on.workflow_dispatch.inputs`, `run-name`).

use super::segment;
use crate::domain::ids::Sha;
use crate::domain::yaml::{Bounds, within};
use crate::github::error::{GitHubError, plain};
use crate::github::repository::Repository;
use serde_json::Value;
use std::collections::BTreeSet;

/// Workflows need eight levels.
const BOUNDS: Bounds = Bounds {
    depth: 32,
    nodes: 50_000,
    text: 4 << 20,
};

/// What is asked of a workflow's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkflowFile {
    /// Whether it lists `workflow_dispatch` under `on`.
    pub dispatchable: bool,
    /// The inputs that a dispatch may give it.
    pub inputs: BTreeSet<String>,
    /// What its runs are called, with expressions.
    pub run_name: Option<String>,
}

impl WorkflowFile {
    /// Whether each run's title shows this input, so that its run can be found by it.
    pub fn names_runs_by(&self, input: &str) -> bool {
        let shown = format!("inputs.{input}");
        self.inputs.contains(input)
            && self.run_name.as_ref().is_some_and(|name| {
                name.match_indices(&shown).any(|(at, _)| {
                    let next = name[at + shown.len()..].chars().next();
                    !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
                })
            })
    }
}

impl Repository {
    /// What `.github/workflows/{file}` says at a commit; `None`: there is no such file. A file that is no YAML is
    /// `Refused`.
    pub async fn workflow_inputs(
        &self,
        file: &str,
        at: &Sha,
    ) -> Result<Option<WorkflowFile>, GitHubError> {
        let doing = format!("reading the workflow {}", plain(file, 100));
        // Also what is no name of a file.
        segment(file, &doing)?;
        let Some(text) = self
            .file(&format!(".github/workflows/{file}"), Some(at))
            .await?
        else {
            return Ok(None);
        };
        read(&text)
            .map(Some)
            .map_err(|message| GitHubError::unusable(&doing, message))
    }
}

/// Reads the file, whatever else stands in it.
fn read(text: &str) -> Result<WorkflowFile, String> {
    let file: Value = serde_saphyr::from_str_with_options(text, within(&BOUNDS))
        .map_err(|error| format!("it is not valid YAML: {}", plain(&error.to_string(), 200)))?;
    const DISPATCH: &str = "workflow_dispatch";
    let (dispatchable, inputs) = match &file["on"] {
        Value::String(event) => (event == DISPATCH, BTreeSet::new()),
        Value::Array(events) => {
            let listed = events.iter().any(|event| event == DISPATCH);
            (listed, BTreeSet::new())
        }
        Value::Object(events) => {
            let inputs = events
                .get(DISPATCH)
                .and_then(|dispatch| dispatch["inputs"].as_object());
            let names = inputs.into_iter().flat_map(|inputs| inputs.keys().cloned());
            (events.contains_key(DISPATCH), names.collect())
        }
        _ => Default::default(),
    };
    Ok(WorkflowFile {
        dispatchable,
        inputs,
        run_name: file["run-name"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inputs_of_a_dispatch_are_found_however_on_is_written() {
        for (text, dispatchable, inputs) in [
            ("on: workflow_dispatch", true, &[][..]),
            ("on: push", false, &[]),
            ("on: [push, workflow_dispatch]", true, &[]),
            ("on: [push]", false, &[]),
            (
                "on:\n  workflow_dispatch:\n  push:\n    branches: [main]",
                true,
                &[],
            ),
            ("on: { workflow_dispatch: ~ }", true, &[]),
            (
                "'on':\n  workflow_dispatch:\n    inputs:\n      arch: { required: true, default: yes }\n      2: {}\n",
                true,
                &["2", "arch"],
            ),
            (
                "on:\n  workflow_call:\n    inputs: { arch: {} }",
                false,
                &[],
            ),
            ("on:\n  schedule:\n    - cron: '0 2 * * *'", false, &[]),
            ("true:\n  workflow_dispatch:", false, &[]),
            ("jobs: {}", false, &[]),
            ("- a list", false, &[]),
            (
                "x: &inputs { arch: {} }\non: { workflow_dispatch: { inputs: *inputs } }",
                true,
                &["arch"],
            ),
            (
                "env: { 1: 2, NO: off, n: .nan, d: 2024-01-01 }\non:\n  workflow_dispatch:",
                true,
                &[],
            ),
        ] {
            let file = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let names: Vec<&str> = file.inputs.iter().map(String::as_str).collect();
            assert_eq!(
                (file.dispatchable, &names[..]),
                (dispatchable, inputs),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_that_is_no_yaml_or_unfolds_without_end_is_an_error() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let before = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
        }
        for bad in ["on: [", "a: b: c", &bomb, &"[".repeat(100_000)] {
            let error = read(bad).expect_err(&bad[..bad.len().min(40)]);
            assert!(error.len() < 500 && error.contains("YAML"), "{error}");
        }
    }

    #[test]
    fn a_run_is_named_by_an_input_that_it_shows() {
        let file = |name: &str| {
            let text = format!(
                "run-name: {name}\non: {{ workflow_dispatch: {{ inputs: {{ key: {{}} }} }} }}"
            );
            read(&text).unwrap()
        };
        for (name, shown) in [
            ("Build ${{ inputs.key }}", true),
            ("Build ${{inputs.key}}", true),
            ("Build ${{ github.event.inputs.key }}", true),
            ("Build ${{ inputs.key2 }}", false),
            ("Build", false),
        ] {
            assert_eq!(file(name).names_runs_by("key"), shown, "{name}");
        }
        assert!(!file("Build ${{ inputs.other }}").names_runs_by("other"));
    }
}
