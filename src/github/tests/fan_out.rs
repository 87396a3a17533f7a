//! What a fan-out of builds asks and does.

use super::server::{Reply, Server, json_reply, repo};
use crate::domain::event::{Build, BuildId, BuildStatus, Conclusion};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::{RepoName, Sha};
use crate::domain::trust::Listing;
use crate::github::{
    CommitCheck, Dispatched, GitHubError, RequiredCheck, RerunOutcome, Sought, StatusState,
};
use chrono::DateTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MIRROR: &str = "pull-request/1";

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn refused(status: u16, message: &str) -> Reply {
    json_reply(status, json!({ "message": message }))
}

fn empty(status: u16) -> Reply {
    Some((status, vec![], String::new()))
}

fn app() -> Reply {
    json_reply(200, json!({ "id": 7, "slug": "drawbridge", "name": "D" }))
}

/// A run of a dispatch on the mirror by our own app, and what is special about it.
fn run(id: u64, special: Value) -> Value {
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

/// A commit that Actions, two other apps, a fork's Actions and ourselves have reported on.
async fn reported() -> Server {
    let check = |id: u64, name: &str, suite: u64, app: u64, slug: &str| {
        json!({ "id": id, "name": name, "head_sha": sha('a').as_str(), "status": "completed", "conclusion": "success",
            "html_url": "https://github.com/x", "started_at": "2024-01-01T00:00:00Z", "completed_at": "2024-01-01T00:01:00Z",
            "check_suite": { "id": suite }, "app": { "id": app, "slug": slug } })
    };
    let suite = |id: u64, branch: Value, app: u64, slug: &str| {
        json!({ "id": id, "head_branch": branch, "head_sha": sha('a').as_str(), "status": "completed", "conclusion": "success",
            "app": { "id": app, "slug": slug, "name": slug }, "latest_check_runs_count": 1,
            "updated_at": "2024-01-01T00:00:00Z", "pull_requests": [] })
    };
    Server::with_tokens(move |seen, _| {
        let reply = match seen.line.as_str() {
            "GET /app" => return app(),
            line if line.contains("/actions/runs") => json!({ "total_count": 2, "workflow_runs": [
                run(1, json!({ "event": "push" })), run(2, json!({ "head_repository": { "id": 2 } })),
            ] }),
            line if line.contains("/check-suites") => json!({ "total_count": 5, "check_suites": [
                suite(101, json!(MIRROR), 15_368, "github-actions"), suite(102, json!(MIRROR), 15_368, "github-actions"),
                suite(103, json!(MIRROR), 8, "circleci"), suite(104, json!(null), 9, "dco"), suite(105, json!(MIRROR), 7, "drawbridge"),
            ] }),
            line if line.contains("/check-runs?filter=latest") => json!({ "total_count": 5, "check_runs": [
                check(11, "build", 101, 15_368, "github-actions"), check(12, "build", 102, 15_368, "github-actions"),
                check(13, "lint", 103, 8, "circleci"), check(14, "DCO", 104, 9, "dco"), check(15, "gate", 105, 7, "drawbridge"),
            ] }),
            _ => json!({ "state": "pending", "sha": sha('a').as_str(), "total_count": 1, "statuses": [
                { "id": 21, "context": "ci/other", "state": "pending", "target_url": "javascript:x", "description": null,
                    "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z" },
            ] }),
        };
        json_reply(200, reply)
    })
    .await
}

#[tokio::test]
async fn reports_on_a_branch_are_of_that_branch_and_of_others_than_us() {
    let server = reported().await;
    let repository = server.github().of(&repo());
    let reports = repository.reports(MIRROR, &sha('a')).await.unwrap();
    let ids: Vec<BuildId> = reports.iter().map(|build| build.id).collect();
    assert_eq!(
        ids,
        [
            BuildId::WorkflowRun(1),
            BuildId::CheckSuite(103),
            BuildId::CheckRun(11),
            BuildId::CheckRun(13),
            BuildId::Status(21),
        ]
    );
    let who = |build: &Build| (build.workflow_name.clone(), build.app.clone());
    assert_eq!(
        who(&reports[2]),
        (Some("CI".to_owned()), Some("github-actions".to_owned()))
    );
    assert_eq!(who(&reports[3]), (None, Some("circleci".to_owned())));
    assert_eq!(
        (reports[4].status, &reports[4].url),
        (BuildStatus::Running, &None)
    );
}

#[tokio::test]
async fn the_checks_of_a_commit_are_of_all_apps_and_branches() {
    let server = reported().await;
    let repository = server.github().of(&repo());
    let checks = repository.commit_checks(&sha('a')).await.unwrap();
    let seen: Vec<_> = checks
        .iter()
        .map(|CommitCheck { app_id, build }| (build.name.as_str(), *app_id))
        .collect();
    assert_eq!(
        seen,
        [
            ("build", Some(15_368)),
            ("build", Some(15_368)),
            ("lint", Some(8)),
            ("DCO", Some(9)),
            ("gate", Some(7)),
            ("ci/other", None),
        ]
    );
}

#[tokio::test]
async fn the_checks_that_rulesets_require_are_listed_once() {
    let server = Server::with_tokens(|_, _| {
        let required = |checks: Value| {
            json!({ "type": "required_status_checks", "ruleset_id": 1,
            "parameters": { "strict_required_status_checks_policy": false, "required_status_checks": checks } })
        };
        json_reply(200, json!([
            { "type": "creation" },
            { "type": "pull_request", "parameters": { "required_approving_review_count": 1 } },
            required(json!([{ "context": "gate", "integration_id": 7 }, { "context": "DCO" }])),
            required(json!([{ "context": "DCO", "integration_id": null }])),
        ]))
    })
    .await;
    let repository = server.github().of(&repo());
    let check = |context: &str, app_id| RequiredCheck {
        context: context.to_owned(),
        app_id,
    };
    assert_eq!(
        repository.required_checks("release/2").await,
        Ok(vec![check("DCO", None), check("gate", Some(7))])
    );
    assert_eq!(
        server.lines()[1],
        "GET /repos/acme/engine/rules/branches/release%2F2?per_page=100&page=1"
    );
}

#[tokio::test]
async fn two_commits_are_compared() {
    let server = Server::with_tokens(|seen, _| {
        let file = json!({ "filename": "a", "status": "renamed", "previous_filename": "b" });
        let count = if seen.line.contains("...bbbb") { 1 } else { 300 };
        json_reply(
            200,
            json!({ "merge_base_commit": { "sha": sha('c').as_str() }, "status": "ahead", "commits": [], "files": vec![file; count] }),
        )
    })
    .await;
    let repository = server.github().of(&repo());
    let (base, head, far) = (sha('a'), sha('b'), sha('d'));
    assert_eq!(repository.merge_base(&base, &head).await, Ok(sha('c')));
    let file = ChangedFile {
        path: "a".into(),
        previous: Some("b".into()),
    };
    let Ok(Listing::Complete(files)) = repository.compare_files(&base, &head).await else {
        panic!()
    };
    assert_eq!(files, [file]);
    assert!(matches!(
        repository.compare_files(&base, &far).await,
        Ok(Listing::TooLong(300))
    ));
    let expected = format!("GET /repos/acme/engine/compare/{base}...{head}?per_page=1");
    assert_eq!(server.lines()[1], expected);
}

#[tokio::test]
async fn a_commit_status_is_reported() {
    let server = Server::with_tokens(|_, _| json_reply(201, json!({ "id": 1 }))).await;
    let repository = server.github().of(&repo());
    let (sha, url) = (sha('a'), Some("https://x/1"));
    let reported = repository.create_status(&sha, "gate", StatusState::Pending, "3 of 5 jobs", url);
    assert_eq!(reported.await, Ok(()));
    let seen = &server.seen()[1];
    assert_eq!(seen.line, format!("POST /repos/acme/engine/statuses/{sha}"));
    assert_eq!(
        seen.body,
        json!({ "state": "pending", "context": "gate", "description": "3 of 5 jobs", "target_url": "https://x/1" })
    );
}

#[tokio::test]
async fn a_workflow_s_file_is_read_at_a_commit() {
    let server = Server::with_tokens(|seen, _| {
        use base64::Engine as _;
        let text = match seen
            .line
            .split('?')
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
        {
            "build.yml" => "on: { workflow_dispatch: { inputs: { arch: {} } } }",
            "broken.yml" => "on: [",
            _ => return refused(404, "Not Found"),
        };
        let content = base64::prelude::BASE64_STANDARD.encode(text);
        json_reply(
            200,
            json!({ "type": "file", "encoding": "base64", "content": content }),
        )
    })
    .await;
    let repository = server.github().of(&repo());
    let at = sha('a');
    let file = repository
        .workflow_inputs("build.yml", &at)
        .await
        .unwrap()
        .unwrap();
    assert!(file.dispatchable && file.inputs.contains("arch"));
    assert_eq!(repository.workflow_inputs("none.yml", &at).await, Ok(None));
    let error = repository
        .workflow_inputs("broken.yml", &at)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not valid YAML"), "{error}");
    let expected = format!("GET /repos/acme/engine/contents/.github/workflows/build.yml?ref={at}");
    assert_eq!(server.lines()[1], expected);
    for bad in ["../../README.md", "", "a/b.yml"] {
        let outcome = repository.workflow_inputs(bad, &at).await;
        assert!(matches!(outcome, Err(GitHubError::Refused { .. })), "{bad}");
    }
}
