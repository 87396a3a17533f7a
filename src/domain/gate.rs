//! The gate: the aggregate check as it is published on a head, and how builds become its conclusion.

mod foremost;

pub use foremost::{Foremost, foremost, most_pressing, unpublished};

use super::event::{Build, BuildId, Conclusion, Workflow};
use super::ids::{CheckRunId, Repo, Sha};
use super::pipeline::Publish;
use super::pull::{GateName, PullState};
use super::run::Standing;
use super::runs::{Line, RunsState};
use chrono::{DateTime, Utc};
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

/// The gates of one commit, as published: the record of the subject `Head`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadState {
    /// Where the commit's gates are written.
    pub repo: Repo,
    /// The commit.
    pub sha: Sha,
    /// Each gate that is or may be there.
    #[serde(default)]
    pub gates: Vec<Published>,
    /// Whether check runs may exist that we don't know: they are looked for before one is created.
    pub look_first: bool,
    /// How often in a row publishing failed.
    pub attempts: u32,
}

/// One gate of a commit, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Which.
    pub name: GateName,
    /// The check run, once there is one.
    pub check_run: Option<CheckRunId>,
    /// Whether a check run may exist that we don't know.
    pub look_first: bool,
    /// What was last published.
    pub says: Option<Gate>,
    /// When; `None`: it may have been written since, and the answer was lost.
    pub written_at: Option<DateTime<Utc>>,
}

impl HeadState {
    /// The gate of that name, made if it is not there.
    pub fn gate(&mut self, name: &GateName) -> &mut Published {
        let at = match self.gates.iter().position(|gate| gate.name == *name) {
            Some(at) => at,
            None => {
                self.gates.push(Published {
                    name: name.clone(),
                    check_run: None,
                    look_first: self.look_first,
                    says: None,
                    written_at: None,
                });
                self.gates.len() - 1
            }
        };
        &mut self.gates[at]
    }

    /// Somebody pressed *Re-run*: GitHub has opened the check run again, so what was published does not stand there
    /// any more.
    pub fn was_opened_again(&mut self, name: &str) {
        for gate in self.gates.iter_mut().filter(|gate| gate.name.name == name) {
            gate.says = None;
        }
    }

    /// The gates of which nobody speaks any more and that have not ended as far as is known.
    pub fn unended<'a>(
        &'a mut self,
        wanted: &'a [(GateName, Gate)],
    ) -> impl Iterator<Item = &'a mut Published> {
        self.gates.iter_mut().filter(|gate| {
            let says = gate.says.as_ref();
            says.is_some_and(|says| !matches!(says.status, GateStatus::Completed(_)))
                && !wanted.iter().any(|(name, _)| *name == gate.name)
        })
    }

    /// The gates of which nobody speaks any more and that may be there all the same: the answer to their creation was lost.
    pub fn perhaps_left(&self, wanted: &[(GateName, Gate)]) -> Vec<GateName> {
        let left = self.gates.iter().filter(|gate| {
            gate.name.publish == Publish::Check
                && gate.look_first
                && gate.check_run.is_none()
                && gate.says.is_none()
                && !wanted.iter().any(|(name, _)| *name == gate.name)
        });
        left.map(|gate| gate.name.clone()).collect()
    }

    /// GitHub was asked for a gate that may be there; `None`: it is not, and if it is wanted again it is looked for again.
    pub fn was_looked_for(&mut self, name: &GateName, found: Option<(CheckRunId, GateStatus)>) {
        let Some((id, status)) = found else {
            self.gates.retain(|gate| gate.name != *name);
            self.look_first = true;
            return;
        };
        let gate = self.gate(name);
        gate.check_run = Some(id);
        gate.says = Some(Gate {
            status,
            title: String::new(),
            summary: String::new(),
            approve_button: false,
            link: None,
        });
    }

    /// What gates say that were published and of which nobody speaks any more: one that is not `configured` blocks
    /// nothing; of any other the run was replaced or stopped, and if that had not ended, nobody waits for it. How it
    /// ended stays.
    pub fn unspoken(
        &self,
        wanted: &[(GateName, Gate)],
        configured: &[GateName],
    ) -> Vec<(GateName, Gate)> {
        let unspoken = self
            .gates
            .iter()
            .filter(|gate| !wanted.iter().any(|(name, _)| *name == gate.name));
        unspoken
            .filter_map(|gate| {
                let says = gate.says.as_ref()?;
                let now = match says.status {
                    _ if !configured.contains(&gate.name) => super::text::gate_retired(wanted),
                    GateStatus::Completed(_) => return None,
                    _ => super::text::gate_left(),
                };
                Some((gate.name.clone(), now))
            })
            .collect()
    }
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

    #[test]
    fn a_gate_of_which_nobody_speaks_any_more_is_retired_or_left_or_stays_as_it_ended() {
        let name = |name: &str| GateName {
            name: name.to_owned(),
            publish: Publish::Check,
        };
        let gate = super::super::text::gate_starting("", None);
        let mut head = HeadState {
            repo: crate::domain::pull::tests::repo(),
            sha: Sha::parse(&"a".repeat(40)).expect("a SHA"),
            gates: Vec::new(),
            look_first: false,
            attempts: 0,
        };
        head.gate(&name("old")).says = Some(gate.clone());
        head.gate(&name("never published"));
        head.gate(&name("replaced")).says = Some(gate.clone());
        head.gate(&name("ended")).says = Some(Gate {
            status: GateStatus::Completed(Conclusion::Success),
            ..gate.clone()
        });
        let configured = ["new", "replaced", "ended"].map(name);
        let unspoken = head.unspoken(&[(name("new"), gate)], &configured);
        let of = |wanted: &str| {
            let found = unspoken.iter().find(|(name, _)| name.name == wanted);
            found.map(|(_, gate)| gate.status)
        };
        assert_eq!(
            of("replaced"),
            Some(GateStatus::Completed(Conclusion::Cancelled))
        );
        assert_eq!(of("ended"), None);
        let retired: Vec<_> = unspoken
            .iter()
            .filter(|(name, _)| !configured.contains(name))
            .collect();
        assert_eq!(retired.len(), 1);
        assert_eq!(retired[0].0, name("old"));
        assert_eq!(
            retired[0].1.status,
            GateStatus::Completed(Conclusion::Neutral)
        );
        assert!(
            retired[0].1.summary.contains("`new`"),
            "{}",
            retired[0].1.summary
        );
    }
}
