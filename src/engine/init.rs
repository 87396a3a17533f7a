//! Follows `/drawbridge init`: asks who asks, suggests a configuration, and proposes it as a pull request.
//!
//! Every stage is on disk before its steps on GitHub, and every step looks for what it would make: whenever the process dies and
//! whatever answer is lost, there is one branch, one commit, one pull request and one answer. Nothing that holds something else is
//! ever written to: then another branch is taken.

mod look;

use super::pull::Naming;
use super::{Engine, Failure, cause, is_organisation_defaults, note_failure};
use crate::domain::event::Thread;
use crate::domain::ids::{PrNumber, RepoId, Sha, Subject};
use crate::domain::init::{self, FILE, InitRequest, InitRequests, Judged, Outlook, Rights, Stage};
use crate::domain::repository::RepoState;
use crate::domain::text;
use crate::github::{GitHubError, NewPull, Permission, Proposal, Put, RefOutcome, Repository};
use crate::store::{Change, EntryKind, Record, StoreError};
use chrono::{DateTime, Utc};
use look::own_file;

/// So often what GitHub refuses or does not find is tried again: a replica may lag behind what was just written.
const PATIENT_TRIES: u32 = 3;

/// What came of a step.
enum Came {
    /// As far as this.
    To(Stage),
    /// To its end; a sentence for the history if people would ask.
    End(Option<String>),
}

impl Engine {
    /// Follows all that was asked for in a repository, as far as it can be now; the time of the next try.
    pub(super) async fn follow_init(
        &self,
        id: RepoId,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        loop {
            let known = self.store().repo(id).await?;
            // An archived repository takes neither a branch nor an answer.
            let Some(state) = known.filter(|known| !known.archived) else {
                return Ok(None);
            };
            let now = self.now();
            let Some(request) = state.init.next(now).cloned() else {
                return Ok(state.init.next_try());
            };
            let comment = request.comment;
            if request.is_over(now) {
                let what = text::history_init(&request, "that was more than a week ago");
                self.note_init(id, Some(what), |all| all.is_done(comment))
                    .await?;
                continue;
            }
            match self.step(&state, &request).await {
                Ok(Came::To(stage)) => {
                    self.note_init(id, None, |all| all.has_come(comment, stage))
                        .await?;
                    // From here on something may be on GitHub, and it is told from others' by what was decided.
                    self.store().flush().await?;
                }
                Ok(Came::End(what)) => {
                    self.note_init(id, what, |all| all.is_done(comment)).await?;
                }
                Err(Failure::Store(error)) => return Err(error),
                Err(Failure::GitHub(error)) => {
                    note_failure(&error, "can't propose a configuration");
                    match given_up(&request, &error) {
                        Some(Came::To(stage)) => {
                            let what = Some(text::history_init(&request, &error.to_string()));
                            self.note_init(id, what, |all| all.has_come(comment, stage))
                                .await?;
                            self.store().flush().await?;
                        }
                        Some(Came::End(what)) => {
                            self.note_init(id, what, |all| all.is_done(comment)).await?;
                        }
                        // What others asked for goes on meanwhile.
                        None => {
                            let failures = match error {
                                GitHubError::Resting { .. } => request.failures,
                                _ => request.failures.saturating_add(1),
                            };
                            let again = self.retry_after(&error, failures.max(1));
                            self.note_init(id, None, |all| all.failed(comment, failures, again))
                                .await?;
                        }
                    }
                }
            }
        }
    }

    /// Writes how far something has come, and what happened.
    async fn note_init(
        &self,
        id: RepoId,
        what: Option<String>,
        change: impl FnOnce(&mut InitRequests),
    ) -> Result<(), StoreError> {
        let _alone = self.reading(id).await;
        let Some(mut state) = self.store().repo(id).await? else {
            return Ok(());
        };
        change(&mut state.init);
        let subject = Subject::Repository(id);
        let happened = what.map(|what| cause::line(subject, self.now(), EntryKind::Result, what));
        let change = Change {
            records: vec![Record::Repo(Box::new(state))],
            history: happened.into_iter().collect(),
            ..Change::default()
        };
        self.store().commit(change).await
    }

    async fn step(&self, state: &RepoState, request: &InitRequest) -> Result<Came, Failure> {
        let github = self.shared.github.of(&state.repo);
        match &request.stage {
            Stage::Asked => self.who_asks(&github, state, request).await,
            // An outage may lie between the stages.
            Stage::Granted | Stage::Proposing { .. }
                if !is_administrator(&github, request).await? =>
            {
                let what = text::history_init(request, "they are no administrator any more");
                Ok(Came::End(Some(what)))
            }
            Stage::Granted => self.choose(&github, state, request).await,
            Stage::Proposing {
                base,
                branch,
                file,
                body,
            } => {
                if put_file(&github, branch, base, file).await? == Put::Exists {
                    return Ok(Came::To(Stage::Granted));
                }
                let number = open(&github, request, branch, body).await?;
                Ok(Came::To(Stage::Answering {
                    body: text::init_proposed(number),
                    done: true,
                }))
            }
            Stage::Answering { body, done } => Ok(answer(&github, request, body, *done).await?),
        }
    }

    /// Asks GitHub what they may do now. What was asked before is not believed: this writes to the repository.
    async fn who_asks(
        &self,
        github: &Repository,
        state: &RepoState,
        request: &InitRequest,
    ) -> Result<Came, Failure> {
        let rights = match github.permission(&request.by).await? {
            // Whether there is a configuration is looked at where it is made.
            Permission::Admin => return Ok(Came::To(Stage::Granted)),
            Permission::Write => Rights::Writer,
            Permission::Read | Permission::None => Rights::Other,
        };
        let state = self.configuration(&state.repo, Naming::Earlier).await?;
        let outlook = Outlook {
            enabled: state.enabled().is_some(),
            file: None,
            mistake: None,
        };
        if init::judge(request, rights, outlook) == Judged::Ignored {
            return Ok(Came::End(None));
        }
        let file = own_file(github, None).await?;
        let mistake = state.problem.as_ref().map(ToString::to_string);
        let outlook = Outlook {
            file,
            mistake: mistake.as_deref(),
            ..outlook
        };
        Ok(match init::judge(request, rights, outlook) {
            Judged::Granted => Came::To(Stage::Granted),
            Judged::Refused(body) => Came::To(Stage::Answering { body, done: false }),
            Judged::Ignored => Came::End(None),
        })
    }

    /// Decides what is proposed, and on which branch.
    async fn choose(
        &self,
        github: &Repository,
        state: &RepoState,
        request: &InitRequest,
    ) -> Result<Came, Failure> {
        let say = |body| Ok(Came::To(Stage::Answering { body, done: false }));
        if is_organisation_defaults(&state.repo) {
            return say(text::init_for_organisation());
        }
        let Some(base) = github.first_base().await? else {
            return say(text::init_no_commit(&state.repo.default_branch));
        };
        let state = self.configuration(&state.repo, Naming::Earlier).await?;
        if let Some(file) = own_file(github, Some(&base)).await? {
            let mistake = state.problem.as_ref().map(ToString::to_string);
            return say(text::init_configured(file, mistake.as_deref()));
        }
        let suggestion = self.look_at_workflows(github, &base).await?;
        for branch in init::branches() {
            match github.branch_head(&branch).await? {
                None => {}
                Some(there) => {
                    let proposals = github.proposals(&branch).await?;
                    let is_one = |one: &&Proposal| one.open && one.ours && one.for_all;
                    if let Some(open) = proposals.iter().find(is_one) {
                        return Ok(Came::To(Stage::Answering {
                            body: text::init_proposed_before(open.number),
                            done: true,
                        }));
                    }
                    let fresh = there == base && !proposals.iter().any(|one| one.open);
                    // What was merged from it before is nothing to merge again.
                    let merged = proposals.iter().any(|one| one.merged);
                    if !fresh && (merged || !holds(github, &branch, &suggestion.file).await?) {
                        continue;
                    }
                }
            }
            let inherited = state.enabled().is_some();
            return Ok(Came::To(Stage::Proposing {
                body: text::init_body(request, &suggestion, &base, inherited),
                file: suggestion.file,
                base,
                branch,
            }));
        }
        let first = init::branches().next().unwrap_or_default();
        say(text::init_no_branch(&first))
    }
}

/// Whether who asked is an administrator now.
async fn is_administrator(github: &Repository, request: &InitRequest) -> Result<bool, GitHubError> {
    let permission = github.permission(&request.by).await?;
    Ok(permission == Permission::Admin)
}

/// Whether a branch holds exactly this file.
async fn holds(github: &Repository, branch: &str, file: &str) -> Result<bool, GitHubError> {
    match github.file_on(FILE, branch).await {
        Ok(there) => Ok(there.as_deref() == Some(file)),
        Err(GitHubError::Refused { status: 200, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sees to it that the branch is there and holds the file, in one commit; or says that somebody was faster, with something else.
async fn put_file(
    github: &Repository,
    branch: &str,
    base: &Sha,
    file: &str,
) -> Result<Put<()>, GitHubError> {
    let is_new = github.begin_proposal(branch, base).await? == RefOutcome::Done;
    let is_bare = is_new || github.branch_head(branch).await?.as_ref() == Some(base);
    if is_bare {
        let message = text::init_commit();
        if let Put::Done(()) = github.add_file(branch, FILE, file, &message).await? {
            return Ok(Put::Done(()));
        }
    }
    match holds(github, branch, file).await? {
        true => Ok(Put::Done(())),
        false if !is_bare => Ok(Put::Exists),
        false => Err(GitHubError::moving("writing the branch of the proposal")),
    }
}

/// Sees to it that there is one pull request, and says which.
async fn open(
    github: &Repository,
    request: &InitRequest,
    branch: &str,
    body: &str,
) -> Result<PrNumber, GitHubError> {
    let there = github.proposals(branch).await?;
    // One that was closed before was not about this request; one that was closed since is not opened again.
    let about_this =
        |one: &&Proposal| one.for_all && (one.open || (one.ours && one.created_at >= request.at));
    if let Some(found) = there.iter().find(about_this) {
        return Ok(found.number);
    }
    let new = NewPull {
        head: branch,
        base: &github.repo().default_branch,
        title: text::init_title(),
        body,
    };
    match github.open_proposal(new).await? {
        Put::Done(number) => Ok(number),
        Put::Exists => Err(GitHubError::moving("opening the pull request")),
    }
}

/// Answers the comment, once.
async fn answer(
    github: &Repository,
    request: &InitRequest,
    body: &str,
    done: bool,
) -> Result<Came, GitHubError> {
    let mut talking = github.for_housekeeping();
    if request.thread == Thread::Issue {
        talking = talking.on_issues();
    }
    if done {
        talking.react_thumbs_up(request.comment).await?;
    }
    let marker = text::init_marker(request.comment);
    let since = Some(request.at);
    let there = talking.find_comment(request.number, &marker, since).await?;
    if there.is_none() {
        let body = format!("{marker}\n{body}");
        talking.create_comment(request.number, &body).await?;
    }
    Ok(Came::End(Some(text::history_init(request, body))))
}

/// What becomes of a request that GitHub does not let us follow; `None`: it is tried again.
fn given_up(request: &InitRequest, error: &GitHubError) -> Option<Came> {
    let why = match error {
        GitHubError::MissingPermission {
            permission, page, ..
        } => text::init_lacks(permission, page.as_deref()),
        GitHubError::Refused { .. } | GitHubError::NotFound { .. } => {
            text::init_refused(&error.to_string())
        }
        // GitHub also says so of a branch that rules don't let anybody commit to.
        _ if error.is_conflict() => text::init_refused(&error.to_string()),
        _ => return None,
    };
    let lasts = matches!(error, GitHubError::MissingPermission { .. });
    if !lasts && request.failures < PATIENT_TRIES {
        return None;
    }
    Some(match &request.stage {
        // It is not known that they may be answered.
        Stage::Asked => Came::End(Some(text::history_init(request, &error.to_string()))),
        Stage::Granted | Stage::Proposing { .. } => Came::To(Stage::Answering {
            body: why,
            done: false,
        }),
        Stage::Answering { body, .. } => {
            tracing::warn!(%error, issue = %request.number, "can't answer a request for a configuration where it was made");
            let what = text::history_init(request, body);
            Came::End(Some(format!("{what} It could not be answered: {error}")))
        }
    })
}
