//! The runs of all pipelines for one subject: what is wanted of them, and how they stand.
//!
//! A pull request's own record says what it wants built (`PullState::wanted_runs`); the other subjects say it by
//! deliveries and by the clock. `want` turns a wish into a run, a revision of one, or nothing.

mod anchor;
mod builds;
mod ends;
mod follow;
mod orders;
mod subject;
mod want;

pub use anchor::{ANCHOR_PREFIX, Anchor, anchor_of, anchored_by};
pub use builds::Builds;
pub use ends::Ends;
pub use orders::{Order, OrderKind};
pub use subject::MERGE_QUEUE;
pub use want::{Repeat, Wish};

use super::event::{Account, Build, BuildId, BuildStatus, Button, Event, MergeGroupChange};
use super::gate::HeadState;
use super::ids::{Repo, RunSubject, Sha};
use super::pipeline::BackendSpec;
use super::run::{Handle, Job, JobRef, JobState, Report, Run};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// So many people may press *Re-run* before the first of them was looked at.
const MOST_PRESSED: usize = 20;

/// The record of one subject's runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunsState {
    /// Where.
    pub repo: Repo,
    /// For what.
    pub subject: RunSubject,
    /// The runs of each pipeline, by its name.
    pub lines: BTreeMap<String, Line>,
    /// What others build, for each commit that a run looks at; the last is where the branch stands now.
    pub builds: Vec<Builds>,
    /// Workflow runs up to this number belong to stands that are forgotten.
    pub oldest_run: u64,
    /// The number of the stand that is to come or has come last, and the newest workflow run that was known when it was
    /// first heard of.
    #[serde(default)]
    pub left: (u64, u64),
    /// What a merge group or a pushed branch is, as far as deliveries tell.
    pub told: Option<Told>,
    /// The anchors of commits whose branch has moved on, as far as they may be on GitHub.
    #[serde(default)]
    pub anchors: BTreeMap<Sha, Anchor>,
    /// Who pressed *Re-run* on a gate of these runs and has to be looked at.
    #[serde(default)]
    pub pressed: Vec<Account>,
    /// The highest number of an order that was taken.
    pub orders_taken: u64,
    /// How often the pull request had been looked at again when the builds were last read for it.
    pub looks_taken: u64,
    /// Whether GitHub has to be asked before anything is decided.
    pub stale: bool,
    /// What stands in the way, for people.
    pub trouble: Option<String>,
    /// How often in a row that was so.
    pub failures: u32,
}

/// The runs of one pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The number of its newest run; 0: there was none.
    pub newest: u64,
    /// Oldest first: those that still have something to cancel, the present one, and perhaps one that waits for it.
    pub runs: Vec<Run>,
    /// The name its pipeline had before: jobs that were started then report under it.
    pub former_name: Option<String>,
    /// Of a schedule: the latest tick that was acted on, or when the schedule was first seen.
    pub ticked: Option<DateTime<Utc>>,
}

/// What deliveries say of a merge group or a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its commit.
    pub sha: Sha,
    /// What it is compared with.
    pub before: Option<Sha>,
    /// The branch a merge group is for; otherwise the branch itself.
    pub base_branch: String,
    /// Whether it is gone, as far as a delivery says, which may be an old one that was sent again.
    pub gone: bool,
}

impl Line {
    /// The runs that count, newest first: the present one, and those before it that it did not supersede.
    pub fn shown(&self) -> impl Iterator<Item = &Run> {
        self.runs
            .iter()
            .rev()
            .filter(|run| run.counts() && !run.queued)
    }

    /// The newest of them.
    pub fn current(&self) -> Option<&Run> {
        self.shown().next()
    }

    /// The runs that have something to say at their commits: those shown, and one that waits at another commit.
    pub fn speaking(&self) -> impl Iterator<Item = &Run> {
        let waiting = self.runs.iter().rev().find(|run| {
            let elsewhere = self.shown().all(|shown| shown.scene.sha != run.scene.sha);
            run.counts() && run.queued && elsewhere
        });
        // Of two runs for one commit the newer counts.
        let mut said = BTreeSet::new();
        let speaking = self.shown().chain(waiting);
        speaking.filter(move |run| said.insert(run.scene.sha.clone()))
    }
}

impl RunsState {
    /// A subject without runs.
    pub fn new(repo: Repo, subject: RunSubject) -> Self {
        Self {
            repo,
            subject,
            lines: BTreeMap::new(),
            builds: Vec::new(),
            oldest_run: 0,
            left: (0, 0),
            told: None,
            anchors: BTreeMap::new(),
            pressed: Vec::new(),
            orders_taken: 0,
            looks_taken: 0,
            stale: true,
            trouble: None,
            failures: 0,
        }
    }

    /// All runs, of all pipelines.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.lines.values().flat_map(|line| &line.runs)
    }

    /// All runs, of all pipelines.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.lines.values_mut().flat_map(|line| &mut line.runs)
    }

    /// The commits at which its gates stand.
    pub fn shas(&self) -> BTreeSet<Sha> {
        let speaking = self.lines.values().flat_map(Line::speaking);
        speaking.map(|run| run.scene.sha.clone()).collect()
    }

    /// Whether nothing has to be remembered: no pipeline ever ran here, and none is about to.
    pub fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.anchors.is_empty() && !self.stale
    }

    /// What was read of the builds, without what we report ourselves: our statuses can't be told from others' but by
    /// their names. `head`: what was published at the commit.
    pub fn builds_are(&mut self, sha: &Sha, mut listed: Vec<Build>, head: Option<&HeadState>) {
        let mut own: BTreeSet<&str> = self
            .runs()
            .flat_map(|run| &run.gates)
            .map(|gate| gate.name.as_str())
            .collect();
        let published = head.iter().flat_map(|head| &head.gates);
        own.extend(published.map(|gate| gate.name.name.as_str()));
        let is_own = |build: &Build| {
            matches!(build.id, BuildId::Status(_)) && own.contains(build.name.as_str())
        };
        listed.retain(|build| !is_own(build));
        if let Some(builds) = self.builds_of(sha) {
            builds.are(listed);
        }
    }

    /// Whether a job asks for check runs or commit statuses by name, and not only for builds as a whole.
    pub fn follows_reports(&self) -> bool {
        self.runs().any(|run| {
            !run.implied
                && run
                    .jobs
                    .iter()
                    .any(|job| matches!(job.spec.backend, BackendSpec::Check { .. }))
        })
    }

    /// Takes in an event that was routed here.
    pub fn intake(&mut self, event: &Event, now: DateTime<Utc>) {
        match event {
            Event::BuildChanged {
                repo,
                sha,
                build,
                branch,
            } => {
                self.repo = repo.clone();
                if branch.is_some()
                    && *branch == self.branch()
                    && let Some(builds) = self.builds_of(sha)
                {
                    builds.changed(build);
                }
                self.workflow_run_changed(sha, build, now);
            }
            Event::JobReported { job, report } => {
                if let Some((run, at)) = self.job(job) {
                    run.reported(at, job.attempt, report.clone(), now);
                }
            }
            Event::JobChanged { job } => {
                if let Some((run, at)) = self.job(job) {
                    run.poll_at(at, now);
                }
            }
            Event::MergeGroup {
                repo,
                sha,
                base_branch,
                base_sha,
                change,
                ..
            } => {
                self.repo = repo.clone();
                let gone = *change == MergeGroupChange::Gone;
                match &mut self.told {
                    Some(told) if told.sha == *sha => told.gone |= gone,
                    // The end of an earlier group says nothing of the one that has its branch now.
                    Some(_) if gone => {}
                    _ => {
                        self.told = Some(Told {
                            sha: sha.clone(),
                            before: Some(base_sha.clone()),
                            base_branch: base_branch.clone(),
                            gone,
                        });
                    }
                }
                self.stale = true;
            }
            Event::BranchPushed {
                repo,
                branch,
                after,
                before,
                ..
            } => {
                self.repo = repo.clone();
                let gone = after.is_none();
                if let Some(sha) = after.clone().or_else(|| before.clone()) {
                    self.told = Some(Told {
                        sha,
                        before: before.clone(),
                        base_branch: branch.clone(),
                        gone,
                    });
                }
                self.stale = true;
            }
            Event::AnchorFound { repo, sha, .. } => {
                self.repo = repo.clone();
                // Of whom nothing is known nothing is wanted: a branch that was left behind is no push.
                self.stale &= self.told.is_some() || !self.lines.is_empty();
                self.anchors.entry(sha.clone()).or_insert(Anchor::Perhaps);
            }
            // For a pull request its own record takes it, and gives an order.
            Event::GatePressed {
                button: Button::Rerun,
                sender,
                ..
            } if !matches!(self.subject, RunSubject::Pull(_))
                && self.pressed.len() < MOST_PRESSED =>
            {
                self.pressed.push(sender.clone());
            }
            _ => {}
        }
    }

    /// Runs again what failed.
    pub fn retest(&mut self) {
        for run in self.runs_mut().filter(|run| run.counts()) {
            run.retest(&[]);
        }
    }

    /// The branch whose builds are followed, once it is known.
    pub fn branch(&self) -> Option<String> {
        match &self.subject {
            RunSubject::Pull(number) => Some(super::pull::mirror_branch(*number)),
            RunSubject::MergeGroup(branch) | RunSubject::Branch(branch) => Some(branch.clone()),
            RunSubject::Schedule => Some(self.repo.default_branch.clone()),
        }
    }

    /// The job that a report names, and its run.
    fn job(&mut self, named: &JobRef) -> Option<(&mut Run, usize)> {
        let lines = self.lines.iter_mut().filter(|(name, line)| {
            **name == named.pipeline || line.former_name.as_ref() == Some(&named.pipeline)
        });
        let mut runs = lines.flat_map(|(_, line)| &mut line.runs);
        let run = runs.find(|run| run.number == named.run && run.created_at == named.since)?;
        let at = run.jobs.iter().position(|job| job.spec.name == named.job)?;
        Some((run, at))
    }

    /// A workflow run has news; one of our jobs may have started it.
    fn workflow_run_changed(&mut self, sha: &Sha, build: &Build, now: DateTime<Utc>) {
        let BuildId::WorkflowRun(id) = build.id else {
            return;
        };
        for run in self.runs_mut() {
            match run.job_of_workflow_run(id) {
                // Its branch had moved on when it began, so it builds another commit: what that means is found by asking.
                Some(job) if run.scene.sha != *sha => run.poll_at(job, now),
                None if run.scene.sha != *sha => {}
                Some(job) if run.jobs[job].is_before(build.attempt) => {
                    let again = Handle::of_workflow_run(id, build.attempt);
                    run.run_again_elsewhere(job, again, now);
                }
                // Of a run that was run again, the news may be of an earlier attempt: it is asked for.
                Some(job) if run.jobs[job].attempt > 1 => run.poll_at(job, now),
                // What it gives to others is not in the delivery.
                Some(job)
                    if matches!(build.status, BuildStatus::Ended(end) if end.passes())
                        && !run.wanted_outputs(job).is_empty() =>
                {
                    run.poll_at(job, now);
                }
                Some(job) => {
                    let report = Report {
                        status: Some(build.status),
                        url: build.url.clone(),
                        ..Report::default()
                    };
                    run.reported(job, 1, report, now);
                }
                None => look_for_unknown(run, now),
            }
        }
    }
}

/// Jobs whose workflow run is not known yet (a server that does not tell it) are asked for now: this may be theirs.
fn look_for_unknown(run: &mut Run, now: DateTime<Utc>) {
    let unknown = |job: &Job| {
        matches!(job.spec.backend, BackendSpec::Workflow(_))
            && matches!(job.state, JobState::Active(_))
            && job
                .handle
                .as_ref()
                .is_none_or(|handle| handle.workflow_run().is_none())
    };
    for at in 0..run.jobs.len() {
        if unknown(&run.jobs[at]) {
            run.poll_at(at, now);
        }
    }
}

#[cfg(test)]
mod tests;
