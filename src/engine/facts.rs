//! Finds out what has to be known to decide about a pull request.

use super::look::{Looking, bare};
use super::pull::Naming;
use super::{Engine, Failure, note_failure};
use crate::domain::command::Invocation;
use crate::domain::config::RepoConfig;
use crate::domain::deed::Deed;
use crate::domain::event::{AccountKind, Build};
use crate::domain::ids::{RunSubject, UserId};
use crate::domain::pipeline::{IfAuthor, Pipeline, Value};
use crate::domain::pull::{self, Findings, Proposal, PullState, Request, Required, approves_head};
use crate::domain::repository::RepoState;
use crate::domain::text;
use crate::domain::trust::{self, Evidence, Listing, PullView};
use crate::github::{GitHubError, Priority, Repository};
use std::collections::{BTreeMap, BTreeSet};

/// How often the head may move while it is being looked at before the look is put off.
const LOOKS: usize = 3;

impl Engine {
    /// Asks GitHub what `domain::pull::decide` needs. Every question that fails makes the whole fail: a fact that
    /// could not be established is neither trust nor distrust. `told`: what a delivery shows that may stand in for asking how
    /// the pull request is.
    pub(super) async fn gather(
        &self,
        state: &PullState,
        named: Naming,
        told: Option<PullView>,
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
        let looking = Looking {
            github: &github,
            repo: &findings.repository.repo,
            config: &config,
        };
        // What was told before it began to concern us may have been let pass.
        let since = findings.repository.known_since;
        let heard_of_all = |pull: &PullView| since.is_some_and(|since| since < pull.updated_at);
        if let Some(pull) = told.filter(heard_of_all)
            && !(pull.open && approves_head(state, &config, &findings, &pull))
            && let Some(evidence) = self.look_as_told(&looking, state, pull).await?
        {
            return self.completed(state, findings, &config, evidence).await;
        }
        for look in 1..=LOOKS {
            let pull = github.pull(state.number).await?;
            let approved = approves_head(state, &config, &findings, &pull);
            let evidence = if !pull.open {
                Some(bare(pull))
            } else if approved {
                self.approved(&looking, state, pull).await?
            } else {
                self.look(&looking, state, pull, look == LOOKS).await?
            };
            if let Some(evidence) = evidence {
                return self.completed(state, findings, &config, evidence).await;
            }
        }
        Err(GitHubError::moving("looking at the commits").into())
    }

    /// Adds what is only asked of a head once it was looked at.
    async fn completed(
        &self,
        state: &PullState,
        mut findings: Findings,
        config: &RepoConfig,
        mut evidence: Evidence,
    ) -> Result<Findings, Failure> {
        self.for_jobs(&findings.repository, config, &mut evidence)
            .await?;
        if evidence.pull.open {
            let github = self.shared.github.of(&findings.repository.repo);
            let github = github.with_priority(Priority::Urgent);
            if asks_for_merge_base(config)
                && let Some(base) = &evidence.pull.base_sha
            {
                findings.merge_base = Some(github.merge_base(base, &evidence.pull.head).await?);
            }
            findings.required = self.required(&github, config, &evidence.pull).await;
            findings.proposal = self
                .proposal(state, &findings.repository, &evidence)
                .await?;
        }
        findings.evidence = Some(evidence);
        Ok(findings)
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

fn asks_for_merge_base(config: &RepoConfig) -> bool {
    Pipeline::for_pulls(&config.pipelines).any(|pipeline| pipeline.names(&Value::MergeBase))
}
