//! A workflow is started, found, followed and run again.

use super::*;
use crate::domain::event::{BuildStatus, Conclusion};

const BUILD: &str = "run-name: Build ${{ inputs.drawbridge_id }}\n\
    on:\n  workflow_dispatch:\n    inputs:\n      FLOUR: {}\n      drawbridge_id: {}\n";
const PLAIN: &str = "on:\n  workflow_dispatch:\n    inputs:\n      FLOUR: {}\n";
const DISPATCHES: &str = "POST /repos/acme/engine/actions/workflows/build.yml/dispatches";

fn workflow() -> BackendSpec {
    BackendSpec::Workflow("build.yml".into())
}

fn run(id: u64, sha: &str, status: &str, conclusion: Option<&str>, title: &str) -> Value {
    json!({
        "id": id, "name": "Build", "display_title": title, "status": status, "conclusion": conclusion,
        "html_url": format!("https://github.com/acme/engine/actions/runs/{id}"), "updated_at": "2026-03-04T12:00:09Z",
        "head_branch": "pull-request/7", "head_sha": sha, "head_repository": { "id": 1 }, "workflow_id": 5,
        "run_attempt": 1, "event": "workflow_dispatch", "actor": { "id": 8, "login": "drawbridge[bot]", "type": "Bot" },
    })
}

#[tokio::test]
async fn a_workflow_is_started_with_declared_inputs_and_its_id() {
    for (file, with_id) in [(BUILD, true), (PLAIN, false)] {
        let server = github(Some(file), |_| {
            reply(
                200,
                json!({ "workflow_run_id": 71, "run_url": "x", "html_url": "https://github.com/acme/engine/actions/runs/71" }),
            )
        })
        .await;
        let started = backend(&server, workflow())
            .start(&assignment(workflow()))
            .await;
        let started = started.unwrap();
        assert_eq!(started.handle, Handle("71".into()));
        assert_eq!(started.report.status, Some(BuildStatus::Queued));
        assert!(started.report.url.unwrap().ends_with("/71"));
        let sent = asked(&server, DISPATCHES)[0].json();
        assert_eq!(sent["ref"], "pull-request/7");
        assert_eq!(sent["inputs"]["FLOUR"], "rye & more");
        let id = with_id.then(|| Value::String(job().id()));
        assert_eq!(sent["inputs"].get("drawbridge_id"), id.as_ref());
    }
}

#[tokio::test]
async fn a_workflow_s_file_is_read_once_at_a_commit_and_again_at_another() {
    let server = github(Some(BUILD), |_| {
        reply(
            200,
            json!({ "workflow_run_id": 71, "html_url": "https://github.com/x" }),
        )
    })
    .await;
    let backends = backends(&server.url, None, None);
    let start = async |sha: char| {
        let backend = backends.of(&repo(), &workflow()).unwrap();
        let mut a = assignment(workflow());
        a.scene.sha = Sha::parse(&sha.to_string().repeat(40)).unwrap();
        backend.start(&a).await.unwrap()
    };
    let read = || {
        let mut seen = server.seen();
        seen.retain(|seen| seen.line.contains("/contents/"));
        seen.len()
    };
    futures::join!(start('a'), start('a'), start('a'));
    start('a').await;
    assert_eq!(read(), 1);
    start('b').await;
    assert_eq!(read(), 2);
    assert_eq!(asked(&server, DISPATCHES).len(), 5);
}

#[tokio::test]
async fn a_workflow_s_file_that_was_not_there_is_looked_for_again() {
    let server = github(None, |_| reply(500, "")).await;
    let backend = backend(&server, workflow());
    for _ in 0..2 {
        refused(backend.start(&assignment(workflow())).await.unwrap_err());
    }
    let mut looks = server.seen();
    looks.retain(|seen| seen.line.contains("/contents/"));
    assert_eq!(looks.len(), 2);
}

#[tokio::test]
async fn a_workflow_that_can_not_be_started_says_what_to_add() {
    let no_input = "on: { workflow_dispatch: { inputs: { FLUOR: {} } } }";
    for (file, words) in [
        (
            None,
            "there is no `.github/workflows/build.yml` on pull-request/7: add the file",
        ),
        (
            Some("on: push"),
            "can't be started: add `workflow_dispatch`",
        ),
        (
            Some(no_input),
            "does not declare the input `FLOUR`: add it under `on.workflow_dispatch.inputs`",
        ),
        (Some("on: ["), "YAML"),
    ] {
        let server = github(file, |_| reply(500, "")).await;
        let error = backend(&server, workflow())
            .start(&assignment(workflow()))
            .await;
        let message = refused(error.unwrap_err());
        assert!(message.contains(words), "{message}");
        assert_eq!(asked(&server, DISPATCHES).len(), 0);
    }
    let server = github(Some(PLAIN), |_| {
        reply(404, json!({ "message": "Not Found" }))
    })
    .await;
    let error = backend(&server, workflow())
        .start(&assignment(workflow()))
        .await;
    let message = refused(error.unwrap_err());
    assert!(
        message.contains("only workflows that the default branch has"),
        "{message}"
    );
    let server = github(Some(PLAIN), |_| reply(502, "")).await;
    let error = backend(&server, workflow())
        .start(&assignment(workflow()))
        .await;
    transient(error.unwrap_err());
}

#[tokio::test]
async fn a_run_that_github_does_not_name_is_found_by_its_id() {
    let server = github(Some(BUILD), |seen| {
        if seen.line == DISPATCHES {
            return reply(204, "");
        }
        let title = format!("Build {}", job().id());
        let runs = [
            run(72, &ours(), "in_progress", None, "Build another"),
            run(73, &ours(), "in_progress", None, &title),
        ];
        reply(200, json!({ "total_count": 2, "workflow_runs": runs }))
    })
    .await;
    let (backend, a) = (backend(&server, workflow()), assignment(workflow()));
    let started = backend.start(&a).await.unwrap();
    assert!(run_id_of(&started.handle).is_none());
    assert!(backend.poll(&started.handle) < backend.poll(&Handle("73".into())));
    let observed = backend.observe(&a, &started.handle).await.unwrap();
    assert_eq!(observed.handle, Some(Handle("73".into())));
    assert_eq!(observed.report.status, Some(BuildStatus::Running));
    // The same after a start whose answer was lost.
    let found = backend.find(&a).await.unwrap().unwrap();
    assert_eq!(found.handle, Handle("73".into()));
}

fn run_id_of(handle: &Handle) -> Option<u64> {
    handle.0.parse().ok()
}

#[tokio::test]
async fn what_github_does_not_show_is_waited_for_and_then_given_up() {
    let server = github(Some(PLAIN), |seen| {
        if seen.line == DISPATCHES {
            return reply(204, "");
        }
        reply(200, json!({ "total_count": 0, "workflow_runs": [] }))
    })
    .await;
    let backend = backend(&server, workflow());
    let mut a = assignment(workflow());
    let handle = backend.start(&a).await.unwrap().handle;
    // It may have been started a moment ago.
    let (_, wait) = transient(backend.find(&a).await.unwrap_err());
    assert_eq!(wait, Some(Duration::from_secs(10)));
    assert_eq!(backend.observe(&a, &handle).await, Ok(Observed::default()));
    transient(backend.cancel(&a, &handle).await.unwrap_err());
    a.started_at = noon() - TimeDelta::seconds(10);
    assert_eq!(backend.find(&a).await, Ok(None));
    a.started_at = noon() - TimeDelta::minutes(11);
    let message = refused(backend.observe(&a, &handle).await.unwrap_err());
    assert!(
        message.contains("`run-name` with `${{ inputs.drawbridge_id }}`"),
        "{message}"
    );
    assert_eq!(backend.cancel(&a, &handle).await, Ok(()));
    assert_eq!(backend.rerun(&a, &handle).await, Ok(None));
}

#[tokio::test]
async fn a_run_counts_for_its_own_commit_alone() {
    let server = github(Some(BUILD), |seen| match seen.line.as_str() {
        "GET /repos/acme/engine/actions/runs/71" => {
            reply(200, run(71, &ours(), "completed", Some("success"), "x"))
        }
        "GET /repos/acme/engine/actions/runs/72" => {
            reply(200, run(72, &"c".repeat(40), "in_progress", None, "x"))
        }
        "POST /repos/acme/engine/actions/runs/72/cancel" => reply(202, "{}"),
        _ => reply(404, json!({ "message": "Not Found" })),
    })
    .await;
    let (backend, a) = (backend(&server, workflow()), assignment(workflow()));
    let observed = backend.observe(&a, &Handle("71".into())).await.unwrap();
    assert_eq!(observed.handle, None);
    assert_eq!(
        observed.report.status,
        Some(BuildStatus::Ended(Conclusion::Success))
    );
    let elsewhere = backend.observe(&a, &Handle("72".into())).await;
    let message = "pull-request/7 moved before the workflow began: it builds ccccccccc".to_owned();
    assert_eq!(elsewhere, Err(BackendError::Elsewhere { message }));
    assert_eq!(
        asked(&server, "POST /repos/acme/engine/actions/runs/72/cancel").len(),
        1
    );
    let message = refused(backend.observe(&a, &Handle("73".into())).await.unwrap_err());
    assert!(message.contains("was deleted"), "{message}");
    assert_eq!(backend.cancel(&a, &Handle("73".into())).await, Ok(()));
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_found_and_stopped_where_it_builds_another_commit() {
    let title = format!("Build {}", job().id());
    let elsewhere = run(72, &"c".repeat(40), "in_progress", None, &title);
    let server = github(Some(BUILD), move |seen| match seen.line.as_str() {
        "POST /repos/acme/engine/actions/runs/72/cancel" => reply(202, "{}"),
        _ => reply(
            200,
            json!({ "total_count": 1, "workflow_runs": [elsewhere] }),
        ),
    })
    .await;
    let (backend, a) = (backend(&server, workflow()), assignment(workflow()));
    let message = "pull-request/7 moved before the workflow began: it builds ccccccccc".to_owned();
    assert_eq!(
        backend.find(&a).await,
        Err(BackendError::Elsewhere { message })
    );
    assert_eq!(
        asked(&server, "POST /repos/acme/engine/actions/runs/72/cancel").len(),
        1
    );
}

/// A run that was started so often.
fn attempt(n: u64, id: u64, status: &str, conclusion: Option<&str>) -> Reply {
    let mut run = run(id, &ours(), status, conclusion, "x");
    run["run_attempt"] = n.into();
    reply(200, run)
}

#[tokio::test]
async fn failed_jobs_of_a_run_are_run_again() {
    let failed = Some("failure");
    let server = github(Some(BUILD), move |seen| match seen.line.as_str() {
        "POST /repos/acme/engine/actions/runs/71/rerun-failed-jobs" => reply(201, "{}"),
        line if line.ends_with("/74/rerun-failed-jobs") => reply(502, ""),
        line if line.ends_with("/rerun-failed-jobs") => reply(403, json!({ "message": "no" })),
        "GET /repos/acme/engine/actions/runs/72" => attempt(2, 72, "in_progress", None),
        "GET /repos/acme/engine/actions/runs/75" => attempt(1, 75, "in_progress", None),
        "GET /repos/acme/engine/actions/runs/76" => attempt(3, 76, "completed", Some("success")),
        "GET /repos/acme/engine/actions/runs/77" => reply(404, "{}"),
        line => {
            let id = line.rsplit('/').next().unwrap().parse().unwrap();
            attempt(1, id, "completed", failed)
        }
    })
    .await;
    let (backend, a) = (backend(&server, workflow()), assignment(workflow()));
    for (id, again) in [
        ("71", Some("71/2")),
        // It runs already: the answer of an earlier try was lost.
        ("72", Some("72/2")),
        // It is too old.
        ("73", None),
        // Somebody was faster.
        ("76/2", Some("76/3")),
        ("77", None),
    ] {
        let started = backend.rerun(&a, &Handle(id.into())).await.unwrap();
        let handle = started.map(|started| started.handle.0);
        assert_eq!(handle.as_deref(), again, "{id}");
    }
    transient(backend.rerun(&a, &Handle("74".into())).await.unwrap_err());
    // The attempt before has been told to stop and runs still.
    transient(backend.rerun(&a, &Handle("75".into())).await.unwrap_err());
}

#[tokio::test]
async fn what_github_still_says_of_the_attempt_before_is_nothing_new() {
    let server = github(Some(BUILD), |_| {
        attempt(2, 71, "completed", Some("failure"))
    })
    .await;
    let (backend, a) = (backend(&server, workflow()), assignment(workflow()));
    let status = async |handle: &str| {
        let observed = backend.observe(&a, &Handle(handle.into())).await.unwrap();
        assert_eq!(observed.handle, None);
        observed.report.status
    };
    assert_eq!(status("71/3").await, None);
    let failure = Some(BuildStatus::Ended(Conclusion::Failure));
    assert_eq!(status("71/2").await, failure);
    assert_eq!(status("71").await, failure);
}

#[tokio::test]
async fn a_run_without_a_name_is_nobodys_while_two_wait_for_theirs() {
    let server = github(Some(PLAIN), |_| {
        let run = run(73, &ours(), "in_progress", None, "Build");
        reply(200, json!({ "total_count": 1, "workflow_runs": [run] }))
    })
    .await;
    let (backend, mut a) = (backend(&server, workflow()), assignment(workflow()));
    let pending = Handle("pending:x".into());
    a.has_rivals = true;
    let observed = backend.observe(&a, &pending).await.unwrap();
    assert_eq!(observed, Observed::default());
    // Nor is it started again if the answer was lost: this run may be of that start.
    let message = refused(backend.find(&a).await.unwrap_err());
    assert!(
        message.contains("is not started again: give `.github/workflows/build.yml` on"),
        "{message}"
    );
    a.has_rivals = false;
    let observed = backend.observe(&a, &pending).await.unwrap();
    assert_eq!(observed.handle, Some(Handle("73".into())));
}
