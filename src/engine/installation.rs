//! What a change of an installation or of its people means for the repositories and pull requests under it.

use super::Engine;
use crate::domain::event::{Event, InstallationChange};
use crate::domain::ids::{InstallationId, Subject};
use crate::store::{Change, InboxEntry, Record, StoreError};

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
                    change: InstallationChange::Removed(repos),
                    ..
                } => {
                    let forgotten = repos.iter().map(|repo| Record::ForgetRepo(*repo));
                    change.records.extend(forgotten);
                }
                Event::InstallationChanged { change: what, .. } => {
                    self.of_installation(id, what, &mut change).await?;
                }
                _ => {}
            }
        }
        self.commit(change).await
    }

    async fn of_installation(
        &self,
        id: InstallationId,
        what: &InstallationChange,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        for mut known in self.store().repos().await? {
            if known.repo.installation != id {
                continue;
            }
            let repo = known.repo.id;
            if *what == InstallationChange::Deleted {
                change.records.push(Record::ForgetRepo(repo));
                continue;
            }
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
