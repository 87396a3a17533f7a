//! Finds out what has to be known to decide about a pull request.

use super::pull::Naming;
use super::{Engine, Failure, note_failure};
use crate::domain::command::Invocation;
use crate::domain::config::RepoConfig;
use crate::domain::deed::Deed;
use crate::domain::event::{Account, AccountKind, Build};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::{RunSubject, UserId};
use crate::domain::pipeline::{IfAuthor, Pipeline, Value};
use crate::domain::pull::{self, Findings, Proposal, PullState, Request, Required, approves_head};
use crate::domain::repository::RepoState;
use crate::domain::text;
use crate::domain::trust::{
    self, CommitFact, Evidence, Listing, MAX_LISTED_COMMITS, MAX_LISTED_FILES, PullView,
};
use crate::github::{GitHubError, Priority, Repository};
use std::collections::{BTreeMap, BTreeSet};

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
            required: None,
            proposal: None,
            merge_base: None,
            recalled: None,
            runs: None,
        };
        if !findings.repository.concerns_us() {
            return Ok(findings);
        }
        let github = self.shared.github.of(&findings.repository.repo);
        let github = github.with_priority(Priority::Urgent);
        let Some(config) = findings.repository.enabled().cloned() else {
            findings.evidence = Some(bare(github.pull(state.number).await?));
            return Ok(findings);
        };
        findings.vetters = self.vetters(state, &findings.repository, &config).await?;
        if let Some(recalled) = self.recalled(&github, state).await? {
            self.recall(&mut findings, recalled, &config).await?;
        }
        if !state.requests.is_empty() {
            let subject = RunSubject::Pull(state.number);
            findings.runs = self.store().runs(state.repo.id, &subject).await?;
        }
        for look in 1..=LOOKS {
            let pull = github.pull(state.number).await?;
            let approved = approves_head(state, &config, &findings, &pull);
            let evidence = if !pull.open {
                Some(bare(pull))
            } else if approved {
                self.approved(&github, &config, state, pull).await?
            } else {
                self.look(&github, &findings.repository, pull, look == LOOKS)
                    .await?
            };
            if let Some(mut evidence) = evidence {
                self.for_jobs(&findings.repository, &config, &mut evidence)
                    .await?;
                if asks_for_merge_base(&config)
                    && evidence.pull.open
                    && let Some(base) = &evidence.pull.base_sha
                {
                    findings.merge_base = Some(github.merge_base(base, &evidence.pull.head).await?);
                }
                if evidence.pull.open {
                    findings.required = self.required(&github, &config, &evidence.pull).await;
                    findings.proposal = self
                        .proposal(state, &findings.repository, &evidence)
                        .await?;
                }
                findings.evidence = Some(evidence);
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
        let people = &self.shared.people;
        // Who presses a button on the dashboard is not seen on GitHub doing so: nothing is believed of them.
        for request in &state.requests {
            if matches!(request, Request::Dashboard { .. }) {
                people.forget_right(&repository.repo, request.by());
            }
        }
        for request in state
            .requests
            .iter()
            .filter(|request| asks_for_rights(request, config))
        {
            let by = request.by();
            if by.kind == AccountKind::User
                && !config.is_listed_vetter(by)
                && !vetters.contains_key(&by.id)
            {
                let may = people
                    .may_write(&self.shared.github, &repository.repo, by, self.now())
                    .await?;
                vetters.insert(by.id, may);
            }
        }
        Ok(vetters)
    }

    /// The checks of others that the base branch requires, as they stand at the head. Nothing is decided by them, so a
    /// question that fails (an installation that has not granted the permission yet, say) holds nothing up.
    async fn required(
        &self,
        github: &Repository,
        config: &RepoConfig,
        pull: &PullView,
    ) -> Option<Vec<Required>> {
        let github = github.for_housekeeping();
        match self.fetch_required(&github, config, pull).await {
            Ok(required) => Some(required),
            Err(error) => {
                note_failure(&error, "can't list the checks that others have to report");
                None
            }
        }
    }

    async fn fetch_required(
        &self,
        github: &Repository,
        config: &RepoConfig,
        pull: &PullView,
    ) -> Result<Vec<Required>, GitHubError> {
        let ours: BTreeSet<&str> = Pipeline::for_pulls(&config.pipelines)
            .flat_map(|pipeline| &pipeline.gates)
            .map(|gate| gate.name.as_str())
            .collect();
        let rules = &self.shared.rules;
        let mut names = rules.required(github, &pull.base, self.now()).await?;
        names.retain(|name| !ours.contains(name.as_str()));
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let reports = github.commit_checks(&pull.head).await?;
        let reports: Vec<Build> = reports.into_iter().map(|check| check.build).collect();
        Ok(Required::among(&names, &reports))
    }

    /// What is to be said of the configuration that a head proposes. It is data: whoever wrote it may be a stranger.
    async fn proposal(
        &self,
        state: &PullState,
        repository: &RepoState,
        evidence: &Evidence,
    ) -> Result<Option<Proposal>, Failure> {
        let head = &evidence.pull.head;
        let known = state.proposal.as_ref().filter(|known| known.sha == *head);
        if let Some(known) = known {
            return Ok(Some(known.clone()));
        }
        let Listing::Complete(files) = &evidence.files else {
            return Ok(None);
        };
        let read = self
            .proposed_configuration(&repository.repo, head, files)
            .await?;
        let base = &evidence.pull.base;
        let gate = read.map(|proposed| text::gate_of_proposal(&proposed, base, files, self.now()));
        Ok(Some(Proposal {
            sha: head.clone(),
            gate,
        }))
    }

    /// What the conditions of jobs ask and trust did not: whether the author is a trusted user.
    async fn for_jobs(
        &self,
        repository: &RepoState,
        config: &RepoConfig,
        evidence: &mut Evidence,
    ) -> Result<(), Failure> {
        let mut jobs = Pipeline::for_pulls(&config.pipelines).flat_map(|pipeline| &pipeline.jobs);
        let asks = jobs.any(|job| job.if_author == IfAuthor::Trusted);
        let author = evidence
            .pull
            .author
            .clone()
            .filter(|_| evidence.pull.open && asks);
        if let Some(author) = author
            && trust::needs_membership(&author, config)
            && !evidence.members.contains_key(&author.id)
        {
            let people = &self.shared.people;
            let answer = people
                .is_member(&self.shared.github, &repository.repo, &author, self.now())
                .await?;
            evidence.members.insert(author.id, answer.yes);
        }
        Ok(())
    }

    /// All about an approved head that still matters.
    async fn approved(
        &self,
        github: &Repository,
        config: &RepoConfig,
        state: &PullState,
        pull: PullView,
    ) -> Result<Option<Evidence>, Failure> {
        let looked_at = state.proposal.as_ref().map(|known| &known.sha) == Some(&pull.head);
        let needed = !looked_at
            || config.require_filter_coverage
            || Pipeline::for_pulls(&config.pipelines).any(Pipeline::asks_what_changed);
        if !needed {
            return Ok(Some(bare(pull)));
        }
        let files = files(github, &pull).await?;
        // Files are no part of a commit: those of another head may have been listed.
        let again = github.pull(pull.number).await?;
        if again.head != pull.head {
            return Ok(None);
        }
        let files = whole(files, pull.changed_files);
        Ok(Some(Evidence {
            files,
            ..bare(again)
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
        let files = files(github, &pull).await?;
        let files = match whole(files, pull.changed_files) {
            Listing::TooLong(count) if count <= MAX_LISTED_FILES && !last => return Ok(None),
            files => files,
        };
        // Files are no part of a commit: those of another head may have been listed.
        let mut asked = trust::needs_files(config)
            || config.require_filter_coverage
            || Pipeline::for_pulls(&config.pipelines).any(Pipeline::asks_what_changed);
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

/// Whether a request is followed only for those who have a right to it.
fn asks_for_rights(request: &Request, config: &RepoConfig) -> bool {
    match request {
        Request::ApproveButton { .. } | Request::RerunButton { .. } => true,
        Request::Dashboard { deed, .. } => *deed != Deed::Sync,
        Request::Comment { lines, .. } => lines.iter().any(|line| {
            !line.suspicious
                && match line.invocation() {
                    Invocation::Sync | Invocation::Status | Invocation::Help | Invocation::Init => {
                        false
                    }
                    Invocation::Unknown { word, .. } => pull::pipeline_of(config, &word).is_some(),
                    _ => true,
                }
        }),
    }
}

async fn files(github: &Repository, pull: &PullView) -> Result<Listing<ChangedFile>, GitHubError> {
    Ok(if pull.changed_files > MAX_LISTED_FILES {
        Listing::TooLong(pull.changed_files)
    } else {
        Listing::Complete(github.files(pull.number).await?)
    })
}

/// A list that is shorter than GitHub's own count is not the whole of it, whatever the reason.
fn whole(files: Listing<ChangedFile>, count: u64) -> Listing<ChangedFile> {
    match files {
        Listing::Complete(listed) if listed.len() as u64 != count => Listing::TooLong(count),
        files => files,
    }
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

fn asks_for_merge_base(config: &RepoConfig) -> bool {
    Pipeline::for_pulls(&config.pipelines).any(|pipeline| pipeline.names(&Value::MergeBase))
}
