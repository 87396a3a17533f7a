//! `check` jobs: what others report for the run's commit on its branch.
//!
//! Such a job stands as the builds that count for it say, each time they are looked at: failed as soon as one has failed,
//! passed when all have and GitHub was asked whether there are others. So it may run again after it ended, because
//! somebody ran a build again. Only if we ended it (time limit, `/cancel`) does it take a build that began after that.

use super::{Job, JobState, Run};
use crate::domain::event::{Build, BuildId, BuildStatus, Conclusion};
use crate::domain::pipeline::BackendSpec;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The most builds that are kept for one job; of more, those that have not passed first.
const MOST_OBSERVED: usize = 300;

/// Which builds are of one kind: only the newest of them counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Workflow(u64, String),
    CheckRun(String, Option<String>, Option<String>),
    Status(String),
    Itself(BuildId),
}

impl Identity {
    fn of(build: &Build) -> Self {
        match (&build.id, &build.workflow) {
            (_, Some(workflow)) => Self::Workflow(workflow.id, workflow.event.clone()),
            // Two workflows may have jobs of one name; where the workflow is not known, that is a kind of its own.
            (BuildId::CheckRun(_), None) => Self::CheckRun(
                build.name.clone(),
                build.workflow_name.clone(),
                build.app.clone(),
            ),
            (BuildId::Status(_), None) => Self::Status(build.name.clone()),
            (id, None) => Self::Itself(*id),
        }
    }
}

impl Run {
    /// Builds of exactly the run's commit on its branch: all there are, if `confirmed`, or some. Our own checks are not
    /// among them, and what our jobs have dispatched does not count, whichever run they are of.
    pub fn observed(&mut self, builds: &[Build], confirmed: bool, now: DateTime<Utc>) {
        if !self.counts() {
            return;
        }
        let gates: HashSet<&str> = self.gates.iter().map(|gate| gate.name.as_str()).collect();
        let candidates: Vec<Candidate<'_>> = builds
            .iter()
            .filter(|build| !build.dispatched && !is_gate(build, &gates))
            .map(Candidate::new)
            .collect();
        for job in self.jobs.iter_mut().filter(|job| job.is_check()) {
            let counting: Vec<&Build> = candidates
                .iter()
                .filter(|candidate| candidate.counts_for(job, self.implied))
                .map(|candidate| candidate.build)
                .collect();
            if counting.is_empty() && !confirmed {
                continue;
            }
            let anew = job.take_in(&counting);
            if anew && job.stopped.is_some() && matches!(job.state, JobState::Ended(_)) {
                job.stopped = None;
                job.goes_on(BuildStatus::Queued, now);
            }
            job.settle(confirmed, now);
            job.bound_observed();
        }
    }

    /// Whether GitHub has to be asked for builds from time to time: a `check` job waits for them.
    pub fn watches(&self) -> bool {
        self.counts()
            && self
                .jobs
                .iter()
                .any(|job| job.is_check() && matches!(job.state, JobState::Active(_)))
    }

    /// Whether GitHub has to be asked for all builds now: of a `check` job all that are known have passed, and it was not
    /// yet asked whether there are others.
    pub fn is_unsure(&self) -> bool {
        let unsure = |job: &Job| {
            matches!(job.state, JobState::Active(_))
                && !job.observed.is_empty()
                && job.verdict(true) == BuildStatus::Ended(Conclusion::Success)
        };
        self.counts() && self.jobs.iter().any(|job| job.is_check() && unsure(job))
    }
}

/// A gate never waits for itself.
fn is_gate(build: &Build, gates: &HashSet<&str>) -> bool {
    matches!(build.id, BuildId::CheckRun(_) | BuildId::Status(_))
        && gates.contains(build.name.as_str())
}

/// A build, and by which other name it is known.
struct Candidate<'a> {
    build: &'a Build,
    in_workflow: Option<String>,
}

impl<'a> Candidate<'a> {
    fn new(build: &'a Build) -> Self {
        let workflow = build.workflow_name.as_ref();
        let in_workflow = workflow
            .filter(|_| matches!(build.id, BuildId::CheckRun(_)))
            .map(|workflow| format!("{workflow} / {}", build.name));
        Self { build, in_workflow }
    }

    fn counts_for(&self, job: &Job, implied: bool) -> bool {
        let BackendSpec::Check { pattern, app } = &job.spec.backend else {
            return false;
        };
        if implied {
            return matches!(
                self.build.id,
                BuildId::WorkflowRun(_) | BuildId::CheckSuite(_)
            );
        }
        let matches = |name: &String| super::matches_name(pattern, name);
        (app.is_none() || *app == self.build.app)
            && (matches(&self.build.name) || self.in_workflow.as_ref().is_some_and(matches))
    }
}

impl Job {
    /// Takes in builds that count. Whether one of them began after what is known of its kind.
    fn take_in(&mut self, builds: &[&Build]) -> bool {
        let mut known: HashMap<BuildId, Build> =
            self.observed.drain(..).map(|b| (b.id, b)).collect();
        let mut newest: BTreeMap<Identity, BuildId> = BTreeMap::new();
        for build in known.values() {
            let newest = newest.entry(Identity::of(build)).or_insert(build.id);
            *newest = build.id.max(*newest);
        }
        let (before, mut anew) = (newest.clone(), false);
        for build in builds {
            let mut build = (*build).clone();
            if let Some(before) = known.get(&build.id) {
                if before.updated_at > build.updated_at {
                    continue;
                }
                // A delivery does not say to which workflow a check run belongs; a list does.
                build.workflow_name = build.workflow_name.or(before.workflow_name.clone());
                let ended = matches!(before.status, BuildStatus::Ended(_));
                anew |= ended && before.status != build.status;
            }
            let identity = Identity::of(&build);
            anew |= before.get(&identity).is_some_and(|id| build.id > *id);
            let newest = newest.entry(identity).or_insert(build.id);
            *newest = build.id.max(*newest);
            known.insert(build.id, build);
        }
        let newest: HashSet<BuildId> = newest.into_values().collect();
        self.observed = known
            .into_values()
            .filter(|build| newest.contains(&build.id))
            .collect();
        self.observed
            .sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        anew
    }

    /// What the observed builds say together.
    fn verdict(&self, confirmed: bool) -> BuildStatus {
        let set_aside: HashMap<BuildId, DateTime<Utc>> = self.set_aside.iter().copied().collect();
        let is_waited_for = |build: &Build| {
            let since = set_aside.get(&build.id);
            since.is_some_and(|since| build.updated_at <= *since)
        };
        let (mut worst, mut all_ended) = (None, true);
        for build in &self.observed {
            match build.status {
                BuildStatus::Ended(conclusion) if !is_waited_for(build) => {
                    if !conclusion.passes() {
                        worst = worst.max(Some((gravity(conclusion), conclusion.as_str())));
                    }
                }
                _ => all_ended = false,
            }
        }
        match worst {
            Some((_, conclusion)) => BuildStatus::Ended(Conclusion::from_word(conclusion)),
            None if self.observed.is_empty() => BuildStatus::Queued,
            None if all_ended && confirmed => BuildStatus::Ended(Conclusion::Success),
            None => BuildStatus::Running,
        }
    }

    /// A `check` job that is under way, or was ended by what it observes, stands as that says now. Success, once
    /// confirmed, stays while everything passes.
    pub(super) fn settle(&mut self, confirmed: bool, now: DateTime<Utc>) {
        let open = match self.state {
            JobState::Active(_) => true,
            JobState::Ended(_) => self.stopped.is_none(),
            _ => false,
        };
        if !open || !self.is_check() {
            return;
        }
        let was_confirmed = self.state == JobState::Ended(Conclusion::Success);
        match self.verdict(confirmed || was_confirmed) {
            BuildStatus::Ended(conclusion) => {
                let ended = JobState::Ended(conclusion);
                if self.state != ended {
                    self.state = ended;
                    self.ended_at = Some(now);
                }
            }
            status => self.goes_on(status, now),
        }
    }

    /// It runs (again): its time begins anew if it had ended.
    fn goes_on(&mut self, status: BuildStatus, now: DateTime<Utc>) {
        if !matches!(self.state, JobState::Active(_)) {
            self.started_at = Some(now);
            self.ended_at = None;
            self.felled = false;
        }
        self.state = JobState::Active(status);
    }

    /// Before a rerun: what has failed is waited for until it changes.
    pub(super) fn set_aside_failures(&mut self) {
        let failed = |build: &&Build| matches!(build.status, BuildStatus::Ended(c) if !c.passes());
        self.set_aside = self
            .observed
            .iter()
            .filter(failed)
            .map(|build| (build.id, build.updated_at))
            .collect();
    }

    fn bound_observed(&mut self) {
        if self.observed.len() <= MOST_OBSERVED {
            return;
        }
        self.observed.sort_by_key(|build| match build.status {
            BuildStatus::Ended(conclusion) if conclusion.passes() => 2,
            BuildStatus::Ended(_) => 0,
            _ => 1,
        });
        self.observed.truncate(MOST_OBSERVED);
        self.observed
            .sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    }
}

/// Of several that did not pass, what the job is said to have ended as: rather a failure of the change than one of
/// the infrastructure, which would be retried in vain.
fn gravity(conclusion: Conclusion) -> u8 {
    match conclusion {
        Conclusion::Failure => 6,
        Conclusion::ActionRequired => 5,
        Conclusion::Cancelled => 4,
        Conclusion::TimedOut => 3,
        Conclusion::StartupFailure => 2,
        Conclusion::Stale => 1,
        Conclusion::Success | Conclusion::Neutral | Conclusion::Skipped => 0,
    }
}
