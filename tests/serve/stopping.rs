//! However it stops, nothing that was accepted is lost.

use super::process::{Bench, PATIENCE, Serving};
use drawbridge::sandbox::{Fault, FaultKind, NewCommit, NewPr, Visibility};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// The promise is `STOPPING`, 14 s; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(20);

async fn enabled() -> (Bench, Serving) {
    let bench = Bench::new().await;
    let serving = bench.serve();
    bench.github.add_org_member("mel", Visibility::Private);
    bench.enable();
    bench.github.deliveries_settled().await;
    assert_eq!(serving.get("/readyz").await.0, 200);
    (bench, serving)
}

/// Opens a member's pull request whose delivery is accepted while GitHub answers nothing any more.
async fn accepted_and_hanging(bench: &Bench) -> u64 {
    bench
        .github
        .fault(Fault::times(1000, "*", "*", FaultKind::Hang));
    let pull = bench
        .github
        .open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
    bench
        .github
        .wait_until("the delivery is accepted", |github| {
            let opened = github
                .deliveries()
                .into_iter()
                .rfind(|one| one.event == "pull_request");
            opened.is_some_and(|one| one.status == Some(202))
        })
        .await;
    bench
        .github
        .wait_until("a request hangs", |github| github.hung() > 0)
        .await;
    assert_eq!(bench.github.branch(&format!("pull-request/{pull}")), None);
    pull
}

async fn is_mirrored_after_a_restart(bench: &Bench, pull: u64) {
    bench.github.clear_faults();
    bench.github.release_hung();
    let _serving = bench.serve();
    let branch = format!("pull-request/{pull}");
    bench
        .github
        .wait_until("the mirror", |github| {
            github.branch(&branch) == Some(github.head(pull))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_done_although_the_process_is_killed_at_once() {
    let (bench, serving) = enabled().await;
    let pull = accepted_and_hanging(&bench).await;
    serving.process.signal("KILL");
    assert_eq!(serving.process.end().code, None);
    is_mirrored_after_a_restart(&bench, pull).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_in_time_while_requests_hang_on_both_sides() {
    let (bench, serving) = enabled().await;
    let pull = accepted_and_hanging(&bench).await;
    // A delivery whose body never ends.
    let mut half = TcpStream::connect(serving.address).expect("it listens");
    let head = format!(
        "POST /api/github/webhooks HTTP/1.1\r\nhost: {}\r\ncontent-length: 100\r\n\r\n{{",
        serving.address
    );
    half.write_all(head.as_bytes()).expect("it reads");
    serving.process.signal("TERM");
    let ended = serving.process.end_within(SOON);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    is_mirrored_after_a_restart(&bench, pull).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_signal_stops_it_cleanly() {
    let bench = Bench::new().await;
    for signal in ["TERM", "INT"] {
        let serving = bench.serve();
        assert_eq!(serving.get("/readyz").await.0, 200);
        serving.process.signal(signal);
        let ended = serving.process.end_within(PATIENCE);
        assert_eq!(ended.code, Some(0), "{signal}: {}", ended.err);
        assert!(ended.err.contains("stopped"), "{signal}: {}", ended.err);
    }
}
