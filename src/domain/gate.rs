//! The gate: the aggregate check as it is published on a head, and how builds become its conclusion.

mod foremost;
mod head;

pub use foremost::{Foremost, foremost, most_pressing, unpublished};
pub use head::{Configures, HeadState, Published};

use super::event::{Build, BuildId, Conclusion, Workflow};
use super::ids::Sha;
use super::pipeline::Publish;
use super::pull::{GateName, PullState};
use super::run::Standing;
use super::runs::{Line, RunsState};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The name of the check on a pull request that changes the configuration.
pub const CONFIG_GATE: &str = "drawbridge / config";

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
    /// Where people can read why it failed, if one place says it. A commit status has nothing else to lead on with.
    #[serde(default)]
    pub link: Option<String>,
}

/// What a pull request has to say at its head, gate by gate: as long as the runs don't count, all say the same.
pub fn gates_of_pull(state: &PullState, runs: Option<&RunsState>) -> Vec<(GateName, Gate)> {
    let Some(at) = &state.gate else {
        return Vec::new();
    };
    let proposal = state.proposal.as_ref().filter(|known| known.sha == at.sha);
    let proposal = proposal.and_then(|proposal| {
        let name = GateName {
            name: CONFIG_GATE.to_owned(),
            publish: Publish::Check,
        };
        Some((name, proposal.gate.clone()?))
    });
    let same = |name: &GateName| (name.clone(), at.gate.clone());
    if !at.runs_count {
        return at.names.iter().map(same).chain(proposal).collect();
    }
    let of_runs = runs.map_or_else(Vec::new, |runs| {
        gates_of_runs(runs, &at.sha, &at.gate.summary)
    });
    let starting = |name: &GateName| {
        (
            name.clone(),
            super::text::gate_starting(
                &at.gate.summary,
                runs.and_then(|runs| runs.trouble.as_deref()),
            ),
        )
    };
    let missing: Vec<_> = at
        .names
        .iter()
        .filter(|name| !of_runs.iter().any(|(known, _)| known == *name))
        .map(starting)
        .collect();
    of_runs.into_iter().chain(missing).chain(proposal).collect()
}

/// What the runs for one commit have to say, below `preface`.
pub fn gates_of_runs(runs: &RunsState, sha: &Sha, preface: &str) -> Vec<(GateName, Gate)> {
    let speaking = runs.lines.values().flat_map(Line::speaking);
    let of_commit = speaking.filter(|run| run.scene.sha == *sha);
    of_commit
        .flat_map(|run| {
            run.gates.iter().map(|spec| {
                let name = GateName {
                    name: spec.name.clone(),
                    publish: run.publish,
                };
                (name, super::text::gate_of_run(preface, runs, run, spec))
            })
        })
        .collect()
}

/// Where a gate stands whose jobs stand so.
pub fn status_of(standing: Standing) -> GateStatus {
    match standing {
        Standing::Running => GateStatus::InProgress,
        Standing::Failed => GateStatus::Completed(Conclusion::Failure),
        Standing::Passed => GateStatus::Completed(Conclusion::Success),
    }
}

/// The builds that count: of several runs of one workflow, started by the same event, the newest.
pub fn newest(builds: &[Build]) -> Vec<&Build> {
    let mut newest: HashMap<&Workflow, BuildId> = HashMap::new();
    for build in builds {
        if let Some(workflow) = &build.workflow {
            let id = newest.entry(workflow).or_insert(build.id);
            *id = build.id.max(*id);
        }
    }
    let counts = |build: &&Build| {
        let of = build.workflow.as_ref();
        of.is_none_or(|workflow| newest[workflow] == build.id)
    };
    builds.iter().filter(counts).collect()
}

/// Joins what several pull requests and branches have to say at one commit, each by its name. A commit has one gate of
/// a name, so the worst counts: another pull request's easier verdict (a base where nothing has to be built, say) must
/// not make it green.
pub fn combine(voices: Vec<(String, Vec<(GateName, Gate)>)>) -> Vec<(GateName, Gate)> {
    let mut of: BTreeMap<(String, Publish), Vec<(String, Gate)>> = BTreeMap::new();
    for (who, gates) in voices {
        for (name, gate) in gates {
            let gates = of.entry((name.name, name.publish)).or_default();
            gates.push((who.clone(), gate));
        }
    }
    of.into_iter()
        .filter_map(|((name, publish), gates)| Some((GateName { name, publish }, worst(gates)?)))
        .collect()
}

fn worst(mut gates: Vec<(String, Gate)>) -> Option<Gate> {
    gates.sort_by_key(|(_, gate)| severity(gate.status));
    let (first, worst) = gates.first()?.clone();
    if gates.len() == 1 {
        return Some(worst);
    }
    let summary = super::text::shared_head(&first, &gates);
    Some(Gate {
        approve_button: gates.iter().any(|(_, gate)| gate.approve_button),
        title: format!("{first}: {}", worst.title),
        status: worst.status,
        summary,
        link: worst.link,
    })
}

/// Which of several counts: the lowest.
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

    #[test]
    fn of_pull_requests_with_one_head_the_worst_gate_counts() {
        let success = GateStatus::Completed(Conclusion::Success);
        let vetting = GateStatus::Completed(Conclusion::ActionRequired);
        let failure = GateStatus::Completed(Conclusion::Failure);
        let name = GateName {
            name: GATE_NAME.to_owned(),
            publish: Publish::Check,
        };
        let voice = |who: &str, status| {
            let gate = Gate {
                status,
                title: "t".into(),
                summary: "s".into(),
                approve_button: false,
                link: None,
            };
            (who.to_owned(), vec![(name.clone(), gate)])
        };
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
            let both = combine(vec![voice("#1", a), voice("#2", b)]);
            assert_eq!(both.len(), 1);
            assert_eq!(both[0].1.status, worst);
        }
        assert_eq!(combine(vec![]), vec![]);
    }
}
