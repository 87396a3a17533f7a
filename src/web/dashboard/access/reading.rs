//! What can be read, by whoever may.

use super::{Seer, Visible};
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Subject};
use crate::domain::pull::PullState;
use crate::domain::runs::RunsState;
use crate::store::lists::{Arrival, Asked, Page, PullRow, RepoRow, RunsRow, Search, Waiting};
use crate::store::{Aside, StoreError};

type Read<T> = Result<T, StoreError>;

impl Seer {
    /// The repositories, by name.
    pub async fn repos(&self, asked: Asked) -> Read<Page<Visible>> {
        let page = self.shelf().list_repos(self.among(), asked).await?;
        Ok(page.map(|row| self.visible(row)))
    }

    /// A repository of a row that was shown.
    pub async fn repo(&self, id: RepoId) -> Read<Option<RepoRow>> {
        match self.sees(id) {
            true => self.shelf().repo_listed(id).await,
            false => Ok(None),
        }
    }

    /// What waits for a vetter.
    pub async fn vetting(&self, asked: Asked) -> Read<Page<PullRow>> {
        self.shelf().list_vetting(self.among(), asked).await
    }

    /// What runs.
    pub async fn running(&self, asked: Asked) -> Read<Page<RunsRow>> {
        self.shelf().list_running(self.among(), asked).await
    }

    /// The deliveries that came and concern only what may be seen.
    pub async fn arrivals(&self, words: Vec<String>, asked: Asked) -> Read<Page<Arrival>> {
        self.shelf().list_arrivals(self.among(), words, asked).await
    }

    /// The deliveries that could not be decoded; nobody knows whom they concern.
    pub async fn asides(&self, limit: usize) -> Read<Vec<Aside>> {
        match self.sees_everything() {
            true => self.shelf().asides(limit).await,
            false => Ok(Vec::new()),
        }
    }
}

impl Visible {
    /// Its open pull requests.
    pub async fn pulls(
        &self,
        search: Search,
        asked: Asked,
    ) -> Read<Page<(PullRow, Option<RunsRow>)>> {
        self.shelf().list_pulls(self.row.id, search, asked).await
    }

    /// How many of them wait for a vetter.
    pub async fn waiting(&self) -> Read<Waiting> {
        self.shelf().waiting(self.row.id).await
    }

    /// One of its pull requests, open or not.
    pub async fn pull(&self, number: u64) -> Read<Option<PullState>> {
        self.shelf().pull(self.key(number)).await
    }

    /// Runs.
    pub async fn runs(&self, subject: &RunSubject) -> Read<Option<RunsState>> {
        self.shelf().runs(self.row.id, subject).await
    }

    /// Merge groups, branches and schedules with runs.
    pub async fn latest_runs(&self, asked: Asked) -> Read<Page<RunsRow>> {
        self.shelf().list_runs(self.row.id, asked).await
    }

    /// The deliveries about a pull request and its runs, and about nothing that may not be seen.
    pub async fn arrivals(&self, number: u64, limit: usize) -> Read<Vec<Arrival>> {
        let mut all = Vec::new();
        for subject in of_pull(self.key(number)) {
            let arrivals = self.shelf().arrivals_of(&subject, limit).await?;
            all.extend(arrivals.into_iter().filter(|one| self.tells_of(one)));
        }
        all.sort_by(|one, other| (&one.at, &one.delivery).cmp(&(&other.at, &other.delivery)));
        all.dedup_by(|one, other| one.delivery == other.delivery);
        Ok(all)
    }

    fn key(&self, number: u64) -> PullKey {
        PullKey {
            repo: self.row.id,
            number: PrNumber(number),
        }
    }
}

/// Those who work on a pull request.
pub(super) fn of_pull(key: PullKey) -> [Subject; 2] {
    let runs = Subject::Runs(key.repo, RunSubject::Pull(key.number));
    [Subject::Pull(key), runs]
}
