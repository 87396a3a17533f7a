//! The addresses, and who may ask for what.

use super::choice::{Fields, Mistakes};
use super::guard::{Origin, Redeemed, Session, is_from, same};
use super::register::Failure;
use super::{Room, manifest, pages};
use crate::web::{Answer, WEBHOOK_PATH};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::oneshot;

/// More than any form of ours has.
const LARGEST_FORM: usize = 16 * 1024;

pub(super) fn routes(room: Arc<Room>) -> Router {
    Router::new()
        .route("/setup", get(enter).post(choose))
        .route("/setup/callback", get(callback))
        .route("/setup/style.css", get(style))
        .route("/healthz", get(async || Answer(StatusCode::OK, "alive")))
        .route("/readyz", get(waiting))
        // GitHub lists what it could not deliver, and it is taken in from there.
        .route(WEBHOOK_PATH, post(waiting))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(room)
}

async fn waiting() -> Answer {
    Answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "no app is set up yet; the setup page's address is in the server's terminal",
    )
}

async fn nothing() -> Answer {
    Answer(
        StatusCode::NOT_FOUND,
        "there is nothing here; the setup page's address is in the server's terminal",
    )
}

/// Nothing secret is in it, and the last page still needs it when these addresses are gone.
async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=3600, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, pages::STYLE).into_response()
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
}

async fn enter(
    State(room): State<Arc<Room>>,
    Query(given): Query<Token>,
    headers: HeaderMap,
) -> Response {
    let Some(origin) = room.guard.origin(&headers) else {
        return strange_host();
    };
    let Some(token) = given.token else {
        return match room.guard.session(&headers) {
            Some(session) => form(&room, &origin, &session, StatusCode::OK),
            None => no_token(&origin),
        };
    };
    match room.guard.redeem(&token, &origin) {
        Redeemed::Cookie(cookie) => {
            let to = format!("{}/setup", origin.base);
            let headers = [(header::LOCATION, to), (header::SET_COOKIE, cookie)];
            (StatusCode::SEE_OTHER, headers, secured(None)).into_response()
        }
        Redeemed::Used => {
            room.announce();
            let what = "Each address is good once. A new one is in the terminal now.";
            let page = pages::said(&origin.base, "This address was used before", what, None);
            html(StatusCode::FORBIDDEN, page, None)
        }
        Redeemed::Wrong => no_token(&origin),
    }
}

fn form(room: &Room, origin: &Origin, session: &Session, status: StatusCode) -> Response {
    let fields = Fields::of(&room.plan);
    let (key, mistakes) = (&session.form_key, Mistakes::new());
    let page = pages::choose(&origin.base, &room.plan, key, &fields, &mistakes);
    html(status, page, None)
}

async fn choose(State(room): State<Arc<Room>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(origin) = room.guard.origin(&headers) else {
        return strange_host();
    };
    let Some(session) = room.guard.session(&headers) else {
        return no_token(&origin);
    };
    let (fields, key) = Fields::read(&body);
    if !is_from(&origin, &headers) || !same(&session.form_key, &key) {
        let what = "This form was not sent from the setup page.";
        let page = pages::said(&origin.base, "Not from here", what, AGAIN);
        return html(StatusCode::FORBIDDEN, page, None);
    }
    let choice = match fields.check(&room.plan) {
        Ok(choice) => choice,
        Err(mistakes) => {
            let page = pages::choose(
                &origin.base,
                &room.plan,
                &session.form_key,
                &fields,
                &mistakes,
            );
            return html(StatusCode::UNPROCESSABLE_ENTITY, page, None);
        }
    };
    let site = crate::github::site_of(&choice.api_url);
    let redirect_url = format!("{}/setup/callback", origin.base);
    let proxy = room.plan.proxy_url.as_deref();
    let filled = manifest::filled(&choice, proxy, &redirect_url).to_string();
    let hook_url = manifest::hook_url(&choice, proxy);
    let state = room.remember(choice.clone());
    let owner = match &choice.organisation {
        Some(login) => format!("/organizations/{login}"),
        None => String::new(),
    };
    let action = format!("{site}{owner}/settings/apps/new?state={state}");
    let page = pages::review(&origin.base, &choice, &action, &filled, &hook_url);
    html(StatusCode::OK, page, Some(&site))
}

#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
}

async fn callback(
    State(room): State<Arc<Room>>,
    Query(back): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let Some(origin) = room.guard.origin(&headers) else {
        return strange_host();
    };
    if room.guard.session(&headers).is_none() {
        return no_token(&origin);
    }
    let (code, state) = (
        back.code.unwrap_or_default(),
        back.state.unwrap_or_default(),
    );
    // A task of its own: what GitHub gives is kept although the browser hangs up.
    let (hand, taken) = oneshot::channel();
    let registering = room.clone();
    tokio::spawn(async move {
        let outcome = registering.register(&code, &state).await;
        if let Err(Ok(outcome)) = hand.send(outcome) {
            outcome.is_seen_by_nobody();
        }
    });
    let base = &origin.base;
    let refused = |status, title, what: &str, again| {
        html(status, pages::said(base, title, what, again), None)
    };
    match taken.await {
        Ok(Ok(outcome)) => html(StatusCode::OK, pages::done(base, &outcome), None),
        Ok(Err(Failure::Done)) => refused(
            StatusCode::GONE,
            "The setup is finished",
            "The app is registered. Its credentials are where you chose to have them; what was on a page that did not arrive is in \
             the server's terminal.",
            None,
        ),
        Ok(Err(Failure::UnknownState)) => refused(
            StatusCode::FORBIDDEN,
            "This does not come from a form of ours",
            "Nothing was registered here with it. Begin on the setup page.",
            AGAIN,
        ),
        Ok(Err(Failure::Disk(why))) => {
            let what = format!(
                "The app's credentials could not be stored ({why}), so they were not asked for. Mend that and reload this page \
                 within an hour, or begin again and have them shown to you."
            );
            refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The disk does not take it",
                &what,
                AGAIN,
            )
        }
        Ok(Err(Failure::GitHub(why, true))) => {
            let what = format!("{why} Reload this page in a moment: the code is good for an hour.");
            refused(
                StatusCode::BAD_GATEWAY,
                "GitHub did not answer",
                &what,
                AGAIN,
            )
        }
        Ok(Err(Failure::GitHub(why, false))) => {
            let what = format!(
                "{why} If there is an app of that name on GitHub now, delete it there, then begin again."
            );
            refused(
                StatusCode::BAD_GATEWAY,
                "GitHub refused the code",
                &what,
                AGAIN,
            )
        }
        Err(_) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something broke",
            "The terminal says what.",
            AGAIN,
        ),
    }
}

const AGAIN: Option<(&str, &str)> = Some(("Begin again", "/setup"));

fn strange_host() -> Response {
    Answer(
        StatusCode::MISDIRECTED_REQUEST,
        "the setup page is opened by this machine's address, or by the name in PUBLIC_URL",
    )
    .into_response()
}

fn no_token(origin: &Origin) -> Response {
    let what = "Open the address that the server shows in its terminal.";
    let page = pages::said(&origin.base, "Not without the token", what, None);
    html(StatusCode::FORBIDDEN, page, None)
}

fn html(status: StatusCode, page: Markup, form_to: Option<&str>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, secured(form_to), page.into_string()).into_response()
}

/// What tells a browser to let no other site have a part in this. Forms may go to us, and to GitHub where one does.
fn secured(form_to: Option<&str>) -> [(HeaderName, HeaderValue); 6] {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        form_to.unwrap_or_default()
    );
    let policy = HeaderValue::from_str(&policy);
    let fixed = HeaderValue::from_static;
    [
        (
            header::CONTENT_SECURITY_POLICY,
            policy.unwrap_or(fixed("default-src 'none'")),
        ),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (header::CACHE_CONTROL, fixed("no-store")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            fixed("same-origin"),
        ),
    ]
}
