//! Which jobs have ended since the last look, for the history: each end is told once.

use super::RunsState;
use crate::domain::event::Conclusion;
use crate::domain::run::{Job, JobState, Run, Stop};
use crate::domain::text;
use std::collections::BTreeMap;

/// So many are told one by one.
const ONE_BY_ONE: usize = 50;

/// How a job ended: its attempt, and what came of it. `None`: it has not.
type End = Option<(u32, Conclusion)>;

/// The ends of jobs that are known, by the pipeline and number of their run. What the implied pipeline observes is told by its gate.
#[derive(Debug, Default)]
pub struct Ends(BTreeMap<(String, u64), Vec<End>>);

impl Ends {
    /// All that have ended so far are known.
    pub fn of(state: &RunsState) -> Self {
        let mut ends = Self::default();
        ends.news(state);
        ends
    }

    /// Those that have ended since, in words; what was stopped with its run in one line for all.
    pub fn news(&mut self, state: &RunsState) -> Vec<String> {
        let known = std::mem::take(&mut self.0);
        let (mut news, mut more) = (Vec::new(), 0);
        for run in state.runs().filter(|run| !run.implied) {
            let key = (run.pipeline.clone(), run.number);
            let present: Vec<End> = run.jobs.iter().map(end).collect();
            let before = known.get(&key).or_else(|| {
                let former = former_name(state, run)?;
                known.get(&(former.clone(), run.number))
            });
            let before = before.map_or(&[][..], Vec::as_slice);
            let mut stopped = 0;
            for (at, job) in run.jobs.iter().enumerate() {
                match present[at] {
                    None => {}
                    end if before.get(at) == Some(&end) => {}
                    Some(_) if job.stopped == Some(Stop::Superseded) => stopped += 1,
                    Some(_) if news.len() < ONE_BY_ONE => news.push(text::job_ended(job)),
                    Some(_) => more += 1,
                }
            }
            if stopped > 0 {
                news.push(text::run_replaced(run, stopped));
            }
            self.0.insert(key, present);
        }
        if more > 0 {
            news.push(text::more_jobs_ended(more));
        }
        news
    }
}

/// What the pipeline of a run was called before, unless another is called so now.
fn former_name<'a>(state: &'a RunsState, run: &Run) -> Option<&'a String> {
    let former = state.lines.get(&run.pipeline)?.former_name.as_ref()?;
    (!state.lines.contains_key(former)).then_some(former)
}

fn end(job: &Job) -> End {
    match job.state {
        JobState::Ended(conclusion) => Some((job.attempt, conclusion)),
        _ => None,
    }
}
