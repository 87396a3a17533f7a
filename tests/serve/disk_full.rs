//! A disk that takes nothing more. The limit on the size of files does what a full or read-only disk does: every write of the
//! process fails, until it is lifted.

use super::process::{Bench, PATIENCE, Serving, read};
use super::refusals::signed;
use std::process::Command;
use std::time::Instant;

/// The same command, so that a write that fails is an error and no signal.
fn without_signal(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
}

fn limit_files(serving: &Serving, limit: &str) {
    let set = Command::new("prlimit")
        .args(["--pid", &serving.process.id().to_string()])
        .arg(format!("--fsize={limit}:unlimited"))
        .status()
        .expect("prlimit (util-linux) is there");
    assert!(set.success());
}

async fn ping(serving: &Serving, bench: &Bench) -> (u16, String) {
    read(signed(serving, bench, "ping", b"{}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_full_deliveries_are_refused_and_then_taken_again() {
    let bench = Bench::new().await;
    let serving = bench.serve_with(without_signal(&bench.command(&[])));
    assert_eq!(ping(&serving, &bench).await.0, 202);

    limit_files(&serving, "1");
    for _ in 0..3 {
        let (status, answer) = ping(&serving, &bench).await;
        assert_eq!(status, 503, "{answer}");
    }
    assert_eq!(serving.get("/healthz").await.0, 200);
    // What nobody could write must not be found later, so this one comes twice.
    let late = signed(&serving, &bench, "ping", b"{}").header("x-late", "1");
    let again = late.try_clone().expect("its body is short");
    assert_eq!(read(late).await.0, 503);

    limit_files(&serving, "unlimited");
    let deadline = Instant::now() + PATIENCE;
    while ping(&serving, &bench).await.0 != 202 {
        assert!(Instant::now() < deadline, "it does not recover");
    }
    let (status, answer) = read(again).await;
    assert_eq!(
        (status, answer.contains("before")),
        (202, false),
        "{answer}"
    );
    serving.process.signal("TERM");
    let ended = serving.process.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.err.contains("the state can't be written")
            && ended.err.contains("the state can be written again"),
        "{}",
        ended.err
    );
}
