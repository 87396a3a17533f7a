//! Is this head trusted? The rules stand in the order in which they are decided; the first that speaks wins.
//! Unknown is untrusted: a fact that is missing here was established to be missing, never a failed question
//! (those stop the judgement before it begins).

mod judged;

pub use judged::{CommitJudged, Judged, Party, Paths, Signature, judged};

use super::config::RepoConfig;
use super::event::{Account, AccountKind};
use super::filter::{ChangedFile, PathSet};
use super::ids::{PrNumber, Sha, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// GitHub lists at most this many commits of a pull request ("List commits on a pull request").
pub const MAX_LISTED_COMMITS: u64 = 250;
/// GitHub lists at most this many files of a pull request ("List pull requests files").
pub const MAX_LISTED_FILES: u64 = 3000;
/// The account that commits what people do on github.com's own pages (`web-flow`).
pub const WEB_FLOW: UserId = UserId(19_864_447);

/// A pull request as GitHub shows it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullView {
    /// Its number.
    pub number: PrNumber,
    /// Open, or closed (merged or not).
    pub open: bool,
    /// Still a draft.
    pub draft: bool,
    /// What its author calls it, bounded; for people alone.
    #[serde(default)]
    pub title: String,
    /// Who opened it; `None` for a deleted account.
    pub author: Option<Account>,
    /// The head.
    pub head: Sha,
    /// The branch it wants to be merged into.
    pub base: String,
    /// The head of that branch, as GitHub last recorded it for this pull request.
    #[serde(default)]
    pub base_sha: Option<Sha>,
    /// Its labels.
    #[serde(default)]
    pub labels: std::collections::BTreeSet<String>,
    /// How many commits GitHub counts.
    pub commits: u64,
    /// How many files GitHub counts as changed.
    pub changed_files: u64,
    /// When anything about it last changed, by GitHub's clock.
    pub updated_at: DateTime<Utc>,
    /// When it was opened, by GitHub's clock.
    pub created_at: DateTime<Utc>,
}

/// One commit of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFact {
    /// Its name.
    pub sha: Sha,
    /// The account its author's e-mail belongs to; `None` when it belongs to nobody.
    pub author: Option<Account>,
    /// The same of its committer.
    pub committer: Option<Account>,
    /// Whether GitHub verified the signature.
    pub verified: bool,
    /// GitHub's word for why not (`unsigned`, `bad_email`, …).
    pub reason: String,
}

/// A vetter's word that one SHA may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The only head it counts for.
    pub sha: Sha,
    /// Who gave it.
    pub by: Account,
    /// When.
    pub at: DateTime<Utc>,
}

/// A list that GitHub may cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing<T> {
    /// Everything there is.
    Complete(Vec<T>),
    /// More than GitHub lists; the number it counts.
    TooLong(u64),
    /// Nobody needs it under the current configuration.
    NotNeeded,
}

/// All that is needed to judge one head.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The pull request.
    pub pull: PullView,
    /// Its commits, up to and including the head.
    pub commits: Listing<CommitFact>,
    /// The files it changes.
    pub files: Listing<ChangedFile>,
    /// Who of the people involved is a member of the organisation (or the owner of a personal account).
    pub members: BTreeMap<UserId, bool>,
}

/// Why a head needs vetting. Shown to people, one line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A path that always needs a vetter was touched.
    AlwaysVet {
        /// The file.
        path: String,
    },
    /// More commits than GitHub lists.
    TooManyCommits(u64),
    /// More files than GitHub lists, where files matter.
    TooManyFiles(u64),
    /// The author's account is gone.
    AuthorGone,
    /// The author is no trusted user.
    AuthorUntrusted(Account),
    /// A commit is not verified.
    Unverified {
        /// Which.
        commit: Sha,
        /// GitHub's word.
        reason: String,
    },
    /// A commit's author or committer belongs to no account.
    Unknown {
        /// Which.
        commit: Sha,
        /// In which role.
        role: Role,
    },
    /// A commit's author or committer is no trusted user.
    Untrusted {
        /// Which.
        commit: Sha,
        /// In which role.
        role: Role,
        /// Who.
        account: Account,
    },
}

/// What somebody did for a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Wrote it.
    Author,
    /// Committed it.
    Committer,
}

/// The outcome for one head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Mirror it: everything about it is trusted.
    Trusted,
    /// Mirror it: a vetter approved this head.
    Approved(Approval),
    /// Trusted, but the repository does not mirror by itself; `/ok to test` does.
    AutoSyncOff {
        /// Whether that is because it is a draft.
        draft: bool,
    },
    /// A vetter has to look first.
    NeedsVetting(Vec<Reason>),
}

impl Verdict {
    /// Whether the judged head may be put on the mirror.
    pub fn allows_mirror(&self) -> bool {
        matches!(self, Self::Trusted | Self::Approved(_))
    }
}

/// Whether a user is a trusted user: a member, or listed. A bot is one only if it is listed.
pub fn is_trusted_user(
    account: &Account,
    config: &RepoConfig,
    members: &BTreeMap<UserId, bool>,
) -> bool {
    let member = account.kind == AccountKind::User && members.get(&account.id) == Some(&true);
    member || config.is_listed_trustee(account)
}

/// Whether only the answer of GitHub can tell if `account` is trusted.
pub fn needs_membership(account: &Account, config: &RepoConfig) -> bool {
    account.kind == AccountKind::User
        && account.id != WEB_FLOW
        && !config.is_listed_trustee(account)
}

/// Whether the files of a pull request have to be read to judge it.
pub fn needs_files(config: &RepoConfig) -> bool {
    !config.trust.always_vet.is_empty()
}

/// Judges the head of an open pull request of an enabled repository.
pub fn judge(config: &RepoConfig, approvals: &[Approval], evidence: &Evidence) -> Verdict {
    let pull = &evidence.pull;
    if let Some(approval) = approval_for(&pull.head, approvals) {
        return Verdict::Approved(approval.clone());
    }
    let reasons = reasons(config, evidence);
    if !reasons.is_empty() {
        return Verdict::NeedsVetting(reasons);
    }
    let auto_sync = if pull.draft {
        config.auto_sync_draft
    } else {
        config.auto_sync_ready
    };
    if auto_sync {
        Verdict::Trusted
    } else {
        Verdict::AutoSyncOff { draft: pull.draft }
    }
}

/// The newest approval of exactly this head.
pub fn approval_for<'a>(head: &Sha, approvals: &'a [Approval]) -> Option<&'a Approval> {
    approvals.iter().rev().find(|a| a.sha == *head)
}

fn reasons(config: &RepoConfig, evidence: &Evidence) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if needs_files(config) {
        match &evidence.files {
            Listing::Complete(files) => reasons.extend(always_vet(config, files)),
            Listing::TooLong(count) => reasons.push(Reason::TooManyFiles(*count)),
            Listing::NotNeeded => reasons.push(Reason::TooManyFiles(evidence.pull.changed_files)),
        }
    }
    match &evidence.pull.author {
        None => reasons.push(Reason::AuthorGone),
        Some(author) if !is_trusted_user(author, config, &evidence.members) => {
            reasons.push(Reason::AuthorUntrusted(author.clone()));
        }
        Some(_) => {}
    }
    match &evidence.commits {
        Listing::Complete(commits) if !commits.is_empty() => {
            for commit in commits {
                judge_commit(commit, config, &evidence.members, &mut reasons);
            }
        }
        Listing::TooLong(count) => reasons.push(Reason::TooManyCommits(*count)),
        Listing::Complete(_) | Listing::NotNeeded => {
            reasons.push(Reason::TooManyCommits(evidence.pull.commits));
        }
    }
    reasons
}

fn always_vet(config: &RepoConfig, files: &[ChangedFile]) -> Option<Reason> {
    // The globs were checked when the configuration was read; one that can't be built now matches everything.
    let touched = match PathSet::new(&config.trust.always_vet) {
        Ok(paths) => paths.first_touched(files).map(str::to_owned),
        Err(_) => files.first().map(|file| file.path.clone()),
    };
    touched.map(|path| Reason::AlwaysVet { path })
}

fn judge_commit(
    commit: &CommitFact,
    config: &RepoConfig,
    members: &BTreeMap<UserId, bool>,
    reasons: &mut Vec<Reason>,
) {
    let by_web_flow = commit
        .committer
        .as_ref()
        .is_some_and(|account| account.id == WEB_FLOW);
    // Anybody can write web-flow's e-mail into a commit; only GitHub can sign as it.
    if !commit.verified && (config.trust.require_verified_commits || by_web_flow) {
        reasons.push(Reason::Unverified {
            commit: commit.sha.clone(),
            reason: commit.reason.clone(),
        });
    }
    for (role, account) in [
        (Role::Author, &commit.author),
        (Role::Committer, &commit.committer),
    ] {
        match account {
            None => reasons.push(Reason::Unknown {
                commit: commit.sha.clone(),
                role,
            }),
            Some(_) if role == Role::Committer && by_web_flow => {}
            Some(account) if !is_trusted_user(account, config, members) => {
                reasons.push(Reason::Untrusted {
                    commit: commit.sha.clone(),
                    role,
                    account: account.clone(),
                });
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
