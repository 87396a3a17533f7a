//! What the app is installed on (GitHub, "REST API endpoints for GitHub Apps", "… for GitHub App installations").

use crate::domain::ids::{InstallationId, Repo, RepoId};
use crate::github::ask::Ask;
use crate::github::classify::Answer;
use crate::github::client::GitHub;
use crate::github::error::GitHubError;
use crate::github::list::Listing;
use crate::github::repository::Repository;
use crate::github::tokens::{Purpose, Scope};
use crate::github::wire::WireRepo;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// More installations or repositories are not listed.
const MOST_PAGES: usize = 1000;

/// An installation of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// Which.
    pub id: InstallationId,
    /// Whether it is suspended: nothing can be asked of it then.
    pub suspended: bool,
}

/// A repository that an installation covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Which.
    pub repo: Repo,
    /// Whether it can only be read.
    pub archived: bool,
    /// Whether GitHub shows it to everybody; what is not said is not public.
    pub public: bool,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
    suspended_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct WireRepositories {
    total_count: u64,
    repositories: Vec<WireCovered>,
}

/// A repository, and how many GitHub counted on its page.
#[derive(Serialize, Deserialize)]
struct Counted {
    wire: WireCovered,
    total: u64,
}

#[derive(Serialize, Deserialize)]
struct WireCovered {
    #[serde(flatten)]
    repo: WireRepo,
    #[serde(default)]
    archived: bool,
    private: Option<bool>,
    visibility: Option<String>,
}

impl WireCovered {
    /// Both have to say it: an `internal` repository is `private` in some answers and not in others.
    fn is_public(&self) -> bool {
        let visibility = self.visibility.as_deref();
        self.private == Some(false) && visibility.is_none_or(|seen| seen == "public")
    }

    fn covered(&self, by: InstallationId, doing: &str) -> Result<Covered, GitHubError> {
        let repo = self.repo.repo(by);
        let repo = repo.map_err(|error| GitHubError::unusable(doing, error.to_string()))?;
        Ok(Covered {
            repo,
            archived: self.archived,
            public: self.is_public(),
        })
    }
}

impl GitHub {
    /// All installations.
    pub async fn installations(&self) -> Result<Vec<Installed>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/app/installations?per_page=100&page={page}");
            let ask = Ask::get(path, "listing the installations");
            let answer = self.ask_as_app(&ask).await?;
            let more = answer.has_next();
            let here: Vec<WireInstallation> = answer.json(&ask.doing)?;
            let full = here.len() >= 100;
            all.extend(here.iter().map(|wire| Installed {
                id: InstallationId(wire.id),
                suspended: wire.suspended_at.is_some(),
            }));
            if !more.unwrap_or(full) {
                return Ok(all);
            }
        }
        Ok(all)
    }

    /// Whether there is such an installation.
    pub async fn is_installed(&self, id: InstallationId) -> Result<bool, GitHubError> {
        let path = format!("/app/installations/{id}");
        let ask = Ask::get(path, "looking for an installation");
        match self.ask_as_app(&ask).await {
            Ok(_) => Ok(true),
            Err(GitHubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether an installation covers a repository: GitHub makes a token for that number, or says that it can't. It is the
    /// app that asks, so this can be asked although the installation's budget is used up.
    pub async fn covers(&self, id: InstallationId, repo: RepoId) -> Result<bool, GitHubError> {
        let scope = Scope::new(id, repo, Purpose::Survey);
        match self.new_token(&scope).await {
            Ok(_) => Ok(true),
            Err(GitHubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All repositories that an installation covers; a list that is not whole is an error. Free while nothing changed.
    pub async fn covered(&self, id: InstallationId) -> Result<Vec<Covered>, GitHubError> {
        let doing = "listing the repositories of the installation";
        let ask = Ask::get("/installation/repositories".to_owned(), doing);
        let counted = |page: WireRepositories| {
            let total = page.total_count;
            let here = page.repositories.into_iter();
            here.map(|wire| Counted { wire, total }).collect()
        };
        let Listing::Whole(listed) = self.kept_pages(id, &ask, MOST_PAGES, counted).await? else {
            return Err(GitHubError::unusable(doing, "the list is too long"));
        };
        let listed_all = |one: &Counted| one.total == listed.len() as u64;
        if !listed.iter().all(listed_all) {
            return Err(GitHubError::moving(doing));
        }
        listed
            .into_iter()
            .map(|Counted { wire, .. }| wire.covered(id, doing))
            .collect()
    }
}

impl Repository {
    /// The repository as GitHub knows its number now; `None`: the installation does not cover it.
    pub async fn as_it_is(&self) -> Result<Option<Covered>, GitHubError> {
        let ask = self.by_number("asking what the repository is called");
        let wire: WireCovered = match self.ask_json(&ask).await {
            Err(GitHubError::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let there = wire.covered(self.repo.installation, &ask.doing)?;
        match there.repo.id == self.repo.id {
            true => Ok(Some(there)),
            false => Err(GitHubError::unusable(&ask.doing, "it is another one")),
        }
    }
}

/// One page of what an installation covers, and how many there are altogether.
pub(super) fn covered_page(
    answer: &Answer,
    id: InstallationId,
    doing: &str,
) -> Result<(Vec<Covered>, usize), GitHubError> {
    let page: WireRepositories = answer.json(doing)?;
    let here = page.repositories.into_iter();
    let covered: Result<Vec<_>, _> = here.map(|wire| wire.covered(id, doing)).collect();
    Ok((
        covered?,
        usize::try_from(page.total_count).unwrap_or(usize::MAX),
    ))
}
