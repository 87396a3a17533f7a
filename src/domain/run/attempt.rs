//! The attempts of a job that are over, for people to look back at. Nothing is decided by them.

use super::{Handle, Job, JobState};
use crate::domain::event::Conclusion;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// So many are kept of a job.
const KEPT: usize = 20;

/// An attempt that another one followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which start it was, from 1.
    pub number: u32,
    /// What the backend called it, if it ever had it.
    pub handle: Option<Handle>,
    /// How it ended; `None`: it was left before.
    pub conclusion: Option<Conclusion>,
    /// Where people can read more.
    pub url: Option<String>,
    /// When it was started.
    pub began: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
}

impl Job {
    /// Notes how the latest attempt went, before that is forgotten.
    pub(super) fn remember_attempt(&mut self) {
        let Some(began) = self.started_at else {
            return;
        };
        self.past.push(Attempt {
            number: self.attempt,
            handle: self.handle.clone(),
            conclusion: match self.state {
                JobState::Ended(conclusion) => Some(conclusion),
                _ => None,
            },
            url: self.report.url.clone(),
            began,
            ended: self.ended_at,
        });
        let surplus = self.past.len().saturating_sub(KEPT);
        self.past.drain(..surplus);
    }
}
