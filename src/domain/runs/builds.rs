//! What others build for a commit on a branch, as deliveries and lists tell it.

use super::RunsState;
use crate::domain::event::{Build, BuildId};
use crate::domain::ids::Sha;
use crate::domain::pull::Stand;
use crate::domain::run::Run;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// More builds of one commit than this are not kept.
const KEPT: usize = 1_000;

/// GitHub's clock and ours are never that far apart; nothing is forgotten sooner.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::hours(1);

/// The builds of one commit on one branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Builds {
    /// The commit.
    pub sha: Sha,
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
    pub since: DateTime<Utc>,
    /// How often the branch was elsewhere until then.
    #[serde(default)]
    pub moves: u64,
    /// When we put the branch there; `None`: it was found there.
    #[serde(default)]
    pub moved_at: Option<DateTime<Utc>>,
    /// When they were last to be read because of the time alone.
    #[serde(default)]
    pub asked_at: Option<DateTime<Utc>>,
}

impl Builds {
    /// The branch holds `sha` since `now`; what was `before` does not count.
    fn new(sha: Sha, stand: Stand, runs_before: u64, now: DateTime<Utc>) -> Self {
        Self {
            sha,
            stand: stand.number,
            moves: stand.moves,
            moved_at: stand.moved_at,
            list: Vec::new(),
            confirmed: false,
            read: false,
            runs_before,
            since: now,
            asked_at: None,
        }
    }

    /// The newest workflow run that is known.
    fn newest_run(&self) -> u64 {
        let runs = self.list.iter().filter_map(|build| match build.id {
            BuildId::WorkflowRun(id) => Some(id),
            _ => None,
        });
        runs.max().unwrap_or(0).max(self.runs_before)
    }

    /// One build changed. Late news never replaces newer.
    pub fn changed(&mut self, build: &Build) {
        if self.counts(build) && self.take_in(build.clone()) {
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
        // A list that has no room for all is not the whole of it.
        self.confirmed = self.list.len() < KEPT;
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

    fn next_reading(&self, shortest: TimeDelta) -> DateTime<Utc> {
        let last = self.asked_at.unwrap_or(self.since);
        let longest = TimeDelta::days(1).max(shortest);
        last + ((last - self.since) / 2).clamp(shortest, longest)
    }

    fn counts(&self, build: &Build) -> bool {
        match build.id {
            BuildId::WorkflowRun(id) => id > self.runs_before && !self.is_long_over(build),
            _ => true,
        }
    }

    /// Whether it ended before the branch was put there. Records are forgotten once their pull request was closed for long, and
    /// with them which runs were of which stand.
    fn is_long_over(&self, build: &Build) -> bool {
        let moved_at = self.moved_at.map(|at| at - CLOCKS_DIFFER);
        moved_at.is_some_and(|at| build.updated_at < at)
    }
}

impl RunsState {
    /// The branch holds `sha` now. A new stand begins if it did not, or if it was elsewhere in between; whether one
    /// does.
    pub fn stand_at(&mut self, sha: &Sha, stand: Stand, now: DateTime<Utc>) -> bool {
        if let Some(present) = self.builds.last_mut()
            && present.sha == *sha
        {
            if present.stand == stand.number {
                present.moves = stand.moves;
                return false;
            }
            // It was wanted elsewhere, but never went there: no build begins that has not begun.
            if present.moves == stand.moves {
                present.stand = stand.number;
                present.look_again();
                return false;
            }
        }
        let runs_before = match self.left {
            (number, newest) if number == stand.number && number > 0 => newest,
            _ => self.newest_run(),
        };
        self.builds.retain(|builds| builds.sha != *sha);
        let new = Builds::new(sha.clone(), stand, runs_before, now);
        self.builds.push(new);
        true
    }

    /// The branch is about to stand anew. Which workflow runs are known by now is noted before any news of one that the
    /// new stand starts is taken in: nothing else tells those of before from those of after.
    pub fn is_to_stand(&mut self, stand: u64) {
        if stand > self.left.0 {
            self.left = (stand, self.newest_run());
        }
    }

    fn newest_run(&self) -> u64 {
        let newest = self.builds.iter().map(Builds::newest_run).max();
        newest.unwrap_or(0).max(self.oldest_run)
    }

    /// The same for a branch that is not ours: what was built before we looked is asked for.
    pub fn stands_at(&mut self, sha: &Sha, now: DateTime<Utc>) {
        if self.stand_at(sha, Stand::default(), now) {
            self.read_builds();
        }
    }

    /// The builds of the present stand are to be read again.
    pub fn read_builds(&mut self) {
        if let Some(present) = self.builds.last_mut() {
            present.look_again();
        }
    }

    /// The builds of a commit.
    pub fn builds_of(&mut self, sha: &Sha) -> Option<&mut Builds> {
        self.builds.iter_mut().find(|builds| builds.sha == *sha)
    }

    /// When builds that a job waits for are to be read although nothing is heard of them, in case a delivery was lost:
    /// after `shortest`, and more seldom the longer the branch has stood, at least once a day.
    pub fn next_reading(&self, shortest: TimeDelta) -> Option<DateTime<Utc>> {
        let watched = self.builds.iter().filter(|builds| self.is_watched(builds));
        watched.map(|builds| builds.next_reading(shortest)).min()
    }

    /// Has the builds read whose time it is.
    pub fn read_what_is_due(&mut self, shortest: TimeDelta, now: DateTime<Utc>) {
        let due = |builds: &Builds| builds.next_reading(shortest) <= now && self.is_watched(builds);
        let due: Vec<bool> = self.builds.iter().map(due).collect();
        for (builds, due) in self.builds.iter_mut().zip(due) {
            if due {
                builds.look_again();
                builds.asked_at = Some(now);
            }
        }
    }

    fn is_watched(&self, builds: &Builds) -> bool {
        self.runs_for(builds).any(Run::watches)
    }

    /// A commit whose builds have to be asked for now: success is published only after GitHub was asked whether there
    /// are other builds.
    pub fn must_read(&self) -> Option<&Sha> {
        let must = |builds: &&Builds| {
            let unsure = !builds.confirmed && self.runs_for(builds).any(Run::is_unsure);
            unsure || (builds.read && self.runs_for(builds).any(Run::watches))
        };
        self.builds.iter().find(must).map(|builds| &builds.sha)
    }

    /// Drops the builds that no run looks at any more, but the present ones.
    pub(super) fn tidy_builds(&mut self) {
        let Some(present) = self.builds.pop() else {
            return;
        };
        let stands = std::mem::take(&mut self.builds);
        let (kept, gone): (Vec<_>, Vec<_>) = stands
            .into_iter()
            .partition(|builds| self.runs_for(builds).any(|run| !run.is_over()));
        self.builds = kept;
        let runs_before = gone.iter().map(Builds::newest_run).max().unwrap_or(0);
        self.builds.push(present);
        self.oldest_run = self.oldest_run.max(runs_before);
    }

    fn runs_for<'a>(&'a self, builds: &'a Builds) -> impl Iterator<Item = &'a Run> {
        self.runs()
            .filter(move |run| run.counts() && !run.queued && run.scene.sha == builds.sha)
    }
}
