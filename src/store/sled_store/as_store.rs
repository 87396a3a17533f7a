//! What the [`Store`] promises, answered by the disk.

use super::disk::Disk;
use super::{
    Accepted, Aside, Change, Delivery, HistoryEntry, InboxEntry, Loss, Retention, SledStore, Store,
    StoreError, journal, lists,
};
use crate::domain::gate::HeadState;
use crate::domain::ids::{DeliveryId, PrNumber, PullKey, RepoId, RunSubject, Sha, Subject, UserId};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use crate::store::lists::Arrival;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

#[async_trait]
impl Store for SledStore {
    fn born_at(&self) -> DateTime<Utc> {
        self.holder.born_at
    }

    fn loss(&self) -> Option<Loss> {
        self.holder.loss()
    }

    async fn rebuilt(&self) -> Result<(), StoreError> {
        let holder = self.holder.clone();
        self.run("noting that nothing is missing", move |_| {
            holder.forget_loss()
        })
        .await?;
        self.on_disk("writing to disk that nothing is missing")
            .await
    }

    async fn mark(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.run("reading how far something has come", move |disk| {
            disk.mark(name)
        })
        .await
    }

    async fn has_accepted(&self, delivery: &DeliveryId) -> Result<bool, StoreError> {
        let id = delivery.clone();
        self.run("looking for a delivery", move |disk| disk.has_accepted(&id))
            .await
    }

    async fn prune(&self, now: DateTime<Utc>, retention: Retention) -> Result<usize, StoreError> {
        const DOING: &str = "forgetting what is no longer needed";
        self.run(DOING, move |disk| {
            let ids = disk.prune_ids(now)?;
            Ok(ids
                + disk.prune_history(now - retention.history)?
                + disk.prune_closed(now - retention.closed)?)
        })
        .await
    }

    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        let arrival = journal::arrival(&delivery);
        let accepted = self
            .run("accepting a delivery", |disk| disk.accept(delivery))
            .await?;
        if matches!(accepted, Accepted::Fresh(_)) {
            self.arrived.add(arrival);
        }
        // A duplicate waits, too: the first copy may not be on disk yet, and this answer says that it is. Should the
        // flush fail, no later one succeeds until the database was opened anew; then the id and the entries are either
        // both found (`pending`) or both lost, and GitHub, which got no 2xx, can be asked for the delivery again.
        self.on_disk("writing a delivery to disk").await?;
        Ok(accepted)
    }

    fn passes_by(&self, arrival: Arrival) {
        self.arrived.add(arrival);
    }

    async fn set_aside(&self, aside: Aside) -> Result<(), StoreError> {
        self.run("setting a delivery aside", |disk| disk.set_aside(aside))
            .await?;
        self.on_disk("writing a delivery set aside to disk").await
    }

    async fn asides(&self, limit: usize) -> Result<Vec<Aside>, StoreError> {
        self.run("listing the deliveries set aside", move |disk| {
            disk.asides(limit)
        })
        .await
    }

    async fn pending(&self) -> Result<Vec<InboxEntry>, StoreError> {
        self.run("listing the inbox", Disk::pending).await
    }

    async fn due(&self) -> Result<Vec<(Subject, DateTime<Utc>)>, StoreError> {
        self.run("listing what is due", Disk::due).await
    }

    async fn pull(&self, key: PullKey) -> Result<Option<PullState>, StoreError> {
        self.run("reading a pull request", move |disk| disk.pull(key))
            .await
    }

    async fn open_pulls(&self, repo: RepoId) -> Result<BTreeSet<PrNumber>, StoreError> {
        self.run("listing the pull requests of a repository", move |disk| {
            disk.open_pulls(repo)
        })
        .await
    }

    async fn pulls(
        &self,
        repo: RepoId,
        numbers: BTreeSet<PrNumber>,
    ) -> Result<Vec<PullState>, StoreError> {
        self.run("reading pull requests", move |disk| {
            disk.pulls(repo, &numbers)
        })
        .await
    }

    async fn silent_pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        let sha = sha.clone();
        self.run("listing the pull requests of a head", move |disk| {
            disk.silent_pulls_at(repo, &sha)
        })
        .await
    }

    async fn pulls_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<PullState>, StoreError> {
        let sha = sha.clone();
        self.run("listing the pull requests of a head", move |disk| {
            disk.pulls_at(repo, &sha)
        })
        .await
    }

    async fn pulls_by(&self, person: UserId) -> Result<Vec<PullKey>, StoreError> {
        self.run("listing the pull requests of a person", move |disk| {
            disk.pulls_by(person)
        })
        .await
    }

    async fn head(&self, repo: RepoId, sha: &Sha) -> Result<Option<HeadState>, StoreError> {
        let sha = sha.clone();
        self.run("reading a head", move |disk| disk.head(repo, &sha))
            .await
    }

    async fn runs(
        &self,
        repo: RepoId,
        subject: &RunSubject,
    ) -> Result<Option<RunsState>, StoreError> {
        let subject = subject.clone();
        self.run("reading runs", move |disk| disk.runs(repo, &subject))
            .await
    }

    async fn has_runs(&self, repo: RepoId, subject: &RunSubject) -> Result<bool, StoreError> {
        let subject = subject.clone();
        self.run("looking for runs", move |disk| {
            disk.has_runs(repo, &subject)
        })
        .await
    }

    async fn has_any_runs(&self, repo: RepoId) -> Result<bool, StoreError> {
        self.run("looking for runs", move |disk| disk.has_any_runs(repo))
            .await
    }

    async fn runs_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<RunsState>, StoreError> {
        let sha = sha.clone();
        self.run("listing the runs of a commit", move |disk| {
            disk.runs_at(repo, &sha)
        })
        .await
    }

    async fn run_subjects(&self, repo: RepoId) -> Result<Vec<RunSubject>, StoreError> {
        self.run("listing what has runs", move |disk| disk.run_subjects(repo))
            .await
    }

    async fn repo(&self, id: RepoId) -> Result<Option<RepoState>, StoreError> {
        self.run("reading a repository", move |disk| disk.repo(id))
            .await
    }

    async fn repos(&self) -> Result<Vec<RepoState>, StoreError> {
        self.run("listing the repositories", Disk::repos).await
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let mut touched = lists::touched(&change);
        let heads = lists::heads(&change);
        let committed = self.run("applying a change", move |disk| {
            disk.commit(change)?;
            Ok(disk.touched_at(&heads))
        });
        touched.extend(committed.await?);
        self.tell(touched);
        Ok(())
    }

    async fn history(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let subject = subject.clone();
        self.run("reading a history", move |disk| {
            disk.history(&subject, limit)
        })
        .await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.on_disk("writing to disk").await
    }
}
