//! Lists that are asked for again and again, and rarely change.

use super::ask::{Ask, Digest};
use super::classify::Answer;
use super::client::GitHub;
use super::error::GitHubError;
use super::pace::Priority;
use super::repository::Repository;
use super::tokens::Scope;
use crate::domain::ids::InstallationId;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The number of pages of a list that comes whole.
pub(super) const WHOLE: usize = 1;

/// A page of a list as it is kept.
#[derive(Serialize, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    more: bool,
}

/// A list that was asked for page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing<T> {
    /// All of it.
    Whole(Vec<T>),
    /// It is longer than what was asked for.
    Cut(Vec<T>),
}

impl Repository {
    /// All pages of a list about the repository, as [`GitHub::kept_pages`].
    pub(super) async fn kept_pages<
        P: DeserializeOwned + 'static,
        T: Serialize + DeserializeOwned + 'static,
    >(
        &self,
        ask: &Ask,
        most_pages: usize,
        items: fn(P) -> Vec<T>,
    ) -> Result<Listing<T>, GitHubError> {
        kept_pages(Asker::Repository(self), ask, most_pages, items).await
    }
}

impl GitHub {
    /// All pages of a list about an installation.
    pub(super) async fn kept_pages<
        P: DeserializeOwned + 'static,
        T: Serialize + DeserializeOwned + 'static,
    >(
        &self,
        installation: InstallationId,
        ask: &Ask,
        most_pages: usize,
        items: fn(P) -> Vec<T>,
    ) -> Result<Listing<T>, GitHubError> {
        let asker = Asker::Installation(self, Scope::whole(installation));
        kept_pages(asker, ask, most_pages, items).await
    }
}

/// Who asks for a list.
enum Asker<'a> {
    Repository(&'a Repository),
    Installation(&'a GitHub, Scope),
}

impl Asker<'_> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        match self {
            Self::Repository(repository) => repository.ask(ask).await,
            Self::Installation(github, scope) => github.ask_as(scope, Priority::Low, ask).await,
        }
    }
}

/// All pages of a list, at most `most_pages` of 100; one that GitHub does not cut into pages ([`WHOLE`]) is asked for at once. What was read of a page, a hundredth of what GitHub sends, is kept and
/// only confirmed when asked again. Only a `Link` header leads on.
async fn kept_pages<P: DeserializeOwned + 'static, T: Serialize + DeserializeOwned + 'static>(
    asker: Asker<'_>,
    ask: &Ask,
    most_pages: usize,
    items: fn(P) -> Vec<T>,
) -> Result<Listing<T>, GitHubError> {
    let doing = ask.doing.clone();
    let digest = move |answer: &Answer| {
        let page = Page {
            more: answer.has_next().unwrap_or(false),
            items: items(answer.json(&doing)?),
        };
        let body = serde_json::to_vec(&page);
        body.map(Bytes::from)
            .map_err(|error| GitHubError::unusable(&doing, error.to_string()))
    };
    let digest = Digest(Arc::new(digest));
    let mut all = Vec::new();
    for page in 1..=most_pages {
        let mut ask = ask.clone();
        if most_pages != WHOLE {
            let joint = if ask.path.contains('?') { '&' } else { '?' };
            ask.path
                .push_str(&format!("{joint}per_page=100&page={page}"));
        }
        ask.keep = true;
        ask.digest = Some(digest.clone());
        let here: Page<T> = asker.ask(&ask).await?.json(&ask.doing)?;
        all.extend(here.items);
        if !here.more {
            return Ok(Listing::Whole(all));
        }
    }
    Ok(Listing::Cut(all))
}
