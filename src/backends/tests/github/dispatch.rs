//! An event is sent to another repository, which can report.

use super::*;

#[tokio::test]
async fn another_repository_is_told_and_can_report() {
    let spec = BackendSpec::Dispatch {
        repository: RepoName::parse("acme/deploy").unwrap(),
        event: "test".into(),
    };
    let server = github(None, |_| reply(204, "")).await;
    let told = backend(&server, spec.clone());
    let a = assignment(spec.clone());
    let started = told.start(&a).await.unwrap();
    assert_eq!(started.handle, Handle(job().id()));
    let sent = asked(&server, "POST /repos/acme/deploy/dispatches")[0].json();
    assert_eq!(sent["event_type"], "test");
    let payload = &sent["client_payload"];
    assert!(payload.as_object().unwrap().len() <= 10);
    let token = payload["drawbridge"]["token"].as_str().unwrap();
    assert_eq!(JobTokens::new(&app_key()).verify(token, noon()), Ok(job()));
    let mut shown = payload.clone();
    shown["drawbridge"]["token"] = "…".into();
    assert_eq!(
        shown,
        json!({
            "drawbridge": { "id": job().id(), "job": "bake (rye)", "token": "…", "deadline": "2026-03-04T13:00:00Z",
                            "report_url": "https://drawbridge.example.com/api/jobs/report" },
            "inputs": { "FLOUR": "rye & more" }, "repository": "acme/engine", "sha": ours(), "branch": "pull-request/7",
            "pr": 7, "run": 3,
        })
    );
    assert_eq!(told.find(&a).await, Ok(None));
    assert_eq!(told.poll(&started.handle), None);
    assert_eq!(
        told.observe(&a, &started.handle).await,
        Ok(Observed::default())
    );

    let other = BackendSpec::Dispatch {
        repository: RepoName::parse("acme/crown").unwrap(),
        event: "test".into(),
    };
    let all = backends(&server.url, None, None);
    let message = refused(all.of(&repo(), &other).err().unwrap());
    assert!(
        message.starts_with("acme/engine may not send events to acme/crown"),
        "{message}"
    );
    let mute = backends(&server.url, None, None)
        .of(&repo(), &spec)
        .unwrap();
    let message = refused(mute.start(&a).await.unwrap_err());
    assert!(message.contains("PUBLIC_URL"), "{message}");
    let server = github(None, |_| reply(404, json!({ "message": "Not Found" }))).await;
    let message = refused(backend(&server, spec).start(&a).await.unwrap_err());
    assert!(
        message.contains("the app is not installed on it"),
        "{message}"
    );
}
