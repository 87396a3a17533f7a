//! `drawbridge plan`, as somebody at a terminal meets it: what it prints and how it ends.

use super::process::drawbridge;
use insta::assert_snapshot;
use std::path::Path;
use tempfile::TempDir;

/// Every kind of backend and condition.
pub const SMALL: &str = r#"enabled: true
pipelines:
  backends:
    on: pull_request
    check: {build: [build], all: [build, operator, deploy]}
    jobs:
      build: {workflow: build.yml, changes: [core], matrix: {arch: [amd64, arm64]}}
      operator: {check: 'Operator / *', needs: build, changes: core}
      deploy: {dispatch: {repository: acme/deploy, event: preview}, labels: preview, needs: build}
      notes: {connection: bakery}
      gitlab: {connection: gitlab, required: false}
filters: {core: ['src/**'], docs: ['docs/**']}
require_filter_coverage: true
"#;

/// A working copy.
pub struct Place(TempDir);

impl Place {
    pub fn empty() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    /// With this configuration.
    pub fn with(configuration: &str) -> Self {
        Self::empty().and(".github/drawbridge.yaml", configuration)
    }

    /// The large example of the documentation, where its files belong.
    pub fn large() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/dynamo");
        let read = |name| std::fs::read_to_string(example.join(name)).expect("an example");
        Self::with(&read("drawbridge.yaml")).and(".github/filters.yaml", &read("filters.yaml"))
    }

    pub fn and(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
        self
    }
}

/// What the program prints there, and its exit code.
pub fn ask(place: &Place, args: &[&str]) -> String {
    let output = drawbridge(args).current_dir(place.0.path()).output();
    let output = output.expect("the binary runs");
    let mut said = String::from_utf8(output.stdout).expect("text");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80) || args.contains(&"--json"),
        "{said}"
    );
    if !output.stderr.is_empty() {
        let gap = if said.is_empty() { "" } else { "\n" };
        let complaint = String::from_utf8(output.stderr).expect("text");
        said = format!("{said}{gap}stderr:\n{complaint}");
    }
    let code = output.status.code().expect("no signal ended it");
    format!("{}\n\nexit code {code}", said.trim_end())
}

#[test]
fn the_examples_of_the_documentation_are_valid_where_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "docs/examples/drawbridge.yaml",
        "docs/examples/copy-pr-bot.yaml",
        "docs/examples/dynamo/drawbridge.yaml",
    ] {
        let output = drawbridge(&["check", file]).current_dir(root).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{file}: {output:?}");
    }
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/configuration.md")).expect("the paper");
    let block = |after: &str, begin: &str| {
        let (_, rest) = text.split_once(after).expect(after);
        let (_, rest) = rest.split_once(begin).expect(begin);
        rest.split("```").next().expect("a block").to_owned()
    };
    let place = Place::with(&block("\n## Pipelines\n", "```yaml\n"));
    let printed = ask(&place, &["plan", "--changed", "src/lib.rs"]);
    let shown = block("\n### Trying it out\n", "```text\n");
    assert_eq!(printed, format!("{}\n\nexit code 0", shown.trim_end()));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = drawbridge(&["plan", "--event", "push"]);
    let place = Place::large();
    let mut child = command
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn a_change_of_code_runs_its_jobs_each_with_its_reason() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--changed", "components/backends/vllm/a.py"]), @r#"
    A pull request to main, opened by a member: trusted, so the head is mirrored.

    backends → backend-status-check
      20 jobs: 4 at once, 2 after others, 14 skipped
      run   vllm-build (12.9, amd64)    vllm matches components/backends/vllm/a.py
      run   vllm-build (13.0, amd64)    vllm matches components/backends/vllm/a.py
      run   vllm-build (13.0, arm64)    vllm matches components/backends/vllm/a.py
      wait  vllm-test (12.9)            after vllm-build (12.9, amd64) and
                                        vllm-build (13.0, amd64)
      wait  vllm-test (13.0)            after vllm-build (12.9, amd64) and
                                        vllm-build (13.0, amd64)
      skip  sglang-build (12.9, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, arm64)  no changed file matches core, sglang, ci
      skip  sglang-test (12.9)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  sglang-test (13.0)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-build (12.9, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, arm64)  no changed file matches core, trtllm, ci
      skip  trtllm-test (12.9)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-test (13.0)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      skip  operator-test               no changed file matches operator, ci
      skip  operator-build              no changed file matches operator, ci
      skip  rust-checks                 no changed file matches core, ci
      run   gitlab                      has_code_changes matches
                                        components/backends/vllm/a.py (optional)
      skip  deploy-test                 runs with the label test:deploy

    Not started by this: post-merge (on push to main, release/*), deploy (on
      /deploy).

    Only the server knows whether this repository may use the connection:
      gitlab-main.

    exit code 0
    "#);
}

#[test]
fn a_change_of_documentation_runs_nothing_and_passes() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--changed", "docs/a.md", "README.md"]), @r#"
    A pull request to main, opened by a member: trusted, so the head is mirrored.

    backends → backend-status-check
      20 jobs, none of which is needed: passes at once
      skip  vllm-build (12.9, amd64)    no changed file matches core, vllm, ci
      skip  vllm-build (13.0, amd64)    no changed file matches core, vllm, ci
      skip  vllm-build (13.0, arm64)    no changed file matches core, vllm, ci
      skip  vllm-test (12.9)            needs vllm-build (12.9, amd64), which is
                                        skipped
      skip  vllm-test (13.0)            needs vllm-build (12.9, amd64), which is
                                        skipped
      skip  sglang-build (12.9, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, arm64)  no changed file matches core, sglang, ci
      skip  sglang-test (12.9)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  sglang-test (13.0)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-build (12.9, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, arm64)  no changed file matches core, trtllm, ci
      skip  trtllm-test (12.9)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-test (13.0)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      skip  operator-test               no changed file matches operator, ci
      skip  operator-build              no changed file matches operator, ci
      skip  rust-checks                 no changed file matches core, ci
      skip  gitlab                      no changed file matches has_code_changes
                                        (optional)
      skip  deploy-test                 runs with the label test:deploy

    Not started by this: post-merge (on push to main, release/*), deploy (on
      /deploy).

    Only the server knows whether this repository may use the connection:
      gitlab-main.

    exit code 0
    "#);
}

#[test]
fn a_strangers_pull_request_waits_and_shows_what_would_run_then() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--author", "sam", "--unsigned", "--changed", "deploy/cloud/operator/a.go"]), @r#"
    A pull request to main, opened by sam: needs vetting, because
      - sam opened this pull request and is not a trusted user.
      - Its commits have no verified signature.
    Nobody was asked whether sam is a member; --member says so.
    Nothing runs before a vetter's /ok to test. After it:

    backends → backend-status-check
      20 jobs: 3 at once, 17 skipped
      skip  vllm-build (12.9, amd64)    no changed file matches core, vllm, ci
      skip  vllm-build (13.0, amd64)    no changed file matches core, vllm, ci
      skip  vllm-build (13.0, arm64)    no changed file matches core, vllm, ci
      skip  vllm-test (12.9)            needs vllm-build (12.9, amd64), which is
                                        skipped
      skip  vllm-test (13.0)            needs vllm-build (12.9, amd64), which is
                                        skipped
      skip  sglang-build (12.9, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, amd64)  no changed file matches core, sglang, ci
      skip  sglang-build (13.0, arm64)  no changed file matches core, sglang, ci
      skip  sglang-test (12.9)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  sglang-test (13.0)          needs sglang-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-build (12.9, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, amd64)  no changed file matches core, trtllm, ci
      skip  trtllm-build (13.0, arm64)  no changed file matches core, trtllm, ci
      skip  trtllm-test (12.9)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      skip  trtllm-test (13.0)          needs trtllm-build (12.9, amd64), which is
                                        skipped
      run   operator-test               operator matches deploy/cloud/operator/a.go
      run   operator-build              operator matches deploy/cloud/operator/a.go
      skip  rust-checks                 no changed file matches core, ci
      run   gitlab                      has_code_changes matches
                                        deploy/cloud/operator/a.go (optional)
      skip  deploy-test                 runs with the label test:deploy

    Not started by this: post-merge (on push to main, release/*), deploy (on
      /deploy).

    Only the server knows whether this repository may use the connection:
      gitlab-main.

    exit code 0
    "#);
}

#[test]
fn a_draft_waits_where_drafts_do_not_build() {
    let place = Place::with("enabled: true\nauto_sync_draft: false\n");
    assert_snapshot!(ask(&place, &["plan", "--draft"]), @r#"
    A draft to main, opened by a member: trusted, but drafts don't build by
    themselves.
    Nothing runs before a vetter's /ok to test. After it:

    builds → backend-status-check
      waits for every build that the push of the mirror starts

    exit code 0
    "#);
}

#[test]
fn a_command_starts_its_pipeline_alone() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--command", "/deploy sglang"]), @r#"
    /deploy by a vetter, on a pull request to main, opened by a member: trusted, so
    the head is mirrored.

    deploy → deploy
      1 job: 1 at once
      run   deploy-test  always

    Not started by this: backends (on pull_request and merge_group), post-merge (on
      push to main, release/*).

    exit code 0
    "#);
}

#[test]
fn a_command_that_there_is_not_is_wrong_usage() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--command", "deplay"]), @r#"
    stderr:
    drawbridge: no pipeline has the command `/deplay`. There are: `/deploy`

    exit code 2
    "#);
}

#[test]
fn conditions_gates_and_uncovered_files_are_named() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--label", "preview", "--changed", "src/a.rs", "new/b.rs"]), @r#"
    A pull request to main, opened by a member: trusted, so the head is mirrored.
    Every gate fails, because require_filter_coverage is on and no filter matches
    new/b.rs.

    backends → build, all
      6 jobs: 4 at once, 2 after others
      run   build (amd64)  core matches src/a.rs
      run   build (arm64)  core matches src/a.rs
      wait  operator       after build; core matches src/a.rs
      wait  deploy         after build; label preview
      run   notes          always (in no gate)
      run   gitlab         always (optional)

    Only the server knows whether this repository may use the connections: bakery,
      gitlab.

    exit code 0
    "#);
}

#[test]
fn json_says_the_same_in_a_stable_form() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--changed", "src/a.rs", "--author", "sam", "--json"]), @r#"
    {
      "event": "pull_request",
      "not_started": [],
      "reasons": [
        "sam opened this pull request and is not a trusted user."
      ],
      "runs": [
        {
          "gates": [
            "build",
            "all"
          ],
          "jobs": [
            {
              "backend": {
                "workflow": "build.yml"
              },
              "decision": "run",
              "name": "build (amd64)",
              "needs": [],
              "reason": "core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "workflow": "build.yml"
              },
              "decision": "run",
              "name": "build (arm64)",
              "needs": [],
              "reason": "core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "app": null,
                "check": "Operator / *"
              },
              "decision": "wait",
              "name": "operator",
              "needs": [
                "build (amd64)",
                "build (arm64)"
              ],
              "reason": "after build; core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "dispatch": {
                  "event": "preview",
                  "repository": "acme/deploy"
                }
              },
              "decision": "skip",
              "name": "deploy",
              "needs": [
                "build (amd64)",
                "build (arm64)"
              ],
              "reason": "runs with the label preview",
              "required": true
            },
            {
              "backend": {
                "connection": "bakery"
              },
              "decision": "run",
              "name": "notes",
              "needs": [],
              "reason": "always (in no gate)",
              "required": true
            },
            {
              "backend": {
                "connection": "gitlab"
              },
              "decision": "run",
              "name": "gitlab",
              "needs": [],
              "reason": "always (optional)",
              "required": false
            }
          ],
          "pipeline": "backends"
        }
      ],
      "uncovered": [],
      "verdict": "needs_vetting"
    }

    exit code 0
    "#);
}

#[test]
fn without_a_word_on_what_changed_every_filter_counts() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan"]), @r#"
    A pull request to main, opened by a member: trusted, so the head is mirrored.
    It is not said what changed, so every filter counts as matched.

    backends → build, all
      6 jobs: 4 at once, 1 after others, 1 skipped
      run   build (amd64)  every filter counts
      run   build (arm64)  every filter counts
      wait  operator       after build; every filter counts
      skip  deploy         runs with the label preview
      run   notes          always (in no gate)
      run   gitlab         always (optional)

    Only the server knows whether this repository may use the connections: bakery,
      gitlab.

    exit code 0
    "#);
}

#[test]
fn a_merge_group_passes_pipelines_that_are_not_for_it() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "merge_group"]), @r#"
    A merge group for main.

    backends → build, all
      no job is for this event: passes at once

    exit code 0
    "#);
}

#[test]
fn a_push_that_starts_nothing_says_what_is_not_started() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "push", "--branch", "main"]), @r#"
    A push to main.

    Nothing would run.

    Not started by this: backends (on pull_request).

    exit code 0
    "#);
}

#[test]
fn without_pipelines_every_build_counts() {
    let place = Place::with("enabled: true\n");
    assert_snapshot!(ask(&place, &["plan"]), @r#"
    A pull request to main, opened by a member: trusted, so the head is mirrored.

    builds → backend-status-check
      waits for every build that the push of the mirror starts

    exit code 0
    "#);
}

#[test]
fn a_flag_that_says_nothing_about_the_event_is_wrong_usage() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "push", "--unsigned"]), @r#"
    stderr:
    drawbridge: `--unsigned` is about a pull request, and `--event push` has none. Leave one of them out

    exit code 2
    "#);
}

#[test]
fn two_events_at_once_are_wrong_usage() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "push", "--command", "deploy"]), @r#"
    stderr:
    drawbridge: `--command` and `--event push` are two events. Leave one of them out

    exit code 2
    "#);
}

#[test]
fn a_schedule_compares_nothing() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "schedule", "--changed", "a"]), @r#"
    stderr:
    drawbridge: a schedule compares nothing, so `--changed` says nothing about it. Leave it out

    exit code 2
    "#);
}

#[test]
fn a_mistake_is_shown_and_nothing_else() {
    let place = Place::with("enabled: tru\n");
    assert_snapshot!(ask(&place, &["plan"]), @r#"
    stderr:
    .github/drawbridge.yaml:1:10: `enabled` should be true or false, but is a text `tru`. Write true or false, without quotes

    exit code 1
    "#);
}
