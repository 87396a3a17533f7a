//! Branches: the mirror is read, created, moved and deleted with one call each (GitHub, "REST API endpoints for Git
//! references").

use super::encoded_path;
use super::pulls::sha;
use crate::domain::ids::Sha;
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::list::{Listing, WHOLE};
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// What came of writing a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefOutcome {
    /// It is where it should be.
    Done,
    /// It could not be created: there is one already.
    Exists,
    /// It could not be moved: there is none.
    Missing,
}

#[derive(Deserialize)]
struct WireRef {
    #[serde(rename = "ref")]
    name: String,
    object: WireObject,
}

#[derive(Deserialize)]
struct WireObject {
    sha: String,
}

impl Repository {
    /// The commit that a mirror is at; `None`: there is no such branch.
    pub async fn mirror(&self, branch: &str) -> Result<Option<Sha>, GitHubError> {
        self.tip(branch, "reading the mirror").await
    }

    /// The commit at the tip of a branch; `None`: there is no such branch.
    pub async fn branch_head(&self, branch: &str) -> Result<Option<Sha>, GitHubError> {
        self.tip(branch, "reading the branch").await
    }

    /// All branches whose names begin with `prefix`, and where they are. Free while nothing changed.
    pub async fn branches(&self, prefix: &str) -> Result<Listing<(String, Sha)>, GitHubError> {
        let path = self.path(format_args!("/git/matching-refs/heads/{prefix}"));
        let ask = Ask::get(path, "listing the branches of ours");
        let found = |page: Vec<WireRef>| {
            let named = |wire: WireRef| {
                let branch = wire.name.strip_prefix("refs/heads/")?.to_owned();
                Some((branch, Sha::parse(&wire.object.sha).ok()?))
            };
            page.into_iter().filter_map(named).collect()
        };
        self.kept_pages(&ask, WHOLE, found).await
    }

    /// The same for those who ask again and again. Free while nothing changed.
    pub async fn kept_branch_head(&self, branch: &str) -> Result<Option<Sha>, GitHubError> {
        let ask = self.ask_for_tip(branch, "reading the branch again")?;
        self.tip_by(branch, &Ask { keep: true, ..ask }).await
    }

    async fn tip(&self, branch: &str, doing: &str) -> Result<Option<Sha>, GitHubError> {
        self.tip_by(branch, &self.ask_for_tip(branch, doing)?).await
    }

    fn ask_for_tip(&self, branch: &str, doing: &str) -> Result<Ask, GitHubError> {
        let path = self.path(format_args!(
            "/git/ref/heads/{}",
            encoded_path(branch, doing)?
        ));
        Ok(Ask::get(path, doing))
    }

    async fn tip_by(&self, branch: &str, ask: &Ask) -> Result<Option<Sha>, GitHubError> {
        match self.ask_json::<WireRef>(ask).await {
            Ok(wire) if wire.name == format!("refs/heads/{branch}") => {
                sha(&wire.object.sha, ask).map(Some)
            }
            Ok(_) => Err(GitHubError::transient(
                &ask.doing,
                "GitHub answered with another branch",
            )),
            Err(GitHubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a branch at a commit.
    pub async fn create_branch(&self, branch: &str, at: &Sha) -> Result<RefOutcome, GitHubError> {
        self.create_branch_by(Purpose::Mirrors, branch, at).await
    }

    /// The same, with a token for this.
    pub(super) async fn create_branch_by(
        &self,
        purpose: Purpose,
        branch: &str,
        at: &Sha,
    ) -> Result<RefOutcome, GitHubError> {
        let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": at.as_str() });
        let ask = Ask::new(
            Method::POST,
            self.path(format_args!("/git/refs")),
            format!("creating the branch {branch}"),
        )
        .with(body)
        .by(purpose);
        match self.ask(&ask).await {
            Ok(_) => Ok(RefOutcome::Done),
            Err(error) if error.is_unprocessable("already exists") => Ok(RefOutcome::Exists),
            Err(error) => Err(error),
        }
    }

    /// Moves a branch to a commit, wherever it is.
    pub async fn move_branch(&self, branch: &str, to: &Sha) -> Result<RefOutcome, GitHubError> {
        let doing = &format!("moving the branch {branch}");
        let path = self.path(format_args!(
            "/git/refs/heads/{}",
            encoded_path(branch, doing)?
        ));
        let ask = Ask::new(Method::PATCH, path, doing)
            .with(json!({ "sha": to.as_str(), "force": true }))
            .by(Purpose::Mirrors);
        match self.ask(&ask).await {
            Ok(_) => Ok(RefOutcome::Done),
            Err(GitHubError::NotFound { .. }) => Ok(RefOutcome::Missing),
            Err(error)
                if error.is_unprocessable("does not exist")
                    && !error.is_unprocessable("object") =>
            {
                Ok(RefOutcome::Missing)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a branch; one that is not there is fine.
    pub async fn delete_branch(&self, branch: &str) -> Result<(), GitHubError> {
        let doing = &format!("deleting the branch {branch}");
        let path = self.path(format_args!(
            "/git/refs/heads/{}",
            encoded_path(branch, doing)?
        ));
        match self
            .ask(&Ask::new(Method::DELETE, path, doing).by(Purpose::Mirrors))
            .await
        {
            Ok(_) | Err(GitHubError::NotFound { .. }) => Ok(()),
            Err(error) if error.is_unprocessable("does not exist") => Ok(()),
            Err(error) => Err(error),
        }
    }
}
