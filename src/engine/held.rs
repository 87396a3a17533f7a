//! What keeps a subject from being brought up to date, for people to look at. Nothing is decided by it.

use super::Engine;
use crate::domain::ids::{InstallationId, Subject};
use crate::github::Priority;
use chrono::{DateTime, TimeDelta, Utc};

/// Who waits for the end of a limit comes again within this time after it.
const SLACK: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Until when GitHub's limits keep one of these from being brought up to date that would be now; `None`: they don't.
    pub fn held_until(
        &self,
        installation: InstallationId,
        subjects: &[Subject],
    ) -> Option<DateTime<Utc>> {
        let held = |subject: &Subject| {
            let priority = match subject {
                Subject::Pull(_) => Priority::Urgent,
                _ => Priority::Normal,
            };
            let github = &self.shared.github;
            let until = github.used_up_until(installation, priority)?;
            let comes = self.shared.schedule.comes_before(subject, until + SLACK);
            comes.then_some(until)
        };
        subjects.iter().filter_map(held).max()
    }

    /// Since when news of a subject waits to be taken in.
    pub fn waits_since(&self, subject: &Subject) -> Option<DateTime<Utc>> {
        self.shared.schedule.waits_since(subject)
    }
}
