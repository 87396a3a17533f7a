//! What the app is installed on, compared with what is known: repositories whose joining, leaving, renaming, transfer or
//! archiving no delivery told of, installations that were deleted. What differs is taken in as the delivery that was lost.

use super::waiting::FOUND_OUT;
use super::{Engine, Failure, Received, route};
use crate::domain::event::{Event, InstallationChange, RepositoryChange};
use crate::domain::ids::{DeliveryId, InstallationId, RepoId, Subject};
use crate::domain::repository::RepoState;
use crate::github::{Covered, Installed};
use crate::store::{Change, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// So far apart the first comparisons of the repositories are.
const APART: TimeDelta = TimeDelta::milliseconds(250);
/// What is done about a repository that was not known costs about as many requests.
const CALLS_OF_A_NEW_ONE: u32 = 4;

impl Engine {
    pub(super) async fn process_installations(
        &self,
        from: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let subject = Subject::Installations;
        let wait = match self.survey().await {
            Ok(()) => None,
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::GitHub(error)) => {
                tracing::warn!(%error, "can't ask what the app is installed on");
                error.retry_after()
            }
        };
        self.is_rebuilt().await?;
        self.spread_comparisons().await?;
        let done = Change {
            due: vec![(subject.clone(), None)],
            from: Some(from),
            ..Change::default()
        };
        self.store().commit(done).await?;
        self.wake_at(subject, self.next_round(wait));
        Ok(())
    }

    /// Each known repository has its comparison coming; an earlier one stays.
    async fn spread_comparisons(&self) -> Result<(), StoreError> {
        let repos = self.store().repos().await?;
        let whole = TimeDelta::from_std(self.shared.pace.recover).unwrap_or(TimeDelta::minutes(5));
        let most = i32::try_from(repos.len().max(1)).unwrap_or(i32::MAX);
        let apart = APART.min(whole / most);
        let mut at = self.now();
        for known in repos {
            let first = self.shared.recovery.meet(known.repo.id);
            if first {
                self.wake_at(Subject::Comparison(known.repo.id), at);
                at += apart;
            }
        }
        Ok(())
    }

    async fn survey(&self) -> Result<(), Failure> {
        let mut installed = self.shared.github.installations().await?;
        installed.sort_by_key(|one| one.id);
        self.rebuilding().listed(&installed);
        let mut known: BTreeMap<InstallationId, Vec<RepoState>> = BTreeMap::new();
        for state in self.store().repos().await? {
            known
                .entry(state.repo.installation)
                .or_default()
                .push(state);
        }
        for id in known.keys() {
            let listed = installed.iter().any(|one| one.id == *id);
            if !listed && !self.shared.github.is_installed(*id).await? {
                self.found_out(Event::InstallationChanged {
                    installation: *id,
                    change: InstallationChange::Deleted,
                })
                .await?;
            }
        }
        for id in self.shared.recovery.resumed(&installed) {
            self.found_out(Event::InstallationChanged {
                installation: id,
                change: InstallationChange::Available,
            })
            .await?;
        }
        let mut calls = self.shared.pace.recovery_calls;
        let from = self.shared.recovery.surveyed();
        installed.retain(|one| !one.suspended && from.is_none_or(|from| one.id > from));
        for one in &installed {
            if calls == 0 {
                return Ok(());
            }
            let states = known.remove(&one.id).unwrap_or_default();
            let asked = self.shared.openness.asking(self.now());
            let covered = match self.shared.github.covered(one.id).await {
                Ok(covered) => covered,
                // One installation that can't be asked does not keep the others from being looked at.
                Err(error) => {
                    tracing::warn!(installation = %one.id, %error, "can't list the repositories");
                    calls -= 1;
                    self.rebuilding().not_surveyed(one.id);
                    continue;
                }
            };
            self.shared.openness.listed(asked, one.id, &covered);
            let pages = u32::try_from(covered.len() / 100).unwrap_or(u32::MAX);
            calls = calls.saturating_sub(pages.saturating_add(1));
            let alike = self
                .compare_covered(one.id, &states, covered, &mut calls)
                .await?;
            if alike {
                self.rebuilding().surveyed(one.id);
            }
            self.shared.recovery.surveyed_until(Some(one.id));
        }
        self.shared.recovery.surveyed_until(None);
        Ok(())
    }

    /// Takes in what differs, as far as there are requests left; whether nothing does.
    async fn compare_covered(
        &self,
        installation: InstallationId,
        known: &[RepoState],
        covered: Vec<Covered>,
        calls: &mut u32,
    ) -> Result<bool, Failure> {
        let mut alike = true;
        let there: BTreeSet<RepoId> = covered.iter().map(|one| one.repo.id).collect();
        for Covered { repo, archived, .. } in covered {
            let state = self.store().repo(repo.id).await?;
            let same = state.is_some_and(|state| state.repo == repo && state.archived == archived);
            alike &= same;
            if same || *calls == 0 {
                continue;
            }
            *calls = calls.saturating_sub(CALLS_OF_A_NEW_ONE);
            let change = match archived {
                true => RepositoryChange::Archived,
                false => RepositoryChange::Identity,
            };
            self.found_out(Event::RepositoryChanged { repo, change })
                .await?;
        }
        for state in known {
            // The list may lag behind: what is not on it twice in a row is not covered any more.
            let id = state.repo.id;
            if self.shared.recovery.is_gone(id, there.contains(&id)) {
                self.found_out(Event::InstallationChanged {
                    installation,
                    change: InstallationChange::Removed(vec![id]),
                })
                .await?;
            }
        }
        Ok(alike)
    }

    /// Takes in what was found out as the delivery that did not come. What was found out before and can't be taken in yet is
    /// not added once more.
    pub(super) async fn found_out(&self, event: Event) -> Result<(), StoreError> {
        if self.is_found_out(&event).await? {
            return Ok(());
        }
        let name = format!("{FOUND_OUT}{}", uuid::Uuid::new_v4());
        let Ok(id) = DeliveryId::parse(&name) else {
            return Ok(());
        };
        tracing::info!(?event, "found out by comparison with GitHub");
        let received = Received {
            id,
            received_at: self.now(),
            event_name: "comparison".to_owned(),
            event: Some(event),
            note: String::new(),
        };
        self.accept(received).await.map(|_| ())
    }

    /// Whether the same was found out before and waits in the inbox.
    pub(super) async fn is_found_out(&self, event: &Event) -> Result<bool, StoreError> {
        let subjects = route::subjects(event, self.store()).await?;
        Ok(self.shared.waiting.is_found_out(event, &subjects))
    }
}

impl super::recovery::Progress {
    /// Whether a repository is met for the first time since the start.
    fn meet(&self, repo: RepoId) -> bool {
        let met = self.met.lock();
        met.unwrap_or_else(PoisonError::into_inner).insert(repo)
    }

    fn surveyed(&self) -> Option<InstallationId> {
        *self.surveyed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn surveyed_until(&self, id: Option<InstallationId>) {
        *self.surveyed.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// Those that were suspended the last time and are not any more.
    fn resumed(&self, installed: &[Installed]) -> Vec<InstallationId> {
        let mut suspended = self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = installed.iter().filter(|one| one.suspended);
        let before = std::mem::replace(&mut *suspended, now.map(|one| one.id).collect());
        let runs =
            |id: &InstallationId| installed.iter().any(|one| one.id == *id && !one.suspended);
        before.into_iter().filter(runs).collect()
    }

    /// A repository that is gone is met anew if it comes back.
    pub(super) fn part_from(&self, repo: RepoId) {
        let met = self.met.lock();
        met.unwrap_or_else(PoisonError::into_inner).remove(&repo);
    }

    /// Whether a repository is missing for the second time in a row.
    fn is_gone(&self, repo: RepoId, is_there: bool) -> bool {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if is_there {
            missing.remove(&repo);
            return false;
        }
        !missing.insert(repo)
    }
}
