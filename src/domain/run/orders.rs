//! What people ask for. Jobs are named by their expanded name or, all of a matrix, by their key; case does not count. A
//! run that was superseded takes no orders.

use super::{Excuse, Job, JobState, Run, SkipReason, Stop};
use crate::domain::event::Conclusion;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Whose order it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// A vetter's.
    Vetter,
    /// The author's, whose head is trusted.
    Author,
}

impl Run {
    /// The places of the jobs of that name or key.
    pub fn find(&self, name_or_key: &str) -> Vec<usize> {
        self.select(&[name_or_key.to_owned()]).into_iter().collect()
    }

    /// `/retest`: the named jobs that have ended run again, or, without names, every job that ended and does not count as
    /// passed. What was skipped because of them waits for them again; what has been started stays. Gives the expanded
    /// names.
    pub fn retest(&mut self, names: &[String]) -> Vec<String> {
        if !self.counts() {
            return Vec::new();
        }
        let chosen = self.select(names);
        let runs_again = |at: usize, job: &Job| match job.state {
            JobState::Ended(_) if chosen.contains(&at) => true,
            JobState::Ended(conclusion) if names.is_empty() => {
                !conclusion.passes() && job.excuse.is_none()
            }
            _ => false,
        };
        let mut again = Vec::new();
        for (at, job) in self.jobs.iter_mut().enumerate() {
            if runs_again(at, job) {
                job.ordered();
                again.push(job.spec.name.clone());
            }
        }
        again
    }

    /// `/test`: the named jobs run whatever their conditions say, those that have ended once more, and with them what they
    /// need and what did not pass. Gives the expanded names of all that run now and would not have.
    ///
    /// What was skipped because of its branch or author runs only for a vetter: whoever may start a job by hand need not
    /// be one of those it is for.
    pub fn force(&mut self, names: &[String], by: &str, rank: Rank) -> Vec<String> {
        if !self.counts() {
            return Vec::new();
        }
        let chosen = self.select(names);
        let places: HashMap<&str, usize> = self.places();
        let mut wanted = chosen.clone();
        let mut open: Vec<usize> = chosen.iter().copied().collect();
        while let Some(job) = open.pop().map(|at| &self.jobs[at]) {
            // One that runs whatever became of its needs does not need them to run, and one that a chosen job needs and
            // that has passed is not run again.
            let asks = !job.spec.needs_any && !job.is_begun();
            let needs = job.spec.needs.iter().filter(|_| asks);
            for need in needs.filter_map(|need| places.get(need.as_str()).copied()) {
                if !self.jobs[need].satisfies() && wanted.insert(need) {
                    open.push(need);
                }
            }
        }
        let mut run = Vec::new();
        for at in wanted {
            let job = &mut self.jobs[at];
            let runs = match job.state {
                JobState::Skipped(SkipReason::OtherBranch | SkipReason::AuthorNotTrusted) => {
                    rank == Rank::Vetter
                }
                JobState::Skipped(_) | JobState::Ended(_) => true,
                JobState::Waiting | JobState::Starting { .. } | JobState::Active(_) => false,
            };
            if runs {
                job.ordered();
                run.push(job.spec.name.clone());
            }
            let is_waiting = matches!(job.state, JobState::Waiting | JobState::Starting { .. });
            if !job.is_begun() && (runs || (is_waiting && chosen.contains(&at))) {
                job.forced_by = Some(by.to_owned());
            }
        }
        run
    }

    /// `/skip`: the named jobs count as passed, however they stand and stand later. Gives their expanded names.
    pub fn excuse(&mut self, names: &[String], excuse: Excuse) -> Vec<String> {
        if !self.counts() {
            return Vec::new();
        }
        let chosen = self.select(names).into_iter();
        chosen
            .map(|at| {
                self.jobs[at].excuse = Some(excuse.clone());
                self.jobs[at].spec.name.clone()
            })
            .collect()
    }

    /// `/cancel`: whatever has not ended ends as cancelled; the run still counts. How many jobs that were.
    pub fn cancel(&mut self, why: &str, now: DateTime<Utc>) -> usize {
        if !self.counts() {
            return 0;
        }
        self.stop_unended(Conclusion::Cancelled, &Stop::Order(why.to_owned()), now)
    }

    /// The run does not count any more: whatever has not ended is cancelled, and what is reported later is ignored.
    pub fn supersede(&mut self, why: String, now: DateTime<Utc>) {
        if self.superseded.is_none() {
            // What was ordered before still counts; after this nothing follows its needs any more.
            self.advance(now);
            self.superseded = Some(why);
            self.queued = false;
        }
        self.advance(now);
    }

    fn places(&self) -> HashMap<&str, usize> {
        let jobs = self.jobs.iter().enumerate();
        jobs.map(|(at, job)| (job.spec.name.as_str(), at)).collect()
    }

    fn select(&self, names: &[String]) -> BTreeSet<usize> {
        let names: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let is_named = |name: &str| names.contains(&name.to_lowercase());
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| is_named(&job.spec.name) || is_named(&job.spec.key))
            .map(|(at, _)| at)
            .collect()
    }
}

impl Job {
    /// Whether what needs it may run.
    fn satisfies(&self) -> bool {
        let passed = JobState::Ended(Conclusion::Success) == self.state
            || JobState::Ended(Conclusion::Neutral) == self.state;
        passed || self.excuse.is_some()
    }

    /// A person wants it to run: its automatic retries are its own again.
    fn ordered(&mut self) {
        self.again();
        self.retried = 0;
    }
}
