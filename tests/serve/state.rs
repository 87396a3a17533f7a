//! `drawbridge state`, as an operator at a terminal meets it: what it prints and how it ends.

use super::process::{Bench, Process, drawbridge, read};
use super::refusals::signed;
use drawbridge::domain::gate::{Gate, GateStatus};
use drawbridge::domain::ids::{InstallationId, OwnerKind, Repo, RepoId, RepoName, UserId};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory for the data and files beside it.
pub struct Desk {
    dir: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            dir: TempDir::new().expect("a directory"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("it is written");
    }

    /// What it prints on both streams, and how it ends.
    fn ask(&self, args: &[&str]) -> String {
        ask_about(&self.path("data"), self.dir.path(), args)
    }
}

pub fn ask_about(data: &Path, at: &Path, args: &[&str]) -> String {
    let mut command = drawbridge(&[&["state"], args].concat());
    command.current_dir(at).env("DATA_DIR", data);
    let ended = Process::start(command).end();
    let mut said = ended.out;
    if !ended.err.is_empty() {
        said.push_str(&format!("\nstderr:\n{}", ended.err));
    }
    let said = said.replace(&data.display().to_string(), "DATA");
    let said = without_sizes(&said);
    format!(
        "{}\n\nexit code {:?}",
        said.trim(),
        ended.code.unwrap_or(-1)
    )
}

/// How large a state is changes with every field that it gets.
fn without_sizes(said: &str) -> String {
    let mut words: Vec<&str> = said.split(' ').collect();
    for at in 1..words.len() {
        if words[at].starts_with("bytes") {
            words[at - 1] = "N";
        }
    }
    words.join(" ")
}

/// A whole state from a first line and records.
pub fn state(header: Value, records: &[Value]) -> String {
    let mut text = format!("{header}\n");
    for record in records {
        text.push_str(&format!("{record}\n"));
    }
    let sum = hex::encode(Sha256::digest(&text));
    text.push_str(&format!(
        "{{\"end\":{{\"records\":{},\"sha256\":\"{sum}\"}}}}\n",
        records.len()
    ));
    text
}

fn header(version: u64) -> Value {
    json!({
        "format": "drawbridge-state", "version": version,
        "taken_at": "2026-01-02T03:04:05Z", "born_at": "2025-12-01T00:00:00Z",
    })
}

/// A state as it was written before there were pipelines.
fn oldest() -> String {
    let repo = Repo {
        id: RepoId(1),
        installation: InstallationId(2),
        name: RepoName::parse("acme/site").expect("a name"),
        owner: UserId(3),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".into(),
    };
    let gate = Gate {
        link: None,
        status: GateStatus::Queued,
        title: "waits".into(),
        summary: String::new(),
        approve_button: false,
    };
    let head = json!({
        "repo": repo, "sha": "a".repeat(40), "check_run": 77, "look_first": false,
        "published": gate, "attempts": 0,
    });
    let seen = json!({"id": "d-1", "at": 1_767_323_045_000_i64, "note": "push: main"});
    state(
        header(0),
        &[json!({ "head": head }), json!({ "seen": seen })],
    )
}

#[test]
fn a_state_of_an_older_version_is_taken_over_verified_and_exported_in_the_present_one() {
    let desk = Desk::new();
    desk.write("old.ndjson", &oldest());
    assert_snapshot!(desk.ask(&["verify", "old.ndjson"]), @r#"
    heads: 1
    ids of accepted deliveries: 1
    old.ndjson is sound: 2 records

    exit code 0
    "#);
    assert_snapshot!(desk.ask(&["import", "old.ndjson"]), @r#"
    imported 2 records as they stood at 2026-01-02 03:04:05 UTC

    exit code 0
    "#);
    assert_snapshot!(desk.ask(&["verify"]), @r#"
    heads: 1
    ids of accepted deliveries: 1
    DATA/state is sound: 2 records, N bytes

    exit code 0
    "#);
    assert_snapshot!(desk.ask(&["export", "--output", "new.ndjson"]), @r#"
    stderr:
    exported 2 records

    exit code 0
    "#);
    let exported = std::fs::read_to_string(desk.path("new.ndjson")).expect("a file");
    let lines: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0]["version"], 1);
    assert_eq!(lines[0]["born_at"], "2025-12-01T00:00:00Z");
    let gate = &lines[1]["head"]["gates"][0];
    assert_eq!(gate["check_run"], 77);
    assert_eq!(gate["name"]["name"], "backend-status-check");
    assert_eq!(gate["says"]["title"], "waits");
    assert_eq!(lines[2]["seen"]["note"], "push: main");
    // It is a state like any other, and takes the place of the first only when that is wanted.
    assert_snapshot!(desk.ask(&["import", "new.ndjson"]), @r#"
    stderr:
    drawbridge: DATA/state: there is a state already; with --replace it is kept under another name, and this one takes its place

    exit code 1
    "#);
    let replaced = desk.ask(&["import", "--replace", "new.ndjson"]);
    assert!(replaced.contains("imported 2 records"), "{replaced}");
    assert!(replaced.contains("the state that was there is kept in DATA/state.replaced-"));
    let compacted = desk.ask(&["compact"]);
    assert!(
        compacted.starts_with("compacted DATA/state: 2 records, before ")
            && compacted.ends_with("exit code 0"),
        "{compacted}"
    );
    assert_snapshot!(desk.ask(&["verify"]), @r#"
    heads: 1
    ids of accepted deliveries: 1
    DATA/state is sound: 2 records, N bytes

    exit code 0
    "#);
    // An export is never written over another file.
    assert_snapshot!(desk.ask(&["export", "--output", "new.ndjson"]), @r#"
    stderr:
    drawbridge: new.ndjson: File exists (os error 17)

    exit code 1
    "#);
}

#[test]
fn what_is_no_whole_state_of_a_known_version_is_refused() {
    let desk = Desk::new();
    let whole = oldest();
    let lines: Vec<&str> = whole.lines().collect();
    desk.write("newer", &state(header(2), &[]));
    desk.write("text", "hello\n");
    desk.write("json", "{\"format\":\"another\",\"version\":1}\n");
    desk.write("cut", &format!("{}\n{}\n", lines[0], lines[1]));
    desk.write("changed", &whole.replace("d-1", "d-2"));
    desk.write(
        "less",
        &format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]),
    );
    desk.write("more", &format!("{whole}{}\n", lines[1]));
    desk.write("bad", &state(header(1), &[json!({"repo": {"id": "x"}})]));
    let mut said = String::new();
    for file in [
        "newer", "text", "json", "cut", "changed", "less", "more", "bad", "none",
    ] {
        said.push_str(&desk.ask(&["import", file]).replace("\n\nexit", " → exit"));
        said.push('\n');
    }
    assert_snapshot!(said, @r#"
    stderr:
    drawbridge: newer: it is written in version 2 of the format, and this Drawbridge knows the versions up to 1; use the Drawbridge that wrote it, or a newer one → exit code 1
    stderr:
    drawbridge: text: this is no state of Drawbridge (its first line is not JSON); give a file that `drawbridge state export` wrote, or a snapshot → exit code 1
    stderr:
    drawbridge: json: this is no state of Drawbridge (its first line does not name the format "drawbridge-state"); give a file that `drawbridge state export` wrote, or a snapshot → exit code 1
    stderr:
    drawbridge: cut: line 2: it ends without its last line: a part is missing → exit code 1
    stderr:
    drawbridge: changed: line 4: its lines are not those that were written: some were changed, added or left out → exit code 1
    stderr:
    drawbridge: less: line 3: its lines are not those that were written: some were changed, added or left out → exit code 1
    stderr:
    drawbridge: more: line 5: something stands after its last line → exit code 1
    stderr:
    drawbridge: bad: line 2: missing field `repo` at line 1 column 18 → exit code 1
    stderr:
    drawbridge: none: No such file or directory (os error 2) → exit code 1
    "#);
    // Nothing came of any of it.
    assert_snapshot!(desk.ask(&["verify"]), @r#"
    stderr:
    drawbridge: DATA/state: there is no state here; name the server's DATA_DIR with --data-dir

    exit code 1
    "#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_runs_only_its_snapshots_are_read() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    assert_eq!(read(signed(&serving, &bench, "ping", b"{}")).await.0, 202);
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().code, Some(0));
    let snapshots = bench.data_dir().join("snapshots");
    let mut taken = std::fs::read_dir(&snapshots).expect("a directory");
    let snapshot = taken
        .next()
        .expect("one at the end")
        .expect("a file")
        .path();
    assert!(taken.next().is_none());

    let serving = bench.serve();
    let ask = |args: &[&str]| ask_about(bench.data_dir(), bench.data_dir(), args);
    assert_snapshot!(ask(&["verify"]), @r#"
    stderr:
    drawbridge: DATA: another process has this directory open; stop the server first. While it runs, `drawbridge state export --snapshot` and `drawbridge state verify` read the files in its directory `snapshots`

    exit code 1
    "#);
    for args in [&["export"][..], &["compact"], &["import", "--replace", "x"]] {
        let said = ask(args);
        assert!(
            said.contains("stop the server first") && said.ends_with("exit code 1"),
            "{said}"
        );
    }
    let snapshot = snapshot.to_str().expect("a text");
    let exported = ask(&["export", "--snapshot", snapshot]);
    assert!(
        exported.contains("\"note\":\"ping: ") && exported.ends_with("exit code 0"),
        "{exported}"
    );
    assert!(ask(&["verify", snapshot]).ends_with("exit code 0"));

    // A second server does not start either.
    let second = Process::start(bench.command(&[])).end();
    assert_eq!(second.code, Some(1));
    assert_snapshot!(
        second.err.lines().last().unwrap_or_default().replace(&bench.data_dir().display().to_string(), "DATA"),
        @r#"
    drawbridge: can't use DATA_DIR DATA: opening the store: DATA: another process has this directory open; stop it, or give this one a directory of its own
    "#
    );
    assert_eq!(serving.get("/readyz").await.0, 200);
}
