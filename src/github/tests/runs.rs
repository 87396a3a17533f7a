//! Runs of workflows: started, found, read, cancelled and run again; and events sent to other repositories.

use super::server::{Server, app, empty, json_reply, refused, repo, sha};
use crate::domain::event::{BuildId, BuildStatus, Conclusion};
use crate::domain::ids::RepoName;
use crate::github::{Dispatched, GitHubError, RerunOutcome, Sought};
use chrono::DateTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const MIRROR: &str = "pull-request/1";

/// A run of a dispatch on the mirror by our own app, and what is special about it.
pub(super) fn run(id: u64, special: Value) -> Value {
    let mut run = json!({ "id": id, "name": "CI", "display_title": "CI", "status": "in_progress", "conclusion": null,
        "html_url": "https://github.com/acme/engine/actions/runs/1", "updated_at": "2024-01-01T00:00:00Z",
        "head_branch": MIRROR, "head_sha": sha('a').as_str(), "event": "workflow_dispatch", "head_repository": { "id": 1 },
        "workflow_id": 5, "check_suite_id": 100 + id, "run_attempt": 2,
        "actor": { "id": 3, "login": "drawbridge[bot]", "type": "Bot" } });
    for (key, value) in special.as_object().unwrap() {
        run[key] = value.clone();
    }
    run
}

#[tokio::test]
async fn a_workflow_is_started_and_its_run_known_where_the_server_says_it() {
    let server = Server::with_tokens(|seen, nth| {
        if !seen.line.contains("/build.yml/") {
            return refused(404, "Not Found");
        }
        match nth {
            0 => json_reply(
                200,
                json!({ "workflow_run_id": 12, "run_url": "x", "html_url": "https://h/12" }),
            ),
            1 => empty(204),
            _ if seen.body.get("return_run_details").is_some() => refused(
                422,
                "Invalid request.\n\n\"return_run_details\" is not a permitted key.",
            ),
            _ => empty(204),
        }
    })
    .await;
    let repository = server.github().of(&repo());
    let inputs = BTreeMap::from([("arch".to_owned(), "amd64".to_owned())]);
    let start = || repository.dispatch_workflow("build.yml", MIRROR, &inputs);
    let url = "https://h/12".to_owned();
    assert_eq!(start().await, Ok(Dispatched::Run { id: 12, url }));
    assert_eq!(start().await, Ok(Dispatched::Unknown));
    assert_eq!(start().await, Ok(Dispatched::Unknown));
    let seen = server.seen();
    assert_eq!(
        seen[1].line,
        "POST /repos/acme/engine/actions/workflows/build.yml/dispatches"
    );
    assert_eq!(
        seen[1].body,
        json!({ "ref": MIRROR, "inputs": { "arch": "amd64" }, "return_run_details": true })
    );
    // An older server is asked once more, without the parameter.
    assert_eq!(seen.len(), 5);
    assert!(matches!(
        repository
            .dispatch_workflow("none.yml", MIRROR, &inputs)
            .await,
        Err(GitHubError::NotFound { .. })
    ));
    for bad in ["", "..", "a/b.yml", "../../x"] {
        let outcome = repository.dispatch_workflow(bad, MIRROR, &inputs).await;
        assert!(matches!(outcome, Err(GitHubError::Refused { .. })), "{bad}");
    }
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_started_run_is_found_by_its_key_or_because_it_is_the_only_one() {
    let server = Server::with_tokens(|seen, _| {
        let of_somebody = json!({ "actor": { "id": 4, "login": "vera", "type": "User" } });
        let runs = match seen.line.as_str() {
            "GET /app" => return app(),
            line if line.contains("/keyed.yml/") => vec![
                run(1, json!({ "display_title": "Build (k17)" })),
                run(
                    2,
                    json!({ "display_title": "Build (k1)", "head_sha": sha('b').as_str() }),
                ),
                run(
                    3,
                    json!({ "display_title": "Build (k1)", "head_branch": "main" }),
                ),
                run(
                    4,
                    json!({ "display_title": "Build (k1)", "head_repository": { "id": 2 } }),
                ),
                run(5, json!({ "display_title": "Build (k1)", "event": "push" })),
                run(9, json!({ "display_title": "Build (k1)" })),
                run(8, json!({ "display_title": "Build (k1)" })),
            ],
            _ => vec![run(1, of_somebody), run(2, json!({})), run(3, json!({}))],
        };
        json_reply(
            200,
            json!({ "total_count": runs.len(), "workflow_runs": runs }),
        )
    })
    .await;
    let repository = server.github().of(&repo());
    let sha = sha('a');
    let find = async |file, key, known: &[u64]| {
        let since = DateTime::UNIX_EPOCH;
        let sought = Sought {
            file,
            branch: MIRROR,
            sha: &sha,
            since,
            key,
            known,
        };
        let found = repository.find_dispatched(&sought).await.unwrap();
        let ids = found.into_iter().map(|run| run.build.id);
        ids.collect::<Vec<_>>()
    };
    let run = |id| vec![BuildId::WorkflowRun(id)];
    assert_eq!(find("keyed.yml", Some("k1"), &[]).await, run(8));
    assert_eq!(find("keyed.yml", Some("k1"), &[8]).await, run(9));
    assert_eq!(find("keyed.yml", Some("k"), &[]).await, []);
    assert_eq!(find("keyed.yml", Some(""), &[]).await, []);
    assert_eq!(
        find("plain.yml", None, &[]).await,
        [2, 3].map(BuildId::WorkflowRun)
    );
    assert_eq!(find("plain.yml", None, &[3]).await, run(2));
    assert_eq!(find("plain.yml", None, &[2, 3]).await, []);
    assert!(server.lines().iter().any(|line| line
        == "GET /repos/acme/engine/actions/workflows/plain.yml/runs?event=workflow_dispatch&branch=pull-request%2F1\
            &created=%3E%3D1970-01-01T00%3A00%3A00Z&per_page=100&page=1"));
}

#[tokio::test]
async fn an_event_is_sent_to_another_repository_where_the_app_is_installed() {
    let server = Server::with_tokens(|seen, _| match seen.line.as_str() {
        "POST /repos/acme/deploy/dispatches" => empty(204),
        _ => refused(404, "Not Found"),
    })
    .await;
    let repository = server.github().of(&repo());
    let payload = json!({ "sha": "x" });
    let send = async |holder| {
        let holder = RepoName::parse(holder).unwrap();
        repository
            .repository_dispatch(&holder, "deploy", &payload)
            .await
    };
    assert_eq!(send("acme/deploy").await, Ok(()));
    assert_eq!(
        server.seen()[1].body,
        json!({ "event_type": "deploy", "client_payload": payload })
    );
    assert_eq!(
        send("acme/other").await.unwrap_err().to_string(),
        "GitHub refused sending `deploy` to acme/other (404): it does not exist, or the app is not installed on it"
    );
}

#[tokio::test]
async fn a_run_is_read_cancelled_and_run_again() {
    let server = Server::with_tokens(|seen, _| {
        let ended = json!({ "status": "completed", "conclusion": "failure" });
        match seen
            .line
            .strip_prefix("POST /repos/acme/engine/")
            .unwrap_or(&seen.line)
        {
            "actions/runs/1/cancel" => json_reply(202, json!({})),
            "actions/runs/2/cancel" | "actions/runs/3/cancel" => {
                refused(409, "Cannot cancel a workflow run that is completed.")
            }
            "actions/runs/1/rerun-failed-jobs" | "check-suites/4/rerequest" => {
                json_reply(201, json!({}))
            }
            "actions/runs/2/rerun-failed-jobs" => {
                refused(403, "The workflow run is already running")
            }
            "check-suites/5/rerequest" => refused(422, "This check suite is not rerequestable"),
            "actions/runs/4/rerun-failed-jobs" => {
                refused(403, "Resource not accessible by integration")
            }
            "GET /repos/acme/engine/actions/runs/2" => json_reply(200, run(2, ended)),
            "GET /repos/acme/engine/actions/runs/3" => {
                json_reply(200, run(3, json!({ "head_repository": { "id": 2 } })))
            }
            _ => refused(404, "Not Found"),
        }
    })
    .await;
    let repository = server.github().of(&repo());
    let seen = repository.workflow_run(2).await.unwrap();
    assert_eq!(
        (
            seen.sha,
            seen.branch.as_deref(),
            seen.attempt,
            seen.check_suite
        ),
        (sha('a'), Some(MIRROR), 2, Some(102))
    );
    assert_eq!(seen.build.status, BuildStatus::Ended(Conclusion::Failure));
    assert_eq!(repository.workflow_run(3).await.unwrap().branch, None);
    // Done; it has ended; it goes on; it is not there.
    assert_eq!(repository.cancel_run(1).await, Ok(()));
    assert_eq!(repository.cancel_run(2).await, Ok(()));
    assert!(repository.cancel_run(3).await.unwrap_err().is_transient());
    assert_eq!(repository.cancel_run(4).await, Ok(()));
    assert_eq!(repository.rerun_failed(1).await, Ok(RerunOutcome::Done));
    let why = "The workflow run is already running".to_owned();
    assert_eq!(
        repository.rerun_failed(2).await,
        Ok(RerunOutcome::Refused(why))
    );
    assert!(matches!(
        repository.rerun_failed(4).await,
        Err(GitHubError::MissingPermission { .. })
    ));
    assert_eq!(repository.rerequest_suite(4).await, Ok(RerunOutcome::Done));
    assert!(matches!(
        repository.rerequest_suite(5).await,
        Ok(RerunOutcome::Refused(_))
    ));
}
