//! Anchors: branches of ours that hold a commit whose own branch has moved on.
//!
//! A workflow can be started on a branch only, and builds what that branch holds then. So a job is started on the branch itself
//! while that holds the run's commit (its caches and environments are the branch's), and otherwise on a branch below
//! `drawbridge/` that has the commit in its name and is there until no run needs it any more. A pull request needs one
//! where a run goes on after the next push: that of a command, and one with `concurrency: queue`.

use super::RunsState;
use crate::domain::ids::{PrNumber, RunSubject, Sha};
use crate::domain::pull::{mirror_branch, mirrored_number};
use crate::domain::run::Step;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Below it are all anchors.
pub const ANCHOR_PREFIX: &str = "drawbridge/";
const OF_PULLS: &str = "drawbridge/pull-request/";
const OF_PUSHES: &str = "drawbridge/push/";
const OF_SCHEDULES: &str = "drawbridge/schedule/";

/// What is known of an anchor on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// It may be there: it is wanted, and was perhaps created.
    Perhaps,
    /// It is there.
    There,
}

/// The name of the anchor of a commit; `None` for merge groups: GitHub makes a new branch for each.
fn name(subject: &RunSubject, sha: &Sha) -> Option<String> {
    match subject {
        RunSubject::Branch(branch) => Some(format!("{OF_PUSHES}{branch}/{sha}")),
        RunSubject::Schedule => Some(format!("{OF_SCHEDULES}{sha}")),
        RunSubject::Pull(number) => Some(format!("{OF_PULLS}{number}/{sha}")),
        RunSubject::MergeGroup(_) => None,
    }
}

/// Whose anchor a branch is by its name.
pub fn anchored_by(branch: &str) -> Option<RunSubject> {
    let is_sha = |text: &str| Sha::parse(text).is_ok();
    if let Some(sha) = branch.strip_prefix(OF_SCHEDULES) {
        return is_sha(sha).then_some(RunSubject::Schedule);
    }
    if let Some(rest) = branch.strip_prefix(OF_PULLS) {
        let (number, sha) = rest.split_once('/')?;
        let number = mirrored_number(&mirror_branch(PrNumber(number.parse().ok()?)))?;
        return is_sha(sha).then_some(RunSubject::Pull(number));
    }
    let (branch, sha) = branch.strip_prefix(OF_PUSHES)?.rsplit_once('/')?;
    is_sha(sha).then(|| RunSubject::Branch(branch.to_owned()))
}

/// Whose anchor a branch is that holds this commit. What holds another is not as we left it, and nobody's.
pub fn anchor_of(branch: &str, tip: &Sha) -> Option<RunSubject> {
    anchored_by(branch).filter(|subject| name(subject, tip).as_deref() == Some(branch))
}

impl RunsState {
    /// The commits for which workflows are about to be started on a branch that may have moved on. Where a mirror stands is
    /// known; others move theirs.
    pub fn sets_out_for(&self, now: DateTime<Utc>) -> BTreeSet<Sha> {
        let mirrored = match self.subject {
            RunSubject::Pull(_) => self.builds.last().map(|present| &present.sha),
            RunSubject::Branch(_) | RunSubject::Schedule => None,
            RunSubject::MergeGroup(_) => return BTreeSet::new(),
        };
        let runs = self
            .runs()
            .filter(|run| run.steps(now).iter().any(|step| run.starts_workflow(step)));
        let shas = runs.map(|run| &run.scene.sha);
        shas.filter(|sha| Some(*sha) != mirrored).cloned().collect()
    }

    /// None of the workflows that are to be started for a commit can be; what follows is for `settle` to say.
    pub fn refuse_workflows(&mut self, sha: &Sha, why: &str, now: DateTime<Utc>) {
        for run in self.runs_mut().filter(|run| run.scene.sha == *sha) {
            for step in run.steps(now) {
                if let Step::Start { job, .. } = step
                    && run.starts_workflow(&step)
                {
                    run.start_refused(job, why.to_owned(), now);
                }
            }
        }
    }

    /// The branch of a commit of these runs is known to have moved on: what is started for it from now on needs its anchor.
    pub fn needs_anchor(&mut self, sha: &Sha) {
        self.anchors.entry(sha.clone()).or_insert(Anchor::Perhaps);
    }

    /// All anchors, with the names of their branches.
    pub fn anchor_names(&self) -> BTreeMap<Sha, String> {
        let named = |sha: &Sha| Some((sha.clone(), name(&self.subject, sha)?));
        self.anchors.keys().filter_map(named).collect()
    }

    /// The anchors that no run needs any more, with their names.
    pub fn idle_anchors(&self) -> BTreeMap<Sha, String> {
        let needed: BTreeSet<&Sha> = self
            .runs()
            .filter(|run| !run.is_over())
            .map(|run| &run.scene.sha)
            .collect();
        let mut idle = self.anchor_names();
        idle.retain(|sha, _| !needed.contains(sha));
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_of_an_anchor_is_one() {
        let sha = "a".repeat(40);
        let push = |branch: &str| Some(RunSubject::Branch(branch.to_owned()));
        let cases = [
            (format!("drawbridge/push/main/{sha}"), push("main")),
            (
                format!("drawbridge/push/release/1.2/{sha}"),
                push("release/1.2"),
            ),
            (
                format!("drawbridge/schedule/{sha}"),
                Some(RunSubject::Schedule),
            ),
            (format!("drawbridge/schedule/main/{sha}"), None),
            (format!("drawbridge/push/{sha}"), None),
            (format!("drawbridge/push/main/{}", &sha[1..]), None),
            (
                format!("drawbridge/pull-request/7/{sha}"),
                Some(RunSubject::Pull(PrNumber(7))),
            ),
            (format!("drawbridge/pull-request/0/{sha}"), None),
            (format!("push/main/{sha}"), None),
            ("drawbridge/push/main".to_owned(), None),
            ("main".to_owned(), None),
        ];
        for (branch, expected) in cases {
            assert_eq!(anchored_by(&branch), expected, "{branch}");
        }
    }

    #[test]
    fn a_name_leads_back_to_its_subject() {
        let sha: Sha = Sha::parse(&"b".repeat(40)).expect("a SHA");
        let subjects = [
            RunSubject::Pull(PrNumber(12)),
            RunSubject::Branch("a/b".to_owned()),
            RunSubject::Schedule,
        ];
        for subject in subjects {
            let name = name(&subject, &sha).expect("it has anchors");
            assert_eq!(anchored_by(&name), Some(subject.clone()));
            assert_eq!(anchor_of(&name, &sha), Some(subject));
            let other = Sha::parse(&"c".repeat(40)).expect("a SHA");
            assert_eq!(anchor_of(&name, &other), None);
        }
    }
}
