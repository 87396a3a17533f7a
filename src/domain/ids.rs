//! Names of things: each an own type, so that a checked value can't be confused with a string from a payload.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text from outside that is not what it should be; names what was expected and shows the (bounded) text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    expected: &'static str,
    text: String,
}

impl InvalidId {
    fn new(expected: &'static str, text: &str) -> Self {
        Self {
            expected,
            text: text.chars().take(80).collect(),
        }
    }
}

/// The full name of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha(String);

impl Sha {
    /// Checks and takes over a full commit name.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let right_length = text.len() == 40 || text.len() == 64;
        if !right_length || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidId::new("a full commit SHA", text));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// All hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first nine digits, for sentences that people read.
    pub fn short(&self) -> &str {
        &self.0[..9]
    }

    /// GitHub writes an absent commit (a branch created or deleted) as zeros only.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }
}

impl TryFrom<String> for Sha {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<Sha> for String {
    fn from(sha: Sha) -> Self {
        sha.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_id!(
    /// GitHub's number of a repository; stays the same when it is renamed or transferred.
    RepoId
);
numeric_id!(
    /// GitHub's number of an installation of the app.
    InstallationId
);
numeric_id!(
    /// GitHub's number of an account; a login can change hands, this can't.
    UserId
);
numeric_id!(
    /// The number of a pull request within its repository.
    PrNumber
);
numeric_id!(
    /// GitHub's number of a check run.
    CheckRunId
);
numeric_id!(
    /// GitHub's number of an issue comment.
    CommentId
);

/// `X-GitHub-Delivery`: 1 to 100 printable ASCII characters without blanks; GitHub sends a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// Checks and takes over the header's text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > 100 || !printable {
            return Err(InvalidId::new("a delivery id", text));
        }
        Ok(Self(text.to_owned()))
    }

    /// The header's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `owner/name` of a repository, each part of the characters GitHub allows (letters, digits, `-`, `_`, `.`),
/// so that it can stand in a URL path as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// Checks and takes over `owner/name`.
    pub fn parse(full_name: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new("a repository's `owner/name`", full_name);
        let (owner, name) = full_name.split_once('/').ok_or_else(invalid)?;
        let allowed = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if !allowed(owner) || !allowed(name) {
            return Err(invalid());
        }
        Ok(Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The organisation or user that owns the repository.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's name without its owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The repository in which the same owner keeps its defaults.
    pub fn owners_defaults(&self) -> Self {
        Self {
            owner: self.owner.clone(),
            name: ".github".to_owned(),
        }
    }
}

impl TryFrom<String> for RepoName {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<RepoName> for String {
    fn from(name: RepoName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Whether a repository belongs to an organisation or to a personal account: it decides who is a trusted user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// Trusted users are the organisation's members.
    Organisation,
    /// The only trusted user is the owner.
    User,
}

/// A repository as the latest delivery or answer named it, with what is needed to act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repo {
    /// The key under which everything is stored.
    pub id: RepoId,
    /// The installation that gives us access.
    pub installation: InstallationId,
    /// Where API calls go; changes with a rename or transfer.
    pub name: RepoName,
    /// GitHub's number of the owner.
    pub owner: UserId,
    /// Organisation or personal account.
    pub owner_kind: OwnerKind,
    /// The branch the configuration is read from.
    pub default_branch: String,
}

/// The key of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PullKey {
    /// Its (source) repository.
    pub repo: RepoId,
    /// Its number there.
    pub number: PrNumber,
}

impl fmt::Display for PullKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "repository {} PR #{}", self.repo, self.number)
    }
}

/// What work is serialised by: everything about one subject is done by one writer at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One pull request: trust, mirror, comment, answers to commands.
    Pull(PullKey),
    /// One commit's gates: the checks of all pull requests whose head it is.
    Head(RepoId, Sha),
    /// One repository's configuration.
    Repository(RepoId),
    /// One installation of the app: which repositories it covers, who is a member.
    Installation(InstallationId),
    /// The runs of all pipelines for one pull request, merge group or branch, or on a schedule.
    Runs(RepoId, RunSubject),
    /// The deliveries that GitHub could not hand over.
    Deliveries,
    /// What the app is installed on, compared with what is known.
    Installations,
    /// One repository's open pull requests and mirrors, compared with what is known.
    Comparison(RepoId),
}

impl Subject {
    /// The repository whose records its writer may change.
    pub fn repository(&self) -> Option<RepoId> {
        match self {
            Self::Pull(key) => Some(key.repo),
            Self::Head(repo, _)
            | Self::Repository(repo)
            | Self::Runs(repo, _)
            | Self::Comparison(repo) => Some(*repo),
            Self::Installation(_) | Self::Deliveries | Self::Installations => None,
        }
    }

    /// Whether its turn comes again and again, although nothing is left to do.
    pub fn comes_round(&self) -> bool {
        matches!(
            self,
            Self::Deliveries | Self::Installations | Self::Comparison(_)
        )
    }
}

/// What a run is for. Runs of one pipeline for one of these supersede each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunSubject {
    /// A pull request's mirrored heads.
    Pull(PrNumber),
    /// A group of a merge queue, by its branch (`gh-readonly-queue/…`).
    MergeGroup(String),
    /// What is pushed to a branch.
    Branch(String),
    /// The ticks of schedules, on the default branch.
    Schedule,
}

impl fmt::Display for RunSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull(number) => write!(f, "PR #{number}"),
            Self::MergeGroup(branch) => write!(f, "merge group {branch}"),
            Self::Branch(branch) => write!(f, "branch {branch}"),
            Self::Schedule => f.write_str("schedule"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull(key) => key.fmt(f),
            Self::Head(repo, sha) => write!(f, "repository {repo} head {}", sha.short()),
            Self::Repository(repo) => write!(f, "repository {repo}"),
            Self::Installation(id) => write!(f, "installation {id}"),
            Self::Runs(repo, subject) => write!(f, "repository {repo} runs for {subject}"),
            Self::Deliveries => f.write_str("deliveries that were lost"),
            Self::Installations => f.write_str("installations"),
            Self::Comparison(repo) => write!(f, "comparison of repository {repo}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sha_is_full_hex_and_lower_case() {
        let full = "ABCDEF0123456789abcdef0123456789abcdef01";
        assert_eq!(Sha::parse(full).unwrap().as_str(), full.to_lowercase());
        for bad in ["", "abc1234", &"g".repeat(40), &"a".repeat(41), "é"] {
            assert!(Sha::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_repository_name_can_stand_in_a_path() {
        assert_eq!(
            RepoName::parse("acme/engine.rs").unwrap().name(),
            "engine.rs"
        );
        for bad in [
            "acme", "acme/..", "acme/a/b", "/x", "acme/a?b", "acme/a b", "a%2f/b",
        ] {
            assert!(RepoName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_delivery_id_is_printable_and_bounded() {
        assert!(DeliveryId::parse("72d3162e-cc78-11e3-81ab-4c9367dc0958").is_ok());
        for bad in ["", "a b", "a\nb", &"x".repeat(101)] {
            assert!(DeliveryId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
