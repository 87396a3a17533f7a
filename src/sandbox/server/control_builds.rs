//! The part of `/_sandbox` that is about builds and reports.
//!
//! | `POST /_sandbox/…` | body (`?` optional) | answer |
//! |---|---|---|
//! | `finish-build` | `branch` or `pr`, `workflow?` (`build`), `conclusion?` (`success`) | `{}` |
//! | `finish-run` | `run`, `conclusion?` (`success`) | `{}` |
//! | `begin-run` | `run`, queued while runs are held | `{}` |
//! | `hold-runs` | `hold`: whether dispatched runs stay queued | `{}` |
//! | `auto-finish` | `conclusion?`: how dispatched runs end by themselves; without it they wait | `{}` |
//! | `label`, `unlabel` | `pr`, `label`, `by` | `{}` |
//! | `report-status` | `sha` or `pr`, `context`, `state`, `by`, `description?`, `target_url?` | `id` |
//! | `enqueue` | `pr`, `by` | `head_sha`, `head_ref` |
//! | `leave-queue` | `pr`, `by`, `reason?` (`merged`, `invalidated`, `dequeued`, which it is without) | `sha` |

use serde::Deserialize;
use serde_json::{Value, json};

use super::control::read;
use crate::sandbox::deeds::{Leaving, NewStatus};
use crate::sandbox::model::{Deed, Hub, Refused};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishBuild {
    branch: Option<String>,
    pr: Option<u64>,
    workflow: Option<String>,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishRun {
    run: u64,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneRun {
    run: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    hold: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AutoFinish {
    conclusion: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    pr: u64,
    label: String,
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    sha: Option<String>,
    pr: Option<u64>,
    context: String,
    state: String,
    by: String,
    description: Option<String>,
    target_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    pr: u64,
    by: String,
    reason: Option<String>,
}

/// Does what the path names.
pub(super) fn act(hub: &mut Hub, deed: &str, bytes: &[u8]) -> Deed<Value> {
    let repo = hub.main;
    match deed {
        "finish-build" => finish_build(hub, read(bytes)?),
        "finish-run" => {
            let FinishRun { run, conclusion } = read(bytes)?;
            hub.end_run(run, conclusion.as_deref().unwrap_or("success"))?;
            Ok(json!({}))
        }
        "begin-run" => {
            let OneRun { run } = read(bytes)?;
            hub.take_up(run).map(|()| json!({}))
        }
        "hold-runs" => {
            let Hold { hold } = read(bytes)?;
            hub.dispatching.held = hold;
            Ok(json!({}))
        }
        "auto-finish" => {
            let AutoFinish { conclusion } = read(bytes)?;
            hub.dispatching.finish = conclusion;
            Ok(json!({}))
        }
        "label" | "unlabel" => {
            let Label { pr, label, by } = read(bytes)?;
            let by = hub.ensure_user(&by);
            if deed == "label" {
                hub.add_label(repo, pr, &label, by)?;
            } else {
                hub.remove_label(repo, pr, &label, by)?;
            }
            Ok(json!({}))
        }
        "report-status" => report_status(hub, read(bytes)?),
        "enqueue" => {
            let Queue { pr, by, reason: _ } = read(bytes)?;
            let by = hub.ensure_user(&by);
            let group = hub.join_queue(repo, pr, by)?;
            let head_ref = format!("refs/heads/{}", group.branch);
            Ok(json!({ "head_sha": group.head_sha, "head_ref": head_ref }))
        }
        "leave-queue" => {
            let Queue { pr, by, reason } = read(bytes)?;
            let why = match reason.as_deref() {
                None | Some("dequeued") => Leaving::Dequeued,
                Some("invalidated") => Leaving::Invalidated,
                Some("merged") => Leaving::Merged,
                Some(other) => return Err(Refused::new(format!("{other:?} is no reason"))),
            };
            let by = hub.ensure_user(&by);
            Ok(json!({ "sha": hub.leave_queue(repo, pr, why, by)? }))
        }
        other => Err(Refused::new(format!("there is no deed {other:?} here"))),
    }
}

fn report_status(hub: &mut Hub, body: Report) -> Deed<Value> {
    let repo = hub.main;
    let head = match body.pr {
        Some(pr) => Some(hub.pull(repo, pr)?.1.head.clone()),
        None => None,
    };
    let sha = body.sha.or(head);
    let new = NewStatus {
        repo,
        sha: sha.ok_or_else(|| Refused::new("say on which commit: `sha` or `pr`"))?,
        state: body.state,
        context: body.context,
        description: body.description,
        target_url: body.target_url,
        by: hub.ensure_user(&body.by),
    };
    Ok(json!({ "id": hub.add_status(new)? }))
}

fn finish_build(hub: &mut Hub, body: FinishBuild) -> Deed<Value> {
    let mirror = body.pr.map(|pr| format!("pull-request/{pr}"));
    let branch = body
        .branch
        .or(mirror)
        .ok_or_else(|| Refused::new("say which build: `branch` or `pr`"))?;
    let run = hub.open_run(
        hub.main,
        &branch,
        body.workflow.as_deref().unwrap_or("build"),
    )?;
    hub.end_run(run, body.conclusion.as_deref().unwrap_or("success"))
        .map(|()| json!({}))
}
