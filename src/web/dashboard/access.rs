//! Who looks, and what they may see. Nothing of the store can be read but through a [`Seer`], and nothing of a repository but
//! through a [`Visible`] that a seer has handed out.

mod reading;

use super::Dashboard;
use super::refusal::Refusal;
use crate::domain::ids::RepoId;
use crate::store::lists::{Among, Lists, RepoRow};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who may look at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Those who have proven who they are.
    Private,
    /// Everybody, what concerns repositories that GitHub shows to everybody.
    Public,
    /// Everybody, everything: a sandbox on this machine. No operator's setting leads here.
    Open,
}

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Has not said who they are.
    Nobody,
    /// Has proven a token of the operator's: sees everything.
    Machine,
    /// A person, and what GitHub lets them see.
    Person(Person),
}

/// A person who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As pages call them.
    pub name: String,
    /// What they may see.
    pub sees: Sees,
}

/// What a person may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sees {
    /// All repositories, and what concerns the whole server.
    Everything,
    /// These repositories.
    Repositories(Arc<BTreeSet<RepoId>>),
}

/// The session's cookie. With https its name keeps other hosts and paths from setting one.
const COOKIE: &str = "drawbridge_session";
const SECURE_COOKIE: &str = "__Host-drawbridge_session";

/// The store, behind this door.
pub(super) struct Shelf(Arc<dyn Lists>);

impl Shelf {
    pub fn new(store: Arc<dyn Lists>) -> Self {
        Self(store)
    }
}

/// Somebody who looks, with the right to see something.
pub(super) struct Seer {
    pub viewer: Viewer,
    pub dashboard: Arc<Dashboard>,
    among: Among,
    public: Arc<BTreeSet<RepoId>>,
}

/// A repository that the viewer may see.
pub(super) struct Visible {
    pub row: RepoRow,
    /// Whether GitHub shows it to everybody.
    pub public: bool,
    dashboard: Arc<Dashboard>,
}

impl FromRequestParts<Arc<Dashboard>> for Seer {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        dashboard: &Arc<Dashboard>,
    ) -> Result<Self, Refusal> {
        let viewer = viewer(dashboard, &parts.headers)?;
        let public = dashboard.engine.public_repos();
        let among = match (&viewer, dashboard.access) {
            (_, Access::Open) | (Viewer::Machine, _) => Among::All,
            (Viewer::Person(person), access) => match (&person.sees, access) {
                (Sees::Everything, _) => Among::All,
                (Sees::Repositories(own), Access::Public) => {
                    Among::These(Arc::new(own.union(&public).copied().collect()))
                }
                (Sees::Repositories(own), _) => Among::These(own.clone()),
            },
            (Viewer::Nobody, Access::Public) => Among::These(public.clone()),
            (Viewer::Nobody, Access::Private) => return Err(Refusal::SignIn),
        };
        Ok(Self {
            viewer,
            dashboard: dashboard.clone(),
            among,
            public,
        })
    }
}

/// Who sent a request. A wrong token is refused, whatever else would be shown; a session that has ended is nobody's.
fn viewer(dashboard: &Dashboard, headers: &HeaderMap) -> Result<Viewer, Refusal> {
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let given = given.to_str().unwrap_or_default().trim();
        let token = given.split_once(' ').filter(|(scheme, _)| {
            // The scheme's name has no case (RFC 9110, 11.1).
            scheme.eq_ignore_ascii_case("bearer")
        });
        return match token.is_some_and(|(_, token)| dashboard.tokens.knows(token.trim())) {
            true => Ok(Viewer::Machine),
            false => Err(Refusal::WrongToken),
        };
    }
    let session = cookie(dashboard, headers);
    let session = session.and_then(|name| dashboard.sessions.viewer(name, dashboard.clock.now()));
    Ok(session.unwrap_or(Viewer::Nobody))
}

/// The name of the session that the browser sent.
pub(super) fn cookie<'a>(dashboard: &Dashboard, headers: &'a HeaderMap) -> Option<&'a str> {
    let wanted = cookie_name(dashboard);
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

pub(super) fn cookie_name(dashboard: &Dashboard) -> &'static str {
    match dashboard.https {
        true => SECURE_COOKIE,
        false => COOKIE,
    }
}

impl Seer {
    /// Whose rows may be shown.
    pub fn among(&self) -> Among {
        self.among.clone()
    }

    /// Whether a repository may be shown.
    pub fn sees(&self, repo: RepoId) -> bool {
        self.among.has(repo)
    }

    /// Whether what concerns the whole server may be shown.
    pub fn sees_everything(&self) -> bool {
        matches!(self.among, Among::All)
    }

    /// The repository of that name. Whether there is none or it may not be seen makes no difference to who asks.
    pub async fn repository(&self, owner: &str, name: &str) -> Result<Visible, Refusal> {
        let found = self.shelf().repo_named(&format!("{owner}/{name}")).await?;
        let row = found.filter(|row| self.sees(row.id));
        row.map(|row| self.visible(row)).ok_or(Refusal::NotFound)
    }

    fn visible(&self, row: RepoRow) -> Visible {
        Visible {
            public: self.public.contains(&row.id),
            dashboard: self.dashboard.clone(),
            row,
        }
    }

    fn shelf(&self) -> &dyn Lists {
        self.dashboard.shelf.0.as_ref()
    }
}

impl Visible {
    fn shelf(&self) -> &dyn Lists {
        self.dashboard.shelf.0.as_ref()
    }
}
