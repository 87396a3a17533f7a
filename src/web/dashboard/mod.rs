//! The dashboard: pages for people, and the same as JSON for machines. It reads; what people ask for on a pull request's page
//! (`acting`) is handed to the engine as news.
//!
//! What may enter: a request goes through [`access::Seer`], which knows who looks; only it hands out what can be read, so no
//! page can forget to ask. `views` makes plain structs of what the store knows; `pages` writes them as HTML, `api` as JSON.
//!
//! Promises: a page looks at a bounded number of records; no script, style or picture comes from elsewhere; every text is
//! escaped, wherever it came from; and who may not see a repository can't tell it from one that is not there.

mod access;
mod acting;
mod again;
mod api;
mod assets;
mod events;
mod headers;
mod pages;
mod places;
mod refusal;
mod seal;
mod sessions;
mod sight;
mod sign_in;
mod site;
mod tokens;
mod views;
mod with_github;

pub use access::{Access, Person, Sees, Viewer};
pub use api::document;
pub use refusal::not_here;
pub use tokens::Tokens;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::github::{GitHub, SignInApp};
use crate::store::lists::{Lists, Touched};
use axum::Router;
use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use places::Places;
use seal::Seal;
use sessions::{Sessions, Who};
use std::sync::Arc;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// So many pages are told of changes at a time. Each takes a place of a connection; most places stay for deliveries.
pub const STREAMS: usize = 64;

/// So many configurations are tried at a time: it is work for a processor, and where everybody may look, anybody may ask for it.
const PLANNED_AT_ONCE: usize = 2;

/// So many people come back from GitHub at a time: who they are is asked of GitHub, and anybody may say that they come back.
const ARRIVING_AT_ONCE: usize = 8;

/// What the dashboard reads from, and who may look.
pub struct Dashboard {
    access: Access,
    tokens: Tokens,
    /// Signing in with GitHub, if that is set up.
    sign_in: Option<SignInApp>,
    sessions: Sessions,
    seal: Seal,
    shelf: access::Shelf,
    engine: Engine,
    github: GitHub,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Touched>,
    streams: Arc<Places>,
    /// Places for who tries a configuration; [`PLANNED_AT_ONCE`] of them.
    planning: Arc<Semaphore>,
    /// Places for who comes back from GitHub; [`ARRIVING_AT_ONCE`] of them.
    arriving: Arc<Semaphore>,
    /// How often people ask for something.
    pace: acting::Pace,
    closing: CancellationToken,
    origin: Origin,
    /// Whether people come by https, as far as is known: then cookies go no other way.
    https: bool,
}

/// Where people reach the dashboard.
enum Origin {
    /// At this address, which has no slash at its end.
    At(String),
    /// Nobody has said it.
    Unknown,
}

/// What a [`Dashboard`] is made of.
pub struct Parts {
    /// Who may look.
    pub access: Access,
    /// What machines prove themselves with.
    pub tokens: Tokens,
    /// What is read.
    pub store: Arc<dyn Lists>,
    /// Health, and what is public.
    pub engine: Engine,
    /// What is left of its limits, and where it is for people.
    pub github: GitHub,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Tells of changes.
    pub changes: broadcast::Sender<Touched>,
    /// Where people reach it, without a slash at the end; `None`: nobody has said it.
    pub address: Option<String>,
    /// Whether people come by https.
    pub https: bool,
    /// Signing in with GitHub, if that is set up.
    pub sign_in: Option<SignInApp>,
}

impl Dashboard {
    /// Makes one.
    pub fn new(parts: Parts) -> Self {
        Self {
            https: parts.https,
            origin: parts.address.map_or(Origin::Unknown, Origin::At),
            sign_in: parts.sign_in,
            seal: Seal::new(),
            access: parts.access,
            tokens: parts.tokens,
            sessions: Sessions::default(),
            shelf: access::Shelf::new(parts.store),
            engine: parts.engine,
            github: parts.github,
            clock: parts.clock,
            changes: parts.changes,
            streams: Arc::default(),
            planning: Arc::new(Semaphore::new(PLANNED_AT_ONCE)),
            pace: acting::Pace::default(),
            arriving: Arc::new(Semaphore::new(ARRIVING_AT_ONCE)),
            closing: CancellationToken::new(),
        }
    }

    fn access(&self) -> Access {
        self.access
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Begins a session; the cookie that says so, as `Set-Cookie` wants it.
    pub fn begin_session(&self, viewer: Viewer) -> String {
        self.begin(&HeaderMap::new(), Who::Known(viewer), sessions::LASTS)
    }

    /// Begins a session that lasts so long, in place of the one that the browser has; its cookie.
    fn begin(&self, browser: &HeaderMap, who: Who, lasts: TimeDelta) -> String {
        if let Some(earlier) = access::cookie_of(self, browser, access::SESSION) {
            self.sessions.end(earlier);
        }
        let lasts = lasts.min(sessions::LASTS);
        let session = self.sessions.begin(who, lasts, self.now());
        access::cookie_text(self, access::SESSION, &session, lasts.num_seconds())
    }

    /// The ways to sign in.
    fn ways_in(&self) -> pages::sign_in::Ways {
        pages::sign_in::Ways {
            github: self.sign_in.is_some(),
            token: !self.tokens.is_empty(),
        }
    }

    /// Ends what is told of changes: the server stops.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How many pages are told of changes.
    pub fn streams(&self) -> usize {
        self.streams.taken()
    }
}

/// All routes, without a fallback.
pub fn routes(dashboard: Arc<Dashboard>) -> Router {
    let api = api::routes().layer(axum::middleware::from_fn(refusal::in_json));
    let in_html = axum::middleware::from_fn_with_state(dashboard.clone(), refusal::in_html);
    let site = site::routes().layer(in_html);
    site.merge(api)
        .layer(axum::middleware::from_fn(headers::secure))
        .with_state(dashboard)
}
