//! Metrics are shown where the operator says, and nowhere else.

use super::process::{Bench, read};
use super::settings::is_refused;

/// The address in the line that says where they are.
fn shown(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("metrics are shown there address=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_at_a_port_of_their_own_and_not_where_deliveries_come_in() {
    let bench = Bench::new().await;
    let serving = bench.serve_with(bench.command(&["--metrics-port", "0"]));
    let at = serving.process.err.wait_for("line of metrics", shown);
    assert!(at.starts_with("127.0.0.1:"), "{at}");
    assert_eq!(serving.get("/readyz").await.0, 200);
    let ask = |path: &str| read(serving.http.get(format!("http://{at}{path}")));
    let (status, text) = ask("/metrics").await;
    assert_eq!(status, 200);
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("drawbridge_build_info{{version=\"{version}\"}} 1");
    for line in [build.as_str(), "drawbridge_ready 1"] {
        assert!(text.lines().any(|one| one == line), "no {line}");
    }
    assert_eq!(serving.get("/metrics").await.0, 404);
    for other in ["/", "/readyz", "/api/github/webhooks"] {
        assert_eq!(ask(other).await.0, 404, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_port_they_are_nowhere_and_a_port_that_is_taken_is_named() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    assert_eq!(serving.get("/readyz").await.0, 200);
    assert_eq!(serving.get("/metrics").await.0, 404);
    let said = serving.process.err.so_far();
    assert!(!said.contains("metrics are shown"), "{said}");

    let mut command = bench.command(&["--metrics-host", "127.0.0.1"]);
    command.env("DATA_DIR", bench.data_dir().join("other"));
    is_refused(command, &["METRICS_PORT", "is missing"]);
    let mut command = bench.command(&[]);
    command
        .env("METRICS_PORT", serving.address.port().to_string())
        .env("DATA_DIR", bench.data_dir().join("other"));
    let ended = super::process::Process::start(command).end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("METRICS_PORT"), "{}", ended.err);
}
