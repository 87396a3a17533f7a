//! The installations' tokens, each of them for one repository and one purpose ("Create an installation access token for
//! an app"): whoever gets hold of one can do no more with it than what it was made for.

use super::error::GitHubError;
use crate::domain::ids::{InstallationId, RepoId, RepoName};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A token lives an hour; it is renewed this long before it ends, so that a request never starts with a dying one.
const RENEWED_BEFORE: Duration = Duration::minutes(5);
/// How long it is believed that the app is not installed on a repository.
const ABSENT_FOR: Duration = Duration::hours(1);
/// How many are kept; the ones not used the longest make room.
const MOST: usize = 4096;

/// What a token is for. Few kinds, so that few tokens are made: most repositories need the first one alone for most of an
/// hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// To read, and to say what people see: gates, comments, reactions.
    Everyday,
    /// To ask who is a member of the organisation.
    People,
    /// To write the mirrors. A token with these rights could rewrite every branch.
    Mirrors,
    /// To start, cancel and repeat workflow runs.
    Workflows,
    /// To read files of another repository.
    Files,
    /// To list what an installation covers.
    Survey,
    /// To propose a change: a branch that is no mirror, a file on it, a pull request. It can't change a workflow.
    Proposal,
    /// To talk on issues that are no pull requests.
    Issues,
    /// To send a `repository_dispatch`, which GitHub counts as writing contents.
    Dispatch,
}

impl Purpose {
    /// The permissions it takes. Everyone may read `metadata`.
    pub fn permissions(self) -> Permissions {
        let list: &[(&str, &str)] = match self {
            Self::Everyday => &[
                ("actions", "read"),
                ("checks", "write"),
                ("contents", "read"),
                ("pull_requests", "write"),
                ("statuses", "write"),
            ],
            Self::People => &[("members", "read")],
            Self::Mirrors => &[("contents", "write"), ("workflows", "write")],
            Self::Workflows => &[("actions", "write")],
            Self::Survey => &[],
            Self::Files => &[("contents", "read")],
            Self::Proposal => &[("contents", "write"), ("pull_requests", "write")],
            Self::Issues => &[("issues", "write")],
            Self::Dispatch => &[("contents", "write")],
        };
        let owned = |(name, level): &(&str, &str)| ((*name).to_owned(), (*level).to_owned());
        Permissions(list.iter().map(owned).collect())
    }
}

/// Permissions by GitHub's names: `checks` → `write`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Permissions(BTreeMap<String, String>);

impl Permissions {
    /// What of these is granted, each as far as it is.
    pub fn within(&self, granted: &Self) -> Self {
        let both = self.0.iter().filter_map(|(name, wanted)| {
            let level = granted.0.get(name)?;
            let less = if level == "read" { level } else { wanted };
            Some((name.clone(), less.clone()))
        });
        Self(both.collect())
    }
}

/// The repository that a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Id(RepoId),
    /// Of the same owner; only its name is known.
    Named(String),
    /// All that the installation covers.
    All,
}

/// What a token is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub installation: InstallationId,
    place: Place,
    purpose: Purpose,
}

impl Scope {
    pub fn new(installation: InstallationId, repo: RepoId, purpose: Purpose) -> Self {
        Self {
            installation,
            place: Place::Id(repo),
            purpose,
        }
    }

    /// For another repository of the installation's owner.
    pub fn named(installation: InstallationId, repo: &RepoName, purpose: Purpose) -> Self {
        Self {
            installation,
            place: Place::Named(repo.name().to_ascii_lowercase()),
            purpose,
        }
    }

    /// To list what the installation covers, and nothing else.
    pub fn whole(installation: InstallationId) -> Self {
        Self {
            installation,
            place: Place::All,
            purpose: Purpose::Survey,
        }
    }

    /// Whether it is another repository than the asker's.
    pub fn is_of_another(&self) -> bool {
        matches!(self.place, Place::Named(_))
    }

    pub fn permissions(&self) -> Permissions {
        self.purpose.permissions()
    }

    /// What GitHub is asked for.
    pub fn request(&self, permissions: &Permissions) -> Value {
        let mut permissions = permissions.0.clone();
        if permissions.is_empty() {
            // So that an empty list is not taken for none, which would be all.
            permissions.insert("metadata".to_owned(), "read".to_owned());
        }
        match &self.place {
            Place::Id(id) => json!({ "repository_ids": [id.0], "permissions": permissions }),
            Place::All => json!({ "permissions": permissions }),
            Place::Named(name) => json!({ "repositories": [name], "permissions": permissions }),
        }
    }
}

/// An installation's token.
#[derive(Clone)]
pub(super) struct Token {
    pub secret: SecretString,
    expires_at: DateTime<Utc>,
    /// Tells it from every other token of this process.
    pub serial: u64,
}

/// GitHub's answer with a new token.
#[derive(Deserialize)]
pub(super) struct NewToken {
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    expires_at: DateTime<Utc>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// What is kept of one scope; whoever holds it is the only one who asks for its token.
#[derive(Default)]
pub(super) struct Slot {
    token: Option<Token>,
    failed: Option<(Instant, GitHubError)>,
    /// GitHub knows no such repository in the installation, believed until then.
    absent_until: Option<DateTime<Utc>>,
}

static SERIAL: AtomicU64 = AtomicU64::new(0);

impl Slot {
    /// The token, if it lives long enough.
    pub fn token(&self, now: DateTime<Utc>) -> Option<Token> {
        self.token
            .clone()
            .filter(|token| token.expires_at - now > RENEWED_BEFORE)
    }

    /// The error of an attempt that ended after `since`: those who waited for it share it instead of trying one
    /// after the other. That the app is not installed on a repository is believed for longer.
    pub fn known_failure(&self, since: Instant, now: DateTime<Utc>) -> Option<GitHubError> {
        let (at, error) = self.failed.as_ref()?;
        let absent = self.absent_until.is_some_and(|until| now < until);
        (*at >= since || absent).then(|| error.clone())
    }

    pub fn keep(&mut self, new: NewToken) -> Token {
        let token = Token {
            secret: new.token,
            expires_at: new.expires_at,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        };
        *self = Self {
            token: Some(token.clone()),
            ..Self::default()
        };
        token
    }

    pub fn fail(&mut self, error: GitHubError) {
        self.failed = Some((Instant::now(), error));
        self.absent_until = None;
    }

    /// GitHub knows no such repository in the installation.
    pub fn is_absent(&mut self, error: GitHubError, now: DateTime<Utc>) {
        self.fail(error);
        self.absent_until = Some(now + ABSENT_FOR);
    }

    /// Drops this token, and only this: somebody else may already have made a new one.
    pub fn drop_token(&mut self, refused: &Token) {
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.serial == refused.serial)
        {
            self.token = None;
        }
    }
}

type SharedSlot = Arc<tokio::sync::Mutex<Slot>>;

/// The slots of all scopes in use.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    slots: HashMap<Scope, (SharedSlot, u64)>,
    tick: u64,
}

impl Tokens {
    pub fn slot(&self, scope: &Scope) -> SharedSlot {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tick += 1;
        let tick = inner.tick;
        if inner.slots.len() >= MOST && !inner.slots.contains_key(scope) {
            // A quarter at a time, so that this is done seldom. Whoever still uses one of them keeps it.
            let mut used: Vec<u64> = inner.slots.values().map(|(_, used)| *used).collect();
            used.sort_unstable();
            let oldest = used[MOST / 4];
            inner.slots.retain(|_, (_, used)| *used > oldest);
        }
        let (slot, used) = inner.slots.entry(scope.clone()).or_default();
        *used = tick;
        slot.clone()
    }

    pub fn forget(&self, installation: InstallationId) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .slots
            .retain(|scope, _| scope.installation != installation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_repositories_do_not_keep_their_tokens_for_ever() {
        let tokens = Tokens::default();
        let scope = |repo| Scope::new(InstallationId(1), RepoId(repo), Purpose::Everyday);
        let first = tokens.slot(&scope(0));
        for repo in 1..30_000 {
            tokens.slot(&scope(repo));
            if repo % 1000 == 0 {
                assert!(Arc::ptr_eq(&first, &tokens.slot(&scope(0))), "it is in use");
            }
        }
        let kept = tokens.0.lock().unwrap().slots.len();
        assert!((MOST / 2..=MOST).contains(&kept), "{kept}");
        tokens.forget(InstallationId(1));
        assert!(tokens.0.lock().unwrap().slots.is_empty());
    }

    #[test]
    fn only_what_is_granted_is_asked_for() {
        let granted: Permissions = serde_json::from_value(
            json!({ "contents": "read", "workflows": "write", "checks": "write" }),
        )
        .unwrap();
        let scope = Scope::new(InstallationId(1), RepoId(2), Purpose::Mirrors);
        assert_eq!(
            scope.request(&scope.permissions().within(&granted)),
            json!({ "repository_ids": [2], "permissions": { "contents": "read", "workflows": "write" } })
        );
        let people = Scope::new(InstallationId(1), RepoId(2), Purpose::People);
        assert_eq!(
            people.request(&people.permissions().within(&granted)),
            json!({ "repository_ids": [2], "permissions": { "metadata": "read" } })
        );
    }
}
