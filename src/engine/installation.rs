//! What a change of an installation or of its people means for the repositories and pull requests under it.

use super::Engine;
use crate::domain::event::{Event, InstallationChange};
use crate::domain::ids::{InstallationId, RepoId, Subject};
use crate::store::{Change, InboxEntry, InboxId, Record, StoreError};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    pub(super) async fn process_installation(
        &self,
        id: InstallationId,
        entries: &[InboxEntry],
    ) -> Result<(), StoreError> {
        let mut change = Change {
            done: entries.iter().map(|entry| entry.id).collect(),
            due: vec![(Subject::Installation(id), None)],
            began: Some(self.now()),
            ..Change::default()
        };
        let mut forgotten = self.forgotten(id, entries).await?;
        let locks: Vec<_> = forgotten.keys().map(|repo| self.present(*repo)).collect();
        let mut alone = Vec::new();
        for lock in &locks {
            alone.push(lock.write().await);
        }
        if !forgotten.is_empty() {
            // Whoever was at work there may have learnt that it has come to another installation.
            let still = self.forgotten(id, entries).await?;
            forgotten.retain(|repo, _| still.contains_key(repo));
        }
        let forgets = |(repo, until): (&RepoId, &InboxId)| Record::ForgetRepo(*repo, *until);
        change.records.extend(forgotten.iter().map(forgets));
        for entry in entries {
            match &entry.event {
                Event::PeopleChanged {
                    user: Some(user), ..
                } => {
                    for key in self.store().pulls_by(*user).await? {
                        change.due.push((Subject::Pull(key), Some(self.now())));
                    }
                }
                Event::InstallationChanged {
                    change: InstallationChange::Available,
                    ..
                } => self.look_everywhere(id, &mut change).await?,
                _ => {}
            }
        }
        self.commit(change).await?;
        for (repo, until) in forgotten {
            self.has_forgotten(repo, until);
        }
        Ok(())
    }

    /// The repositories that the installation does not cover any more. One that has come to another installation since
    /// (it was transferred) stays. With the entry that says so.
    async fn forgotten(
        &self,
        id: InstallationId,
        entries: &[InboxEntry],
    ) -> Result<BTreeMap<RepoId, InboxId>, StoreError> {
        let known = self.store().repos().await?;
        let of_ours = known.iter().filter(|known| known.repo.installation == id);
        let ours: BTreeSet<RepoId> = of_ours.map(|known| known.repo.id).collect();
        let mut forgotten = BTreeMap::new();
        for entry in entries {
            let Event::InstallationChanged { change, .. } = &entry.event else {
                continue;
            };
            match change {
                InstallationChange::Deleted => {
                    forgotten.extend(ours.iter().map(|repo| (*repo, entry.id)));
                }
                InstallationChange::Removed(repos) => {
                    let taken_out = repos.iter().filter(|repo| ours.contains(repo));
                    forgotten.extend(taken_out.map(|repo| (*repo, entry.id)));
                }
                // Forgotten and found again: what is still known of it may be out of date, and is dropped all the same.
                InstallationChange::Available | InstallationChange::Suspended => {}
            }
        }
        Ok(forgotten)
    }

    /// Everything that is known is looked at again, and what is not known is looked for.
    async fn look_everywhere(
        &self,
        id: InstallationId,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        let now = Some(self.now());
        change.due.push((Subject::Installations, now));
        for mut known in self.store().repos().await? {
            let repo = known.repo.id;
            if known.repo.installation != id || forgets(change, repo) {
                continue;
            }
            change.due.push((Subject::Comparison(repo), now));
            known.checked_at = None;
            change.records.push(Record::Repo(Box::new(known)));
            for pull in self.store().pulls_of(repo).await? {
                if pull.view.as_ref().is_none_or(|view| view.open) {
                    change
                        .due
                        .push((Subject::Pull(pull.key()), Some(self.now())));
                }
            }
        }
        Ok(())
    }
}

fn forgets(change: &Change, repo: RepoId) -> bool {
    let forgets = |record: &Record| matches!(record, Record::ForgetRepo(gone, _) if *gone == repo);
    change.records.iter().any(forgets)
}
