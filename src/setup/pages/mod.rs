//! The pages, one a file. They are plain HTML: nothing needs a script, and everything that somebody typed is escaped by the templates.

mod choose;
mod done;
mod review;
mod said;

pub(super) use choose::choose;
pub(super) use done::done;
pub(super) use review::review;
pub(super) use said::said;

use maud::{DOCTYPE, Markup, html};

/// The one style sheet; its address changes with its content, so that it may be kept.
pub(super) const STYLE: &str = include_str!("style.css");

/// Said where an earlier setup was cut off after GitHub had been asked.
pub(super) const INTERRUPTED: &str = "An earlier setup was cut off while GitHub registered the app. If there is an app of that \
     name on GitHub now (Settings → Developer settings → GitHub Apps), nobody has its key: delete it there, then go on here.";

/// A page with everything around its content. `base` is what our addresses begin with.
fn page(base: &str, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Drawbridge" }
                link rel="stylesheet" href={ (base) "/setup/style.css" };
            }
            body {
                header { span .name { "Drawbridge" } span .where { "setup" } }
                main { (content) }
            }
        }
    }
}
