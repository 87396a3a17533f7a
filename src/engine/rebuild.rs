//! How far what was lost is read again from GitHub, and when that has an end.
//!
//! Everything is waited for that can be asked: each installation's list of repositories, and in each repository every open
//! pull request. Whatever else a comparison finds there is news like any other, which nobody waits for.
//! What can't be (suspended, or it failed some times in a row) would be waited for without end. It is looked at when it can
//! be asked again: `Engine::lost_at` stays, so a pull request that was not read again since then is, whenever its turn comes,
//! and until then nothing is approved in it that its record does not hold.

use super::Engine;
use crate::domain::ids::{InstallationId, RepoId};
use crate::domain::repository::RepoState;
use crate::github::Installed;
use crate::store::{Change, StoreError};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::{MutexGuard, PoisonError};

const MARK: &str = "loss";

/// So often in a row something can't be asked before nobody waits for it any more.
const MOST_MISSES: u32 = 3;

/// What was read again since the loss. Known while the process lives; it is found out anew after a start.
#[derive(Default)]
pub(super) struct Rebuilding {
    /// All installations, as last listed, and whether they are suspended; `None`: not listed yet.
    installed: Option<BTreeMap<InstallationId, bool>>,
    installations: Asked<InstallationId>,
    repos: Asked<RepoId>,
}

/// Who was asked for all that there is.
struct Asked<T> {
    done: BTreeSet<T>,
    /// How often in a row the others could not be asked.
    missed: BTreeMap<T, u32>,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self {
            done: BTreeSet::new(),
            missed: BTreeMap::new(),
        }
    }
}

impl<T: Copy + Ord + Hash> Asked<T> {
    fn done(&mut self, one: T) {
        self.done.insert(one);
        self.answered(one);
    }

    fn answered(&mut self, one: T) {
        self.missed.remove(&one);
    }

    fn missed(&mut self, one: T) {
        *self.missed.entry(one).or_default() += 1;
    }

    fn is_over(&self, one: T) -> bool {
        self.done.contains(&one) || self.missed.get(&one) >= Some(&MOST_MISSES)
    }
}

impl Rebuilding {
    /// These are all installations.
    pub(super) fn listed(&mut self, installed: &[Installed]) {
        let all = installed.iter().map(|one| (one.id, one.suspended));
        self.installed = Some(all.collect());
    }

    /// Every repository that an installation covers is known.
    pub(super) fn surveyed(&mut self, installation: InstallationId) {
        self.installations.done(installation);
    }

    /// An installation could not be asked what it covers.
    pub(super) fn not_surveyed(&mut self, installation: InstallationId) {
        self.installations.missed(installation);
    }

    /// A repository could be asked, and not all of it is read again yet.
    pub(super) fn partly_compared(&mut self, repo: RepoId) {
        self.repos.answered(repo);
    }

    /// All of a repository's open pull requests were read again.
    pub(super) fn compared(&mut self, repo: RepoId) {
        self.repos.done(repo);
    }

    /// A repository could not be compared.
    pub(super) fn not_compared(&mut self, repo: RepoId) {
        self.repos.missed(repo);
    }

    /// Whether all that can be asked was.
    fn is_whole(&self, known: &[RepoState]) -> bool {
        let Some(installed) = &self.installed else {
            return false;
        };
        let over = |(id, suspended): (&InstallationId, &bool)| {
            *suspended || self.installations.is_over(*id)
        };
        let can_be_asked = |id: InstallationId| {
            installed.get(&id) == Some(&false) && !self.installations.missed.contains_key(&id)
        };
        installed.iter().all(over)
            && known.iter().all(|state| {
                self.repos.is_over(state.repo.id) || !can_be_asked(state.repo.installation)
            })
    }
}

impl Engine {
    /// When data was lost last, also after that was made good as far as it could be: what was not read again since then still
    /// has to be.
    pub(super) fn lost_at(&self) -> Option<DateTime<Utc>> {
        *self.last_loss()
    }

    /// Since when everything that happened on GitHub was heard of.
    pub(super) fn heard_since(&self) -> DateTime<Utc> {
        let born = self.store().born_at();
        self.lost_at().map_or(born, |lost| lost.max(born))
    }

    /// Takes note of a loss, and of one that an earlier process knew.
    pub(super) async fn recall_loss(&self) -> Result<(), StoreError> {
        let kept = self.store().mark(MARK).await?;
        let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        let lost_at = self.store().lost_at().or(kept);
        if lost_at != kept {
            let change = Change::marking(MARK, &lost_at);
            self.store().commit(change).await?;
        }
        *self.last_loss() = lost_at;
        Ok(())
    }

    /// Ends the loss if all that can be asked was.
    pub(super) async fn is_rebuilt(&self) -> Result<(), StoreError> {
        if self.store().lost_at().is_none() {
            return Ok(());
        }
        let known = self.store().repos().await?;
        if self.rebuilding().is_whole(&known) {
            tracing::info!("what was lost was read again from GitHub");
            self.store().rebuilt().await?;
        }
        Ok(())
    }

    pub(super) fn rebuilding(&self) -> MutexGuard<'_, Rebuilding> {
        let rebuilding = self.shared.recovery.rebuilding.lock();
        rebuilding.unwrap_or_else(PoisonError::into_inner)
    }

    fn last_loss(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        let last = self.shared.recovery.last_loss.lock();
        last.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pull::tests::repo;

    const HERE: InstallationId = InstallationId(2);
    const THERE: InstallationId = InstallationId(3);

    fn installed(suspended: bool) -> [Installed; 2] {
        [(HERE, false), (THERE, suspended)].map(|(id, suspended)| Installed { id, suspended })
    }

    fn known() -> [RepoState; 2] {
        [(1, HERE), (2, THERE)].map(|(id, installation)| {
            let mut repo = repo();
            (repo.id, repo.installation) = (RepoId(id), installation);
            RepoState::new(repo)
        })
    }

    /// What was read again after `asks`; one installation is read again, and its repository.
    fn after(suspended: bool, asks: impl FnOnce(&mut Rebuilding)) -> bool {
        let mut rebuilding = Rebuilding::default();
        rebuilding.listed(&installed(suspended));
        rebuilding.surveyed(HERE);
        rebuilding.compared(RepoId(1));
        asks(&mut rebuilding);
        rebuilding.is_whole(&known())
    }

    #[test]
    fn all_that_can_be_asked_is_waited_for_and_nothing_else() {
        assert!(!Rebuilding::default().is_whole(&[]), "nothing is listed");
        assert!(!after(false, |_| {}));
        assert!(!after(false, |all| all.surveyed(THERE)));
        assert!(!after(false, |all| all.compared(RepoId(2))));
        assert!(after(false, |all| {
            all.surveyed(THERE);
            all.compared(RepoId(2));
        }));
        assert!(after(true, |_| {}), "it is suspended");
        let missed = |all: &mut Rebuilding, times| (0..times).for_each(|_| all.not_surveyed(THERE));
        assert!(!after(false, |all| missed(all, MOST_MISSES - 1)));
        assert!(after(false, |all| missed(all, MOST_MISSES)));
        let broken = |all: &mut Rebuilding, times| {
            all.surveyed(THERE);
            (0..times).for_each(|_| all.not_compared(RepoId(2)));
        };
        assert!(!after(false, |all| broken(all, MOST_MISSES - 1)));
        assert!(after(false, |all| broken(all, MOST_MISSES)));
    }

    #[test]
    fn who_can_be_asked_again_is_waited_for_again() {
        assert!(!after(false, |all| {
            (0..MOST_MISSES).for_each(|_| all.not_surveyed(THERE));
            all.surveyed(THERE);
        }));
        // It has answered in between.
        assert!(!after(false, |all| {
            all.surveyed(THERE);
            (1..MOST_MISSES).for_each(|_| all.not_compared(RepoId(2)));
            all.partly_compared(RepoId(2));
            all.not_compared(RepoId(2));
        }));
    }
}
