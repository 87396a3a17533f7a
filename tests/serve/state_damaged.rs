//! A server whose state was damaged while it stood still.

use super::process::{Bench, read};
use super::refusals::signed;
use super::state::ask_about;
use drawbridge::sandbox::{Fault, FaultKind};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_found_set_aside_restored_and_readiness_tells() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    assert_eq!(read(signed(&serving, &bench, "ping", b"{}")).await.0, 202);
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    let db = bench.data_dir().join("state/db");
    let bytes = std::fs::read(&db).expect("a file");
    std::fs::write(&db, &bytes[..100]).expect("it is cut");

    let said = ask_about(bench.data_dir(), bench.data_dir(), &["verify"]);
    assert!(said.ends_with("exit code 1"), "{said}");

    // As long as GitHub does not list the installations, the rest can't be read.
    bench.github.fault(Fault::times(
        u32::MAX,
        "GET",
        "/app/installations",
        FaultKind::Status(500),
    ));
    let serving = bench.serve();
    let (status, answer) = serving.get("/readyz").await;
    assert_eq!(status, 200);
    assert!(
        answer.starts_with("{\"status\":\"ready; at ")
            && answer.contains(": it was set aside as state.broken-")
            && answer.contains(" in DATA_DIR, the snapshot of ")
            && answer.contains(" was restored, and the rest is being read from GitHub"),
        "{answer}"
    );
    serving.process.err.wait_for("line about it", |line| {
        line.contains("was set aside").then_some(())
    });
    let broken = std::fs::read_dir(bench.data_dir())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.display().to_string().contains("state.broken-"))
        .expect("it is kept");
    assert_eq!(
        std::fs::read(broken.join("db")).expect("a file")[..50],
        bytes[..50]
    );
    // The next start still tells.
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    assert!(
        bench
            .serve()
            .get("/readyz")
            .await
            .1
            .contains("state.broken-")
    );
}
