//! GitHub's REST API over the model, as far as the app asks.

use crate::hub::{APP, BOT, Check, Comment, Hub, Pull, Run};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use drawbridge::domain::event::Conclusion;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WORKFLOW: &str = "\
name: CI
run-name: CI (${{ inputs.drawbridge_id }})
on:
  workflow_dispatch:
    inputs:
      job: {type: string}
      drawbridge_id: {type: string}
";

/// A request.
pub struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: BTreeMap<String, String>,
    pub body: Value,
    pub now: DateTime<Utc>,
}

type Answer = (u16, Value);

fn not_found() -> Answer {
    (404, json!({ "message": "Not Found" }))
}

fn refused(message: &str) -> Answer {
    (422, json!({ "message": message }))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn account(login: &str) -> Value {
    let known = Hub::user(login);
    let kind = if login.ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    json!({ "id": known.id.0, "login": login, "type": kind })
}

/// The one repository, as GitHub shows it.
fn covered() -> Value {
    let repo = Hub::repo();
    let owner = json!({ "id": repo.owner.0, "type": "Organization" });
    json!({
        "id": repo.id.0, "full_name": repo.name.to_string(), "owner": owner,
        "default_branch": repo.default_branch, "archived": false,
    })
}

/// Answers a request.
pub fn answer(hub: &mut Hub, asked: &Asked<'_>) -> Answer {
    let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
    match (asked.method, parts.as_slice()) {
        ("GET", ["app"]) => (
            200,
            json!({ "id": APP, "slug": "drawbridge", "name": "Drawbridge" }),
        ),
        ("POST", ["app", "installations", _, "access_tokens"]) => {
            let expires = stamp(asked.now + TimeDelta::hours(1));
            (201, json!({ "token": "a token", "expires_at": expires }))
        }
        // What is lost for ever is not listed either: the comparison has to find it.
        ("GET", ["app", "hook", "deliveries"]) => (200, json!([])),
        ("GET", ["app", "installations"]) => {
            let id = Hub::repo().installation.0;
            (200, json!([{ "id": id, "suspended_at": null }]))
        }
        ("GET", ["installation", "repositories"]) => (
            200,
            json!({ "total_count": 1, "repositories": [covered()] }),
        ),
        ("GET", ["repositories", _]) => (200, covered()),
        ("GET", ["orgs", "acme", "members", login]) => match *login {
            "mel" => (204, Value::Null),
            _ => not_found(),
        },
        ("GET", ["repos", "acme", ".github", "contents", ..]) => not_found(),
        (_, ["repos", "acme", "engine", rest @ ..]) => in_repo(hub, asked, rest),
        _ => unknown(asked),
    }
}

fn unknown(asked: &Asked<'_>) -> Answer {
    panic!("the model does not know {} {}", asked.method, asked.path)
}

fn in_repo(hub: &mut Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    match (asked.method, parts) {
        ("GET", ["contents", ".github", "workflows", "jobs.yml"]) => (200, file(WORKFLOW)),
        ("GET", ["contents", ".github", "drawbridge.yaml"]) => (200, file(&hub.config)),
        ("GET", ["contents", ..]) => not_found(),
        ("GET", ["collaborators", login, "permission"]) => {
            let permission = match *login {
                "vera" | "maya" => "write",
                _ => "read",
            };
            (
                200,
                json!({ "permission": permission, "user": account(login) }),
            )
        }
        ("GET", ["rules", "branches", _]) => (200, json!([])),
        ("GET", ["compare", _]) => {
            let base = json!({ "sha": "b".repeat(40) });
            (
                200,
                json!({ "merge_base_commit": base, "files": [{ "filename": "src/lib.rs" }] }),
            )
        }
        (_, ["pulls", ..]) => pulls(hub, asked, &parts[1..]),
        (_, ["git", ..]) => refs(hub, asked, &parts[1..]),
        (_, ["check-runs", ..] | ["commits", ..]) => checks(hub, asked, parts),
        (_, ["issues", ..]) => issues(hub, asked, &parts[1..]),
        (_, ["actions", ..]) => actions(hub, asked, &parts[1..]),
        _ => unknown(asked),
    }
}

fn file(text: &str) -> Value {
    json!({ "type": "file", "encoding": "base64", "content": BASE64_STANDARD.encode(text) })
}

fn pulls(hub: &Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    let [number, rest @ ..] = parts else {
        let open = hub.pulls.values().filter(|pull| pull.open);
        let open: Vec<Value> = open.map(seen).collect();
        return (200, json!(open));
    };
    let number: u64 = number.parse().expect("a number");
    let Some(pull) = hub.pulls.get(&number) else {
        return not_found();
    };
    match rest {
        [] => (200, seen(pull)),
        ["commits"] => {
            let commits = pull.commits.iter().map(|name| {
                let commit = &hub.commits[name];
                let reason = if commit.verified { "valid" } else { "unsigned" };
                json!({
                    "sha": name, "author": account(commit.author), "committer": account(commit.author),
                    "commit": { "verification": { "verified": commit.verified, "reason": reason } },
                })
            });
            (200, commits.collect())
        }
        ["files"] => (200, json!([{ "filename": "src/lib.rs" }])),
        _ => unknown(asked),
    }
}

fn seen(pull: &Pull) -> Value {
    let labels: Vec<Value> = pull.labels.iter().map(|l| json!({ "name": l })).collect();
    let state = if pull.open { "open" } else { "closed" };
    let base = json!({ "ref": "main", "sha": "b".repeat(40) });
    json!({
        "number": pull.number, "state": state, "draft": false, "user": account(pull.author),
        "head": { "sha": pull.head() }, "base": base, "labels": labels,
        "commits": pull.commits.len(), "changed_files": 1,
        "updated_at": stamp(pull.updated_at), "created_at": stamp(pull.created_at),
    })
}

fn refs(hub: &mut Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    let branch = parts.get(2..).unwrap_or_default().join("/");
    let shown = |branch: &str, sha: &str| json!({ "ref": format!("refs/heads/{branch}"), "object": { "sha": sha } });
    let to = asked.body["sha"].as_str();
    match (asked.method, parts) {
        ("GET", ["ref", "heads", ..]) => match hub.refs.get(&branch) {
            Some(sha) => (200, shown(&branch, sha)),
            None => not_found(),
        },
        ("GET", ["matching-refs", "heads", ..]) => {
            let here = hub.refs.iter();
            let here = here.filter(|(name, _)| name.starts_with(&branch));
            (200, here.map(|(name, at)| shown(name, at)).collect())
        }
        ("POST", ["refs"]) => {
            let name = asked.body["ref"].as_str().unwrap_or_default();
            let branch = name.trim_start_matches("refs/heads/").to_owned();
            if hub.refs.contains_key(&branch) {
                return refused("Reference already exists");
            }
            hub.put(&branch, to, BOT.0, asked.now);
            (201, shown(&branch, to.unwrap_or_default()))
        }
        ("PATCH", ["refs", "heads", ..]) if hub.refs.contains_key(&branch) => {
            hub.put(&branch, to, BOT.0, asked.now);
            (200, shown(&branch, to.unwrap_or_default()))
        }
        ("DELETE", ["refs", "heads", ..]) if hub.refs.contains_key(&branch) => {
            hub.put(&branch, None, BOT.0, asked.now);
            (204, Value::Null)
        }
        ("PATCH" | "DELETE", _) => refused("Reference does not exist"),
        _ => unknown(asked),
    }
}

fn checks(hub: &mut Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    match (asked.method, parts) {
        ("POST", ["check-runs"]) => {
            let id = hub.number();
            let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
            let mut check = Check {
                id,
                name: text("name"),
                sha: text("head_sha"),
                status: String::new(),
                conclusion: None,
                title: String::new(),
                button: false,
            };
            write(&mut check, &asked.body);
            hub.checks.push(check);
            (201, json!({ "id": id }))
        }
        ("PATCH", ["check-runs", id]) => {
            let id: u64 = id.parse().expect("a number");
            let found = hub.checks.iter_mut().find(|check| check.id == id);
            let check = found.expect("a check that was made");
            let before = check.conclusion.take();
            write(check, &asked.body);
            let (sha, after) = (check.sha.clone(), check.conclusion.clone());
            hub.judge_gate(&sha, before.as_deref(), after.as_deref());
            (200, json!({ "id": id }))
        }
        ("GET", ["commits", sha, "check-runs"]) => {
            let name = asked.query.get("check_name");
            let here = hub.checks.iter().filter(|check| check.sha == **sha);
            let here = here.filter(|check| name.is_none_or(|name| *name == check.name));
            let here: Vec<Value> = here
                .map(|check| {
                    json!({ "id": check.id, "name": check.name, "head_sha": check.sha, "app": { "id": APP },
                        "status": check.status, "conclusion": check.conclusion })
                })
                .collect();
            (200, json!({ "check_runs": here }))
        }
        ("GET", ["commits", _, "check-suites"]) => (200, json!({ "check_suites": [] })),
        ("GET", ["commits", _, "status"]) => (200, json!({ "statuses": [] })),
        _ => unknown(asked),
    }
}

fn write(check: &mut Check, body: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    check.status = text(&body["status"]).unwrap_or_default();
    check.conclusion = text(&body["conclusion"]);
    check.title = text(&body["output"]["title"]).unwrap_or_default();
    check.button = body["actions"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
}

fn issues(hub: &mut Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    let text = asked.body["body"].as_str().unwrap_or_default();
    match (asked.method, parts) {
        ("POST", [number, "comments"]) => {
            let number = number.parse().expect("a number");
            let id = hub.comment(number, BOT.0, text, asked.now);
            (201, json!({ "id": id }))
        }
        ("GET", [number, "comments"]) => {
            let number: u64 = number.parse().expect("a number");
            let here = hub.comments.iter().filter(|c| c.number == number);
            let shown =
                |c: &Comment| json!({ "id": c.id, "body": c.body, "user": account(&c.author) });
            (200, here.map(shown).collect())
        }
        ("PATCH", ["comments", id]) => match comment(hub, id) {
            Some(comment) => {
                comment.body = text.to_owned();
                (200, json!({ "id": comment.id }))
            }
            None => not_found(),
        },
        ("POST", ["comments", id, "reactions"]) => match comment(hub, id) {
            Some(comment) => {
                comment.thumbs = 1;
                (200, json!({ "id": 1 }))
            }
            None => not_found(),
        },
        _ => unknown(asked),
    }
}

fn comment<'a>(hub: &'a mut Hub, id: &str) -> Option<&'a mut Comment> {
    let id: u64 = id.parse().ok()?;
    hub.comments.iter_mut().find(|comment| comment.id == id)
}

fn run(run: &Run) -> Value {
    let status = match run.conclusion {
        Some(_) => "completed",
        None => "in_progress",
    };
    json!({
        "id": run.id, "name": "CI", "display_title": format!("CI ({})", run.input("drawbridge_id")), "status": status,
        "conclusion": run.conclusion.map(Conclusion::as_str), "updated_at": stamp(run.updated_at),
        "head_branch": run.branch, "head_sha": run.sha, "head_repository": { "id": Hub::repo().id.0 },
        "workflow_id": run.workflow(), "run_attempt": run.attempt, "event": run.event(), "actor": account(BOT.0),
    })
}

fn actions(hub: &mut Hub, asked: &Asked<'_>, parts: &[&str]) -> Answer {
    let list = |hub: &Hub, dispatched: Option<bool>| {
        let asks = |name: &str| asked.query.get(name);
        let here = hub.runs.iter().filter(|run| {
            asks("branch").is_none_or(|branch| *branch == run.branch)
                && asks("head_sha").is_none_or(|sha| *sha == run.sha)
                && dispatched.is_none_or(|dispatched| dispatched == run.inputs.is_some())
        });
        json!({ "workflow_runs": here.map(run).collect::<Vec<_>>() })
    };
    match (asked.method, parts) {
        ("GET", ["runs"]) => (200, list(hub, None)),
        ("GET", ["workflows", "jobs.yml", "runs"]) => (200, list(hub, Some(true))),
        ("POST", ["workflows", "jobs.yml", "dispatches"]) => {
            let branch = asked.body["ref"].as_str().unwrap_or_default();
            let Some(sha) = hub.refs.get(branch).cloned() else {
                return refused("No ref found");
            };
            let inputs = serde_json::from_value(asked.body["inputs"].clone()).expect("texts");
            let id = hub.start(branch, &sha, Some(inputs), asked.now);
            (
                200,
                json!({ "workflow_run_id": id, "html_url": "https://github.example/run" }),
            )
        }
        (_, ["runs", id, rest @ ..]) => {
            let id: u64 = id.parse().expect("a number");
            let at = hub.runs.iter().position(|run| run.id == id);
            let at = at.expect("a run that was started");
            match (asked.method, rest) {
                ("GET", []) => (200, run(&hub.runs[at])),
                ("POST", ["cancel"]) if hub.runs[at].conclusion.is_some() => {
                    (409, json!({ "message": "it has ended" }))
                }
                ("POST", ["cancel"]) => {
                    hub.end(at, Conclusion::Cancelled, asked.now);
                    (202, json!({}))
                }
                ("POST", ["rerun-failed-jobs"]) => match hub.runs[at].conclusion {
                    Some(ended) if !ended.passes() => {
                        hub.rerun(at, asked.now);
                        (201, json!({}))
                    }
                    _ => (
                        403,
                        json!({ "message": "This workflow run cannot be retried" }),
                    ),
                },
                _ => unknown(asked),
            }
        }
        _ => unknown(asked),
    }
}
