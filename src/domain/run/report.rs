//! What a backend says of a job, taken in within bounds: it comes from systems we don't own and is stored and shown.

use super::{Job, JobState, Report};
use crate::domain::event::BuildStatus;
use crate::domain::printable::visible;
use chrono::{DateTime, Utc};

/// The most outputs of a job; of more, those that come first by name.
pub const MOST_OUTPUTS: usize = 50;
/// The longest output in bytes. A longer one is left out: a part of a digest would be taken for a digest.
pub const LONGEST_OUTPUT: usize = 4 << 10;
/// The longest name of an output or metric in bytes; what has a longer one, or none, is left out.
pub const LONGEST_NAME: usize = 100;
/// The most metrics of a job; only finite numbers are kept.
pub const MOST_METRICS: usize = 100;
/// The longest summary in bytes; a longer one is cut.
pub const LONGEST_SUMMARY: usize = 16 << 10;
/// The longest title in characters; a longer one is cut.
pub const LONGEST_TITLE: usize = 200;
/// The longest address in bytes; a longer one, or one that is not `https://` or `http://`, is left out.
pub const LONGEST_URL: usize = 2_000;

impl Job {
    /// Takes in a report of the latest attempt, which has not ended. Whether anything changed.
    pub(super) fn hear(&mut self, report: Report, now: DateTime<Utc>) -> bool {
        let before = self.clone();
        match (report.status, &self.state) {
            (Some(BuildStatus::Ended(conclusion)), _) => {
                self.state = JobState::Ended(conclusion);
                self.ended_at = Some(now);
                self.not_before = None;
            }
            (Some(BuildStatus::Running), _) => self.state = JobState::Active(BuildStatus::Running),
            (_, JobState::Active(BuildStatus::Running)) => {}
            _ => self.state = JobState::Active(BuildStatus::Queued),
        }
        self.trouble = None;
        self.failures = 0;
        self.report.merge(report);
        self.report.status = match self.state {
            JobState::Active(status) => Some(status),
            JobState::Ended(conclusion) => Some(BuildStatus::Ended(conclusion)),
            _ => None,
        };
        before != *self
    }
}

impl Report {
    /// Takes over what a newer report says, within the bounds; what it does not speak of stays.
    pub fn merge(&mut self, newer: Report) {
        let web = |url: &String| {
            let scheme = url.starts_with("https://") || url.starts_with("http://");
            scheme
                && url.len() <= LONGEST_URL
                && !url.contains(|c: char| c.is_control() || c == ' ')
        };
        let named = |name: &str| !name.is_empty() && name.len() <= LONGEST_NAME;
        self.url = newer.url.filter(web).or(self.url.take());
        if let Some(title) = newer.title {
            self.title = Some(visible(&title).chars().take(LONGEST_TITLE).collect());
        }
        if let Some(mut summary) = newer.summary {
            let mut end = summary.len().min(LONGEST_SUMMARY);
            while !summary.is_char_boundary(end) {
                end -= 1;
            }
            summary.truncate(end);
            self.summary = Some(summary);
        }
        for (name, value) in newer.outputs {
            let room = self.outputs.len() < MOST_OUTPUTS || self.outputs.contains_key(&name);
            if room && named(&name) && value.len() <= LONGEST_OUTPUT {
                self.outputs.insert(name, value);
            }
        }
        for (name, value) in newer.metrics {
            let room = self.metrics.len() < MOST_METRICS || self.metrics.contains_key(&name);
            if room && named(&name) && value.is_finite() {
                self.metrics.insert(name, value);
            }
        }
    }
}
