//! What a request shows of its sender, and who that is.

use super::{Access, Person, Sees, Viewer};
use crate::web::dashboard::Dashboard;
use crate::web::dashboard::refusal::Refusal;
use crate::web::dashboard::sessions::{Session, Who};
use crate::web::dashboard::sight::Unseen;
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The session's cookie.
pub(in crate::web::dashboard) const SESSION: &str = "drawbridge_session";
/// What a browser keeps while somebody is away at GitHub.
pub(in crate::web::dashboard) const SIGNING_IN: &str = "drawbridge_signing_in";
/// With https this before a cookie's name keeps other hosts and paths from setting it.
const HOST_ONLY: &str = "__Host-";

/// What somebody has shown of who they are.
#[derive(Clone)]
pub(super) enum Proof {
    Nothing,
    /// A token of the operator's.
    Token,
    /// The name of a session.
    Session(Arc<Session>),
}

/// What a request shows of its sender. A wrong token is refused, whatever else would be shown; a session that has ended is nobody's.
pub(super) fn proof(dashboard: &Dashboard, headers: &HeaderMap) -> Result<Proof, Refusal> {
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let given = given.to_str().unwrap_or_default().trim();
        let token = given.split_once(' ').filter(|(scheme, _)| {
            // The scheme's name has no case (RFC 9110, 11.1).
            scheme.eq_ignore_ascii_case("bearer")
        });
        return match token {
            Some((_, token)) if dashboard.tokens.knows(token.trim()) => Ok(Proof::Token),
            Some(_) => Err(Refusal::WrongToken),
            // (Without a token behind it.)
            None if given.eq_ignore_ascii_case("bearer") => Err(Refusal::WrongToken),
            None => Err(Refusal::OtherScheme),
        };
    }
    let name = cookie_of(dashboard, headers, SESSION);
    let session = name.and_then(|name| dashboard.sessions.named(name, dashboard.now()));
    Ok(session.map_or(Proof::Nothing, Proof::Session))
}

/// What the browser sent as this cookie.
pub(in crate::web::dashboard) fn cookie_of<'a>(
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
pub(in crate::web::dashboard) fn cookie_text(
    dashboard: &Dashboard,
    name: &str,
    value: &str,
    seconds: i64,
) -> String {
    let name = cookie_name(dashboard, name);
    let secure = if dashboard.https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// Who has shown this, as far as that still holds.
pub(super) async fn viewer(dashboard: &Dashboard, proof: &Proof) -> Result<Viewer, Refusal> {
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
                person.account(),
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
        // What everybody may see they may see as well.
        Err(Unseen::NotNow) if dashboard.access == Access::Public => Ok(Viewer::Person(
            Person::on_github(person.account(), Sees::Repositories(Arc::default())),
        )),
        Err(Unseen::NotNow) => Err(Refusal::Unseen),
    }
}
