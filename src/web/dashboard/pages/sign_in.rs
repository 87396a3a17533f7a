//! Signing in with the operator's token.

use super::Frame;
use maud::{Markup, html};

/// The form; it leads on to `next`.
pub(super) fn form(next: Option<&str>) -> Markup {
    html! {
        form.sign-in method="post" action="/sign-in" {
            label for="token" { "Token" }
            input #token name="token" type="password" autocomplete="current-password" required;
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            button type="submit" { "Sign in" }
        }
    }
}

pub(in crate::web::dashboard) fn page(next: Option<&str>) -> String {
    let main = html! {
        section.refusal {
            h1 { "Sign in" }
            p.lead { "With a token that whoever operates Drawbridge has set as " code { "DASHBOARD_TOKEN" } "." }
            (form(next))
        }
    };
    Frame::bare("Sign in").write(&main)
}
