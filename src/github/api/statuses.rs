//! Commit statuses: a gate where a check run is not wanted (GitHub, "REST API endpoints for commit statuses").

use crate::domain::ids::{PrNumber, Sha};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The most characters of a description: GitHub refuses a longer one.
const LONGEST_DESCRIPTION: usize = 140;

/// What a commit status says. GitHub has no more words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// Not over.
    Pending,
    /// It passed.
    Success,
    /// It did not.
    Failure,
    /// It could not be found out.
    Error,
}

impl Repository {
    /// The page of a pull request.
    pub fn pull_page(&self, number: PrNumber) -> String {
        self.page(format_args!("/pull/{number}"))
    }

    /// The page of a commit.
    pub fn commit_page(&self, sha: &Sha) -> String {
        self.page(format_args!("/commit/{sha}"))
    }

    fn page(&self, path: std::fmt::Arguments<'_>) -> String {
        format!("{}/{}{path}", self.github.site(), self.repo.name)
    }

    /// Reports a commit status: the newest of a context counts. May be repeated, but GitHub takes only 1,000 of one
    /// context for one commit.
    pub async fn create_status(
        &self,
        sha: &Sha,
        context: &str,
        state: StatusState,
        description: &str,
        target_url: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut body =
            json!({ "state": state, "context": context, "description": cut(description) });
        if let Some(url) = target_url {
            body["target_url"] = json!(url);
        }
        let path = self.path(format_args!("/statuses/{sha}"));
        self.ask(&Ask::new(Method::POST, path, "reporting the commit status").with(body))
            .await?;
        Ok(())
    }
}

fn cut(description: &str) -> String {
    if description.chars().count() <= LONGEST_DESCRIPTION {
        return description.to_owned();
    }
    let kept = description.chars().take(LONGEST_DESCRIPTION - 1);
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_to_what_github_takes() {
        assert_eq!(cut(&"é".repeat(140)), "é".repeat(140));
        let cut = cut(&"é".repeat(141));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (140, true));
    }
}
