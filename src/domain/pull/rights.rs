//! Who may ask for what.

use super::PullState;
use crate::domain::config::RepoConfig;
use crate::domain::deed::Deed;
use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::UserId;
use crate::domain::trust::Verdict;
use std::collections::BTreeMap;

/// A person who may approve heads: GitHub gives them write access, or the configuration lists them.
pub(super) fn may_approve(
    by: &Account,
    config: &RepoConfig,
    vetters: &BTreeMap<UserId, bool>,
) -> bool {
    by.kind == AccountKind::User
        && (config.is_listed_vetter(by) || vetters.get(&by.id) == Some(&true))
}

impl PullState {
    /// Whether somebody has a say in this, whatever rights GitHub gives them in the repository.
    pub fn has_say(&self, by: &Account, deed: &Deed, config: &RepoConfig) -> bool {
        let nobody = BTreeMap::new();
        match deed {
            Deed::Sync | Deed::Approve(_) => may_approve(by, config, &nobody),
            Deed::Rerun(_) | Deed::Cancel(_) => may_order(self, by, config, &nobody),
        }
    }
}

/// A vetter, or the author of a pull request whose head is trusted.
pub(super) fn may_order(
    state: &PullState,
    by: &Account,
    config: &RepoConfig,
    vetters: &BTreeMap<UserId, bool>,
) -> bool {
    let trusted = state.verdict.as_ref().is_some_and(Verdict::allows_mirror);
    let is_author = state
        .author
        .as_ref()
        .is_some_and(|author| author.id == by.id && by.kind == AccountKind::User);
    may_approve(by, config, vetters) || (trusted && is_author)
}
