//! What runs on an event, and why.

use super::{Place, SMALL, ask};
use insta::assert_snapshot;

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
