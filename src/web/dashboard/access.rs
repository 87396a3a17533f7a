//! Who looks, and what they may see. Nothing of the store can be read but through a [`Seer`], and nothing of a repository but
//! through a [`Visible`] that a seer has handed out.

mod delivery;
mod history;
mod proof;
mod reading;

pub(super) use delivery::{Said, SeenDelivery};
pub(super) use proof::{SESSION, SIGNING_IN, cookie_of, cookie_text};

use super::Dashboard;
use super::refusal::Refusal;
use crate::domain::event::Account;
use crate::domain::ids::{RepoId, Subject, UserId};
use crate::store::lists::{Among, Arrival, Cursor, Lists, RepoRow};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use proof::{Proof, proof, viewer};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Who may look at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Those who have proven who they are.
    Private,
    /// Those as well of whom nothing is known: what concerns repositories that GitHub shows to everybody.
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
    /// These repositories, to which they have a right of their own, besides those that GitHub shows to everybody.
    Repositories(Arc<BTreeSet<RepoId>>),
}

/// What is sealed for this is a place in a list.
const PLACE: &str = "a place in a list";
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

/// For whom a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Who has a token of the operator's.
    Operator,
    /// Who has signed in with GitHub and has a right of their own in a repository.
    Account(UserId),
    /// Who has signed in with GitHub, and sees what GitHub shows to everybody: as anybody could who makes an account.
    Guest(UserId),
    /// Nobody knows whose; the visitor's address.
    Visitor(Option<IpAddr>),
}

impl Whose {
    /// Whether it could be anybody's.
    pub fn is_anybodys(self) -> bool {
        matches!(self, Self::Visitor(_) | Self::Guest(_))
    }
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

/// A repository that the viewer may see.
pub(super) struct Visible {
    pub row: RepoRow,
    /// Whether GitHub shows it to everybody.
    pub public: bool,
    among: Among,
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

impl Seer {
    /// Who has shown this, if there is something that they may see.
    async fn by(dashboard: Arc<Dashboard>, proof: Proof) -> Result<Self, Refusal> {
        let viewer = viewer(&dashboard, &proof).await?;
        let public = dashboard.engine.public_repos();
        let among = match (&viewer, dashboard.access) {
            (_, Access::Open) | (Viewer::Machine, _) => Among::All,
            (Viewer::Person(person), _) => match &person.sees {
                Sees::Everything => Among::All,
                // What GitHub shows to everybody it shows to them.
                Sees::Repositories(own) => {
                    Among::These(Arc::new(own.union(&public).copied().collect()))
                }
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

    /// A place in a list of several repositories, as it is given out. It tells of the rows before it, and those may be of others:
    /// only who sees everything can read it.
    pub fn give_out(&self, place: &Cursor) -> Option<String> {
        match self.sees_everything() {
            true => Some(place.to_string()),
            // All of them are equally long, so that not even that tells of a name: a branch has 255 bytes, two digits each.
            false => {
                let text = format!("{:<1024}", place.to_string());
                self.dashboard.seal.close(PLACE, text.as_bytes())
            }
        }
    }

    /// A place that was given out; `None` for anything else.
    pub fn take_back(&self, place: &str) -> Option<Cursor> {
        if self.sees_everything() {
            return Cursor::parse(place);
        }
        let text = self.dashboard.seal.open(PLACE, place)?;
        Cursor::parse(std::str::from_utf8(&text).ok()?.trim_end())
    }

    /// For whom a stream is, that comes from there.
    pub fn whose(&self, from: Option<IpAddr>) -> Whose {
        match &self.viewer {
            Viewer::Nobody if self.dashboard.access != Access::Open => Whose::Visitor(from),
            Viewer::Person(Person {
                account: Some(account),
                sees,
                ..
            }) => match sees {
                Sees::Repositories(own) if own.is_empty() => Whose::Guest(account.id),
                _ => Whose::Account(account.id),
            },
            _ => Whose::Operator,
        }
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
            among: self.among.clone(),
            dashboard: self.dashboard.clone(),
            row,
        }
    }

    fn shelf(&self) -> &dyn Lists {
        self.dashboard.shelf.0.as_ref()
    }
}

impl Visible {
    /// Whether it may be known that a delivery came.
    fn tells_of(&self, arrival: &Arrival) -> bool {
        all_seen(&self.among, arrival)
    }

    fn shelf(&self) -> &dyn Lists {
        self.dashboard.shelf.0.as_ref()
    }
}

/// Whether all that a delivery was given to may be seen: then it may be known that it came.
fn all_seen(among: &Among, arrival: &Arrival) -> bool {
    let of_subjects = arrival.subjects.iter().map(Subject::repository);
    let mut repos = of_subjects.chain(arrival.about.map(Some));
    matches!(among, Among::All) || repos.all(|repo| repo.is_some_and(|repo| among.has(repo)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{DeliveryId, InstallationId};

    #[test]
    fn a_delivery_that_also_concerns_what_is_hidden_is_hidden() {
        let own = Among::These(Arc::new(BTreeSet::from([RepoId(1), RepoId(2)])));
        let repo = |number| Subject::Repository(RepoId(number));
        let whole = Subject::Installation(InstallationId(1));
        for (subjects, seen) in [
            (vec![repo(1)], true),
            (vec![repo(1), repo(2)], true),
            (vec![repo(1), repo(3)], false),
            (vec![repo(1), whole.clone()], false),
        ] {
            let arrival = Arrival {
                delivery: DeliveryId::parse("x").unwrap(),
                at: chrono::DateTime::UNIX_EPOCH,
                event_name: String::new(),
                what: String::new(),
                subjects,
                about: None,
            };
            assert_eq!(all_seen(&own, &arrival), seen, "{:?}", arrival.subjects);
            assert!(all_seen(&Among::All, &arrival));
        }
    }
}
