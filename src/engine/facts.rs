//! Finds out what has to be known to decide about a pull request.

use super::pull::Naming;
use super::{Engine, Failure};
use crate::domain::command::Invocation;
use crate::domain::config::RepoConfig;
use crate::domain::event::{Account, AccountKind};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::UserId;
use crate::domain::pull::{Findings, PullState, Request, approves_head};
use crate::domain::repository::RepoState;
use crate::domain::trust::{
    self, CommitFact, Evidence, Listing, MAX_LISTED_COMMITS, MAX_LISTED_FILES, PullView,
};
use crate::github::{GitHubError, Repository};
use std::collections::BTreeMap;

/// How often the head may move while it is being looked at before the look is put off.
const LOOKS: usize = 3;

impl Engine {
    /// Asks GitHub what `domain::pull::decide` needs. Every question that fails makes the whole fail: a fact that
    /// could not be established is neither trust nor distrust.
    pub(super) async fn gather(
        &self,
        state: &PullState,
        named: Naming,
    ) -> Result<Findings, Failure> {
        let repository = self.configuration(&state.repo, named).await?;
        let mut findings = Findings {
            repository,
            vetters: BTreeMap::new(),
            evidence: None,
        };
        if !findings.repository.concerns_us() {
            return Ok(findings);
        }
        let github = self.shared.github.of(&findings.repository.repo);
        let Some(config) = findings.repository.enabled().cloned() else {
            findings.evidence = Some(bare(github.pull(state.number).await?));
            return Ok(findings);
        };
        findings.vetters = self.vetters(state, &findings.repository, &config).await?;
        for look in 1..=LOOKS {
            let pull = github.pull(state.number).await?;
            let approved = approves_head(state, &config, &findings.vetters, &pull);
            let evidence = if !pull.open {
                Some(bare(pull))
            } else if approved {
                self.approved(&github, &config, pull).await?
            } else {
                self.look(&github, &findings.repository, pull, look == LOOKS)
                    .await?
            };
            if evidence.is_some() {
                findings.evidence = evidence;
                return Ok(findings);
            }
        }
        Err(GitHubError::moving("looking at the commits").into())
    }

    async fn vetters(
        &self,
        state: &PullState,
        repository: &RepoState,
        config: &RepoConfig,
    ) -> Result<BTreeMap<UserId, bool>, Failure> {
        let mut vetters = BTreeMap::new();
        for request in state
            .requests
            .iter()
            .filter(|request| asks_for_approval(request))
        {
            let by = request.by();
            if by.kind == AccountKind::User
                && !config.is_listed_vetter(&by.login)
                && !vetters.contains_key(&by.id)
            {
                let people = &self.shared.people;
                let may = people
                    .may_write(&self.shared.github, &repository.repo, by, self.now())
                    .await?;
                vetters.insert(by.id, may);
            }
        }
        Ok(vetters)
    }

    /// All about an approved head that still matters.
    async fn approved(
        &self,
        github: &Repository,
        config: &RepoConfig,
        pull: PullView,
    ) -> Result<Option<Evidence>, Failure> {
        let files = files(github, config.require_filter_coverage, &pull).await?;
        Ok(Some(Evidence {
            files,
            ..bare(pull)
        }))
    }

    /// All about a head that nobody has approved; `None` if the head moved meanwhile.
    async fn look(
        &self,
        github: &Repository,
        repository: &RepoState,
        pull: PullView,
        last: bool,
    ) -> Result<Option<Evidence>, Failure> {
        let Some(config) = repository.enabled() else {
            return Ok(Some(bare(pull)));
        };
        let commits = if pull.commits > MAX_LISTED_COMMITS {
            Listing::TooLong(pull.commits)
        } else {
            let commits = github.commits(pull.number).await?;
            let whole = commits.len() as u64 == pull.commits;
            if !whole || !commits.iter().any(|commit| commit.sha == pull.head) {
                return Ok(None);
            }
            Listing::Complete(commits)
        };
        let needs_files = trust::needs_files(config) || config.require_filter_coverage;
        let files = files(github, needs_files, &pull).await?;
        // A list that is shorter than GitHub's own count is not the whole of it, whatever the reason.
        let files = match files {
            Listing::Complete(listed) if listed.len() as u64 != pull.changed_files => {
                if !last {
                    return Ok(None);
                }
                Listing::TooLong(pull.changed_files)
            }
            files => files,
        };
        let mut asked = needs_files;
        let mut members = BTreeMap::new();
        for account in involved(&pull, &commits) {
            if !trust::needs_membership(account, config) || members.contains_key(&account.id) {
                continue;
            }
            let people = &self.shared.people;
            let answer = people
                .is_member(&self.shared.github, &repository.repo, account, self.now())
                .await?;
            asked |= answer.asked;
            members.insert(account.id, answer.yes);
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
}

fn asks_for_approval(request: &Request) -> bool {
    match request {
        Request::ApproveButton { .. } => true,
        Request::Comment { lines, .. } => lines.iter().any(|line| {
            !line.suspicious && matches!(line.invocation(), Invocation::OkToTest { .. })
        }),
    }
}

async fn files(
    github: &Repository,
    needed: bool,
    pull: &PullView,
) -> Result<Listing<ChangedFile>, GitHubError> {
    Ok(if !needed {
        Listing::NotNeeded
    } else if pull.changed_files > MAX_LISTED_FILES {
        Listing::TooLong(pull.changed_files)
    } else {
        Listing::Complete(github.files(pull.number).await?)
    })
}

/// A pull request of which nothing but itself matters.
fn bare(pull: PullView) -> Evidence {
    Evidence {
        pull,
        commits: Listing::NotNeeded,
        files: Listing::NotNeeded,
        members: BTreeMap::new(),
    }
}

fn involved<'a>(
    pull: &'a PullView,
    commits: &'a Listing<CommitFact>,
) -> impl Iterator<Item = &'a Account> {
    let commits = match commits {
        Listing::Complete(commits) => commits.as_slice(),
        Listing::TooLong(_) | Listing::NotNeeded => &[],
    };
    pull.author.iter().chain(
        commits
            .iter()
            .flat_map(|commit| commit.author.iter().chain(&commit.committer)),
    )
}
