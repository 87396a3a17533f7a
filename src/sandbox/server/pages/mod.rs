//! GitHub's pages, to look at: what people see of a repository, a pull request or issue, a check, and a workflow run. Nothing is done
//! on them; that is what `drawbridge sandbox …` and the `/_sandbox` addresses are for.

mod check;
mod markdown;
mod run;
mod talk;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::answer::Reply;
use super::entrance::Asked;
use crate::sandbox::Sandbox;
use crate::sandbox::model::Hub;
use crate::sandbox::show::repo;

const STYLE: &str = include_str!("style.css");

/// What people wrote is shown; nothing of it is run or fetched.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers a browser's `GET` of a page; `None`: it is another address.
pub(super) fn page(sandbox: &Sandbox, asked: &Asked) -> Option<Reply> {
    if asked.method != "GET" {
        return None;
    }
    let parts: Vec<&str> = asked.path().trim_matches('/').split('/').collect();
    let [owner, name, rest @ ..] = parts.as_slice() else {
        return None;
    };
    sandbox.look(|hub| {
        let (id, _) = hub.repo_named(owner, name)?;
        let (title, main) = match rest {
            [] | ["pulls" | "issues"] => (hub.full_name(id), talk::list(hub, id)),
            ["pull" | "issues", number] => talk::one(hub, id, number.parse().ok()?)?,
            ["runs", check] => check::one(hub, id, check.parse().ok()?)?,
            ["actions", "runs", run] | ["actions", "runs", run, "job", _] => {
                run::one(hub, id, run.parse().ok()?)?
            }
            _ => return None,
        };
        Some(shown(&framed(hub, id, &title, &main)))
    })
}

fn shown(page: &Markup) -> Reply {
    Reply::ok(Value::String(page.0.clone()))
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", POLICY)
}

/// A page with what all of them have: which repository it is, and that this is not GitHub.
fn framed(hub: &Hub, id: u64, title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · a stand-in for GitHub" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    a href=(repo::html(hub, id)) { (hub.full_name(id)) }
                    span.dim { "a stand-in for GitHub, on this machine" }
                }
                main { (main) }
            }
        }
    }
}

/// How a check, status or run stands, as a word with a colour of its own.
fn standing(status: &str, conclusion: Option<&str>) -> Markup {
    let word = conclusion.unwrap_or(status);
    let kind = match word {
        "success" => "passed",
        "failure" | "error" | "timed_out" | "startup_failure" => "failed",
        "action_required" => "vetting",
        "neutral" | "skipped" | "cancelled" => "over",
        _ => "waiting",
    };
    html! { span.standing.(kind) { (word.replace('_', " ")) } }
}

/// An address that leads to the web; others are only text.
fn web(url: Option<&str>) -> Option<&str> {
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

fn login(hub: &Hub, user: u64) -> &str {
    &hub.user(user).login
}

/// As people say which commit they mean.
fn short(sha: &str) -> &str {
    sha.get(..9).unwrap_or(sha)
}
