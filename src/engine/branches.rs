//! Branches besides the mirrors, compared with what is kept: anchors that nobody knows, and pushes that nobody told of.

use super::compare::split;
use super::{Engine, Failure};
use crate::domain::config::RepoConfig;
use crate::domain::event::Event;
use crate::domain::ids::{RunSubject, Sha};
use crate::domain::repository::RepoState;
use crate::domain::runs::{ANCHOR_PREFIX, anchor_of};
use crate::github::Repository;
use crate::store::StoreError;

/// So many pushed branches are looked at in one pass; where there are more, others each time.
const MOST_BRANCHES: usize = 50;

impl Engine {
    /// What deliveries would have told of the branches of a repository.
    pub(super) async fn unheard_pushes(
        &self,
        known: &RepoState,
        config: &RepoConfig,
        github: &Repository,
    ) -> Result<Vec<Event>, Failure> {
        let (anchors, _) = split(github.branches(ANCHOR_PREFIX).await?);
        let mut events = self.left_behind(known, anchors).await?;
        events.extend(self.moved(known, config, github).await?);
        Ok(events)
    }

    /// The anchors of which nothing is known: a store that was lost knew them. Each is on disk before it is on GitHub, so
    /// one that is made just now is known.
    async fn left_behind(
        &self,
        known: &RepoState,
        branches: Vec<(String, Sha)>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        for (branch, sha) in branches {
            let Some(of) = anchor_of(&branch, &sha) else {
                continue;
            };
            let runs = self.store().runs(known.repo.id, &of).await?;
            if runs.is_none_or(|runs| !runs.anchors.contains_key(&sha)) {
                let repo = known.repo.clone();
                events.push(Event::AnchorFound { repo, of, sha });
            }
        }
        Ok(events)
    }

    /// The branches whose pushes start pipelines and that are not where the last push left them. One that was never heard of
    /// has had no run; its next push begins.
    async fn moved(
        &self,
        known: &RepoState,
        config: &RepoConfig,
        github: &Repository,
    ) -> Result<Vec<Event>, Failure> {
        let subjects = self.store().run_subjects(known.repo.id).await?;
        let starts = |branch: &str| config.pipelines.iter().any(|p| p.is_for_push(branch));
        let mut branches: Vec<(RunSubject, String)> = subjects
            .into_iter()
            .filter_map(|of| match &of {
                RunSubject::Branch(branch) if starts(branch) => {
                    let branch = branch.clone();
                    Some((of, branch))
                }
                _ => None,
            })
            .collect();
        self.shuffle(&mut branches);
        branches.truncate(MOST_BRANCHES);
        let mut events = Vec::new();
        for (of, branch) in branches {
            let tip = github.kept_branch_head(&branch).await?;
            let runs = self.store().runs(known.repo.id, &of).await?;
            let told = runs
                .and_then(|runs| runs.told)
                .filter(|told| !told.gone && Some(&told.sha) != tip.as_ref());
            if let Some(told) = told {
                events.push(Event::BranchPushed {
                    repo: known.repo.clone(),
                    branch,
                    after: tip,
                    before: Some(told.sha),
                    // A configuration is read again every hour.
                    configuration: false,
                });
            }
        }
        Ok(events)
    }
}
