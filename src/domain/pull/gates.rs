//! Which gates a head has, and what the pull request itself has to say in them.

use crate::domain::gate::{GATE_NAME, Gate};
use crate::domain::ids::Sha;
use crate::domain::pipeline::Publish;
use serde::{Deserialize, Serialize};

/// The gates of a head, as far as the pull request itself decides them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateAt {
    /// The head.
    pub sha: Sha,
    /// What all of them say as long as the runs don't count.
    pub gate: Gate,
    /// Which gates there are.
    #[serde(default = "implied_gates")]
    pub names: Vec<GateName>,
    /// Whether the runs say how each gate stands, below what `gate` says.
    #[serde(default)]
    pub runs_count: bool,
}

/// What a head proposes as configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The head.
    pub sha: Sha,
    /// Whether it is sound, and what it would run; `None`: the head does not change it.
    pub gate: Option<Gate>,
}

/// A gate's name, and as what it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateName {
    /// The name.
    pub name: String,
    /// Check run or commit status.
    pub publish: Publish,
}

/// The gate of the implied pipeline.
pub fn implied_gates() -> Vec<GateName> {
    vec![GateName {
        name: GATE_NAME.to_owned(),
        publish: Publish::Check,
    }]
}
