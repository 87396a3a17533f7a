//! The graph: what becomes of a job because of the jobs it needs. GitHub's rule (`jobs.<job_id>.needs`): if a job fails
//! or is skipped, the jobs that need it are skipped, unless they say `needs_any` (GitHub: `if: always()`).

use super::{Job, JobState, Run, SkipReason};
use crate::domain::event::Conclusion;
use std::collections::HashMap;

/// What a job means for those that need it, and for the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It may still do either.
    Pending,
    /// It passed, or counts as passed.
    Satisfied,
    /// It was not run, and no failure is to blame: a rule, or its backend, skipped it or a job it needs.
    Skipped,
    /// It will not be run; whether a failure is to blame shows when the other jobs it needs have ended.
    Doomed,
    /// It did not pass, or was not run because a job it needs did not.
    Failed,
}

/// What the needs of a job say.
pub(super) enum Needs {
    /// Some may still pass.
    Wait,
    /// It may run.
    Met,
    /// It can't run, because of this job.
    Unmet(String),
}

/// The jobs as a graph: who is who, and in which order each comes after those it needs.
pub(super) struct Graph {
    /// Of each job the places of those it needs; `None`: there is no such job.
    needs: Vec<Vec<Option<usize>>>,
    /// All jobs, each after those it needs.
    pub order: Vec<usize>,
}

impl Graph {
    pub fn of(jobs: &[Job]) -> Self {
        let places: HashMap<&str, usize> = jobs
            .iter()
            .enumerate()
            .map(|(at, job)| (job.spec.name.as_str(), at))
            .collect();
        let needs: Vec<Vec<Option<usize>>> = jobs
            .iter()
            .map(|job| {
                let place = |name: &String| places.get(name.as_str()).copied();
                job.spec.needs.iter().map(place).collect()
            })
            .collect();
        let mut dependants = vec![Vec::new(); jobs.len()];
        let mut missing = vec![0_usize; jobs.len()];
        for (at, needed) in needs.iter().enumerate() {
            for need in needed.iter().flatten() {
                dependants[*need].push(at);
                missing[at] += 1;
            }
        }
        let mut order: Vec<usize> = (0..jobs.len()).filter(|at| missing[*at] == 0).collect();
        let mut next = 0;
        while let Some(at) = order.get(next).copied() {
            next += 1;
            for dependant in &dependants[at] {
                missing[*dependant] -= 1;
                if missing[*dependant] == 0 {
                    order.push(*dependant);
                }
            }
        }
        // A circle can't be configured; should there be one, its jobs find a need without a fate, and end.
        order.extend((0..jobs.len()).filter(|at| missing[*at] > 0));
        Self { needs, order }
    }

    /// The jobs that this one needs.
    pub fn needs(&self, job: usize) -> impl Iterator<Item = usize> {
        self.needs[job].iter().flatten().copied()
    }

    /// What the needs of a job say, `fates` being those of all jobs before it in the order.
    pub fn judge(&self, job: usize, spec: &Job, fates: &[Fate]) -> Needs {
        let spec = &spec.spec;
        let fates = self.needs[job].iter().map(|need| fate_at(*need, fates));
        let first = |wanted: &[Fate]| {
            let place = fates.clone().position(|fate| wanted.contains(&fate))?;
            Some(spec.needs[place].clone())
        };
        // A need that no failure is to blame for is named first: the job would not have run in any case.
        let unmet = first(&[Fate::Skipped]).or_else(|| first(&[Fate::Failed, Fate::Doomed]));
        match unmet {
            Some(name) if !spec.needs_any => Needs::Unmet(name),
            _ if fates.clone().any(|fate| fate == Fate::Pending) => Needs::Wait,
            _ => Needs::Met,
        }
    }

    /// The fate of a job, `fates` being those of all jobs before it in the order.
    pub fn fate(&self, at: usize, job: &Job, fates: &[Fate]) -> Fate {
        if job.excuse.is_some() {
            return Fate::Satisfied;
        }
        match &job.state {
            _ if job.will_retry() => Fate::Pending,
            JobState::Waiting | JobState::Starting { .. } | JobState::Active(_) => Fate::Pending,
            JobState::Ended(Conclusion::Success | Conclusion::Neutral) => Fate::Satisfied,
            JobState::Ended(Conclusion::Skipped) => Fate::Skipped,
            JobState::Ended(_) => Fate::Failed,
            JobState::Skipped(SkipReason::Need(_)) => {
                let any = |wanted: &[Fate]| {
                    self.needs[at]
                        .iter()
                        .any(|need| wanted.contains(&fate_at(*need, fates)))
                };
                if any(&[Fate::Skipped]) {
                    Fate::Skipped
                } else if !any(&[Fate::Failed, Fate::Doomed]) {
                    // What skipped it runs again; `advance` has not been here since.
                    Fate::Pending
                } else if any(&[Fate::Pending, Fate::Doomed]) {
                    Fate::Doomed
                } else {
                    Fate::Failed
                }
            }
            JobState::Skipped(_) => Fate::Skipped,
        }
    }
}

/// A need that does not exist, or has no fate yet where all needs should have one, never lets anything pass.
fn fate_at(need: Option<usize>, fates: &[Fate]) -> Fate {
    need.map_or(Fate::Failed, |need| fates[need])
}

impl Run {
    /// The fates of all jobs, as the states say.
    pub(super) fn fates(&self, graph: &Graph) -> Vec<Fate> {
        let mut fates = vec![Fate::Failed; self.jobs.len()];
        for &at in &graph.order {
            fates[at] = graph.fate(at, &self.jobs[at], &fates);
        }
        fates
    }
}
