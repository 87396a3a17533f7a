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

impl Job {
    /// Whether it has ended, and its workflow run is at a later attempt.
    pub fn is_before(&self, attempt: u64) -> bool {
        let handle = self.handle.as_ref();
        matches!(self.state, JobState::Ended(_))
            && handle.is_some_and(|handle| handle.workflow_attempt() < attempt)
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

    /// The attempt of that workflow run which is meant.
    pub fn workflow_attempt(&self) -> u64 {
        let named = self.0.split_once('/');
        named
            .and_then(|(_, attempt)| attempt.parse().ok())
            .unwrap_or(1)
    }

    /// An attempt of a workflow run.
    pub fn of_workflow_run(id: u64, attempt: u64) -> Self {
        Self(match attempt {
            0 | 1 => id.to_string(),
            later => format!("{id}/{later}"),
        })
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
