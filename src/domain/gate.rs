//! The gate: the aggregate check as it is published on a head, and how builds become its conclusion.

use super::event::{Build, BuildStatus, Conclusion};
use super::ids::{CheckRunId, PrNumber, Repo, Sha};
use serde::{Deserialize, Serialize};

/// The name of the implied pipeline's check.
pub const GATE_NAME: &str = "backend-status-check";

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateStatus {
    /// Something has to be found out first.
    Queued,
    /// Builds are running or about to.
    InProgress,
    /// Ended; only `success`, `neutral` and `skipped` let a merge through.
    Completed(Conclusion),
}

/// All that people see of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Where it stands.
    pub status: GateStatus,
    /// One line: what is needed next.
    pub title: String,
    /// Markdown: why, with every name it talks about.
    pub summary: String,
    /// Whether the *OK to test* button is shown.
    pub approve_button: bool,
}

/// The gates of one commit, as published: the record of the subject `Head`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadState {
    /// Where the commit's checks are written.
    pub repo: Repo,
    /// The commit.
    pub sha: Sha,
    /// The check run, once there is one.
    pub check_run: Option<CheckRunId>,
    /// Whether a check run may exist that we don't know: it is looked for before one is created.
    pub look_first: bool,
    /// What was last published.
    pub published: Option<Gate>,
    /// How often in a row publishing failed.
    pub attempts: u32,
}

/// What the builds on a mirror say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// No build has started.
    None,
    /// At least one has not ended, and none has failed.
    Running,
    /// Every one has passed.
    Passed,
    /// At least one has ended and did not pass.
    Failed,
}

/// The builds that count: of several runs of one workflow, started by the same event, the newest.
pub fn newest(builds: &[Build]) -> Vec<&Build> {
    let replaced = |build: &Build| {
        build.workflow.is_some()
            && builds
                .iter()
                .any(|other| other.workflow == build.workflow && other.id > build.id)
    };
    builds.iter().filter(|build| !replaced(build)).collect()
}

/// Counts the builds of one mirror SHA. Failed as soon as one failed; passed only when all have passed.
pub fn tally(builds: &[Build]) -> Tally {
    let builds = newest(builds);
    let failed = |build: &&Build| matches!(build.status, BuildStatus::Ended(c) if !c.passes());
    let ended = |build: &&Build| matches!(build.status, BuildStatus::Ended(_));
    if builds.is_empty() {
        Tally::None
    } else if builds.iter().any(failed) {
        Tally::Failed
    } else if builds.iter().all(ended) {
        Tally::Passed
    } else {
        Tally::Running
    }
}

/// Joins the gates of all open pull requests that share one head. A commit has one gate, so the worst counts:
/// another pull request's easier verdict (a base where nothing has to be built, say) must not make it green.
pub fn combine(mut gates: Vec<(PrNumber, Gate)>) -> Option<Gate> {
    gates.sort_by_key(|(number, gate)| (severity(gate.status), *number));
    let (first, worst) = gates.first()?.clone();
    if gates.len() == 1 {
        return Some(worst);
    }
    let summary = super::text::shared_head(first, &gates);
    Some(Gate {
        approve_button: gates.iter().any(|(_, gate)| gate.approve_button),
        title: format!("#{first}: {}", worst.title),
        status: worst.status,
        summary,
    })
}

fn severity(status: GateStatus) -> u8 {
    match status {
        GateStatus::Completed(Conclusion::ActionRequired) => 1,
        GateStatus::Completed(conclusion) if conclusion.passes() => 4,
        GateStatus::Completed(_) => 0,
        GateStatus::Queued => 2,
        GateStatus::InProgress => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{BuildId, Workflow};
    use chrono::DateTime;
    use proptest::prelude::*;

    fn build(status: BuildStatus) -> Build {
        Build {
            id: BuildId::WorkflowRun(1),
            workflow: None,
            workflow_name: None,
            app: None,
            name: "build".into(),
            status,
            url: None,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn gate(status: GateStatus) -> Gate {
        Gate {
            status,
            title: "t".into(),
            summary: "s".into(),
            approve_button: false,
        }
    }

    fn any_status() -> impl Strategy<Value = BuildStatus> {
        prop_oneof![
            Just(BuildStatus::Queued),
            Just(BuildStatus::Running),
            Just(BuildStatus::Ended(Conclusion::Success)),
            Just(BuildStatus::Ended(Conclusion::Skipped)),
            Just(BuildStatus::Ended(Conclusion::Failure)),
            Just(BuildStatus::Ended(Conclusion::Cancelled)),
        ]
    }

    proptest! {
        #[test]
        fn it_passes_if_and_only_if_there_are_builds_and_all_of_them_passed(
            statuses in prop::collection::vec(any_status(), 0..8)
        ) {
            let builds: Vec<Build> = statuses.iter().map(|s| build(*s)).collect();
            let all = statuses.iter().all(|s| matches!(s, BuildStatus::Ended(c) if c.passes()));
            prop_assert_eq!(tally(&builds) == Tally::Passed, !statuses.is_empty() && all);
        }
    }

    #[test]
    fn of_several_runs_of_a_workflow_the_newest_counts() {
        let run = |id, workflow, conclusion| Build {
            id: BuildId::WorkflowRun(id),
            workflow: Some(Workflow {
                id: workflow,
                event: "push".into(),
            }),
            ..build(BuildStatus::Ended(conclusion))
        };
        let (good, bad) = (Conclusion::Success, Conclusion::Failure);
        assert_eq!(tally(&[run(1, 5, bad), run(2, 5, good)]), Tally::Passed);
        assert_eq!(tally(&[run(2, 5, bad), run(1, 5, good)]), Tally::Failed);
        assert_eq!(tally(&[run(1, 5, bad), run(2, 6, good)]), Tally::Failed);
    }

    #[test]
    fn of_pull_requests_with_one_head_the_worst_gate_counts() {
        let success = GateStatus::Completed(Conclusion::Success);
        let vetting = GateStatus::Completed(Conclusion::ActionRequired);
        let failure = GateStatus::Completed(Conclusion::Failure);
        for (a, b, worst) in [
            (success, GateStatus::InProgress, GateStatus::InProgress),
            (success, vetting, vetting),
            (vetting, failure, failure),
            (
                GateStatus::Queued,
                GateStatus::InProgress,
                GateStatus::Queued,
            ),
            (success, success, success),
        ] {
            let both = combine(vec![(PrNumber(1), gate(a)), (PrNumber(2), gate(b))]).unwrap();
            assert_eq!(both.status, worst);
        }
        assert_eq!(combine(vec![]), None);
    }
}
