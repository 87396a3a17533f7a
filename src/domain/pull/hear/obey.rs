//! What people ask for on the dashboard.

use super::super::rights::may_approve;
use super::{Voice, approve};
use crate::domain::command::Invocation;
use crate::domain::deed::Deed;
use crate::domain::pull::PullState;
use crate::domain::text;

impl Voice<'_> {
    /// What was asked for on the dashboard, or what stands in its way. It takes the same right as in a comment, and concerns the
    /// commit that the page showed: one that was pushed meanwhile nobody has seen there.
    pub(super) fn obey(&self, state: &mut PullState, deed: &Deed) -> Result<(), String> {
        let vetters = &self.findings.vetters;
        match deed {
            Deed::Sync => {}
            Deed::Approve(_) if !may_approve(self.by, self.config, vetters) => {
                return Err(text::not_a_vetter(&self.by.login));
            }
            Deed::Approve(_) => {}
            Deed::Rerun(_) => drop(self.may_steer(state, "/retest")?),
            Deed::Cancel(_) => drop(self.may_steer(state, "/cancel")?),
        }
        let head = state.open_head();
        if deed.head().is_some_and(|shown| head != Some(shown)) {
            return Err(text::head_is_another(head));
        }
        let command = match deed {
            Deed::Approve(sha) => {
                approve(state, sha.clone(), self.by, self.at);
                return Ok(());
            }
            Deed::Sync => Invocation::Sync,
            Deed::Cancel(_) => Invocation::Cancel,
            Deed::Rerun(_) => Invocation::Retest {
                rest: String::new(),
            },
        };
        self.follow(state, command, "").map(drop)
    }
}
