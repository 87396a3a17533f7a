//! Looks at one head: who opened the pull request, its files where they matter, its commits, and who made them.
//!
//! The commits come last, because their list ends with what is the head at that moment: who opened it and what members there are
//! was asked before, and the files belong to this head by themselves ([`files`]). So no other question is needed.

use super::{Engine, Failure};
use crate::domain::config::RepoConfig;
use crate::domain::event::Account;
use crate::domain::filter::ChangedFile;
use crate::domain::gate::Configures;
use crate::domain::ids::{Repo, Sha, UserId};
use crate::domain::pipeline::Pipeline;
use crate::domain::pull::PullState;
use crate::domain::trust::{
    self, CommitFact, Evidence, Listing, MAX_LISTED_COMMITS, MAX_LISTED_FILES, PullView,
};
use crate::github::{GitHubError, Repository};
use crate::store::StoreError;
use std::collections::BTreeMap;

/// Where a head is looked at, and by what rules.
pub(super) struct Looking<'a> {
    pub(super) github: &'a Repository,
    pub(super) repo: &'a Repo,
    pub(super) config: &'a RepoConfig,
}

impl Engine {
    /// All about a pull request that is as a delivery shows it; `None` if it is not so any more.
    pub(super) async fn look_as_told(
        &self,
        looking: &Looking<'_>,
        state: &PullState,
        pull: PullView,
    ) -> Result<Option<Evidence>, Failure> {
        match pull.open {
            true => self.look(looking, state, pull, false).await,
            false => Ok(Some(bare(pull))),
        }
    }

    /// All about an approved head that still matters; `None` if the head moved meanwhile.
    pub(super) async fn approved(
        &self,
        looking: &Looking<'_>,
        state: &PullState,
        pull: PullView,
    ) -> Result<Option<Evidence>, Failure> {
        let (github, config) = (looking.github, looking.config);
        if !asks_what_changed(config) && !self.may_configure(state, &pull.head).await? {
            return Ok(Some(bare(pull)));
        }
        let Some(files) = files(github, &pull).await? else {
            return Ok(None);
        };
        Ok(Some(Evidence {
            files,
            ..bare(pull)
        }))
    }

    /// All about a head that nobody has approved; `None` if the head moved meanwhile.
    pub(super) async fn look(
        &self,
        looking: &Looking<'_>,
        state: &PullState,
        pull: PullView,
        last: bool,
    ) -> Result<Option<Evidence>, Failure> {
        let (github, config) = (looking.github, looking.config);
        let mut members = BTreeMap::new();
        let mut asked = false;
        if let Some(author) = &pull.author {
            asked |= self.know(looking, author, &mut members).await?;
        }
        let files_matter = trust::needs_files(config)
            || asks_what_changed(config)
            || self.may_configure(state, &pull.head).await?;
        let files = match files_matter {
            true => files(github, &pull).await?,
            false => Some(Listing::NotNeeded),
        };
        let Some(files) = files else {
            return Ok(None);
        };
        if matches!(files, Listing::TooLong(count) if count <= MAX_LISTED_FILES && !last) {
            return Ok(None);
        }
        let commits = if pull.commits > MAX_LISTED_COMMITS {
            // Nothing tells what the head is by now.
            asked |= files_matter;
            Listing::TooLong(pull.commits)
        } else {
            let commits = github.commits(pull.number).await?;
            let whole = commits.len() as u64 == pull.commits;
            if !whole || !commits.iter().any(|commit| commit.sha == pull.head) {
                return Ok(None);
            }
            asked = commits.last().is_none_or(|last| last.sha != pull.head);
            Listing::Complete(commits)
        };
        for account in people_of(&commits) {
            asked |= self.know(looking, account, &mut members).await?;
        }
        // What took a while may have been overtaken: the head that is judged has to be the head now.
        let pull = if asked {
            let again = github.pull(pull.number).await?;
            if again.head != pull.head {
                return Ok(None);
            }
            again
        } else {
            pull
        };
        Ok(Some(Evidence {
            pull,
            commits,
            files,
            members,
        }))
    }

    /// Finds out whether somebody is a member, if that matters; whether GitHub had to be asked.
    async fn know(
        &self,
        looking: &Looking<'_>,
        account: &Account,
        members: &mut BTreeMap<UserId, bool>,
    ) -> Result<bool, GitHubError> {
        let known = members.contains_key(&account.id);
        if known || !trust::needs_membership(account, looking.config) {
            return Ok(false);
        }
        let (people, github) = (&self.shared.people, &self.shared.github);
        let answer = people
            .is_member(github, looking.repo, account, self.now())
            .await?;
        members.insert(account.id, answer.yes);
        Ok(answer.asked)
    }

    /// Whether a head may change the configuration, and what it proposes was not looked at yet (`engine::preview`).
    async fn may_configure(&self, state: &PullState, head: &Sha) -> Result<bool, StoreError> {
        if state.proposal.as_ref().map(|known| &known.sha) == Some(head) {
            return Ok(false);
        }
        let known = self.store().head(state.repo.id, head).await?;
        Ok(known.is_some_and(|known| known.configures == Configures::Perhaps))
    }
}

/// Whether anything but trust asks for the files.
fn asks_what_changed(config: &RepoConfig) -> bool {
    config.require_filter_coverage
        || Pipeline::for_pulls(&config.pipelines).any(Pipeline::asks_what_changed)
}

/// The files that the head changes; `None`: those of another head may have been listed.
///
/// Two commits are compared where that shows all of them: such an answer belongs to this head, whatever is pushed meanwhile. Whoever
/// may push to the head could otherwise have the files of another one listed and put this one back before its commits are.
async fn files(
    github: &Repository,
    pull: &PullView,
) -> Result<Option<Listing<ChangedFile>>, GitHubError> {
    let count = pull.changed_files;
    if count > MAX_LISTED_FILES {
        return Ok(Some(Listing::TooLong(count)));
    }
    if let Some(base) = &pull.base_sha {
        match github.compare_files(base, &pull.head).await {
            Ok(Listing::Complete(files)) if files.len() as u64 == count => {
                return Ok(Some(Listing::Complete(files)));
            }
            // More than it shows, or another base by now.
            Ok(_) | Err(GitHubError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let listed = github.files(pull.number).await?;
    let again = github.pull(pull.number).await?;
    let same = (&again.head, again.updated_at) == (&pull.head, pull.updated_at);
    Ok(same.then(|| whole(Listing::Complete(listed), count)))
}

/// A list that is shorter than GitHub's own count is not the whole of it, whatever the reason.
fn whole(files: Listing<ChangedFile>, count: u64) -> Listing<ChangedFile> {
    match files {
        Listing::Complete(listed) if listed.len() as u64 != count => Listing::TooLong(count),
        files => files,
    }
}

/// A pull request of which nothing but itself matters.
pub(super) fn bare(pull: PullView) -> Evidence {
    Evidence {
        pull,
        commits: Listing::NotNeeded,
        files: Listing::NotNeeded,
        members: BTreeMap::new(),
    }
}

fn people_of(commits: &Listing<CommitFact>) -> impl Iterator<Item = &Account> {
    let commits = match commits {
        Listing::Complete(commits) => commits.as_slice(),
        Listing::TooLong(_) | Listing::NotNeeded => &[],
    };
    commits
        .iter()
        .flat_map(|commit| commit.author.iter().chain(&commit.committer))
}
