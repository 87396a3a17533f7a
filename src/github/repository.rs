//! The handle of one repository.

use super::ask::Ask;
use super::classify::Answer;
use super::client::GitHub;
use super::error::GitHubError;
use super::pace::Priority;
use super::tokens::{Purpose, Scope};
use super::wire::WireRepo;
use crate::domain::ids::{Repo, RepoId, RepoName};
use crate::telemetry::Repeat;
use http::Method;
use serde::de::DeserializeOwned;
use std::fmt;

/// One repository, asked with tokens that are good for it alone.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) github: GitHub,
    pub(super) repo: Repo,
    priority: Priority,
    /// What the tokens for comments and reactions are for.
    pub(super) talk: Purpose,
}

impl Repository {
    pub(super) fn new(github: GitHub, repo: Repo) -> Self {
        Self {
            github,
            repo,
            priority: Priority::Normal,
            talk: Purpose::Everyday,
        }
    }

    /// The same, asking in this class.
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same, for what can wait.
    pub fn for_housekeeping(&self) -> Self {
        self.clone().with_priority(Priority::Low)
    }

    /// The same, talking on issues that are no pull requests: that takes another permission.
    pub fn on_issues(mut self) -> Self {
        self.talk = Purpose::Issues;
        self
    }

    /// Which one.
    pub fn id(&self) -> RepoId {
        self.repo.id
    }

    /// The repository this handle is for.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// `/repos/{owner}/{name}` and what follows.
    pub(super) fn path(&self, rest: fmt::Arguments<'_>) -> String {
        format!("/repos/{}{rest}", self.repo.name)
    }

    /// Whether the app is installed on another repository of the same owner, so that tokens can be had for it.
    pub(super) async fn reaches(
        &self,
        holder: &RepoName,
        purpose: Purpose,
    ) -> Result<bool, GitHubError> {
        if !holder.owner().eq_ignore_ascii_case(self.repo.name.owner()) {
            return Ok(false);
        }
        let scope = Scope::named(self.repo.installation, holder, purpose);
        match self.github.token(&scope).await {
            Ok(_) => Ok(true),
            Err(GitHubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn scope(&self, ask: &Ask) -> Scope {
        let installation = self.repo.installation;
        match &ask.holder {
            Some(holder) => Scope::named(installation, holder, ask.purpose),
            None => Scope::new(installation, self.repo.id, ask.purpose),
        }
    }

    /// Asks when it is this class's turn. GitHub leads a GET of a renamed repository on by itself; anything else is asked
    /// again by the name that the repository's number has now, once.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        let answer = match self.ask_once(ask).await {
            Err(error) if error.is_moved() && ask.method != Method::GET => {
                let Some(path) = self.renamed(&ask.path).await? else {
                    return Err(error);
                };
                self.github.metrics().requests().repeated(Repeat::Renamed);
                let ask = Ask {
                    path,
                    ..ask.clone()
                };
                self.ask_once(&ask).await
            }
            answer => answer,
        };
        answer.map_err(|error| self.github.with_page(error, &self.repo))
    }

    async fn ask_once(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        let scope = self.scope(ask);
        self.github.ask_as(&scope, self.priority, ask).await
    }

    /// A path of this repository by the name that it has now; `None`: it has the same.
    async fn renamed(&self, path: &str) -> Result<Option<String>, GitHubError> {
        let ask = self.by_number("looking for the renamed repository");
        let wire: WireRepo = self.ask_once(&ask).await?.json(&ask.doing)?;
        let now = wire
            .repo(self.repo.installation)
            .map_err(|error| GitHubError::unusable(&ask.doing, error.to_string()))?;
        let rest = path.strip_prefix(&self.path(format_args!("")));
        let moved = now.id == self.repo.id && now.name != self.repo.name;
        Ok(rest
            .filter(|_| moved)
            .map(|rest| format!("/repos/{}{rest}", now.name)))
    }

    /// Asks for the repository itself, whatever it is called now.
    pub(super) fn by_number(&self, doing: &str) -> Ask {
        Ask::get(format!("/repositories/{}", self.repo.id), doing)
    }

    pub(super) async fn ask_json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, GitHubError> {
        self.ask(ask).await?.json(&ask.doing)
    }

    /// Like [`Self::ask_json`], with the kept answer where GitHub says that it still holds.
    pub(super) async fn get_kept<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, GitHubError> {
        let mut ask = ask.clone();
        ask.keep = true;
        let answer = self.ask(&ask).await?;
        answer.json(&ask.doing).inspect_err(|_| {
            // Otherwise GitHub would go on confirming what can't be read.
            self.github.distrust(&self.scope(&ask), &ask.path);
        })
    }

    /// All pages of a list, each taken out of its answer by `items`; at most `most_pages` of 100.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        ask: &Ask,
        most_pages: usize,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=most_pages {
            let mut ask = ask.clone();
            let joint = if ask.path.contains('?') { '&' } else { '?' };
            ask.path
                .push_str(&format!("{joint}per_page=100&page={page}"));
            let answer = self.ask(&ask).await?;
            let new = items(answer.json(&ask.doing)?);
            let full = new.len() >= 100;
            all.extend(new);
            if !answer.has_next().unwrap_or(full) {
                break;
            }
        }
        Ok(all)
    }
}
