//! A page with a few words: why something did not work, and what to do.

use super::page;
use maud::{Markup, html};

/// `again` leads on, if something does.
pub(in crate::setup) fn said(
    base: &str,
    title: &str,
    what: &str,
    again: Option<(&str, &str)>,
) -> Markup {
    let content = html! {
        h1 { (title) }
        p .lead { (what) }
        @if let Some((label, path)) = again {
            p { a .button href={ (base) (path) } { (label) } }
        }
    };
    page(base, title, &content)
}
