//! What the [`Store`] promises, answered by the disk.

use super::change::Prepared;
use super::disk::Disk;
use super::group::Piece;
use super::inbox::NewDelivery;
use super::read::{PULLS_AT, RUNS_AT};
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
        let noting = "noting that nothing is missing";
        let of = self.run(noting, move |_| holder.forget_loss()).await?;
        self.on_disk("writing to disk that nothing is missing", of)
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
        let new = NewDelivery::new(delivery)?;
        let piece = |answer| Piece::Delivery(new, answer);
        let accepted = self.write("accepting a delivery", piece).await?;
        if matches!(accepted, Accepted::Fresh(_)) {
            self.arrived.add(arrival);
        }
        Ok(accepted)
    }

    fn passes_by(&self, arrival: Arrival) {
        self.arrived.add(arrival);
    }

    async fn set_aside(&self, aside: Aside) -> Result<(), StoreError> {
        let set_aside = |disk: &Disk| disk.set_aside(aside).map(|()| disk.epoch);
        let of = self.run("setting a delivery aside", set_aside).await?;
        self.on_disk("writing a delivery set aside to disk", of)
            .await
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
        let known = self.look(
            "reading a pull request",
            (|recent| &recent.pulls, key),
            Disk::pull,
        );
        Ok(known.await?.as_ref().clone())
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
        // Unlike other listings this one fails when a record can't be read: the worst of these pull requests decides the gate, so
        // none may be left out.
        let at = (repo, sha.clone());
        let numbers = self.look(
            PULLS_AT,
            (|recent| &recent.pulls_at, at),
            Disk::pulls_led_to,
        );
        let mut states = Vec::new();
        for number in numbers.await?.iter() {
            let key = PullKey {
                repo,
                number: *number,
            };
            let state = self
                .look(PULLS_AT, (|recent| &recent.pulls, key), Disk::pull)
                .await?;
            let is_there =
                |state: &&PullState| state.gate.as_ref().is_some_and(|gate| gate.sha == *sha);
            states.extend(state.as_ref().as_ref().filter(is_there).cloned());
        }
        Ok(states)
    }

    async fn pulls_by(&self, person: UserId) -> Result<Vec<PullKey>, StoreError> {
        self.run("listing the pull requests of a person", move |disk| {
            disk.pulls_by(person)
        })
        .await
    }

    async fn head(&self, repo: RepoId, sha: &Sha) -> Result<Option<HeadState>, StoreError> {
        let at = (repo, sha.clone());
        let known = self.look("reading a head", (|recent| &recent.heads, at), Disk::head);
        Ok(known.await?.as_ref().clone())
    }

    async fn runs(
        &self,
        repo: RepoId,
        subject: &RunSubject,
    ) -> Result<Option<RunsState>, StoreError> {
        let of = (repo, subject.clone());
        let known = self.look("reading runs", (|recent| &recent.runs, of), Disk::runs);
        Ok(known.await?.as_ref().clone())
    }

    async fn has_runs(&self, repo: RepoId, subject: &RunSubject) -> Result<bool, StoreError> {
        const DOING: &str = "looking for runs";
        let of = (repo, subject.clone());
        let known = self.look(DOING, (|recent| &recent.runs, of.clone()), Disk::runs);
        match known.await {
            Ok(known) => Ok(known.is_some()),
            // They are there, though they can't be read.
            Err(_) => self.run(DOING, move |disk| disk.has_runs(&of)).await,
        }
    }

    async fn has_any_runs(&self, repo: RepoId) -> Result<bool, StoreError> {
        self.run("looking for runs", move |disk| disk.has_any_runs(repo))
            .await
    }

    async fn runs_at(&self, repo: RepoId, sha: &Sha) -> Result<Vec<RunsState>, StoreError> {
        // Fails when a record can't be read, as `pulls_at` does and for the same reason.
        let at = (repo, sha.clone());
        let subjects = self.look(RUNS_AT, (|recent| &recent.runs_at, at), Disk::runs_led_to);
        let mut states = Vec::new();
        for subject in subjects.await?.iter() {
            let of = (repo, subject.clone());
            let state = self
                .look(RUNS_AT, (|recent| &recent.runs, of), Disk::runs)
                .await?;
            let is_there = |state: &&RunsState| state.shas().contains(sha);
            states.extend(state.as_ref().as_ref().filter(is_there).cloned());
        }
        Ok(states)
    }

    async fn run_subjects(&self, repo: RepoId) -> Result<Vec<RunSubject>, StoreError> {
        self.run("listing what has runs", move |disk| disk.run_subjects(repo))
            .await
    }

    async fn repo(&self, id: RepoId) -> Result<Option<RepoState>, StoreError> {
        let known = self.look(
            "reading a repository",
            (|recent| &recent.repos, id),
            Disk::repo,
        );
        Ok(known.await?.as_ref().clone())
    }

    async fn repos(&self) -> Result<Vec<RepoState>, StoreError> {
        self.run("listing the repositories", Disk::repos).await
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let touched = lists::touched(&change);
        let heads = lists::heads(&change);
        let prepared = Prepared::new(change)?;
        let piece = |answer| Piece::Change(prepared, answer);
        self.write("applying a change", piece).await?;
        self.tell(touched, heads).await;
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
        const DOING: &str = "writing to disk";
        let of = self.holder.disk(DOING)?.epoch;
        self.on_disk(DOING, of).await
    }
}
