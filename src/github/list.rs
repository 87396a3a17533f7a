//! Lists that are asked for again and again, and rarely change.

use super::client::GitHub;
use super::error::GitHubError;
use super::transport::Ask;
use crate::domain::ids::InstallationId;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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

impl GitHub {
    /// All pages of a list, at most `most_pages` of 100; what was read of a page is kept and only confirmed when asked
    /// again. Only a `Link` header leads on: some lists come whole whatever `per_page` says (matching references).
    pub(super) async fn kept_pages<P: DeserializeOwned, T: Serialize + DeserializeOwned>(
        &self,
        installation: InstallationId,
        ask: &Ask,
        most_pages: usize,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Listing<T>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=most_pages {
            let mut ask = ask.clone();
            let joint = if ask.path.contains('?') { '&' } else { '?' };
            ask.path
                .push_str(&format!("{joint}per_page=100&page={page}"));
            let here = self.kept_page(installation, &ask, &items).await?;
            all.extend(here.items);
            if !here.more {
                return Ok(Listing::Whole(all));
            }
        }
        Ok(Listing::Cut(all))
    }

    /// One page. What is kept is what was taken out of it, a hundredth of what GitHub sends.
    async fn kept_page<P: DeserializeOwned, T: Serialize + DeserializeOwned>(
        &self,
        installation: InstallationId,
        ask: &Ask,
        items: &impl Fn(P) -> Vec<T>,
    ) -> Result<Page<T>, GitHubError> {
        let key = (installation.0, format!("page of {}", ask.path));
        let kept = self.kept().get(&key);
        let kept = kept.and_then(|(etag, body)| Some((etag, serde_json::from_slice(&body).ok()?)));
        let etag = kept
            .as_ref()
            .map(|(etag, _): &(String, Page<T>)| etag.as_str());
        let answer = self.ask_as(installation, ask, etag).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            let unasked = || GitHubError::transient(&ask.doing, "GitHub answered 304");
            return kept.map(|(_, page)| page).ok_or_else(unasked);
        }
        let page = Page {
            more: answer.has_next().unwrap_or(false),
            items: items(answer.json(&ask.doing)?),
        };
        match (answer.header(header::ETAG), serde_json::to_vec(&page)) {
            (Some(etag), Ok(body)) => self.kept().put(key, etag.to_owned(), body.into()),
            _ => self.kept().remove(&key),
        }
        Ok(page)
    }
}
