//! What others build for a commit on a branch, as deliveries and lists tell it.

use crate::domain::event::{Build, BuildId};
use crate::domain::ids::Sha;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// More builds of one commit than this are not kept.
const KEPT: usize = 1_000;

/// The builds of one commit on one branch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Builds {
    /// The commit; `None`: none is built.
    pub sha: Option<Sha>,
    /// Which stand of the branch: it can come back to a commit it held before, and then the builds from before don't
    /// count.
    pub stand: u64,
    /// What is known of them.
    pub list: Vec<Build>,
    /// Whether `list` was read from GitHub after the last of them ended.
    pub confirmed: bool,
    /// Whether they have to be read in any case.
    pub read: bool,
    /// Workflow runs up to this number belong to an earlier stand.
    pub runs_before: u64,
    /// Since when the branch holds the commit.
    pub since: Option<DateTime<Utc>>,
}

impl Builds {
    /// The branch holds `sha` now; a new stand begins if it did not, or if it was elsewhere in between.
    /// Whether one does.
    pub fn stand_at(&mut self, sha: &Sha, stand: u64, now: DateTime<Utc>) -> bool {
        if self.sha.as_ref() == Some(sha) && self.stand == stand {
            return false;
        }
        let newest = self.list.iter().filter_map(|build| match build.id {
            BuildId::WorkflowRun(id) => Some(id),
            _ => None,
        });
        let runs_before = newest.max().unwrap_or(0).max(self.runs_before);
        *self = Self {
            sha: Some(sha.clone()),
            stand,
            runs_before,
            since: Some(now),
            ..Self::default()
        };
        true
    }

    /// One build changed. Late news never replaces newer.
    pub fn changed(&mut self, sha: &Sha, build: &Build) {
        if self.sha.as_ref() != Some(sha) || !self.counts(build) {
            return;
        }
        if self.take_in(build.clone()) {
            self.confirmed = false;
        }
    }

    /// They were read. What a delivery said later than the list counts more.
    pub fn are(&mut self, listed: Vec<Build>) {
        for build in listed {
            if self.counts(&build) {
                self.take_in(build);
            }
        }
        self.list
            .sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        self.confirmed = true;
        self.read = false;
    }

    /// Whether it is news.
    fn take_in(&mut self, build: Build) -> bool {
        let full = self.list.len() >= KEPT;
        match self.list.iter_mut().find(|known| known.id == build.id) {
            Some(known) if known.updated_at > build.updated_at => return false,
            Some(known) => *known = build,
            None if full => return false,
            None => self.list.push(build),
        }
        true
    }

    /// They are to be read again, whatever is known.
    pub fn look_again(&mut self) {
        self.confirmed = false;
        self.read = true;
    }

    fn counts(&self, build: &Build) -> bool {
        match build.id {
            BuildId::WorkflowRun(id) => id > self.runs_before,
            _ => true,
        }
    }
}
