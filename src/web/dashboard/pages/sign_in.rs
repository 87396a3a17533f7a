//! Signing in: with GitHub, or with the operator's token.

use super::Frame;
use super::parts::encoded;
use maud::{Markup, html};

/// The ways to sign in.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::web::dashboard) struct Ways {
    /// With GitHub.
    pub github: bool,
    /// With a token.
    pub token: bool,
}

/// Where one signs in with GitHub, and is led on to `next` from.
pub(super) fn with_github(next: Option<&str>) -> Markup {
    let address = match next {
        Some(next) => format!("/sign-in/github?next={}", encoded(next)),
        None => "/sign-in/github".to_owned(),
    };
    html! { a.button href=(address) { "Sign in with GitHub" } }
}

/// All of them; they lead on to `next`.
pub(super) fn ways_in(ways: Ways, next: Option<&str>) -> Markup {
    html! {
        @if ways.github { p { (with_github(next)) } }
        @if ways.token || !ways.github {
            form.sign-in method="post" action="/sign-in" {
                label for="token" { @if ways.github { "Or with a token" } @else { "Token" } }
                input #token name="token" type="password" maxlength="1024" autocomplete="current-password" required;
                @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                button type="submit" { "Sign in" }
            }
        }
    }
}

pub(in crate::web::dashboard) fn page(ways: Ways, next: Option<&str>) -> String {
    let main = html! {
        section.refusal {
            h1 { "Sign in" }
            @if ways.github { p.lead { "You see the repositories that GitHub shows you, as far as Drawbridge is installed there." } }
            @if ways.token || !ways.github {
                p.lead { "A token is what whoever operates Drawbridge has set as " code { "DASHBOARD_TOKEN" } "; it shows everything." }
            }
            (ways_in(ways, next))
        }
    };
    Frame::bare("Sign in").write(&main)
}
