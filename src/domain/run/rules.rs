//! Which jobs a run has to do at all: the conditions of its jobs, asked of its scene.

use super::{Changed, Job, JobState, Run, Scene, SkipReason, TriggerKind};
use crate::domain::filter::PathSet;
use crate::domain::pipeline::{Concurrency, IfAuthor, JobSpec, Pipeline};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

impl Run {
    /// A new run. Its jobs wait, or are skipped by their conditions; `advance` gets them going.
    pub fn begin(number: u64, pipeline: &Pipeline, scene: Scene, now: DateTime<Utc>) -> Self {
        let concurrency = pipeline.concurrency.unwrap_or(match scene.trigger {
            TriggerKind::PullRequest | TriggerKind::MergeGroup | TriggerKind::Command => {
                Concurrency::Cancel
            }
            TriggerKind::Push | TriggerKind::Schedule => Concurrency::Queue,
        });
        let mut run = Self {
            number,
            pipeline: pipeline.name.clone(),
            scene,
            gates: pipeline.gates.clone(),
            publish: pipeline.publish,
            concurrency,
            fail_fast: pipeline.fail_fast,
            ignore_changes: pipeline.ignore_changes,
            implied: pipeline.implied,
            jobs: pipeline.jobs.iter().cloned().map(Job::new).collect(),
            superseded: None,
            queued: false,
            created_at: now,
            ended_at: None,
        };
        run.judge_conditions();
        run
    }

    /// The facts about the same commit changed: a label, say, or only now it is known which filters match. What was
    /// started (or asked for with `/test`) stays; what was not may be skipped now, or wanted. `advance` goes on from there.
    pub fn revise(&mut self, scene: &Scene) {
        let same = scene.sha == self.scene.sha && scene.branch == self.scene.branch;
        if same && self.superseded.is_none() && *scene != self.scene {
            self.scene = scene.clone();
            self.judge_conditions();
        }
    }

    fn judge_conditions(&mut self) {
        let (scene, ignore_changes) = (&self.scene, self.ignore_changes);
        let mut branches = HashMap::new();
        for job in &mut self.jobs {
            let unstarted = match job.state {
                JobState::Waiting | JobState::Skipped(_) => true,
                JobState::Starting { perhaps } => !perhaps,
                JobState::Active(_) | JobState::Ended(_) => false,
            };
            if job.attempt > 0 || job.forced_by.is_some() || !unstarted {
                continue;
            }
            match skip_reason(&job.spec, scene, ignore_changes, &mut branches) {
                Some(reason) => job.state = JobState::Skipped(reason),
                // `advance` finds out whether its needs still skip it.
                None if matches!(job.state, JobState::Skipped(_)) => job.state = JobState::Waiting,
                None => {}
            }
        }
    }
}

/// Whether a list of globs matches the base branch, found once for each list: the jobs of a matrix share theirs.
type Branches = HashMap<Vec<String>, bool>;

/// The first condition that is not met: branch, author, then what changed and labels.
fn skip_reason(
    spec: &JobSpec,
    scene: &Scene,
    ignore_changes: bool,
    branches: &mut Branches,
) -> Option<SkipReason> {
    if !spec.branches.is_empty() && !is_on(&spec.branches, &scene.base_branch, branches) {
        return Some(SkipReason::OtherBranch);
    }
    // Only a pull request has an author to ask about; what is in a merge queue or on a branch was let in by somebody.
    let untrusted = |pull: &super::PullScene| !pull.author_trusted;
    if spec.if_author == IfAuthor::Trusted && scene.pull.as_ref().is_some_and(untrusted) {
        return Some(SkipReason::AuthorNotTrusted);
    }
    let labelled = scene
        .pull
        .as_ref()
        .is_some_and(|pull| spec.labels.iter().any(|label| pull.labels.contains(label)));
    if labelled || (spec.changes.is_empty() && spec.labels.is_empty()) {
        return None;
    }
    if spec.changes.is_empty() {
        return Some(SkipReason::NoLabel);
    }
    let changed = match &scene.changed {
        Changed::Everything => true,
        Changed::Filters(matched) => spec.changes.iter().any(|filter| matched.contains(filter)),
    };
    (!changed && !ignore_changes).then_some(SkipReason::NothingChanged)
}

/// A pattern that can't be read (the configuration has refused those) skips nothing.
fn is_on(globs: &[String], branch: &str, known: &mut Branches) -> bool {
    if let Some(answer) = known.get(globs) {
        return *answer;
    }
    let answer = PathSet::new(globs).map_or(true, |set| set.matches(branch));
    known.insert(globs.to_vec(), answer);
    answer
}
