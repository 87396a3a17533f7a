//! What others report of their own accord is observed, cancelled and asked for again.

use super::*;
use crate::domain::event::{BuildId, BuildStatus, Conclusion};

fn build(id: BuildId, status: BuildStatus, app: Option<&str>, url: &str) -> Build {
    Build {
        id,
        workflow: None,
        name: "Operator / lint".into(),
        workflow_name: None,
        app: app.map(Into::into),
        dispatched: false,
        attempt: 0,
        status,
        url: Some(url.into()),
        updated_at: noon(),
    }
}

#[tokio::test]
async fn of_observed_builds_those_that_failed_are_run_again() {
    let spec = BackendSpec::Check {
        pattern: "Operator / *".into(),
        app: None,
    };
    let server = github(None, |seen| match seen.line.as_str() {
        line if line.ends_with("/cancel") => reply(202, "{}"),
        line if line.starts_with("POST") => reply(201, "{}"),
        _ => reply(404, json!({ "message": "Not Found" })),
    })
    .await;
    let backend = backend(&server, spec.clone());
    let mut a = assignment(spec);
    let failed = BuildStatus::Ended(Conclusion::Failure);
    let started = backend.start(&a).await.unwrap();
    assert_eq!(backend.find(&a).await, Ok(Some(started.clone())));
    a.observed = vec![
        build(BuildId::WorkflowRun(1), failed, None, ""),
        build(BuildId::WorkflowRun(2), BuildStatus::Running, None, ""),
        build(BuildId::CheckSuite(3), failed, Some("dco"), ""),
        build(
            BuildId::CheckSuite(4),
            BuildStatus::Ended(Conclusion::Neutral),
            None,
            "",
        ),
        build(
            BuildId::CheckRun(5),
            failed,
            Some("github-actions"),
            "https://github.com/acme/engine/actions/runs/6/job/5",
        ),
        build(
            BuildId::CheckRun(7),
            failed,
            Some("other"),
            "https://github.com/acme/engine/actions/runs/8/job/7",
        ),
        build(BuildId::Status(9), failed, None, ""),
    ];
    let again = backend.rerun(&a, &started.handle).await.unwrap().unwrap();
    assert_eq!(again.report.status, Some(BuildStatus::Queued));
    let posts = |server: &Server| -> Vec<String> {
        let seen = server.seen().into_iter().map(|seen| seen.line);
        seen.filter(|line| line.starts_with("POST /repos"))
            .collect()
    };
    assert_eq!(
        posts(&server),
        [
            "POST /repos/acme/engine/actions/runs/1/rerun-failed-jobs",
            "POST /repos/acme/engine/actions/runs/6/rerun-failed-jobs",
            "POST /repos/acme/engine/check-suites/3/rerequest",
        ]
    );
    backend.cancel(&a, &started.handle).await.unwrap();
    assert_eq!(
        posts(&server)[3..],
        ["POST /repos/acme/engine/actions/runs/2/cancel"]
    );

    a.observed = vec![build(BuildId::Status(9), failed, None, "")];
    let message = refused(backend.rerun(&a, &started.handle).await.unwrap_err());
    assert!(
        message.contains("Operator / lint: whoever reports it"),
        "{message}"
    );
}
