//! Brings a repository's configuration up to date, and with it every open pull request that it concerns; proposes one where it was
//! asked for.

use super::pull::Naming;
use super::work::Worked;
use super::{Engine, Failure, is_organisation_defaults, note_failure};
use crate::domain::event::{Event, RepositoryChange};
use crate::domain::ids::{PullKey, Repo, RepoId, RunSubject, Subject};
use crate::domain::repository::RepoState;
use crate::github::{GitHubError, Listing, Priority};
use crate::store::{Change, InboxEntry, Record, StoreError};
use chrono::{DateTime, Utc};

impl Engine {
    pub(super) async fn process_repository(
        &self,
        id: RepoId,
        entries: &[InboxEntry],
        from: DateTime<Utc>,
    ) -> Result<Worked, StoreError> {
        let subject = Subject::Repository(id);
        // A comment says nothing new of the repository: whoever writes many must not have it read again and again.
        let is_comment = |entry: &InboxEntry| matches!(entry.event, Event::Comment { .. });
        let named = !entries.iter().all(is_comment);
        let others = match named {
            true => self.outdate_others(id, entries).await?,
            false => Vec::new(),
        };
        let alone = self.reading(id).await;
        let known = self.store().repo(id).await?;
        let Told {
            state: known,
            archived,
        } = match self.told(known, entries).await {
            Ok(told) => told,
            Err(error) => {
                note_failure(&error, "can't ask what has become of a repository");
                return Ok(Worked::NotBefore(self.retry_after(&error, 3)));
            }
        };
        let done = entries.iter().map(|entry| entry.id).collect();
        let Some(mut state) = known else {
            let nothing = Change {
                done,
                due: vec![(subject, None)],
                from: Some(from),
                ..Change::default()
            };
            return self.commit(nothing).await.map(Worked::made);
        };
        if named {
            state.checked_at = None;
            // What is told from now on waits until it was read again.
            self.shared.quiet.forget(id);
        }
        for entry in entries {
            state.init.take_in(&entry.event);
        }
        // What was to be written meanwhile was let be.
        state.followed &= !state.archived || archived != Some(false);
        state.archived = archived.unwrap_or(state.archived);
        let taken_in = Change {
            records: vec![Record::Repo(Box::new(state.clone()))],
            done,
            due: others
                .iter()
                .map(|other| (other.clone(), Some(self.now())))
                .chain([(subject.clone(), Some(from))])
                .collect(),
            from: Some(from),
            history: Vec::new(),
        };
        self.store().commit(taken_in).await?;
        drop(alone);
        for other in others {
            self.wake_at(other, self.now());
        }
        let mut change = Change {
            due: vec![(subject.clone(), None)],
            from: Some(from),
            ..Change::default()
        };
        let asked = self.follow_init(id).await?;
        if asked.is_some() {
            change.due = vec![(subject.clone(), asked)];
        }
        match self.follow(&state).await {
            Ok(followed) => {
                let now = self.now();
                let concerned = followed.concerned.into_iter();
                change
                    .due
                    .extend(concerned.map(|subject| (subject, Some(now))));
                // What was opened or moved while nothing was heard of it tells of itself only when it is looked at.
                if archived.is_some() {
                    change.due.push((Subject::Comparison(id), Some(now)));
                }
                let followed = self.followed(&followed.state, change).await;
                return followed.map(Worked::made);
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::GitHub(error)) => {
                note_failure(
                    &error,
                    "can't make a configuration known to the pull requests",
                );
                let again = self.retry_after(&error, 3);
                let again = asked.map_or(again, |asked| asked.min(again));
                change.due = vec![(subject, Some(again))];
            }
        }
        self.commit(change).await.map(Worked::made)
    }

    /// What deliveries told of a repository, as far as GitHub says so, too: they may be old ones.
    async fn told(
        &self,
        known: Option<RepoState>,
        entries: &[InboxEntry],
    ) -> Result<Told, GitHubError> {
        let mut told = Told {
            state: known,
            archived: None,
        };
        for entry in entries {
            let (repo, archived) = match &entry.event {
                Event::RepositoryChanged { repo, change } => {
                    (repo, Some(*change == RepositoryChange::Archived))
                }
                Event::BranchPushed { repo, .. } | Event::Comment { repo, .. } => (repo, None),
                _ => continue,
            };
            let new = told.state.is_none();
            let state = told
                .state
                .get_or_insert_with(|| RepoState::new(repo.clone()));
            let is_news = match archived {
                Some(archived) => state.repo != *repo || state.archived != archived || new,
                None => state.may_be_now(repo),
            };
            if archived.is_some() && told.archived.is_none() {
                told.archived = Some(state.archived);
            }
            let github = self.shared.github.of(repo).with_priority(Priority::Urgent);
            if is_news && let Some(there) = github.as_it_is().await? {
                state.is_now(&there.repo);
                told.archived = Some(there.archived);
            }
        }
        Ok(told)
    }

    /// News of a repository that holds its organisation's defaults: what was read of the others is not believed any more. They have to
    /// be looked at, also if this one can't be.
    async fn outdate_others(
        &self,
        id: RepoId,
        entries: &[InboxEntry],
    ) -> Result<Vec<Subject>, StoreError> {
        let known = self.store().repo(id).await?.map(|known| known.repo);
        let named = entries.iter().filter_map(|entry| entry.event.repo());
        let mut holders: Vec<Repo> = named.cloned().chain(known).collect();
        holders.retain(is_organisation_defaults);
        if holders.is_empty() {
            return Ok(Vec::new());
        }
        for holder in &holders {
            self.shared.organisations.forget(holder.installation);
        }
        let mut others = Vec::new();
        for other in self.store().repos().await? {
            let same_owner = |holder: &Repo| holder.owner == other.repo.owner;
            if other.repo.id != id && holders.iter().any(same_owner) {
                self.outdate_from_outside(other.repo.id).await?;
                others.push(Subject::Repository(other.repo.id));
            }
        }
        Ok(others)
    }

    /// Reads the configuration again; whom it concerns if they have not been told of it.
    async fn follow(&self, state: &RepoState) -> Result<Followed, Failure> {
        let mut concerned = Vec::new();
        let now = self.configuration(&state.repo, Naming::Earlier).await?;
        if now.followed {
            let state = now;
            return Ok(Followed { state, concerned });
        }
        let mut numbers = self.store().open_pulls(state.repo.id).await?;
        if now.concerns_us() {
            let github = self.shared.github.of(&now.repo).for_housekeeping();
            let (Listing::Whole(open) | Listing::Cut(open)) = github.open_pulls().await?;
            numbers.extend(open.into_iter().map(|pull| pull.number));
        }
        let repo = state.repo.id;
        // Where nothing was enabled it would come seldom.
        concerned.push(Subject::Comparison(repo));
        let others = self.store().run_subjects(repo).await?;
        let is_pull = |subject: &RunSubject| matches!(subject, RunSubject::Pull(_));
        let others = others.into_iter().filter(|subject| !is_pull(subject));
        // A schedule may be new: nothing else would make it known.
        concerned.extend(
            others
                .chain([RunSubject::Schedule])
                .map(|subject| Subject::Runs(repo, subject)),
        );
        concerned.extend(
            numbers
                .into_iter()
                .map(|number| Subject::Pull(PullKey { repo, number })),
        );
        Ok(Followed {
            state: now,
            concerned,
        })
    }
}

/// A configuration, and who has to be told of it in the change that says that they were.
struct Followed {
    state: RepoState,
    concerned: Vec<Subject>,
}

/// What deliveries told of a repository.
struct Told {
    state: Option<RepoState>,
    /// Whether it is archived, if something was said of the repository itself.
    archived: Option<bool>,
}
