//! Which jobs have ended since the last look, for the history: each end is told once.

use super::RunsState;
use crate::domain::event::Conclusion;
use crate::domain::run::{Job, JobState, Run, Stop};
use crate::domain::text;
use std::collections::BTreeMap;

/// So many are told one by one.
const ONE_BY_ONE: usize = 50;

/// What is known of a job's ends.
#[derive(Debug, Default, Clone, Copy)]
struct Known {
    /// The newest attempt that another one followed.
    past: u32,
    /// The latest attempt and what came of it; `None`: it has not ended.
    end: Option<(u32, Conclusion)>,
}

/// The ends of jobs that are known, by the pipeline and number of their run. What the implied pipeline observes is told by its gate.
#[derive(Debug, Default)]
pub struct Ends(BTreeMap<(String, u64), Vec<Known>>);

impl Ends {
    /// All that have ended so far are known.
    pub fn of(state: &RunsState) -> Self {
        let known = |run: &Run| run.jobs.iter().map(Known::of).collect();
        let runs = state.runs().filter(|run| !run.implied);
        Self(runs.map(|run| (key(run), known(run))).collect())
    }

    /// Those that have ended since, in words, also of the runs that have `gone`; what was stopped with its run in one line
    /// for all.
    pub fn news(&mut self, state: &RunsState, gone: &[Run]) -> Vec<String> {
        let (mut news, mut replaced) = (Vec::new(), Vec::new());
        for run in gone.iter().chain(state.runs()).filter(|run| !run.implied) {
            let known = self.known(state, run);
            let mut stopped = 0;
            for (at, job) in run.jobs.iter().enumerate() {
                let known = known.get(at).copied().unwrap_or_default();
                news.extend(known.followed(job));
                match Known::of(job).end {
                    None => {}
                    end if known.end == end => {}
                    Some(_) if job.stopped == Some(Stop::Superseded) => stopped += 1,
                    Some(_) => news.push(text::job_ended(job)),
                }
            }
            if stopped > 0 {
                replaced.push(text::run_replaced(run, stopped));
            }
        }
        *self = Self::of(state);
        let more = news.len().saturating_sub(ONE_BY_ONE);
        news.truncate(ONE_BY_ONE);
        if more > 0 {
            news.push(text::more_jobs_ended(more));
        }
        news.append(&mut replaced);
        news
    }

    /// Of the jobs of a run, also under the name that its pipeline had before, unless another has that name now.
    fn known(&self, state: &RunsState, run: &Run) -> &[Known] {
        let former = || {
            let former = state.lines.get(&run.pipeline)?.former_name.clone()?;
            let is_free = !state.lines.contains_key(&former);
            self.0.get(&(former, run.number)).filter(|_| is_free)
        };
        let known = self.0.get(&key(run)).or_else(former);
        known.map_or(&[], Vec::as_slice)
    }
}

impl Known {
    fn of(job: &Job) -> Self {
        Self {
            past: job.past.last().map_or(0, |attempt| attempt.number),
            end: match job.state {
                JobState::Ended(conclusion) => Some((job.attempt, conclusion)),
                _ => None,
            },
        }
    }

    /// What came of the attempts that another one has followed since.
    fn followed(self, job: &Job) -> impl Iterator<Item = String> {
        let ended = job.past.iter().filter(move |attempt| {
            let end = attempt.conclusion.map(|how| (attempt.number, how));
            attempt.number > self.past && end.is_some() && end != self.end
        });
        ended.filter_map(|attempt| text::attempt_ended(job, attempt))
    }
}

fn key(run: &Run) -> (String, u64) {
    (run.pipeline.clone(), run.number)
}
