//! Pages, each written from its view. Every text is escaped by `maud`; what is not is written here.

mod acting;
pub(super) mod badge;
pub(super) mod commands;
pub(super) mod config;
pub(super) mod deliveries;
pub(super) mod delivery;
mod gantt;
mod graph;
mod history;
mod jobs;
pub(super) mod overview;
pub(super) mod parts;
pub(super) mod pull;
pub(super) mod refusal;
pub(super) mod repository;
pub(super) mod runs;
pub(super) mod sign_in;
mod waits;

use super::access::{Access, Seer, Viewer};
use super::assets::{ICON_PATH, SCRIPT_PATH, STYLE_PATH};
use crate::domain::printable::is_deceptive;
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

/// What stands around a page.
pub(super) struct Frame {
    /// Its title.
    title: String,
    /// Where it is told of changes; `None`: it stays as it is.
    live: Option<String>,
    /// Who looks, as the head of the page says it; `None`: not known.
    who: Option<Who>,
    /// When it was written.
    now: DateTime<Utc>,
}

enum Who {
    /// Everybody may look.
    Everybody,
    /// Nobody in particular, who sees what is public.
    Visitor,
    /// This one.
    Named(String),
}

impl Frame {
    pub fn new(title: impl Into<String>, seer: &Seer) -> Self {
        let who = match &seer.viewer {
            Viewer::Nobody if seer.dashboard.access() == Access::Public => Who::Visitor,
            // Who signs in sees no more than before, and may do something.
            Viewer::Nobody if seer.dashboard.ways_in().github => Who::Visitor,
            Viewer::Nobody => Who::Everybody,
            Viewer::Machine => Who::Named("token".to_owned()),
            Viewer::Person(person) => Who::Named(person.name.clone()),
        };
        Self {
            title: title.into(),
            live: None,
            who: Some(who),
            now: seer.dashboard.now(),
        }
    }

    /// One of which nobody knows who looks at it.
    fn bare(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            live: None,
            who: None,
            now: DateTime::UNIX_EPOCH,
        }
    }

    /// The page is told of changes at this address.
    pub fn live(mut self, address: String) -> Self {
        self.live = Some(address);
        self
    }

    fn write(&self, main: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Drawbridge" }
                    link rel="stylesheet" href=(*STYLE_PATH);
                    link rel="icon" href=(*ICON_PATH) type="image/svg+xml";
                    script src=(*SCRIPT_PATH) defer {}
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.name href="/" { "Drawbridge" }
                        nav aria-label="Main" {
                            ul {
                                li { a href="/" { "Overview" } }
                                li { a href="/deliveries" { "Deliveries" } }
                                li { a href="/commands" { "Commands" } }
                                li { a href="/config" { "Configuration" } }
                            }
                        }
                        (self.who())
                    }
                    main #main tabindex="-1" data-live=[self.live.as_deref()] { (main) }
                    footer {
                        p {
                            a href="/api/openapi.json" { "API" }
                            @if self.live.is_some() {
                                " · " span #live role="status" { "reload for the present state" }
                            }
                        }
                    }
                }
            }
        }
        .into_string();
        in_sight(&page)
    }

    fn who(&self) -> Markup {
        html! {
            @match &self.who {
                None | Some(Who::Everybody) => {}
                Some(Who::Visitor) => { p.who { a href="/sign-in" { "Sign in" } } }
                Some(Who::Named(name)) => {
                    form.who method="post" action="/sign-out" {
                        span { "Signed in: " (name) } " "
                        button type="submit" { "Sign out" }
                    }
                }
            }
        }
    }
}

/// A page on which nothing is there that can't be seen, or that changes the order of what is: such characters are spelled out, wherever
/// they came from. Our own pages have none but the ends of lines.
fn in_sight(page: &str) -> String {
    let mut shown = String::with_capacity(page.len());
    for c in page.chars() {
        match c {
            '\n' | '\r' => shown.push(c),
            c if is_deceptive(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}
