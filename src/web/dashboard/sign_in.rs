//! Signing in and out with a cookie. Forms are taken from our own pages alone.

use super::access::{Person, SESSION, Sees, Viewer, cookie_of, cookie_text};
use super::refusal::Refusal;
use super::sessions::{self, Who};
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
    pub next: Option<String>,
}

/// The largest form: a token and an address.
pub(super) const LARGEST_FORM: usize = 8 * 1024;
const LARGEST: &str = "8 KiB of a form";
/// A longer address is not led on to: it would not go into a cookie.
const LONGEST_NEXT: usize = 1024;

/// What the form says.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    token: String,
    next: Option<String>,
}

/// `GET /sign-in`
pub(super) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    asked: Asked<Next>,
) -> Result<Html<String>, Refusal> {
    let next = query(asked)?.next.filter(|next| is_ours(next));
    let ways = dashboard.ways_in();
    Ok(Html(pages::sign_in::page(ways, next.as_deref())))
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(dashboard): State<Arc<Dashboard>>,
    _here: FromHere,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let said: Said = form(body, LARGEST)?;
    if !dashboard.tokens.knows(said.token.trim()) {
        tracing::warn!("somebody tried to sign in to the dashboard with a token that is none");
        return Err(Refusal::WrongToken);
    }
    let viewer = Viewer::Person(Person {
        name: "operator".to_owned(),
        account: None,
        sees: Sees::Everything,
    });
    let cookie = dashboard.begin(&headers, Who::Known(viewer), sessions::LASTS);
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
    if let Some(session) = cookie_of(&dashboard, &headers, SESSION) {
        dashboard.sessions.end(session);
    }
    let cookie = cookie_text(&dashboard, SESSION, "", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}

/// An address of this server: `//host` and `/\host` lead elsewhere.
pub(super) fn is_ours(next: &str) -> bool {
    next.starts_with('/')
        && next.len() <= LONGEST_NEXT
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
