//! What a backend is given: the templates of a job with the values of its run.

use super::{Job, JobRef, JobState, Run, TriggerKind};
use crate::domain::event::Conclusion;
use crate::domain::pipeline::{BackendSpec, Template, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Run {
    /// The inputs of a job, for the start that `me` is; empty if there is no such job.
    pub fn inputs(&self, job: usize, me: &JobRef) -> BTreeMap<String, String> {
        let Some(job) = self.jobs.get(job) else {
            return BTreeMap::new();
        };
        let inputs = job.spec.inputs.iter();
        inputs
            .map(|(name, template)| (name.clone(), self.render(job, template, me)))
            .collect()
    }

    /// What a connection builds (`ref`), where the job says so.
    pub fn reference(&self, job: usize, me: &JobRef) -> Option<String> {
        let job = self.jobs.get(job)?;
        match &job.spec.backend {
            BackendSpec::Connection { reference, .. } => {
                Some(self.render(job, reference.as_ref()?, me))
            }
            _ => None,
        }
    }

    /// The outputs of a job that inputs of others name.
    pub fn wanted_outputs(&self, job: usize) -> BTreeSet<String> {
        let Some(of) = self.jobs.get(job).map(|job| &job.spec.name) else {
            return BTreeSet::new();
        };
        let values = self.jobs.iter().flat_map(|job| job.spec.values());
        let names = values.filter_map(|value| match value {
            Value::Output { job, name } if job == of => Some(name.clone()),
            _ => None,
        });
        names.collect()
    }

    /// A job that passed without giving an output that this one's inputs name, and the output. Of one that did not run
    /// or did not pass nothing is expected.
    pub fn missing_output(&self, job: usize) -> Option<(&Job, &str)> {
        let mut values = self.jobs.get(job)?.spec.values();
        values.find_map(|value| {
            let Value::Output { job, name } = value else {
                return None;
            };
            let of = self.jobs.iter().find(|of| of.spec.name == *job)?;
            let passed = of.state == JobState::Ended(Conclusion::Success);
            (passed && !of.report.outputs.contains_key(name)).then_some((of, name.as_str()))
        })
    }

    fn render(&self, job: &Job, template: &Template, me: &JobRef) -> String {
        template.render(|value| self.value(job, value, me))
    }

    /// A value's text; empty where there is none.
    fn value(&self, job: &Job, value: &Value, me: &JobRef) -> String {
        let scene = &self.scene;
        let pull = scene.pull.as_ref();
        let text = |sha: &Option<super::Sha>| sha.as_ref().map(ToString::to_string);
        let needed = |name: &str| self.jobs.iter().find(|job| job.spec.name == name);
        match value {
            Value::Sha => Some(scene.sha.to_string()),
            Value::Branch => Some(scene.branch.clone()),
            Value::BaseSha => text(&scene.base_sha),
            Value::BaseBranch => Some(scene.base_branch.clone()),
            Value::MergeBase => text(&scene.merge_base),
            Value::Repository => Some(scene.repository.to_string()),
            Value::Pipeline => Some(self.pipeline.clone()),
            Value::Job => Some(job.spec.name.clone()),
            Value::Run => Some(self.number.to_string()),
            Value::Attempt => Some(me.attempt.to_string()),
            Value::Trigger => Some(scene.trigger.as_str().to_owned()),
            Value::PrNumber => pull.map(|pull| pull.number.to_string()),
            Value::PrAuthor => pull.and_then(|pull| pull.author.clone()),
            Value::CommandArgs => Some(scene.args.clone()),
            Value::Matrix(name) => job.spec.matrix.get(name).cloned(),
            Value::Output { job, name } => {
                needed(job).and_then(|job| job.report.outputs.get(name).cloned())
            }
            Value::Result(job) => needed(job).map(|job| job.result().to_owned()),
        }
        .unwrap_or_default()
    }
}

impl TriggerKind {
    /// The word of `on`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::MergeGroup => "merge_group",
            Self::Push => "push",
            Self::Schedule => "schedule",
            Self::Command => "command",
        }
    }
}

impl Job {
    /// How it ended, in GitHub's words, for jobs that need it; `skipped` also for one that has not ended and counts as
    /// passed because a vetter said so.
    pub fn result(&self) -> &'static str {
        match self.state {
            JobState::Ended(conclusion) => conclusion.as_str(),
            JobState::Skipped(_) => "skipped",
            _ if self.excuse.is_some() => "skipped",
            _ => "",
        }
    }
}
