//! What stands most in the way of a pull request, whether or not a gate is published that says it.

use super::{CONFIG_GATE, Gate, GateStatus, gates_of_pull, severity};
use crate::domain::event::Conclusion;
use crate::domain::pull::{GateName, PullState};
use crate::domain::runs::RunsState;
use crate::domain::text;

/// What stands most in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foremost {
    /// Where it stands.
    pub status: GateStatus,
    /// What is needed next. Markdown.
    pub title: String,
}

/// The gate that stands most in the way.
pub fn most_pressing(gates: impl IntoIterator<Item = Gate>) -> Option<Gate> {
    gates.into_iter().min_by_key(|gate| severity(gate.status))
}

/// What stands most in the way of a pull request; `None`: nothing is to be said of it. That the head proposes a
/// configuration is only a part of it: what that is like keeps nothing from being built.
pub fn foremost(state: &PullState, runs: Option<&RunsState>) -> Option<Foremost> {
    let gates = gates_of_pull(state, runs);
    let unpublished = unpublished(state, &gates);
    let (own, proposed): (Vec<_>, Vec<_>) = gates.into_iter().partition(is_own);
    let own = own.into_iter().map(|(_, gate)| gate);
    let all = own.chain(unpublished);
    let pressing = most_pressing(all)?;
    let passes = |status| matches!(status, GateStatus::Completed(end) if end.passes());
    let mut proposed = proposed.into_iter().map(|(_, gate)| gate);
    Some(match proposed.find(|gate| !passes(gate.status)) {
        None => Foremost {
            status: pressing.status,
            title: pressing.title,
        },
        Some(proposal) => Foremost {
            title: text::with_proposal(&pressing.title, &proposal.title),
            status: match passes(pressing.status) {
                true => proposal.status,
                false => pressing.status,
            },
        },
    })
}

/// What a gate would say of a pull request that has none but that of a proposed configuration, because no pipeline is for
/// pull requests. `gates`: those that it has.
pub fn unpublished(state: &PullState, gates: &[(GateName, Gate)]) -> Option<Gate> {
    let at = state.gate.as_ref()?;
    if gates.iter().any(is_own) {
        return None;
    }
    Some(match at.runs_count {
        false => at.gate.clone(),
        true => Gate {
            status: GateStatus::Completed(Conclusion::Success),
            title: text::title_without_pipelines(state),
            ..at.gate.clone()
        },
    })
}

fn is_own((name, _): &(GateName, Gate)) -> bool {
    name.name != CONFIG_GATE
}
