//! The buttons of a pull request's page.

use super::super::access::{Hand, Seer};
use super::super::acting::{APPROVE, CANCEL, RERUN, SYNC};
use super::super::sessions;
use super::super::views::PullView;
use super::parts::sha;
use super::sign_in::with_github;
use maud::{Markup, html};

/// What can be done, by whoever looks.
pub(super) fn deeds(seer: &Seer, view: &PullView) -> Markup {
    let here = format!("/r/{}/pull/{}", view.repository.name, view.number);
    let can = seer.dashboard.ways_in().github;
    html! {
        @match seer.hand() {
            _ if view.stage == "closed" => {}
            Hand::Person(key) => { (forms(view, &here, key)) }
            Hand::Token if can => { p.dim { "The token is nobody in particular: to act here, " (with_github(Some(&here))) } }
            Hand::Nobody if can => { p.dim { "To act here, " (with_github(Some(&here))) } }
            Hand::Token | Hand::Nobody => {}
        }
    }
}

/// What was asked for a moment ago.
pub(super) fn notice(asked: Option<&str>) -> Markup {
    let what = match asked {
        Some(SYNC) => "to look again",
        Some(RERUN) => "to run again what failed",
        Some(CANCEL) => "to cancel what runs",
        Some(APPROVE) => "to approve the commit that the page showed",
        _ => return html! {},
    };
    html! { p.notice role="status" { "Asked " (what) ". What comes of it is in the history below." } }
}

fn forms(view: &PullView, here: &str, key: &str) -> Markup {
    let head = view.head.as_deref().unwrap_or_default();
    let approved = matches!(view.trust, "trusted" | "approved");
    html! {
        section.deeds aria-label="What you can do" data-head=(head) {
            (form(here, SYNC, key, head, &html! { "Sync" }))
            @if !head.is_empty() && !view.runs.is_empty() {
                (form(here, RERUN, key, head, &html! { "Re-run what failed" }))
                @if view.stage == "running" { (form(here, CANCEL, key, head, &html! { "Cancel" })) }
            }
            @if !head.is_empty() && !approved {
                (form(here, APPROVE, key, head, &html! { "Approve this commit: " (sha(head)) }))
            }
        }
    }
}

fn form(here: &str, word: &str, key: &str, head: &str, says: &Markup) -> Markup {
    html! {
        form method="post" action={ (here) "/" (word) } {
            input type="hidden" name="key" value=(key);
            input type="hidden" name="once" value=(sessions::random());
            input type="hidden" name="sha" value=(head);
            button type="submit" { (says) }
        }
    }
}
