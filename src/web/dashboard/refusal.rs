//! Answers that show nothing, in kind words: a page for people, JSON for machines.

use super::pages::sign_in::Ways;
use super::with_github::Failed;
use super::{Dashboard, headers, pages};
use crate::engine::NotAgain;
use crate::store::StoreError;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Why nothing is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody has said who they are, and it is not shown to everybody.
    SignIn,
    /// The token is none of ours.
    WrongToken,
    /// They prove themselves in a way that is not known here.
    OtherScheme,
    /// It is not there, or not for this viewer to know.
    NotFound,
    /// Nothing is kept of a pull request in a repository that the viewer may see; why.
    NoPull(String),
    /// The request can't be understood; what is wrong.
    Bad(String),
    /// It was sent from another site.
    FromElsewhere,
    /// It is larger than what is read.
    TooLarge(&'static str),
    /// Somebody has not signed in with GitHub.
    NotSignedIn(Failed),
    /// Whoever has a token could be anybody.
    NobodyInParticular,
    /// It takes a right that they don't have.
    NotYours,
    /// A delivery is not taken in again.
    NotAgain(NotAgain),
    /// They ask for too much.
    TooOften,
    /// GitHub can't be asked what this person may see.
    Unseen,
    /// Enough look already.
    Crowded,
    /// The store can't be read.
    Unavailable,
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignIn | Self::WrongToken | Self::OtherScheme => StatusCode::UNAUTHORIZED,
            Self::FromElsewhere | Self::NobodyInParticular | Self::NotYours => {
                StatusCode::FORBIDDEN
            }
            Self::NotAgain(NotAgain::May(_)) => StatusCode::FORBIDDEN,
            Self::NotAgain(NotAgain::Can(_)) => StatusCode::CONFLICT,
            Self::NotAgain(NotAgain::Now(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::NoPull(_) => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotSignedIn(failed) => failed.status(),
            Self::Crowded | Self::Unavailable | Self::Unseen => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What is the matter, in a few words.
    pub fn title(&self) -> &'static str {
        match self {
            Self::SignIn => "Please sign in",
            Self::WrongToken => "That token opens nothing here",
            Self::OtherScheme => "Only a bearer token is understood here",
            Self::NotFound => "There is nothing here",
            Self::NoPull(_) => "There is nothing to show of this pull request",
            Self::Bad(_) => "That can't be understood",
            Self::FromElsewhere => "That came from another site",
            Self::TooLarge(_) => "That is too large",
            Self::NotSignedIn(failed) => failed.title(),
            Self::NobodyInParticular => "A token is nobody in particular",
            Self::NotYours => "That is not yours to do",
            Self::NotAgain(_) => "It was not taken in again",
            Self::TooOften => "That is very often",
            Self::Unseen => "GitHub can't be asked what you may see",
            Self::Crowded => "Many are looking already",
            Self::Unavailable => "The state can't be read at the moment",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::SignIn => "What happens here is shown to people whom GitHub shows it, once they have signed in, and to those who \
                             have a token. Whoever operates Drawbridge has it: it is the setting DASHBOARD_TOKEN. Machines send it \
                             as `Authorization: Bearer …`."
                .to_owned(),
            Self::WrongToken => "Look whether it was copied whole, or ask whoever operates Drawbridge for the present one."
                .to_owned(),
            Self::OtherScheme => "Send `Authorization: Bearer …` with a token of the setting DASHBOARD_TOKEN, or no such header. If a \
                                  proxy in front asks for a password, have it take the header away before it hands requests on."
                .to_owned(),
            Self::NotFound => "It may have been closed and forgotten, or you may not see it. If you should, sign in, or look \
                               whether the address is right."
                .to_owned(),
            Self::Bad(what) | Self::NoPull(what) => what.clone(),
            Self::FromElsewhere => "Forms are taken only from these pages. Open the page here and send it again.".to_owned(),
            Self::TooLarge(most) => format!("At most {most} are read. Leave out what does not matter."),
            Self::NotSignedIn(failed) => failed.remedy(),
            Self::NobodyInParticular => "What is done here is done in somebody's name and with their rights. Sign in with GitHub to act."
                .to_owned(),
            Self::NotYours => "Nothing was done. It takes write access to the repository, or to be listed in `additional_vetters`; the author \
                               of a trusted pull request may re-run and cancel. If you were given the right just now, try again in ten \
                               minutes, or say it in a comment on GitHub."
                .to_owned(),
            Self::NotAgain(NotAgain::Can(why) | NotAgain::May(why) | NotAgain::Now(why)) => why.clone(),
            Self::TooOften => "Nothing was done. Please try again in a minute.".to_owned(),
            Self::Unseen => "Until it can, nothing is shown. It is asked again by itself; please come back in a minute.".to_owned(),
            Self::Crowded => "Pages are told of changes again when others are closed. Until then, reload.".to_owned(),
            Self::Unavailable => "It is tried again by itself; please come back in a minute. The server's log says why.".to_owned(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "can't show a page");
        Self::Unavailable
    }
}

/// The words are added by [`in_html`] or [`in_json`].
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if self.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"Drawbridge\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes refusals as pages.
pub(super) async fn in_html(
    State(dashboard): State<Arc<Dashboard>>,
    request: Request,
    next: Next,
) -> Response {
    let here = page_of(&request);
    let response = next.run(request).await;
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else {
        return response;
    };
    let page = pages::refusal::page(&refusal, dashboard.ways_in(), here.as_deref());
    with_body(response, "text/html; charset=utf-8", page)
}

/// The page to come back to after signing in: what was asked for, or the page with the form that was sent.
fn page_of(request: &Request) -> Option<String> {
    let path = request.uri().path();
    match *request.method() {
        Method::GET | Method::HEAD => request.uri().path_and_query().map(ToString::to_string),
        _ if path.starts_with("/r/") || path.starts_with("/deliveries/") => {
            path.rsplit_once('/').map(|(page, _)| page.to_owned())
        }
        _ => None,
    }
}

/// Writes refusals as JSON.
pub(super) async fn in_json(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else {
        return response;
    };
    let says = json!({ "error": refusal.title(), "remedy": refusal.remedy() });
    with_body(response, "application/json", format!("{says}\n"))
}

fn with_body(response: Response, kind: &'static str, body: String) -> Response {
    let (mut parts, _) = response.into_parts();
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into())
}

/// The page for an address that leads nowhere, for those who read pages; `None` for others.
pub fn not_here(request: &HeaderMap) -> Option<Response> {
    let accept = request.get(header::ACCEPT)?.to_str().ok()?;
    accept.contains("text/html").then(|| {
        let page = pages::refusal::page(&Refusal::NotFound, Ways::default(), None);
        let response = Refusal::NotFound.into_response();
        let mut response = with_body(response, "text/html; charset=utf-8", page);
        headers::add(&mut response);
        response
    })
}
