//! What a run means for a gate.

use super::needs::{Fate, Graph};
use super::{Cancel, JobState, Run, SkipReason};
use crate::domain::pipeline::GateSpec;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How a run stands for one gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may still pass.
    Running,
    /// A required job did not pass, or was not run because a job it needs did not; others may still run.
    Failed,
    /// Every required job passed, was skipped by a rule or by its backend, or is excused.
    Passed,
}

/// A required job that keeps a gate from passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// Its place among the jobs.
    pub job: usize,
    /// If it was not run: the place of the job whose failure is to blame, required or not.
    pub because_of: Option<usize>,
}

impl Run {
    /// Whether nothing waits, runs or has to be told to stop.
    pub fn is_over(&self) -> bool {
        self.jobs
            .iter()
            .all(|job| job.is_final() && job.cancel != Cancel::Wanted)
    }

    /// Whether it counts for its gates.
    pub fn counts(&self) -> bool {
        self.superseded.is_none()
    }

    /// How it stands for a gate. Only required jobs count, and nothing else is waited for; with none it has passed.
    ///
    /// A job that was not run because of its needs counts as skipped by a rule if a rule alone would have kept it from
    /// running; if a failed job is to blame, required or not, it did not pass.
    pub fn standing(&self, gate: &GateSpec) -> Standing {
        let fates = self.fates(&Graph::of(&self.jobs));
        let mut standing = Standing::Passed;
        for at in self.required(gate) {
            match fates[at] {
                Fate::Failed => return Standing::Failed,
                Fate::Pending | Fate::Doomed => standing = Standing::Running,
                Fate::Satisfied | Fate::Skipped => {}
            }
        }
        standing
    }

    /// The required jobs that make a gate fail, in the order of the file.
    pub fn blockers(&self, gate: &GateSpec) -> Vec<Blocker> {
        let graph = Graph::of(&self.jobs);
        let fates = self.fates(&graph);
        // The failed job at the beginning of each chain of skipped ones.
        let mut root: Vec<Option<usize>> = vec![None; self.jobs.len()];
        for &at in &graph.order {
            if let JobState::Skipped(SkipReason::Need(_)) = self.jobs[at].state {
                let failed = graph.needs(at).find(|need| fates[*need] == Fate::Failed);
                root[at] = failed.map(|need| root[need].unwrap_or(need));
            }
        }
        self.required(gate)
            .filter(|at| fates[*at] == Fate::Failed)
            .map(|job| Blocker {
                job,
                because_of: root[job],
            })
            .collect()
    }

    /// The places of the required jobs that count for a gate.
    pub fn required<'a>(&'a self, gate: &'a GateSpec) -> impl Iterator<Item = usize> + 'a {
        let named: Option<HashSet<&str>> = gate
            .jobs
            .as_ref()
            .map(|names| names.iter().map(String::as_str).collect());
        self.jobs
            .iter()
            .enumerate()
            .filter(move |(_, job)| {
                let counts = |names: &HashSet<&str>| names.contains(job.spec.name.as_str());
                job.spec.required && named.as_ref().is_none_or(counts)
            })
            .map(|(at, _)| at)
    }
}
