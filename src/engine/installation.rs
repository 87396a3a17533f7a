//! What a change of an installation or of its people means for the repositories and pull requests under it.

use super::patience::note_failure;
use super::work::Worked;
use super::{Engine, Failure};
use crate::domain::event::{Event, InstallationChange, RepositoryChange};
use crate::domain::ids::{InstallationId, PullKey, RepoId, Subject};
use crate::store::{Change, InboxEntry, InboxId, Record, StoreError};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

impl Engine {
    pub(super) async fn process_installation(
        &self,
        id: InstallationId,
        entries: &[InboxEntry],
        from: DateTime<Utc>,
    ) -> Result<Worked, StoreError> {
        match self.forget_what_is_gone(id, entries).await {
            Ok(()) => {}
            Err(Failure::Store(error)) => return Err(error),
            // A question that fails is no answer: everything stays until there is one.
            Err(Failure::GitHub(error)) => {
                note_failure(&error, "can't ask whether a repository is gone");
                return Ok(Worked::NotBefore(self.retry_after(&error, 3)));
            }
        }
        let mut change = Change {
            done: entries.iter().map(|entry| entry.id).collect(),
            due: vec![(Subject::Installation(id), None)],
            from: Some(from),
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
                    change: InstallationChange::Available,
                    ..
                } => self.look_everywhere(id, &mut change).await?,
                _ => {}
            }
        }
        self.commit(change).await.map(Worked::made)
    }

    /// Forgets what deliveries say that the installation does not cover any more, and GitHub says it, too: a delivery may be
    /// an old one that comes late or is sent again.
    async fn forget_what_is_gone(
        &self,
        id: InstallationId,
        entries: &[InboxEntry],
    ) -> Result<(), Failure> {
        let mut installed = None;
        for (repo, entry) in self.said_to_be_gone(id, entries).await? {
            let whole = matches!(
                entry.event,
                Event::InstallationChanged {
                    change: InstallationChange::Deleted,
                    ..
                }
            );
            let github = &self.shared.github;
            let covered = match (whole, installed) {
                (true, Some(installed)) => installed,
                (true, None) => *installed.insert(github.is_installed(id).await?),
                (false, _) => github.covers(id, repo).await?,
            };
            if !covered {
                self.forget(id, repo, entry.id).await?;
            }
        }
        Ok(())
    }

    /// The repositories that are not covered any more by what deliveries say, with the newest that says so. One that has come
    /// to another installation since (it was transferred) is not among them.
    async fn said_to_be_gone<'a>(
        &self,
        id: InstallationId,
        entries: &'a [InboxEntry],
    ) -> Result<BTreeMap<RepoId, &'a InboxEntry>, StoreError> {
        let mut gone = BTreeMap::new();
        for entry in entries {
            let repos: Vec<RepoId> = match &entry.event {
                Event::InstallationChanged {
                    change: InstallationChange::Deleted,
                    ..
                } => {
                    let known = self.store().repos().await?;
                    known.iter().map(|known| known.repo.id).collect()
                }
                Event::InstallationChanged {
                    change: InstallationChange::Removed(repos),
                    ..
                } => repos.clone(),
                Event::RepositoryChanged {
                    repo,
                    change: RepositoryChange::Gone,
                } => vec![repo.id],
                _ => continue,
            };
            for repo in repos {
                if self.is_of(id, repo).await? {
                    gone.insert(repo, entry);
                }
            }
        }
        Ok(gone)
    }

    /// Drops what is kept of a repository, alone in it.
    async fn forget(
        &self,
        id: InstallationId,
        repo: RepoId,
        until: InboxId,
    ) -> Result<(), StoreError> {
        let lock = self.present(repo);
        // One at a time: whoever is at work in a repository may be waiting to come into another one.
        let _alone = lock.write().await;
        // Whoever was at work there may have learnt that it has come to another installation.
        if self.is_of(id, repo).await? {
            let change = Change {
                records: vec![Record::ForgetRepo(repo, until)],
                ..Change::default()
            };
            self.store().commit(change).await?;
            self.has_forgotten(repo, until);
            self.shared.jobs.forget(repo);
            self.shared.quiet.forget(repo);
        }
        Ok(())
    }

    /// Whether a repository is the installation's, as far as is known.
    async fn is_of(&self, id: InstallationId, repo: RepoId) -> Result<bool, StoreError> {
        let known = self.store().repo(repo).await?;
        Ok(known.is_some_and(|known| known.repo.installation == id))
    }

    /// Everything that is known is looked at again, and what is not known is looked for.
    async fn look_everywhere(
        &self,
        id: InstallationId,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        let now = Some(self.now());
        change.due.push((Subject::Installations, now));
        for known in self.store().repos().await? {
            let repo = known.repo.id;
            if known.repo.installation != id {
                continue;
            }
            change.due.push((Subject::Comparison(repo), now));
            self.outdate_from_outside(repo).await?;
            for number in self.store().open_pulls(repo).await? {
                let pull = Subject::Pull(PullKey { repo, number });
                change.due.push((pull, now));
            }
        }
        Ok(())
    }
}
