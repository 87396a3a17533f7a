//! What people read of a preview, and that nothing in it acts.

use super::terminal::WIDTH;
use super::*;
use crate::domain::config::{Scope, parse, resolve};
use insta::assert_snapshot;

fn read(text: &str) -> Result<RepoConfig, ConfigError> {
    let file = parse(".github/drawbridge.yaml", text, Scope::Repository)?;
    resolve(None, Some(&file), None)
}

fn changed(paths: &[&str]) -> Vec<ChangedFile> {
    let file = |path: &&str| ChangedFile {
        path: (*path).to_owned(),
        previous: None,
    };
    paths.iter().map(file).collect()
}

fn gate(text: &str, paths: &[&str]) -> Gate {
    gate_of_proposal(&read(text), "main", &changed(paths), DateTime::UNIX_EPOCH)
}

const FILE: &str = "\
enabled: true
filters: {core: ['src/**'], docs: ['docs/**']}
require_filter_coverage: true
pipelines:
  backends:
    on: pull_request
    jobs:
      build: {workflow: build.yml, changes: core, matrix: {arch: [amd64, arm64]}}
      test: {check: 'Test / *', app: github-actions, needs: build}
      notes: {workflow: notes.yml, changes: docs}
      gitlab: {connection: gitlab-main, required: false}
  nightly:
    on: {schedule: '0 2 * * *', push: [main, 'release/*']}
    jobs:
      all: {workflow: build.yml}
";

#[test]
fn a_proposal_shows_what_it_would_do_with_its_own_pull_request() {
    let gate = gate(FILE, &["src/a.rs", ".github/drawbridge.yaml"]);
    assert_eq!(gate.status, GateStatus::Completed(Conclusion::Success));
    assert_eq!(gate.title, "The proposed configuration is valid");
    assert_snapshot!(gate.summary, @r#"
    The configuration on the default branch stays in force until this is merged. What the one proposed here would do with this pull request, if a member had opened it:

    A pull request to `main`, opened by a member: trusted, so the head is mirrored.

    Every gate fails, because `require_filter_coverage` is on and no filter matches `.github/drawbridge.yaml`.

    ### `backends` → `backend-status-check`
    5 jobs: 3 at once, 1 after others, 1 skipped

    | job | by | here |
    |---|---|---|
    | `build (amd64)` | workflow `build.yml` | **run**: `core` matches `src/a.rs` |
    | `build (arm64)` | workflow `build.yml` | **run**: `core` matches `src/a.rs` |
    | `test` | checks called `Test / *` of `github-actions` | **wait**: after `build` |
    | `notes` | workflow `notes.yml` | **skip**: no changed file matches `docs` |
    | `gitlab` | connection `gitlab-main` | **run**: always (optional) |

    Not started by this: `nightly` (on schedule `0 2 * * *` and push to `main`, `release/*`).
    "#);
}

#[test]
fn a_proposal_that_needs_vetting_itself_still_shows_its_jobs() {
    let text = format!("{FILE}trust: {{always_vet: ['.github/**']}}\n");
    let gate = gate(&text, &["src/a.rs", ".github/drawbridge.yaml"]);
    let (before, _) = gate.summary.split_once("\n### ").expect("a pipeline");
    assert_snapshot!(before, @r#"
    The configuration on the default branch stays in force until this is merged. What the one proposed here would do with this pull request, if a member had opened it:

    A pull request to `main`, opened by a member: needs vetting, because

    - `.github/drawbridge.yaml` is changed, and `trust.always_vet` asks for a vetter whoever changes it.

    Every gate fails, because `require_filter_coverage` is on and no filter matches `.github/drawbridge.yaml`.

    Nothing runs before a vetter's `/ok to test`. After it:
    "#);
}

#[test]
fn a_proposal_without_pipelines_or_one_that_turns_us_off_says_so() {
    let off = gate("auto_sync_draft: false\n", &[]);
    assert_eq!(
        off.title,
        "The proposed configuration is valid, and turns Drawbridge off here"
    );
    assert_snapshot!(off.summary, @r#"
    The configuration on the default branch stays in force until this is merged. With the one proposed here nothing happens any more, because it does not say `enabled: true`. What it would do with this pull request if it did, and a member had opened it:

    A pull request to `main`, opened by a member: trusted, so the head is mirrored.

    ### `builds` → `backend-status-check`
    waits for every build that the push of the mirror starts
    "#);
}

#[test]
fn a_proposal_with_a_mistake_is_shown_with_its_place() {
    let gate = gate("enabled: true\nauto_sync_drft: true\n", &[]);
    assert_eq!(gate.status, GateStatus::Completed(Conclusion::Failure));
    assert_eq!(gate.title, ".github/drawbridge.yaml has a mistake");
    assert_snapshot!(gate.summary, @r#"
    Merged as it is, this would not come into force: the last configuration without mistakes would stay.

    ```
    .github/drawbridge.yaml:2:1: unknown key `auto_sync_drft`. Did you mean `auto_sync_draft`?
    ```
    "#);
}

/// Whoever proposes a configuration may be a stranger: nothing of it may break a table, mention anybody, or leave its quotes.
#[test]
fn hostile_names_cannot_act() {
    let evil = "a`b|c @acme/core <img src=x> [x](https://e.example) \\` ~~~";
    let mut config = read(FILE).unwrap_or_else(|error| panic!("{error}"));
    let core = config.filters.remove("core").expect("a filter");
    config.filters.insert(evil.to_owned(), core);
    let pipeline = &mut config.pipelines[0];
    pipeline.name = evil.to_owned();
    pipeline.gates[0].name = evil.to_owned();
    for job in &mut pipeline.jobs {
        job.name.push_str(evil);
        job.labels = vec![evil.to_owned()];
        job.needs.iter_mut().for_each(|need| need.push_str(evil));
        for filter in job.changes.iter_mut().filter(|name| *name == "core") {
            *filter = evil.to_owned();
        }
    }
    pipeline.jobs[2].branches = vec![evil.to_owned()];
    let files = changed(&[&format!("src/{evil}\n| x |"), "new/`@acme`|"]);
    let gate = gate_of_proposal(&Ok(config), evil, &files, DateTime::UNIX_EPOCH);
    assert!(gate.summary.contains("@acme"), "{}", gate.summary);
    for line in gate.summary.lines() {
        // Between the pairs of quotes is what is ours: outside, nothing of theirs stands.
        let ours: String = line.split('`').step_by(2).collect();
        assert!(line.matches('`').count() % 2 == 0, "{line}");
        let theirs = ['@', '<', '[', '~'].iter().any(|c| ours.contains(*c));
        assert!(!theirs, "{line}");
        if line.starts_with("| ") {
            assert_eq!(line.matches('|').count(), 4, "{line}");
        }
    }
}

#[test]
fn a_mistake_cannot_end_its_fence() {
    let mistake = ConfigError {
        path: ".github/`|@acme".to_owned(),
        line: Some(1),
        column: None,
        message: "```\n# @acme\n~~~".to_owned(),
        hint: None,
    };
    let gate = gate_of_proposal(&Err(mistake), "main", &[], DateTime::UNIX_EPOCH);
    let fences = gate.summary.lines().filter(|line| line.starts_with("```"));
    assert_eq!(fences.count(), 2, "{}", gate.summary);
    assert!(gate.summary.trim_end().ends_with("```"), "{}", gate.summary);
    assert!(!gate.title.contains('`'), "{}", gate.title);
}

#[test]
fn a_terminal_of_eighty_columns_is_enough_and_gets_no_escapes() {
    let text = FILE.replace(
        "notes:",
        "a-job-with-a-name-that-is-longer-than-a-column-may-be:",
    );
    let config = read(&text).unwrap_or_else(|error| panic!("{error}"));
    let imagined = Imagined {
        changed: Some(changed(&["src/\u{1b}[31mred\u{7}.rs"])),
        ..members_pull_request("main", Vec::new())
    };
    let preview = preview(&config, &imagined, DateTime::UNIX_EPOCH);
    let shown = preview_for_terminal(&preview, &config, &imagined);
    assert!(
        shown.lines().all(|line| line.chars().count() <= WIDTH),
        "{shown}"
    );
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "{shown}"
    );
    let (_, jobs) = shown.split_once("skipped\n").expect("jobs");
    assert_snapshot!(jobs, @r#"
      run   build (amd64)                     core matches src/\u{1b}[31mred\u{7}.rs
      run   build (arm64)                     core matches src/\u{1b}[31mred\u{7}.rs
      wait  test                              after build
      skip  a-job-with-a-name-that-is-longer-than-a-column-may-be
                                              no changed file matches docs
      run   gitlab                            always (optional)

    Not started by this: nightly (on schedule 0 2 * * * and push to main,
      release/*).

    Only the server knows whether this repository may use the connection:
      gitlab-main.
    "#);
}
