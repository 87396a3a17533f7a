//! How a job ended, in one word.

use super::{Handle, Job, JobState, Run};

impl Job {
    /// Whether it ended well.
    pub fn passed(&self) -> bool {
        matches!(self.state, JobState::Ended(conclusion) if conclusion.passes())
    }

    /// Whether it ended otherwise, and is not started again by itself.
    pub fn failed(&self) -> bool {
        matches!(self.state, JobState::Ended(conclusion) if !conclusion.passes()) && self.is_final()
    }
}

impl Handle {
    /// Of a `workflow` job: the number of its workflow run, once that is known. From its second attempt on the handle names
    /// that, too (`123/2`): it is the same run for GitHub, and another start for us.
    pub fn workflow_run(&self) -> Option<u64> {
        let number = self
            .0
            .split_once('/')
            .map_or(self.0.as_str(), |(run, _)| run);
        number.parse().ok()
    }
}

impl Run {
    /// What a backend calls the job has become known, or is another name now.
    pub fn is_called(&mut self, job: usize, handle: Handle) {
        if let Some(named) = self.jobs.get_mut(job) {
            named.handle = Some(handle);
        }
    }
}
