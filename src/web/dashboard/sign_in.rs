//! Signing in and out with a cookie. Forms are taken from our own pages alone.

use super::access::{Person, Sees, Viewer, cookie, cookie_name};
use super::refusal::Refusal;
use super::site::{Asked, form, query};
use super::{Dashboard, pages};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;

/// Proof that a form was sent from one of our own pages, or by no browser at all: browsers say where a form comes from (Fetch
/// Metadata; RFC 6454, 7).
pub(super) struct FromHere;

impl<S: Sync> FromRequestParts<S> for FromHere {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = |name: &str| {
            parts
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap_or("?"))
        };
        if let Some(site) = text("sec-fetch-site") {
            return match site {
                "same-origin" | "none" => Ok(Self),
                _ => Err(Refusal::FromElsewhere),
            };
        }
        // An older browser, or one that came by plain http.
        let Some(origin) = text("origin") else {
            return Ok(Self);
        };
        let host = origin.split_once("://").map(|(_, host)| host);
        match host.is_some() && host == text("host") {
            true => Ok(Self),
            false => Err(Refusal::FromElsewhere),
        }
    }
}

/// Where it goes on.
#[derive(Default, Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

/// What the form says.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    token: String,
    next: Option<String>,
}

/// `GET /sign-in`
pub(super) async fn page(asked: Asked<Next>) -> Result<Html<String>, Refusal> {
    let next = query(asked)?.next;
    Ok(Html(pages::sign_in::page(next.as_deref())))
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(dashboard): State<Arc<Dashboard>>,
    _here: FromHere,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let said: Said = form(body)?;
    if !dashboard.tokens.knows(said.token.trim()) {
        tracing::warn!("somebody tried to sign in to the dashboard with a token that is none");
        return Err(Refusal::WrongToken);
    }
    let viewer = Viewer::Person(Person {
        name: "operator".to_owned(),
        sees: Sees::Everything,
    });
    let cookie = dashboard.begin_session(viewer);
    let next = said.next.filter(|next| is_ours(next));
    let to = Redirect::to(next.as_deref().unwrap_or("/"));
    Ok(([(header::SET_COOKIE, cookie)], to).into_response())
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(dashboard): State<Arc<Dashboard>>,
    _here: FromHere,
    headers: HeaderMap,
) -> Response {
    if let Some(session) = cookie(&dashboard, &headers) {
        dashboard.sessions.end(session);
    }
    let cookie = set_cookie(&dashboard, "", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}

pub(super) fn set_cookie(dashboard: &Dashboard, value: &str, seconds: i64) -> String {
    let name = cookie_name(dashboard);
    let secure = if dashboard.https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// An address of this server: `//host` and `/\host` lead elsewhere.
fn is_ours(next: &str) -> bool {
    next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && next.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_server_are_gone_to() {
        for (next, ours) in [
            ("/", true),
            ("/r/acme/engine?stage=failed", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("", false),
            ("/a\r\nset-cookie: x=y", false),
        ] {
            assert_eq!(is_ours(next), ours, "{next:?}");
        }
    }
}
