//! The stand-in's own routes under `/_sandbox`, for commands that drive a running one. No credentials: it listens on
//! loopback and holds nothing of value. `GET /_sandbox/state` shows what is there, `GET /_sandbox/dispatched` the runs that
//! were dispatched; each `POST` takes a JSON object, answers 200 with what it made, or 422 with `message`. Unknown fields are
//! refused.
//!
//! | `POST /_sandbox/…` | body (`?` optional) | answer |
//! |---|---|---|
//! | `open-pr` | `author`, `title?`, `base?`, `draft?`, `branch?` (from the source repository), `commits?` | `number`, `head` |
//! | `push` | `pr`, `commits?`, `force?`, `by?` | `head` |
//! | `comment` | `pr`, `by`, `body` | `id` |
//! | `close`, `reopen` | `pr`, `by` | `{}` |
//! | `merge` | `pr`, `by` | `sha` |
//! | `draft` | `pr`, `by`, `draft` | `{}` |
//! | `click` | `pr`, `check`, `identifier`, `by` | `{}` |
//! | `permission` | `login`, `permission` | `{}` |
//! | `member` | `login`, `visibility?` (without it: leaves) | `{}` |
//! | of builds | see `control_builds` | |
//! | `write-file` | `path`, `content`, `by` | `sha` |
//!
//! A commit is `{author?, committer?, verified?, reason?, files?: [[path, content or null]], renamed?: [[from, to]], message?}`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Reply;
use super::control_builds;
use super::entrance::Asked;
use crate::sandbox::deeds::RefMove;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::{NewCommit, NewPr, Permission, Sandbox, Visibility};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenPr {
    author: String,
    title: Option<String>,
    base: Option<String>,
    #[serde(default)]
    draft: bool,
    branch: Option<String>,
    #[serde(default)]
    commits: Vec<NewCommit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    pr: u64,
    #[serde(default)]
    commits: Vec<NewCommit>,
    #[serde(default)]
    force: bool,
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    pr: u64,
    by: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnPr {
    pr: u64,
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    pr: u64,
    by: String,
    draft: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Click {
    pr: u64,
    check: String,
    identifier: String,
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    login: String,
    permission: Permission,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    login: String,
    visibility: Option<Visibility>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteFile {
    path: String,
    content: String,
    by: String,
}

/// Answers a request under `/_sandbox`.
pub(super) fn handle(sandbox: &Sandbox, asked: &Asked) -> Reply {
    let deed = asked
        .path()
        .trim_start_matches("/_sandbox")
        .trim_matches('/');
    match (asked.method.as_str(), deed) {
        ("GET", "state") => Reply::ok(state(sandbox)),
        ("GET", "dispatched") => Reply::ok(json!(sandbox.dispatched_runs())),
        ("POST", deed) => match sandbox.edit(|hub| act(hub, deed, &asked.bytes)) {
            Ok(body) => Reply::ok(body),
            Err(why) => Reply::unprocessable(&why.0),
        },
        _ => Reply::not_found(),
    }
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Deed<T> {
    serde_json::from_slice(bytes)
        .map_err(|why| Refused::new(format!("the body can't be read: {why}")))
}

fn act(hub: &mut Hub, deed: &str, bytes: &[u8]) -> Deed<Value> {
    let repo = hub.main;
    match deed {
        "open-pr" => open_pr(hub, read(bytes)?),
        "push" => {
            let Push {
                pr,
                commits,
                force,
                by,
            } = read(bytes)?;
            Ok(json!({ "head": hub.push_pr(repo, pr, &commits, force, by.as_deref())? }))
        }
        "comment" => {
            let Say { pr, by, body } = read(bytes)?;
            let by = hub.ensure_user(&by);
            Ok(json!({ "id": hub.add_comment(repo, pr, by, None, &body)? }))
        }
        "close" | "reopen" => {
            let OnPr { pr, by } = read(bytes)?;
            let by = hub.ensure_user(&by);
            hub.set_open(repo, pr, deed == "reopen", by)
                .map(|()| json!({}))
        }
        "merge" => {
            let OnPr { pr, by } = read(bytes)?;
            let by = hub.ensure_user(&by);
            Ok(json!({ "sha": hub.merge_pr(repo, pr, by)? }))
        }
        "draft" => {
            let Draft { pr, by, draft } = read(bytes)?;
            let by = hub.ensure_user(&by);
            hub.set_draft(repo, pr, draft, by).map(|()| json!({}))
        }
        "click" => {
            let Click {
                pr,
                check,
                identifier,
                by,
            } = read(bytes)?;
            let by = hub.ensure_user(&by);
            let sha = hub.pull(repo, pr)?.1.head.clone();
            let check = hub.our_check(repo, &sha, &check)?;
            hub.press(check, Some(&identifier), by).map(|()| json!({}))
        }
        "permission" => {
            let Role { login, permission } = read(bytes)?;
            hub.set_permission(repo, &login, permission);
            Ok(json!({}))
        }
        "member" => {
            let Member { login, visibility } = read(bytes)?;
            hub.set_member(&login, visibility).map(|()| json!({}))
        }
        "write-file" => write_file(hub, read(bytes)?),
        other => control_builds::act(hub, other, bytes),
    }
}

fn open_pr(hub: &mut Hub, body: OpenPr) -> Deed<Value> {
    let mut new = NewPr::by(&body.author).commits(body.commits);
    new.draft = body.draft;
    new.title = body.title.unwrap_or(new.title);
    new.base = body.base.unwrap_or(new.base);
    if let Some(branch) = body.branch {
        new = new.from_branch(&branch);
    }
    let repo = hub.main;
    let number = hub.open_pr(repo, &new)?;
    Ok(json!({ "number": number, "head": hub.pull(repo, number)?.1.head }))
}

fn write_file(hub: &mut Hub, body: WriteFile) -> Deed<Value> {
    let repo = hub.main;
    let full = format!("refs/heads/{}", hub.repo(repo).default_branch);
    let new = NewCommit::signed_by(&body.by).file(&body.path, &body.content);
    let parent = hub.repo(repo).refs.get(&full).cloned();
    let sha = hub.commit(repo, parent.as_deref(), &new);
    let by = hub.ensure_user(&body.by);
    hub.move_ref(RefMove {
        repo,
        full: &full,
        to: Some(&sha),
        by,
    })?;
    Ok(json!({ "sha": sha }))
}

/// Everything a person would want to see at a glance.
fn state(sandbox: &Sandbox) -> Value {
    let numbers = sandbox.look(|hub| {
        let pulls = hub
            .repo(hub.main)
            .issues
            .values()
            .filter_map(|issue| issue.pull.as_ref().map(|pull| (issue, pull)));
        pulls
            .map(|(issue, pull)| {
                (
                    issue.number,
                    issue.open,
                    issue.title.clone(),
                    hub.user(issue.user).login.clone(),
                    pull.head.clone(),
                    pull.draft,
                )
            })
            .collect::<Vec<_>>()
    });
    let pulls: Vec<Value> = numbers
        .into_iter()
        .map(|(number, open, title, author, head, draft)| {
            json!({
                "number": number,
                "open": open,
                "draft": draft,
                "title": title,
                "author": author,
                "comments": sandbox.comments(number),
                "checks": sandbox.check_runs(&head),
                "head": head,
            })
        })
        .collect();
    let branches: serde_json::Map<String, Value> = sandbox
        .branches()
        .into_iter()
        .map(|(name, sha)| (name, json!(sha)))
        .collect();
    json!({
        "api_url": sandbox.api_url(),
        "app_id": sandbox.app_id(),
        "installation_id": sandbox.installation_id(),
        "repository": sandbox.full_name(),
        "branches": branches,
        "pull_requests": pulls,
        "runs": sandbox.runs(),
        "deliveries": sandbox.deliveries().len(),
    })
}
