//! Approvals are read again from the comments after a loss of data, in a way that only a vetter can bring about: the
//! comment is a vetter's own, nobody has edited it, it was written before the loss, and it names the whole head. A short
//! SHA can't be checked any more, as nobody knows which heads people had seen; an approval by the button left no comment.
//! Any other command is not followed again, and nothing is answered again.

use super::PullState;
use super::decide::Findings;
use super::hear::approve;
use super::rights::may_approve;
use crate::domain::command::{Invocation, Line};
use crate::domain::config::RepoConfig;
use crate::domain::event::Account;
use crate::domain::ids::Sha;
use chrono::{DateTime, TimeDelta, Utc};

/// GitHub's clock and ours may differ by this. Whoever comments right after the loss is heard by delivery, too, on the same
/// conditions.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// What a person wrote in a comment that looks like commands and was never edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub by: Account,
    /// When, by GitHub's clock.
    pub at: DateTime<Utc>,
    /// The lines that stand outside quotes and code.
    pub lines: Vec<Line>,
}

impl Said {
    /// Whether it names a whole SHA that may run.
    pub fn names_a_head(&self) -> bool {
        self.shas().next().is_some()
    }

    fn shas(&self) -> impl Iterator<Item = Sha> {
        let plain = self.lines.iter().filter(|line| !line.suspicious);
        plain.filter_map(|line| match line.invocation() {
            Invocation::OkToTest { sha: Ok(Some(sha)) } if sha.is_full() => {
                Sha::parse(sha.as_str()).ok()
            }
            _ => None,
        })
    }
}

/// What was said on a pull request, read again after a loss of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// When data was lost.
    pub lost_at: DateTime<Utc>,
    /// What people said, oldest first.
    pub said: Vec<Said>,
}

impl PullState {
    /// Whether nothing that people may have seen at that time was lost since.
    pub(super) fn remembers(&self, at: DateTime<Utc>) -> bool {
        self.recalled.is_none_or(|lost_at| at >= lost_at + CLOCKS)
    }
}

/// Takes the approvals of the head in.
pub(super) fn recall(state: &mut PullState, head: &Sha, config: &RepoConfig, findings: &Findings) {
    let Some(recalled) = &findings.recalled else {
        return;
    };
    state.recalled = Some(recalled.lost_at);
    let before = recalled.lost_at + CLOCKS;
    for said in recalled.said.iter().filter(|said| said.at < before) {
        if said.shas().any(|sha| sha == *head) && may_approve(&said.by, config, &findings.vetters) {
            approve(state, head.clone(), &said.by, said.at);
        }
    }
}
