//! Keeps the anchors: branches that hold a commit while jobs are started for it and its own branch has moved on.

use super::Engine;
use super::runs::Pass;
use crate::backends::BackendError;
use crate::domain::ids::{RunSubject, Sha};
use crate::domain::runs::Anchor;
use crate::domain::text;
use crate::github::{GitHubError, RefOutcome, Repository};
use crate::store::{EntryKind, StoreError};
use chrono::{DateTime, Utc};

impl Engine {
    /// Sees to it that whatever workflow is started now is started on a branch that holds its commit; notes in
    /// `pass.adrift` for which commits that could not be seen to. When it is tried again, if something failed.
    pub(super) async fn anchor(
        &self,
        pass: &mut Pass,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        pass.adrift = pass.state.sets_out_for(self.now());
        let anchors = &pass.state.anchors;
        pass.adrift
            .retain(|sha| anchors.get(sha) != Some(&Anchor::There));
        if pass.adrift.is_empty() {
            return Ok(None);
        }
        let failure = match self.find_anchors(pass).await {
            Ok(()) => self.drop_anchors(pass).await?,
            Err(error) => Some(error),
        };
        Ok(failure.map(|error| self.in_trouble(pass, &error)))
    }

    /// Which of the commits need one: those that their branch does not hold any more.
    async fn find_anchors(&self, pass: &mut Pass) -> Result<(), GitHubError> {
        let anchors = &pass.state.anchors;
        if pass.adrift.iter().all(|sha| anchors.contains_key(sha)) {
            return Ok(());
        }
        let tip = match (&pass.state.subject, pass.state.branch()) {
            (RunSubject::Branch(_) | RunSubject::Schedule, Some(branch)) => {
                let github = self.shared.github.of(&pass.state.repo);
                github.branch_head(&branch).await?
            }
            // The mirror is known to stand elsewhere.
            _ => None,
        };
        for sha in &pass.adrift {
            if tip.as_ref() != Some(sha) {
                pass.state.needs_anchor(sha);
            }
        }
        let anchors = &pass.state.anchors;
        pass.adrift.retain(|sha| anchors.contains_key(sha));
        Ok(())
    }

    /// Creates them. They are noted first, so that they are deleted in the end whatever becomes of this process.
    async fn drop_anchors(&self, pass: &mut Pass) -> Result<Option<GitHubError>, StoreError> {
        let mut wanted = pass.state.anchor_names();
        wanted.retain(|sha, _| pass.adrift.contains(sha));
        if wanted.is_empty() {
            return Ok(None);
        }
        self.keep(pass).await?;
        self.store().flush().await?;
        let github = self.shared.github.of(&pass.state.repo);
        let mut failure = None;
        for (sha, branch) in wanted {
            match hold(&github, &branch, &sha).await {
                Ok(()) => {
                    pass.adrift.remove(&sha);
                    pass.state.anchors.insert(sha, Anchor::There);
                    let what = format!("created {branch}");
                    pass.happened(self.now(), EntryKind::Action, what);
                }
                Err(error) => match BackendError::from(error.clone()) {
                    BackendError::Refused { message } => {
                        let why = text::no_anchor(&pass.state, &message);
                        pass.state.refuse_workflows(&sha, &why, self.now());
                        pass.settle(self.now());
                    }
                    _ => failure = Some(error),
                },
            }
        }
        Ok(failure)
    }

    /// Deletes the anchors that no run needs any more. When it is tried again, if that failed.
    pub(super) async fn weigh_anchors(
        &self,
        pass: &mut Pass,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let github = self.shared.github.of(&pass.state.repo);
        for (sha, branch) in pass.state.idle_anchors() {
            self.keep(pass).await?;
            if let Err(error) = github.delete_branch(&branch).await {
                return Ok(Some(self.in_trouble(pass, &error)));
            }
            pass.state.anchors.remove(&sha);
            let what = format!("deleted {branch}");
            pass.happened(self.now(), EntryKind::Action, what);
        }
        Ok(None)
    }
}

/// One that is there already is ours, from before a crash, unless somebody moved it.
async fn hold(github: &Repository, branch: &str, sha: &Sha) -> Result<(), GitHubError> {
    if github.create_branch(branch, sha).await? == RefOutcome::Exists
        && github.branch_head(branch).await?.as_ref() != Some(sha)
    {
        github.move_branch(branch, sha).await?;
    }
    Ok(())
}
