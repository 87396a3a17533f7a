//! A state that the next version has written, taken back to this one.

use super::process::{Bench, Process, drawbridge};
use super::state::state;
use drawbridge::sandbox::{NewCommit, NewPr, Permission};
use serde_json::Value;
use std::path::Path;

fn state_of(data: &Path, args: &[&str]) -> String {
    let mut command = drawbridge(&[&["state"], args].concat());
    command.env("DATA_DIR", data);
    let ended = Process::start(command).end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.out
}

/// The same state with something in each record that this version does not know, as a version writes it that has learnt
/// more and has not changed what was there. (One that has says so by the version of the format, and is refused.)
fn of_the_next_version(exported: &str) -> String {
    let mut lines = exported
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).expect("an export is lines of JSON") });
    let header = lines.next().expect("a first line");
    let mut records: Vec<Value> = lines.filter(|line| line.get("end").is_none()).collect();
    for record in records.iter_mut().filter_map(Value::as_object_mut) {
        for inside in record.values_mut().filter_map(Value::as_object_mut) {
            inside.insert("since_the_next_version".to_owned(), "something".into());
        }
    }
    state(header, &records)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_going_back_by_a_version_what_was_approved_is_still_approved() {
    let bench = Bench::new().await;
    let github = &bench.github;
    let serving = bench.serve();
    github.set_permission("vera", Permission::Write);
    bench.enable();
    let pull = github.open_pr(NewPr::by("sam").commit(NewCommit::unsigned_by("sam")));
    let branch = format!("pull-request/{pull}");
    let head = github.head(pull);
    github.comment(pull, "vera", &format!("/ok to test {head}"));
    let is_mirrored = || {
        github.wait_until("the mirror", |github| {
            github.branch(&branch).as_ref() == Some(&head)
        })
    };
    is_mirrored().await;
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));

    let next = of_the_next_version(&state_of(bench.data_dir(), &["export"]));
    assert!(next.matches("since_the_next_version").count() > 3, "{next}");
    let file = bench.data_dir().join("next.ndjson");
    std::fs::write(&file, next).expect("a file");
    state_of(
        bench.data_dir(),
        &["import", "--replace", file.to_str().expect("a path")],
    );

    let serving = bench.serve();
    let ready = "{\"status\":\"ready\"}\n";
    assert_eq!(serving.get("/readyz").await, (200, ready.to_owned()));
    // A mirror that somebody removes is put back only while its head is approved.
    github.delete_branch(&branch, "maya");
    is_mirrored().await;
}
