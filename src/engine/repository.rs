//! Brings a repository's configuration up to date, and with it every open pull request that it concerns.

use super::{Engine, Failure, is_organisation_defaults};
use crate::domain::event::{Event, RepositoryChange};
use crate::domain::ids::{PrNumber, PullKey, RepoId, Subject};
use crate::domain::repository::RepoState;
use crate::store::{Change, InboxEntry, Record, StoreError};
use std::collections::BTreeSet;

impl Engine {
    pub(super) async fn process_repository(
        &self,
        id: RepoId,
        entries: &[InboxEntry],
    ) -> Result<(), StoreError> {
        let subject = Subject::Repository(id);
        let mut known = self.store().repo(id).await?;
        let mut gone = false;
        for entry in entries {
            if let Event::RepositoryChanged { repo, change } = &entry.event {
                gone = *change == RepositoryChange::Gone;
                let state = known.get_or_insert_with(|| RepoState::new(repo.clone()));
                state.is_now(repo);
            }
        }
        let done = entries.iter().map(|entry| entry.id).collect();
        let Some(mut state) = known.filter(|_| !gone) else {
            return self
                .commit(Change {
                    records: vec![Record::ForgetRepo(id)],
                    done,
                    due: vec![(subject, None)],
                    history: Vec::new(),
                })
                .await;
        };
        state.checked_at = None;
        let was = (state.good.clone(), state.problem.clone());
        let taken_in = Change {
            records: vec![Record::Repo(Box::new(state.clone()))],
            done,
            due: vec![(subject.clone(), Some(self.now()))],
            history: Vec::new(),
        };
        self.store().commit(taken_in).await?;
        let mut due = vec![(subject.clone(), None)];
        match self.follow(&state, was).await {
            Ok(concerned) => due.extend(concerned.into_iter().map(|s| (s, Some(self.now())))),
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::GitHub(error)) => {
                tracing::warn!(%error, "can't read the configuration of a repository");
                due = vec![(subject, Some(self.retry_after(&error, 3)))];
            }
        }
        self.commit(Change {
            due,
            ..Change::default()
        })
        .await
    }

    /// Reads the configuration again; whom it concerns if it changed.
    async fn follow(
        &self,
        state: &RepoState,
        was: (
            Option<crate::domain::config::RepoConfig>,
            Option<crate::domain::config::ConfigError>,
        ),
    ) -> Result<Vec<Subject>, Failure> {
        let mut concerned = Vec::new();
        if is_organisation_defaults(&state.repo) {
            self.shared.organisations.forget(state.repo.installation);
            for other in self.store().repos().await? {
                let same_owner = other.repo.owner == state.repo.owner;
                if same_owner && other.repo.id != state.repo.id {
                    concerned.push(Subject::Repository(other.repo.id));
                }
            }
        }
        let now = self.configuration(&state.repo).await?;
        let changed = (now.good.clone(), now.problem.clone()) != was;
        if !changed {
            return Ok(concerned);
        }
        let known = self.store().pulls_of(state.repo.id).await?;
        let mut numbers: BTreeSet<PrNumber> = known
            .iter()
            .filter(|pull| pull.view.as_ref().is_none_or(|view| view.open))
            .map(|pull| pull.number)
            .collect();
        if now.concerns_us() {
            numbers.extend(self.shared.github.of(&now.repo).open_pulls().await?);
        }
        let repo = state.repo.id;
        concerned.extend(
            numbers
                .into_iter()
                .map(|number| Subject::Pull(PullKey { repo, number })),
        );
        Ok(concerned)
    }
}
