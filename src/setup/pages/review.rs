//! The second page: what GitHub is going to be asked for, and the button that asks.

use super::page;
use crate::setup::choice::{Choice, Keep};
use crate::setup::manifest::asks;
use maud::{Markup, html};

/// `action` is GitHub's address, `hook_url` is where deliveries will go.
pub(in crate::setup) fn review(
    base: &str,
    choice: &Choice,
    action: &str,
    manifest: &str,
    hook_url: &str,
) -> Markup {
    let asks = asks();
    let content = html! {
        h1 { "This is what GitHub registers" }
        dl {
            dt { "App" } dd { strong { (choice.name) } }
            dt { "Owner" }
            dd { @match &choice.organisation { Some(login) => (login), None => "your own account" } }
            dt { "Deliveries go to" } dd { code { (hook_url) } }
            dt { "Credentials" }
            dd { (match choice.keep {
                Keep::Store => "are stored on this server",
                Keep::Show => "are shown to you once, and stored nowhere",
                Keep::Print => "are printed in the terminal once, and stored nowhere",
            }) }
        }
        form method="post" action=(action) {
            input type="hidden" name="manifest" value=(manifest);
            button type="submit" { "Register on GitHub" }
            " " a href={ (base) "/setup" } { "Back" }
        }
        p .after { "GitHub asks you once more, and leads you back here." }
        details {
            summary { "What the app may do: " (asks.default_permissions.len()) " permissions, " (asks.default_events.len()) " events" }
            table {
                thead { tr { th scope="col" { "Permission" } th scope="col" { "Access" } } }
                tbody {
                    @for (name, level) in &asks.default_permissions {
                        tr { td { (name.replace('_', " ")) } td { (if level == "write" { "read and write" } else { "read" }) } }
                    }
                }
            }
            p { "Events: " (asks.default_events.join(", ").replace('_', " ")) "." }
        }
    };
    page(base, "Register", &content)
}
