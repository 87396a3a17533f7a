//! Anchors: branches of ours that hold a commit whose own branch has moved on.
//!
//! A workflow can be started on a branch only, and builds what that branch holds then. So a job of a push or a schedule is started
//! on the branch itself while that holds the run's commit (its caches and environments are the branch's), and otherwise
//! on `drawbridge/push/BRANCH/SHA` or `drawbridge/schedule/SHA`, which is there until no run needs it any more.

use super::RunsState;
use crate::domain::ids::{RunSubject, Sha};
use crate::domain::run::Step;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// The name of the anchor of a commit; `None` for subjects whose branch is ours or GitHub's own and does not move on.
fn name(subject: &RunSubject, sha: &Sha) -> Option<String> {
    match subject {
        RunSubject::Branch(branch) => Some(format!("{OF_PUSHES}{branch}/{sha}")),
        RunSubject::Schedule => Some(format!("{OF_SCHEDULES}{sha}")),
        RunSubject::Pull(_) | RunSubject::MergeGroup(_) => None,
    }
}

/// Whose anchor a branch is by its name.
pub fn anchored_by(branch: &str) -> Option<RunSubject> {
    let is_sha = |text: &str| Sha::parse(text).is_ok();
    if let Some(sha) = branch.strip_prefix(OF_SCHEDULES) {
        return is_sha(sha).then_some(RunSubject::Schedule);
    }
    let (branch, sha) = branch.strip_prefix(OF_PUSHES)?.rsplit_once('/')?;
    is_sha(sha).then(|| RunSubject::Branch(branch.to_owned()))
}

impl RunsState {
    /// The commits for which workflows are about to be started on a branch that may have moved on.
    pub fn sets_out_for(&self, now: DateTime<Utc>) -> BTreeSet<Sha> {
        if !matches!(self.subject, RunSubject::Branch(_) | RunSubject::Schedule) {
            return BTreeSet::new();
        }
        let runs = self
            .runs()
            .filter(|run| run.steps(now).iter().any(|step| run.starts_workflow(step)));
        runs.map(|run| run.scene.sha.clone()).collect()
    }

    /// None of the workflows that are to be started for a commit can be.
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
        self.settle(now);
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
        for subject in [RunSubject::Branch("a/b".to_owned()), RunSubject::Schedule] {
            let name = name(&subject, &sha).expect("it has anchors");
            assert_eq!(anchored_by(&name), Some(subject));
        }
    }
}
