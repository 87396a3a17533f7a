//! The judgement as it was made, kept for people to look at: what was asked, what was found, and which way it went. The
//! verdict itself is [`judge`](super::judge)'s; what is kept here decides nothing.

use super::{
    Approval, Evidence, Listing, Reason, WEB_FLOW, always_vet, approval_for, is_trusted_user,
    needs_files,
};
use crate::domain::config::RepoConfig;
use crate::domain::event::Account;
use crate::domain::ids::Sha;
use serde::{Deserialize, Serialize};

/// So many commits are kept; those that speak against the head first.
const KEPT: usize = 100;

/// What was found when a head was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The head.
    pub head: Sha,
    /// Whether a vetter had approved it: then nothing else was asked.
    pub approved: bool,
    /// The paths that always need a vetter.
    pub paths: Paths,
    /// Whether a trusted user opened it; `None`: the account is gone.
    pub author_trusted: Option<bool>,
    /// Its commits, in their order; not all of many.
    pub commits: Vec<CommitJudged>,
    /// How many commits were looked at.
    pub looked_at: usize,
    /// More commits than GitHub lists: so many it counts.
    pub too_many: Option<u64>,
}

/// What was found about paths that always need a vetter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paths {
    /// There are none.
    NotAsked,
    /// None of them is touched.
    Clear,
    /// This one is.
    Touched(String),
    /// There are more files than GitHub lists.
    TooMany(u64),
}

/// What was found about one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitJudged {
    /// Which.
    pub sha: Sha,
    /// Whether its signature was asked for and is verified.
    pub signature: Signature,
    /// Who wrote it.
    pub author: Party,
    /// Who committed it.
    pub committer: Party,
}

/// A commit's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// GitHub verified it.
    Verified,
    /// It did not, and says why.
    Missing(String),
    /// It did not, and nobody asks for it here.
    NotAsked,
}

/// Somebody who had a part in a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A trusted user.
    Trusted(String),
    /// Somebody else.
    Untrusted(String),
    /// The e-mail belongs to no account.
    Unknown,
    /// GitHub itself, which signs what people do on its pages.
    GitHub,
}

impl CommitJudged {
    /// Whether nothing speaks against it.
    pub fn passes(&self) -> bool {
        let good = |party: &Party| matches!(party, Party::Trusted(_) | Party::GitHub);
        !matches!(self.signature, Signature::Missing(_))
            && good(&self.author)
            && good(&self.committer)
    }
}

/// What is found about a head. `approvals` as [`judge`](super::judge) is given them.
pub fn judged(config: &RepoConfig, approvals: &[Approval], evidence: &Evidence) -> Judged {
    let pull = &evidence.pull;
    let mut judged = Judged {
        head: pull.head.clone(),
        approved: approval_for(&pull.head, approvals).is_some(),
        paths: Paths::NotAsked,
        author_trusted: None,
        commits: Vec::new(),
        looked_at: 0,
        too_many: None,
    };
    if judged.approved {
        return judged;
    }
    if needs_files(config) {
        judged.paths = match &evidence.files {
            Listing::Complete(files) => match always_vet(config, files) {
                Some(Reason::AlwaysVet { path }) => Paths::Touched(path),
                _ => Paths::Clear,
            },
            Listing::TooLong(count) => Paths::TooMany(*count),
            Listing::NotNeeded => Paths::TooMany(pull.changed_files),
        };
    }
    let author = pull.author.as_ref();
    judged.author_trusted = author.map(|author| is_trusted_user(author, config, &evidence.members));
    match &evidence.commits {
        Listing::Complete(commits) if !commits.is_empty() => {
            judged.looked_at = commits.len();
            judged.commits = commits
                .iter()
                .map(|commit| commit_judged(commit, config, evidence))
                .collect();
            keep_telling(&mut judged.commits);
        }
        Listing::TooLong(count) => judged.too_many = Some(*count),
        Listing::Complete(_) | Listing::NotNeeded => judged.too_many = Some(pull.commits),
    }
    judged
}

fn commit_judged(
    commit: &super::CommitFact,
    config: &RepoConfig,
    evidence: &Evidence,
) -> CommitJudged {
    let party = |account: &Option<Account>| match account {
        None => Party::Unknown,
        Some(account) if is_trusted_user(account, config, &evidence.members) => {
            Party::Trusted(account.login.clone())
        }
        Some(account) => Party::Untrusted(account.login.clone()),
    };
    let by_web_flow = |account: &Account| account.id == WEB_FLOW;
    let web_flow = commit.committer.as_ref().is_some_and(by_web_flow);
    CommitJudged {
        sha: commit.sha.clone(),
        signature: match commit.verified {
            true => Signature::Verified,
            false if config.trust.require_verified_commits || web_flow => {
                Signature::Missing(commit.reason.clone())
            }
            false => Signature::NotAsked,
        },
        author: party(&commit.author),
        committer: match web_flow {
            true => Party::GitHub,
            false => party(&commit.committer),
        },
    }
}

/// Of many commits those are left out that nothing speaks against.
fn keep_telling(commits: &mut Vec<CommitJudged>) {
    let against = commits.iter().filter(|commit| !commit.passes()).count();
    let mut room = KEPT.saturating_sub(against);
    let mut kept = 0;
    commits.retain(|commit| {
        let keep = kept < KEPT && (!commit.passes() || room > 0);
        room -= usize::from(keep && commit.passes());
        kept += usize::from(keep);
        keep
    });
}
