//! Workflow runs that a request starts: they wait in a queue, and their jobs are told of one by one.

use std::collections::BTreeMap;

use serde_json::json;

use super::builds::Start;
use super::checks::CheckChange;
use crate::sandbox::model::checks::Dispatch;
use crate::sandbox::model::workflow::Workflow;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// What a `workflow_dispatch` asks for.
pub(crate) struct Ask<'a> {
    pub(crate) repo: u64,
    /// `.github/workflows/build.yml`.
    pub(crate) path: String,
    /// A branch or tag, with or without `refs/…/` in front.
    pub(crate) reference: &'a str,
    pub(crate) inputs: BTreeMap<String, String>,
    pub(crate) by: u64,
}

impl Hub {
    /// Starts a run of the file as it is on the ref, if the ref, the trigger and the inputs are right. Says the run.
    pub(crate) fn dispatch(&mut self, ask: Ask<'_>) -> Deed<u64> {
        let Ask {
            repo,
            path,
            reference,
            inputs,
            by,
        } = ask;
        let row = self.repo(repo);
        let found = [
            reference.to_owned(),
            format!("refs/heads/{reference}"),
            format!("refs/tags/{reference}"),
        ]
        .into_iter()
        .filter(|full| full.starts_with("refs/"))
        .find_map(|full| row.refs.get(&full).map(|sha| (full, sha.clone())));
        let (full, sha) =
            found.ok_or_else(|| Refused::new(format!("No ref found for: {reference}")))?;
        let file = self
            .objects
            .get(&sha)
            .and_then(|commit| commit.tree.get(&path))
            .and_then(|text| Workflow::read(text));
        let no_trigger = || Refused::new("Workflow does not have 'workflow_dispatch' trigger");
        let file = file.ok_or_else(no_trigger)?;
        let seen = seen_inputs(&file, &inputs)?;
        let name = file.name(&path).to_owned();
        let dispatch = Dispatch {
            title: file.title(&seen).unwrap_or_else(|| name.clone()),
            job: file.job().unwrap_or(&name).to_owned(),
            path,
            reference: reference.to_owned(),
            inputs,
        };
        let branch = full
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/tags/");
        self.start_run(Start {
            repo,
            head_repo: repo,
            branch,
            sha: &sha,
            name: &name,
            event: "workflow_dispatch",
            actor: by,
            dispatch: Some(dispatch),
        })
    }

    /// Puts a run in the queue with a fresh check run for its job; it goes on unless runs are held.
    pub(super) fn queue(&mut self, id: u64) -> Deed<()> {
        self.set_run(id, "queued", None)?;
        self.emit_run(id, "requested");
        let run = self.run(id)?;
        let (suite, job) = (run.suite, run.job().to_owned());
        let page = format!("{}/actions/runs/{id}", show::repo::html(self, run.repo));
        let change = CheckChange {
            name: Some(job),
            status: Some("queued".to_owned()),
            details_url: Some(page),
            ..Default::default()
        };
        let check = self.new_check(suite, change)?;
        if let Some(run) = self.runs.get_mut(&id) {
            run.check = check;
        }
        self.emit_job(id, "queued");
        if self.dispatching.held {
            return Ok(());
        }
        self.take_up(id)
    }

    /// A runner takes a queued run, and ends it at once if runs end by themselves.
    pub(crate) fn take_up(&mut self, id: u64) -> Deed<()> {
        let run = self.run(id)?;
        if run.status != "queued" {
            return Err(Refused::new(format!("workflow run {id} is {}", run.status)));
        }
        let change = CheckChange {
            status: Some("in_progress".to_owned()),
            ..Default::default()
        };
        self.change_check(run.check, change)?;
        self.set_run(id, "in_progress", None)?;
        self.emit_job(id, "in_progress");
        self.emit_run(id, "in_progress");
        match self.dispatching.finish.clone() {
            Some(conclusion) => self.end_run(id, &conclusion),
            None => Ok(()),
        }
    }

    /// Sends `workflow_job` for the job of a run.
    pub(super) fn emit_job(&mut self, id: u64, action: &str) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let (repo, actor) = (run.repo, run.actor);
        let body = json!({ "workflow_job": show::run::job(self, run) });
        self.emit("workflow_job", Some(action), Some(repo), actor, body);
    }
}

/// The inputs as the run sees them, defaults included; or what is wrong with those that were sent.
fn seen_inputs(file: &Workflow, sent: &BTreeMap<String, String>) -> Deed<BTreeMap<String, String>> {
    let declared = file
        .inputs()
        .ok_or_else(|| Refused::new("Workflow does not have 'workflow_dispatch' trigger"))?;
    let unexpected: Vec<_> = sent
        .keys()
        .filter(|name| !declared.iter().any(|input| input.name == **name))
        .collect();
    if !unexpected.is_empty() {
        return Err(Refused::new(format!(
            "Unexpected inputs provided: {}",
            json!(unexpected)
        )));
    }
    let mut seen = BTreeMap::new();
    for input in declared {
        let value = sent.get(&input.name).cloned();
        if let Some(value) = &value
            && !input.options.is_empty()
            && !input.options.contains(value)
        {
            return Err(Refused::new(format!(
                "Provided value '{value}' for input '{}' not in the list of allowed values",
                input.name
            )));
        }
        match value.or(input.default) {
            Some(value) => {
                seen.insert(input.name, value);
            }
            None if input.required => {
                return Err(Refused::new(format!(
                    "Required input '{}' not provided",
                    input.name
                )));
            }
            None => {}
        }
    }
    Ok(seen)
}
