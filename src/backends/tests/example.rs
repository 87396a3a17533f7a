//! `docs/examples/http-service.py`, really run: it takes jobs from the backend and reports to a server of ours, by tokens
//! that are checked.

use super::*;
use crate::domain::event::{BuildStatus, Conclusion};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

struct Example {
    process: Child,
    url: String,
}

impl Example {
    fn start(script: &str) -> Self {
        let mut process = Command::new("python3")
            .arg("docs/examples/http-service.py")
            .args(["--port", "0", "sh", "-c", script])
            .env("TOKEN", "hush")
            .env("NO_PROXY", "127.0.0.1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is needed to run the example of the documentation");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        // What it goes on to print has to be read, or it would stand still.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, url }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where reports go, and each with the job that it proved to be of.
async fn reports() -> (Server, UnboundedReceiver<(JobRef, Report)>) {
    let (heard, reports) = unbounded_channel();
    let server = Server::start(move |seen| {
        let token = seen.header("authorization").strip_prefix("Bearer ");
        let job = JobTokens::new(&app_key()).verify(token.unwrap(), noon());
        assert_eq!(seen.line, "POST /api/jobs/report");
        let report = parse_report(seen.text.as_bytes());
        heard.send((job.unwrap(), report.unwrap())).unwrap();
        reply(202, "{}")
    })
    .await;
    (server, reports)
}

fn backend(example: &Example, reports: &Server, token: &str) -> Arc<dyn Backend> {
    let connection_ = HttpConnection {
        url: example.url.clone(),
        token: Some(token.into()),
        status_url: None,
    };
    backends(
        &reports.url,
        Some(Connection::Http(connection_)),
        Some(&reports.url),
    )
    .of(&repo(), &connection("x"))
    .unwrap()
}

/// The next report, which has to be the job's; only a defect takes that long.
async fn next(reports: &mut UnboundedReceiver<(JobRef, Report)>, of: &JobRef) -> Report {
    let next = tokio::time::timeout(Duration::from_secs(60), reports.recv()).await;
    let (job, report) = next.expect("a report").unwrap();
    assert_eq!(job, *of);
    report
}

#[tokio::test]
async fn the_example_takes_a_job_once_and_reports_it_with_its_outputs() {
    let example = Example::start("echo flour: \"$INPUT_FLOUR\"; echo output digest=\"$SHA\"");
    let (server, mut heard) = reports().await;
    let backend = backend(&example, &server, "hush");
    let a = assignment(connection("x"));
    let started = backend.start(&a).await.unwrap();
    assert_eq!(
        backend.find(&a).await.unwrap().unwrap().handle,
        started.handle
    );
    assert_eq!(
        next(&mut heard, &a.job).await.status,
        Some(BuildStatus::Running)
    );
    let end = next(&mut heard, &a.job).await;
    assert_eq!(end.status, Some(BuildStatus::Ended(Conclusion::Success)));
    assert_eq!(end.outputs["digest"], a.scene.sha.as_str());
    assert!(end.summary.unwrap().contains("flour: rye & more"));
    assert!(end.metrics.contains_key("seconds"));
    // It is posted twice and runs once: what is heard next is of another job, from its beginning to its end.
    backend.start(&a).await.unwrap();
    let mut b = assignment(connection("x"));
    b.job.attempt += 1;
    backend.start(&b).await.unwrap();
    assert_eq!(
        next(&mut heard, &b.job).await.status,
        Some(BuildStatus::Running)
    );
    let end = next(&mut heard, &b.job).await;
    assert_eq!(end.status, Some(BuildStatus::Ended(Conclusion::Success)));
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn the_example_fails_cancels_and_refuses() {
    let a = assignment(connection("x"));
    let example = Example::start("exit 3");
    let (server, mut heard) = reports().await;
    let unknown = backend(&example, &server, "another").start(&a).await;
    assert_eq!(
        refused(unknown.unwrap_err()),
        "x answered 401 while taking the job: the connection's token is wrong"
    );
    backend(&example, &server, "hush").start(&a).await.unwrap();
    assert_eq!(
        next(&mut heard, &a.job).await.status,
        Some(BuildStatus::Running)
    );
    let end = next(&mut heard, &a.job).await;
    assert_eq!(end.status, Some(BuildStatus::Ended(Conclusion::Failure)));

    let example = Example::start("exec sleep 600");
    let backend = backend(&example, &server, "hush");
    let handle = backend.start(&a).await.unwrap().handle;
    assert_eq!(
        next(&mut heard, &a.job).await.status,
        Some(BuildStatus::Running)
    );
    // The process begins after the report that says so.
    let end = loop {
        backend.cancel(&a, &handle).await.unwrap();
        match tokio::time::timeout(Duration::from_millis(50), heard.recv()).await {
            Ok(report) => break report.unwrap().1,
            Err(_) => continue,
        }
    };
    assert_eq!(end.status, Some(BuildStatus::Ended(Conclusion::Cancelled)));
}
