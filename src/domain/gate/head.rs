//! The gates of one commit, as they are published.

use super::{Gate, GateStatus};
use crate::domain::ids::{CheckRunId, Repo, Sha};
use crate::domain::pipeline::Publish;
use crate::domain::pull::GateName;
use crate::domain::text;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

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
    /// Whether its pull requests change the configuration, where nobody had to list their files.
    #[serde(default)]
    pub configures: Configures,
    /// How often in a row that could not be found out.
    #[serde(default)]
    pub looks_failed: u32,
}

/// Whether a commit changes its repository's configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Configures {
    /// Nobody has asked yet.
    #[default]
    Unknown,
    /// It is looked at then: a head that is replaced soon needs no look.
    LooksAt(DateTime<Utc>),
    /// It may.
    Perhaps,
    /// It does not.
    No,
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
    /// Since when it has stood where it stands, however it reads.
    #[serde(default)]
    pub stands_since: Option<DateTime<Utc>>,
}

impl Published {
    /// Whether people are told something else by it than by how it reads.
    pub fn stands_like(&self, gate: &Gate) -> bool {
        let stands = |says: &Gate| (says.status, says.approve_button);
        self.says.as_ref().map(stands) == Some(stands(gate))
    }

    /// It was written; what it said before.
    pub fn was_written(&mut self, gate: &Gate, now: DateTime<Utc>) -> Option<Gate> {
        if !self.stands_like(gate) {
            self.stands_since = Some(now);
        }
        self.written_at = Some(now);
        self.says.replace(gate.clone())
    }

    /// How long it may read otherwise than it should before it is written again. What has stood for long is of less
    /// interest by the minute, and GitHub counts every writing: each pause is twice what came before it.
    pub fn pause(&self, shortest: TimeDelta, longest: TimeDelta) -> TimeDelta {
        let stood = match (self.stands_since, self.written_at) {
            (Some(since), Some(written)) => written - since,
            _ => TimeDelta::zero(),
        };
        (stood * 2).clamp(shortest, longest.max(shortest))
    }
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
                    stands_since: None,
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
                    _ if !configured.contains(&gate.name) => text::gate_retired(wanted),
                    GateStatus::Completed(_) => return None,
                    _ => text::gate_left(),
                };
                Some((gate.name.clone(), now))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Conclusion;
    use crate::domain::pull::tests::repo;

    #[test]
    fn a_gate_that_only_reads_differently_is_written_the_more_seldom_the_longer_it_stands() {
        let gate = text::gate_starting("", None);
        let mut published = Published {
            name: GateName {
                name: "ci".to_owned(),
                publish: Publish::Check,
            },
            check_run: None,
            look_first: false,
            says: None,
            written_at: None,
            stands_since: None,
        };
        let began = DateTime::UNIX_EPOCH;
        let mut at = began;
        let mut written = Vec::new();
        // It has something new to say at every moment.
        while at - began < TimeDelta::hours(1) {
            let reads = Gate {
                title: written.len().to_string(),
                ..gate.clone()
            };
            published.was_written(&reads, at);
            written.push((at - began).num_seconds());
            at += published.pause(TimeDelta::seconds(5), TimeDelta::minutes(15));
        }
        assert_eq!(written, [0, 5, 15, 45, 135, 405, 1215, 2115, 3015]);
        // It ends, and what is new then is new again.
        let ended = Gate {
            status: GateStatus::Completed(Conclusion::Failure),
            ..gate
        };
        assert!(!published.stands_like(&ended));
        published.was_written(&ended, at);
        let soon = published.pause(TimeDelta::seconds(5), TimeDelta::minutes(15));
        assert_eq!(soon, TimeDelta::seconds(5));
    }

    #[test]
    fn a_gate_of_which_nobody_speaks_any_more_is_retired_or_left_or_stays_as_it_ended() {
        let name = |name: &str| GateName {
            name: name.to_owned(),
            publish: Publish::Check,
        };
        let gate = text::gate_starting("", None);
        let mut head = HeadState {
            repo: repo(),
            sha: Sha::parse(&"a".repeat(40)).expect("a SHA"),
            gates: Vec::new(),
            look_first: false,
            attempts: 0,
            configures: Configures::Unknown,
            looks_failed: 0,
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
