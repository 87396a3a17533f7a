//! The first page: what GitHub has to know.

use super::{INTERRUPTED, page};
use crate::setup::Plan;
use crate::setup::choice::{Fields, Mistakes};
use maud::{Markup, html};

pub(in crate::setup) fn choose(
    base: &str,
    plan: &Plan,
    form_key: &str,
    fields: &Fields,
    mistakes: &Mistakes,
) -> Markup {
    let content = html! {
        h1 { "Set up Drawbridge" }
        p .lead {
            "Drawbridge works as a GitHub App of your own. Answer three questions, and GitHub makes one with exactly the permissions it uses."
        }
        @if plan.interrupted { p .notice role="status" { (INTERRUPTED) } }
        @if !mistakes.is_empty() {
            p .notice.wrong role="alert" { "Something is not right yet. It is marked below." }
        }
        form method="post" action={ (base) "/setup" } {
            input type="hidden" name="key" value=(form_key);
            fieldset {
                legend { "Who owns the app?" }
                label .choice {
                    input type="radio" name="owner" value="organisation" checked[fields.owner != "own"];
                    span { "An organisation " small { "You have to own it, or manage its GitHub Apps." } }
                }
                (field("organisation", "Its name on GitHub", "acme", &fields.organisation, None, mistakes))
                label .choice {
                    input type="radio" name="owner" value="own" checked[fields.owner == "own"];
                    span { "My own account" }
                }
            }
            fieldset {
                legend { "What is it called?" }
                (field("name", "Name of the app", "drawbridge-acme", &fields.name,
                    Some("It comments under this name; nobody else's app may have it. Left empty: drawbridge and the organisation's name."), mistakes))
            }
            fieldset {
                legend { "Where is this server?" }
                @if let Some(url) = &plan.public_url {
                    p { code { (url) } " (PUBLIC_URL)" }
                    @if let Some(mistake) = mistakes.get("public_url") { p .notice.wrong { (mistake) } }
                } @else {
                    (field("public_url", "Public address", "https://drawbridge.example.com", &fields.public_url,
                        Some("GitHub sends deliveries here, so it has to reach it. On a laptop, start the server with WEBHOOK_PROXY_URL."), mistakes))
                }
                @if let Some(url) = &plan.proxy_url {
                    p .hint { "Deliveries come through " code { (url) } " (WEBHOOK_PROXY_URL)." }
                }
            }
            details open[mistakes.contains_key("host") || fields.keep == "show"] {
                summary { "GitHub Enterprise, and where the credentials go" }
                @if plan.api_is_given {
                    p { "GitHub: " code { (plan.api_url) } " (from the settings)" }
                } @else {
                    (field("host", "Host of GitHub", "github.com", &fields.host, Some("github.com, or your own server's."), mistakes))
                }
                fieldset {
                    legend { "Credentials" }
                    @if plan.print {
                        p { "They are printed in the terminal, once, and stored nowhere (" code { "--print-credentials" } ")." }
                    } @else {
                        label .choice {
                            input type="radio" name="keep" value="store" checked[fields.keep != "show"];
                            span { "Store them in " code { (plan.file.path().display()) } small { " Readable for this server's user only." } }
                        }
                        label .choice {
                            input type="radio" name="keep" value="show" checked[fields.keep == "show"];
                            span { "Show them to me once" small { " As environment variables, for your own secret store." } }
                        }
                    }
                }
            }
            button type="submit" { "Continue" }
            p .after { "Nothing is registered yet: you see all of it first." }
        }
    };
    page(base, "Set up", &content)
}

fn field(
    name: &'static str,
    label: &str,
    placeholder: &str,
    value: &str,
    hint: Option<&str>,
    mistakes: &Mistakes,
) -> Markup {
    let mistake = mistakes.get(name);
    let hint_id = format!("{name}-hint");
    html! {
        div .field.wrong[mistake.is_some()] {
            label for=(name) { (label) }
            input id=(name) name=(name) value=(value) placeholder=(placeholder) autocomplete="off" spellcheck="false"
                aria-describedby=(hint_id) aria-invalid=[mistake.map(|_| "true")];
            p .hint id=(hint_id) {
                @if let Some(mistake) = mistake { strong { (mistake) } }
                @else if let Some(hint) = hint { (hint) }
            }
        }
    }
}
