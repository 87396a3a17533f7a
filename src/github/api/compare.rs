//! What lies between two commits (GitHub, "Compare two commits").

use super::pulls::{WireFile, sha};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::Sha;
use crate::domain::trust::Listing;
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use serde::Deserialize;

/// So many files are listed at most, all of them on the first page.
const MAX_COMPARED_FILES: usize = 300;

#[derive(Deserialize)]
struct WireComparison {
    merge_base_commit: WireCommit,
    #[serde(default)]
    files: Vec<WireFile>,
}

#[derive(Deserialize)]
struct WireCommit {
    sha: String,
}

impl Repository {
    /// The newest commit that both have in common; `NotFound` also if they have none.
    pub async fn merge_base(&self, base: &Sha, head: &Sha) -> Result<Sha, GitHubError> {
        let ask = self.comparing(base, head);
        let compared: WireComparison = self.get_kept(&ask).await?;
        sha(&compared.merge_base_commit.sha, &ask)
    }

    /// The files that `head` changes since its merge base with `base`. What only `base` has is not among them: after a
    /// push that was forced, `before` is not an ancestor ([`Self::merge_base`] is another commit), and the list is not
    /// all that changed.
    pub async fn compare_files(
        &self,
        base: &Sha,
        head: &Sha,
    ) -> Result<Listing<ChangedFile>, GitHubError> {
        let ask = self.comparing(base, head);
        let compared: WireComparison = self.get_kept(&ask).await?;
        if compared.files.len() >= MAX_COMPARED_FILES {
            return Ok(Listing::TooLong(compared.files.len() as u64));
        }
        let files = compared.files.into_iter().map(WireFile::changed);
        Ok(Listing::Complete(files.collect()))
    }

    /// One commit a page: they are not looked at.
    fn comparing(&self, base: &Sha, head: &Sha) -> Ask {
        let path = self.path(format_args!("/compare/{base}...{head}?per_page=1"));
        Ask::get(path, "comparing two commits")
    }
}
