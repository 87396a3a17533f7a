//! The dashboard: pages for people, and the same as JSON for machines. It only reads.
//!
//! What may enter: a request goes through [`access::Seer`], which knows who looks; only it hands out what can be read, so no
//! page can forget to ask. `views` makes plain structs of what the store knows; `pages` writes them as HTML, `api` as JSON.
//!
//! Promises: a page looks at a bounded number of records; no script, style or picture comes from elsewhere; every text is
//! escaped, wherever it came from; and who may not see a repository can't tell it from one that is not there.

mod access;
mod api;
mod assets;
mod events;
mod headers;
mod pages;
mod refusal;
mod sessions;
mod sign_in;
mod site;
mod tokens;
mod views;

pub use access::{Access, Person, Sees, Viewer};
pub use api::document;
pub use refusal::not_here;
pub use tokens::Tokens;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::github::GitHub;
use crate::store::lists::{Lists, Touched};
use axum::Router;
use chrono::{DateTime, Utc};
use sessions::Sessions;
use std::sync::Arc;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// So many pages are told of changes at a time. Each takes a place of a connection; most places stay for deliveries.
pub const STREAMS: usize = 64;

/// So many configurations are tried at a time: it is work for a processor, and where everybody may look, anybody may ask for it.
const PLANNED_AT_ONCE: usize = 2;

/// What the dashboard reads from, and who may look.
pub struct Dashboard {
    access: Access,
    tokens: Tokens,
    sessions: Sessions,
    shelf: access::Shelf,
    engine: Engine,
    github: GitHub,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Touched>,
    streams: Arc<Semaphore>,
    /// Places for who tries a configuration; [`PLANNED_AT_ONCE`] of them.
    planning: Arc<Semaphore>,
    closing: CancellationToken,
    /// Whether people come by https, as far as is known: then cookies go no other way.
    https: bool,
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
    /// Where people reach the server.
    pub public_url: Option<String>,
}

impl Dashboard {
    /// Makes one.
    pub fn new(parts: Parts) -> Self {
        let public_url = parts.public_url.as_deref();
        Self {
            https: public_url.is_some_and(|url| url.starts_with("https://")),
            access: parts.access,
            tokens: parts.tokens,
            sessions: Sessions::default(),
            shelf: access::Shelf::new(parts.store),
            engine: parts.engine,
            github: parts.github,
            clock: parts.clock,
            changes: parts.changes,
            streams: Arc::new(Semaphore::new(STREAMS)),
            planning: Arc::new(Semaphore::new(PLANNED_AT_ONCE)),
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
        let session = self.sessions.begin(viewer, self.now());
        sign_in::set_cookie(self, &session, sessions::LASTS.num_seconds())
    }

    /// Ends what is told of changes: the server stops.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How many pages are told of changes.
    pub fn streams(&self) -> usize {
        STREAMS - self.streams.available_permits()
    }
}

/// All routes, without a fallback.
pub fn routes(dashboard: Arc<Dashboard>) -> Router {
    let api = api::routes().layer(axum::middleware::from_fn(refusal::in_json));
    let site = site::routes().layer(axum::middleware::from_fn(refusal::in_html));
    site.merge(api)
        .layer(axum::middleware::from_fn(headers::secure))
        .with_state(dashboard)
}
