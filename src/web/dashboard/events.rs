//! Tells an open page that what it shows has changed, by server-sent events (HTML, "Server-sent events"). The page then reads
//! itself again: nothing is told that who listens may not see.
//!
//! A stream takes the place of a connection, so there are at most [`STREAMS`](super::STREAMS), and each lives as long as a
//! connection may: the browser comes back by itself.

use super::access::Seer;
use super::places::{Place, visitor};
use super::refusal::Refusal;
use super::site::{Asked, query};
use crate::domain::ids::{PrNumber, RepoId, RunSubject};
use crate::store::lists::Touched;
use crate::web::Peer;
use axum::http::{Extensions, HeaderMap};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// So long one lives: less than a connection, so that it ends by itself and not in the middle of a word.
const LIVES: Duration = Duration::from_secs(240);

/// A proxy in front (nginx) is told not to keep back what is said.
type Unbuffered = [(&'static str, &'static str); 1];

/// Of what a page wants to be told.
#[derive(Default, Deserialize)]
pub(super) struct Subject {
    repository: Option<String>,
    pull: Option<u64>,
    kind: Option<String>,
    #[serde(default)]
    name: String,
}

impl Subject {
    /// What it is about in the repository; `None`: all of it.
    fn of(&self) -> Result<Option<RunSubject>, Refusal> {
        match (self.pull, &self.kind) {
            (Some(number), _) => Ok(Some(RunSubject::Pull(PrNumber(number)))),
            (None, Some(kind)) => RunSubject::with_branch(kind, &self.name)
                .map(Some)
                .ok_or(Refusal::NotFound),
            (None, None) => Ok(None),
        }
    }
}

/// `GET /events`
pub(super) async fn events(
    seer: Seer,
    extensions: Extensions,
    headers: HeaderMap,
    asked: Asked<Subject>,
) -> Result<
    (
        Unbuffered,
        Sse<impl Stream<Item = Result<Event, Infallible>>>,
    ),
    Refusal,
> {
    let asked = query(asked)?;
    let repo = match &asked.repository {
        Some(name) => {
            let (owner, repo) = name.split_once('/').ok_or(Refusal::NotFound)?;
            Some(seer.repository(owner, repo).await?.row.id)
        }
        None => None,
    };
    let peer = extensions.get::<Peer>();
    let from = peer.map(|Peer(peer)| visitor(*peer, &headers));
    let place = seer.dashboard.streams.take(seer.whose(from));
    let place = place.ok_or(Refusal::Crowded)?;
    let listener = Listener {
        changes: seer.dashboard.changes.subscribe(),
        closing: seer.dashboard.closing.clone(),
        until: tokio::time::Instant::now() + LIVES,
        wanted: Wanted {
            repo,
            of: asked.of()?,
        },
        seer,
        greeted: false,
        _place: place,
    };
    let told = futures::stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(20));
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(told).keep_alive(alive)))
}

struct Wanted {
    repo: Option<RepoId>,
    of: Option<RunSubject>,
}

struct Listener {
    changes: Receiver<Touched>,
    closing: CancellationToken,
    until: tokio::time::Instant,
    wanted: Wanted,
    seer: Seer,
    greeted: bool,
    _place: Place,
}

impl Listener {
    /// What is told next; `None`: it is over.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            // (Browsers drop an event without data.) The browser comes back after so many milliseconds.
            return Some(
                Event::default()
                    .event("ready")
                    .data("{}")
                    .retry(Duration::from_secs(3)),
            );
        }
        loop {
            let change = tokio::select! {
                () = self.closing.cancelled() => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                change = self.changes.recv() => change,
            };
            match &change {
                Ok(touched) if !self.wants(touched) => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
            // Who has signed out meanwhile, or may see less, hears no more than they may now.
            self.seer = self.seer.as_of_now().await.ok()?;
            let wanted = self.wanted.repo;
            if wanted.is_some_and(|repo| !self.seer.sees(repo)) {
                return None;
            }
            // Whoever missed some is told once: the page reads everything again anyway.
            if change.map_or(true, |touched| self.wants(&touched)) {
                return Some(Event::default().event("changed").data("{}"));
            }
        }
    }

    fn wants(&self, touched: &Touched) -> bool {
        let Some(repo) = touched.repo else {
            return self.seer.sees_everything() && self.wanted.repo.is_none();
        };
        self.seer.sees(repo)
            && self.wanted.repo.is_none_or(|wanted| wanted == repo)
            && (self.wanted.of.is_none() || self.wanted.of == touched.of || touched.of.is_none())
    }
}
