//! Who exists and who may do what: accounts, membership, the app, its installation and its tokens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// What kind of account it is, as GitHub's `type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Bot,
    Organization,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Bot => "Bot",
            Kind::Organization => "Organization",
        }
    }
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) kind: Kind,
    pub(crate) created_at: DateTime<Utc>,
}

/// Whether the world can see that somebody is a member of the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Listed on the organisation's page.
    Public,
    /// Visible to members, and to installations that may read members.
    Private,
}

/// A collaborator's role on a repository, from all to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// No collaborator (on a public repository such a user still reads).
    None,
    /// May read.
    Read,
    /// May label and close; GitHub's old word for it is `read`.
    Triage,
    /// May push.
    Write,
    /// May push and manage; GitHub's old word for it is `write`.
    Maintain,
    /// May do everything.
    Admin,
}

impl Permission {
    /// GitHub's `role_name`.
    pub(crate) fn role_name(self) -> &'static str {
        match self {
            Permission::None => "none",
            Permission::Read => "read",
            Permission::Triage => "triage",
            Permission::Write => "write",
            Permission::Maintain => "maintain",
            Permission::Admin => "admin",
        }
    }

    /// GitHub's older `permission`, which knows no triage and no maintain.
    pub(crate) fn legacy(self) -> &'static str {
        match self {
            Permission::None => "none",
            Permission::Read | Permission::Triage => "read",
            Permission::Write | Permission::Maintain => "write",
            Permission::Admin => "admin",
        }
    }
}

/// How far a grant of the app goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Read,
    Write,
    Admin,
}

impl Level {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Level::Read),
            "write" => Some(Level::Write),
            "admin" => Some(Level::Admin),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Level::Read => "read",
            Level::Write => "write",
            Level::Admin => "admin",
        }
    }
}

/// What an app or a token may do: GitHub's permission name to level.
pub(crate) type Grants = BTreeMap<String, Level>;

/// A GitHub App: ours, GitHub Actions, or another one that reports checks.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) client_id: String,
    pub(crate) slug: String,
    pub(crate) owner: u64,
    /// The account in whose name the app acts.
    pub(crate) bot: u64,
    pub(crate) grants: Grants,
    pub(crate) events: BTreeSet<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Our app on its owner's repositories.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) account: u64,
    pub(crate) repositories: BTreeSet<u64>,
    pub(crate) suspended_at: Option<DateTime<Utc>>,
    /// The account has thrown the app out.
    pub(crate) deleted: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// An installation token and what it was narrowed to.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Against real time: a client's own clock decides when it asks for a new one.
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) grants: Grants,
    /// `None` is every repository of the installation, also ones added later.
    pub(crate) repositories: Option<BTreeSet<u64>>,
}
