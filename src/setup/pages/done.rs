//! The last page: install it.

use super::page;
use crate::setup::register::{Kept, Outcome};
use maud::{Markup, html};

pub(in crate::setup) fn done(base: &str, outcome: &Outcome) -> Markup {
    let content = html! {
        h1 { "Your app is registered" }
        @match &outcome.trouble {
            None => p .lead { "Drawbridge is running as it. One step is left: choose the repositories that it may see." },
            Some(why) => p .notice.wrong role="alert" {
                "The server could not begin to serve it: " (why) ". Mend that and start the server again."
            },
        }
        p { a .button href=(outcome.install_page) rel="noreferrer" { "Install on GitHub" } }
        @match &outcome.kept {
            Kept::Stored(path) => p { "Its credentials are in " code { (path) } ", readable for this server's user only. Back this file up: GitHub does not show them again." },
            Kept::Printed => p { "Its credentials are in the terminal. Put them into the environment of the next start." },
            Kept::Shown(variables) => (shown(variables)),
            Kept::Unstored(why, variables) => {
                p .notice.wrong role="alert" { "The credentials could not be stored (" (why) "). Copy them now: the next start needs them." }
                (shown(variables))
            },
        }
        h2 { "And then" }
        ol {
            li { "Add " code { ".github/drawbridge.yaml" } " with " code { "enabled: true" } " to a repository." }
            li { "Let its workflows run on pushes to " code { "pull-request/[0-9]+" } "." }
            li { "Run " code { "drawbridge doctor" } ": it says what is still missing." }
        }
        p .after { "This page is gone when you leave it; the terminal has the link for installing, too." }
    };
    page(base, "Registered", &content)
}

fn shown(variables: &str) -> Markup {
    html! {
        p { "These are the app's credentials. They are shown only now: put them into the environment of the next start." }
        pre tabindex="0" aria-label="The app's credentials as environment variables" { (variables) }
    }
}
