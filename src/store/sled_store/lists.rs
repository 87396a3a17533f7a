//! Lists for people, and telling them what was changed.

use super::disk::Disk;
use super::read::PULLS_AT;
use super::{SledStore, StoreError};
use crate::domain::ids::{DeliveryId, RepoId, RunSubject, Sha, Subject};
use crate::store::lists::{
    Among, Arrival, Asked, Lists, Page, PullRow, RepoRow, RunsRow, Search, Touched, Waiting,
};
use crate::store::{Change, HistoryEntry, Record};
use async_trait::async_trait;
use tokio::sync::broadcast;

/// So many changes may be told before who listens slowly misses some.
pub(super) const TOLD: usize = 1024;

/// What pages show of a change.
pub(super) fn touched(change: &Change) -> Vec<Touched> {
    let record = |record: &Record| match record {
        Record::Pull(state) => Some((state.repo.id, Some(RunSubject::Pull(state.number)))),
        Record::Runs(state) => Some((state.repo.id, Some(state.subject.clone()))),
        Record::Repo(state) => Some((state.repo.id, None)),
        Record::ForgetRepo(repo, _) => Some((*repo, None)),
        Record::Head(_) | Record::Mark(..) => None,
    };
    let records = change.records.iter().filter_map(record);
    let touched = |(repo, of)| Touched {
        repo: Some(repo),
        of,
    };
    records.map(touched).collect()
}

/// The commits of which a change tells what became of their gates: that is on the pages of the pull requests there.
pub(super) fn heads(change: &Change) -> Vec<(RepoId, Sha)> {
    let head = |line: &HistoryEntry| match &line.subject {
        Subject::Head(repo, sha) => Some((*repo, sha.clone())),
        _ => None,
    };
    change.history.iter().filter_map(head).collect()
}

impl SledStore {
    /// Tells of each change from now on.
    pub fn changes(&self) -> broadcast::Sender<Touched> {
        self.touched.clone()
    }

    /// Writes to the journal what has arrived.
    ///
    /// # Errors
    /// It can't be written; it waits on.
    pub async fn write_journal(&self) -> Result<(), StoreError> {
        let arrived = self.arrived.clone();
        self.run("keeping the journal of deliveries", move |disk| {
            disk.write_journal(&arrived)
        })
        .await
    }

    /// Tells whoever looks at pages what was changed: these, and the pull requests with these heads.
    pub(super) async fn tell(&self, mut touched: Vec<Touched>, heads: Vec<(RepoId, Sha)>) {
        if self.touched.receiver_count() == 0 {
            return;
        }
        for at in heads {
            let repo = at.0;
            let led_to = self.look(
                PULLS_AT,
                (|recent| &recent.pulls_at, at),
                Disk::pulls_led_to,
            );
            // What can't be read is found when it is looked for; that a page is read anew hangs on nothing.
            let numbers = led_to.await.unwrap_or_default();
            touched.extend(numbers.iter().map(|number| Touched {
                repo: Some(repo),
                of: Some(RunSubject::Pull(*number)),
            }));
        }
        for one in touched {
            // Nobody may be listening any more.
            let _ = self.touched.send(one);
        }
    }
}

#[async_trait]
impl Lists for SledStore {
    async fn repo_named(&self, name: &str) -> Result<Option<RepoRow>, StoreError> {
        let name = name.to_owned();
        self.run("looking for a repository", move |disk| {
            disk.repo_named(&name)
        })
        .await
    }

    async fn repo_listed(&self, id: RepoId) -> Result<Option<RepoRow>, StoreError> {
        self.run("reading a repository", move |disk| disk.repo_listed(id))
            .await
    }

    async fn list_repos(&self, among: Among, asked: Asked) -> Result<Page<RepoRow>, StoreError> {
        self.run("listing the repositories", move |disk| {
            disk.list_repos(&among, &asked)
        })
        .await
    }

    async fn list_pulls(
        &self,
        repo: RepoId,
        search: Search,
        asked: Asked,
    ) -> Result<Page<(PullRow, Option<RunsRow>)>, StoreError> {
        self.run("listing pull requests", move |disk| {
            disk.list_pulls(repo, &search, &asked)
        })
        .await
    }

    async fn waiting(&self, repo: RepoId) -> Result<Waiting, StoreError> {
        self.run("counting what waits for a vetter", move |disk| {
            disk.waiting(repo)
        })
        .await
    }

    async fn list_vetting(&self, among: Among, asked: Asked) -> Result<Page<PullRow>, StoreError> {
        self.run("listing what waits for a vetter", move |disk| {
            disk.list_vetting(&among, &asked)
        })
        .await
    }

    async fn list_running(&self, among: Among, asked: Asked) -> Result<Page<RunsRow>, StoreError> {
        self.run("listing what runs", move |disk| {
            disk.list_running(&among, &asked)
        })
        .await
    }

    async fn list_runs(&self, repo: RepoId, asked: Asked) -> Result<Page<RunsRow>, StoreError> {
        self.run("listing runs", move |disk| disk.list_runs(repo, &asked))
            .await
    }

    async fn list_arrivals(
        &self,
        among: Among,
        words: Vec<String>,
        asked: Asked,
    ) -> Result<Page<Arrival>, StoreError> {
        self.write_journal().await?;
        self.run("listing deliveries", move |disk| {
            disk.list_arrivals(&among, &words, &asked)
        })
        .await
    }

    async fn arrival(&self, delivery: &DeliveryId) -> Result<Option<Arrival>, StoreError> {
        self.write_journal().await?;
        let delivery = delivery.clone();
        self.run("looking for a delivery", move |disk| {
            disk.arrival(&delivery)
        })
        .await
    }

    async fn arrivals_of(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<Arrival>, StoreError> {
        self.write_journal().await?;
        let subject = subject.clone();
        self.run("listing the deliveries of a subject", move |disk| {
            disk.arrivals_of(&subject, limit)
        })
        .await
    }

    async fn done_for(
        &self,
        arrival: &Arrival,
        subjects: Vec<Subject>,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let arrival = arrival.clone();
        self.run("reading what was done", move |disk| {
            disk.done_for(&arrival, &subjects)
        })
        .await
    }
}
