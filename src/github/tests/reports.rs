//! What is reported on commits: by whom, for which branch, and what has to be.

use super::runs::{MIRROR, run};
use super::server::{Server, app, json_reply, repo, sha};
use crate::domain::event::{Build, BuildId, BuildStatus};
use crate::github::{CommitCheck, RequiredCheck, StatusState};
use serde_json::{Value, json};

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
async fn only_builds_of_this_branch_of_this_repository_count() {
    let run = |id: u64, branch: &str, digit: char, repository: Value| {
        json!({ "id": id, "name": "CI", "status": "completed", "conclusion": "success", "html_url": "https://x/1",
            "updated_at": "2024-01-01T00:00:00Z", "head_branch": branch, "head_sha": sha(digit).as_str(), "event": "push", "head_repository": repository })
    };
    let suite = |id: u64, branch: Value, app: u64, slug: &str, count: u64| {
        json!({ "id": id, "head_branch": branch, "head_sha": sha('a').as_str(), "status": "in_progress", "conclusion": null,
            "app": { "id": app, "slug": slug, "name": slug }, "latest_check_runs_count": count, "updated_at": "2024-01-01T00:00:00Z" })
    };
    let server = Server::with_tokens(move |seen, _| {
        let (mirror, here) = ("pull-request/1", json!({ "id": 1 }));
        match seen.line.as_str() {
            "GET /app" => app(),
            line if line.contains("/actions/runs") => json_reply(200, json!({ "total_count": 5, "workflow_runs": [
                run(1, mirror, 'a', here.clone()), run(2, "main", 'a', here.clone()), run(3, mirror, 'b', here),
                run(4, mirror, 'a', json!({ "id": 2 })), run(5, mirror, 'a', json!(null)),
            ] })),
            _ => json_reply(200, json!({ "total_count": 5, "check_suites": [
                suite(1, json!(mirror), 8, "circleci", 1), suite(2, json!(mirror), 7, "drawbridge", 1), suite(3, json!(null), 8, "circleci", 1),
                suite(4, json!(mirror), 15_368, "github-actions", 1), suite(5, json!(mirror), 9, "idle", 0),
            ] })),
        }
    })
    .await;
    let builds = server
        .github()
        .of(&repo())
        .builds("pull-request/1", &sha('a'))
        .await
        .unwrap();
    let ids: Vec<BuildId> = builds.iter().map(|build| build.id).collect();
    assert_eq!(ids, [BuildId::WorkflowRun(1), BuildId::CheckSuite(1)]);
    assert!(
        server
            .lines()
            .iter()
            .any(|line| line.contains("runs?branch=pull-request%2F1&head_sha=aaaa"))
    );
}
