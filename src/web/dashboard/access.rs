//! Who looks, and what they may see. Nothing of the store can be read but through a [`Seer`], and nothing of a repository but
//! through a [`Visible`] that a seer has handed out.

mod reading;

use super::Dashboard;
use super::refusal::Refusal;
use super::sessions::{Session, Who};
use super::sight::Unseen;
use crate::domain::event::Account;
use crate::domain::ids::RepoId;
use crate::store::lists::{Among, Lists, RepoRow};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::collections::BTreeSet;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

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
    /// Who they are on GitHub; `None`: they have only shown the operator's token, which is nobody's in particular.
    pub account: Option<Account>,
    /// What they may see.
    pub sees: Sees,
}

impl Person {
    /// Somebody whom GitHub knows.
    pub fn on_github(account: Account, sees: Sees) -> Self {
        Self {
            name: account.login.clone(),
            account: Some(account),
            sees,
        }
    }
}

/// What a person may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sees {
    /// All repositories, and what concerns the whole server.
    Everything,
    /// These repositories.
    Repositories(Arc<BTreeSet<RepoId>>),
}

/// The session's cookie.
pub(super) const SESSION: &str = "drawbridge_session";
/// What a browser keeps while somebody is away at GitHub.
pub(super) const SIGNING_IN: &str = "drawbridge_signing_in";
/// With https this before a cookie's name keeps other hosts and paths from setting it.
const HOST_ONLY: &str = "__Host-";

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
    proof: Proof,
    among: Among,
    public: Arc<BTreeSet<RepoId>>,
}

/// In whose name whoever looks can act.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hand<'a> {
    /// In that of a person; what their forms carry.
    Person(&'a str),
    /// In nobody's in particular: a token was shown.
    Token,
    /// In nobody's.
    Nobody,
}

/// What somebody has shown of who they are.
#[derive(Clone)]
enum Proof {
    Nothing,
    /// A token of the operator's.
    Token,
    /// The name of a session.
    Session(Arc<Session>),
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
        let proof = proof(dashboard, &parts.headers)?;
        Self::by(dashboard.clone(), proof).await
    }
}

/// What a request shows of its sender. A wrong token is refused, whatever else would be shown; a session that has ended is nobody's.
fn proof(dashboard: &Dashboard, headers: &HeaderMap) -> Result<Proof, Refusal> {
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let given = given.to_str().unwrap_or_default().trim();
        let token = given.split_once(' ').filter(|(scheme, _)| {
            // The scheme's name has no case (RFC 9110, 11.1).
            scheme.eq_ignore_ascii_case("bearer")
        });
        return match token.is_some_and(|(_, token)| dashboard.tokens.knows(token.trim())) {
            true => Ok(Proof::Token),
            false => Err(Refusal::WrongToken),
        };
    }
    let name = cookie_of(dashboard, headers, SESSION);
    let session = name.and_then(|name| dashboard.sessions.named(name, dashboard.now()));
    Ok(session.map_or(Proof::Nothing, Proof::Session))
}

/// What the browser sent as this cookie.
pub(super) fn cookie_of<'a>(
    dashboard: &Dashboard,
    headers: &'a HeaderMap,
    name: &str,
) -> Option<&'a str> {
    let wanted = cookie_name(dashboard, name);
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

fn cookie_name(dashboard: &Dashboard, name: &str) -> String {
    match dashboard.https {
        true => format!("{HOST_ONLY}{name}"),
        false => name.to_owned(),
    }
}

/// A cookie, as `Set-Cookie` wants it.
pub(super) fn cookie_text(dashboard: &Dashboard, name: &str, value: &str, seconds: i64) -> String {
    let name = cookie_name(dashboard, name);
    let secure = if dashboard.https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// Who has shown this, as far as that still holds.
async fn viewer(dashboard: &Dashboard, proof: &Proof) -> Result<Viewer, Refusal> {
    let session = match proof {
        Proof::Nothing => return Ok(Viewer::Nobody),
        Proof::Token => return Ok(Viewer::Machine),
        Proof::Session(session) => session,
    };
    let now = dashboard.now();
    if !dashboard.sessions.lasts(session, now) {
        return Ok(Viewer::Nobody);
    }
    let person = match &session.who {
        Who::Known(viewer) => return Ok(viewer.clone()),
        // Everybody sees everything: nobody has to be asked.
        Who::OnGitHub(person) if dashboard.access == Access::Open => {
            return Ok(Viewer::Person(Person::on_github(
                person.account.clone(),
                Sees::Everything,
            )));
        }
        Who::OnGitHub(person) => person,
    };
    match person.person(&dashboard.github, now).await {
        Ok(person) => Ok(Viewer::Person(person)),
        Err(Unseen::SignedOut) => {
            dashboard.sessions.end_this(session);
            Ok(Viewer::Nobody)
        }
        Err(Unseen::NotNow) => Err(Refusal::Unseen),
    }
}

impl Seer {
    /// Who has shown this, if there is something that they may see.
    async fn by(dashboard: Arc<Dashboard>, proof: Proof) -> Result<Self, Refusal> {
        let viewer = viewer(&dashboard, &proof).await?;
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
            dashboard,
            proof,
            among,
            public,
        })
    }

    /// Who acts for whoever looks.
    pub fn hand(&self) -> Hand<'_> {
        match (&self.proof, &self.viewer) {
            (Proof::Session(session), Viewer::Person(person)) if person.account.is_some() => {
                Hand::Person(&session.form_key)
            }
            (_, Viewer::Nobody) => Hand::Nobody,
            _ => Hand::Token,
        }
    }

    /// Who acts, if the form was written for this session.
    pub fn actor(&self, form_key: &str) -> Result<Account, Refusal> {
        let Hand::Person(key) = self.hand() else {
            return Err(match self.hand() {
                Hand::Nobody => Refusal::SignIn,
                _ => Refusal::NobodyInParticular,
            });
        };
        let same = bool::from(key.as_bytes().ct_eq(form_key.as_bytes()));
        match &self.viewer {
            Viewer::Person(person) if same => person.account.clone().ok_or(Refusal::SignIn),
            _ => Err(Refusal::FromElsewhere),
        }
    }

    /// The same with the rights of now; what was seen a while ago may have been taken since.
    pub async fn as_of_now(&self) -> Result<Self, Refusal> {
        Self::by(self.dashboard.clone(), self.proof.clone()).await
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
