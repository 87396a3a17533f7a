//! `drawbridge check`, as somebody at a terminal meets it: what it prints and how it ends.

use super::plan::{Place, SMALL, ask};
use insta::assert_snapshot;

#[test]
fn a_valid_file_is_summed_up() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["check"]), @r#"
    .github/drawbridge.yaml is valid.
      backends: 20 jobs on pull_request and merge_group → backend-status-check
      post-merge: 21 jobs on push to main, release/* → post-merge
      deploy: 1 job on /deploy → deploy
      9 filters: ci, container, core, docs, has_code_changes, operator, sglang,
        trtllm, vllm
    Only the server knows whether this repository may use the connection:
      gitlab-main.

    exit code 0
    "#);
}

#[test]
fn a_file_that_is_named_is_read_instead() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["check", ".github/drawbridge.yaml"]), @r#"
    .github/drawbridge.yaml is valid.
      backends: 6 jobs on pull_request → build, all
      2 filters: core, docs
    Only the server knows whether this repository may use the connections: bakery,
      gitlab.

    exit code 0
    "#);
}

#[test]
fn a_file_that_enables_nothing_says_so() {
    let place = Place::with("auto_sync_draft: false\n");
    assert_snapshot!(ask(&place, &["check"]), @r#"
    .github/drawbridge.yaml is valid.
      no pipelines: backend-status-check waits for every build that the push of a
        mirror starts

    stderr:
    note: `enabled: true` is missing, so the server does nothing in this repository

    exit code 0
    "#);
}

#[test]
fn without_a_file_it_is_told_where_to_go() {
    let place = Place::empty();
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    drawbridge: there is no .github/drawbridge.yaml and no .github/copy-pr-bot.yaml here. Go to the root of the repository, or name the file

    exit code 2
    "#);
}

#[test]
fn a_file_that_is_not_there_is_wrong_usage() {
    let place = Place::empty();
    assert_snapshot!(ask(&place, &["check", "nowhere.yaml"]), @r#"
    stderr:
    drawbridge: can't read nowhere.yaml: there is no such file

    exit code 2
    "#);
}

#[test]
fn a_mistyped_key_is_named_with_its_place() {
    let place = Place::with(
        r#"enabled: true
auto_sync_drft: true
"#,
    );
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:2:1: unknown key `auto_sync_drft`. Did you mean `auto_sync_draft`?

    exit code 1
    "#);
}

#[test]
fn yaml_that_is_none_is_named_with_its_place() {
    let place = Place::with(
        r#"enabled: true
pipelines:
  a: [
"#,
    );
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:3:6: not valid YAML: unclosed bracket '['

    exit code 1
    "#);
}

#[test]
fn an_unknown_filter_is_named_with_its_place() {
    let place = Place::with(
        r#"pipelines:
  a:
    on: pull_request
    jobs:
      build: {workflow: a.yml, changes: [cora]}
filters: {core: [a]}
"#,
    );
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:5:42: job `build` names an unknown filter `cora`. Did you mean `core`?

    exit code 1
    "#);
}

#[test]
fn a_circle_of_needs_is_drawn() {
    let place = Place::with(
        r#"pipelines:
  a:
    on: pull_request
    jobs:
      a: {workflow: a.yml, needs: b}
      b: {workflow: a.yml, needs: a}
"#,
    );
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:5:35: jobs need each other in a circle: a → b → a. Remove one of these `needs`

    exit code 1
    "#);
}

#[test]
fn a_file_of_filters_that_is_missing_is_named_with_its_place() {
    let place = Place::with(
        r#"enabled: true
filters: .github/filters.yaml
"#,
    );
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:2:10: `filters` names the file `.github/filters.yaml`, and there is no `.github/filters.yaml`. Add the file, or write its path from the root of the repository

    exit code 1
    "#);
}

#[test]
fn a_mistake_in_the_file_of_filters_is_named_with_its_place() {
    let place = Place::with("filters: .github/filters.yaml\n")
        .and(".github/filters.yaml", "core: [/src/**]\n");
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/filters.yaml:1:8: filter `core`: pattern `/src/**` starts with `/` and would never match. Paths in a repository start without `/`: write `src/**`

    exit code 1
    "#);
}

#[test]
fn a_draft_elsewhere_may_have_its_filters_beside_it() {
    let place = Place::empty()
        .and(
            "drafts/new.yaml",
            "enabled: true\nfilters: .github/filters.yaml\n",
        )
        .and("drafts/filters.yaml", "core: [src/**]\n");
    assert_snapshot!(ask(&place, &["check", "drafts/new.yaml"]), @r#"
    drafts/new.yaml is valid.
      no pipelines: backend-status-check waits for every build that the push of a
        mirror starts
      1 filter: core

    exit code 0
    "#);
}

#[test]
fn the_file_of_nvidias_bot_is_found() {
    let place = Place::empty().and(".github/copy-pr-bot.yaml", "enabled: true\n");
    assert_snapshot!(ask(&place, &["check"]), @r#"
    .github/copy-pr-bot.yaml is valid.
      no pipelines: backend-status-check waits for every build that the push of a
        mirror starts

    exit code 0
    "#);
}

const DEFAULTS: &str = "\
enabled: true
auto_sync_draft: false
trust:
  always_vet: ['.github/workflows/**']
locked: [trust]
";

#[test]
fn the_file_of_an_organisation_is_checked_as_what_it_is() {
    let place = Place::with(DEFAULTS);
    assert_snapshot!(ask(&place, &["check"]), @r#"
    stderr:
    .github/drawbridge.yaml:5:1: `locked` has no meaning in a repository's own file. Move it to the organisation's file, in its `.github` repository

    exit code 1
    "#);
    assert_snapshot!(ask(&place, &["check", "--organisation"]), @r#"
    .github/drawbridge.yaml is valid.
      no pipelines: backend-status-check waits for every build that the push of a
        mirror starts

    exit code 0
    "#);
}

#[test]
fn a_repositorys_file_is_checked_together_with_the_organisations() {
    let own = "trust:\n  require_verified_commits: false\npipelines:\n  ci: {on: pull_request, jobs: {a: {workflow: a.yml}}}\n";
    let place = Place::with(own).and("org.yaml", DEFAULTS);
    assert_snapshot!(ask(&place, &["check", "--defaults", "org.yaml"]), @r#"
    .github/drawbridge.yaml is valid.
      ci: 1 job on pull_request → backend-status-check

    exit code 0
    "#);
    let plan = [
        "plan",
        "--defaults",
        "org.yaml",
        "--author",
        "sam",
        "--member",
        "--unsigned",
    ];
    assert_snapshot!(ask(&place, &plan), @r#"
    A pull request to main, opened by sam: needs vetting, because
      - Its commits have no verified signature.
    Nothing runs before a vetter's /ok to test. After it:

    ci → backend-status-check
      1 job: 1 at once
      run   a  always

    exit code 0
    "#);
    assert_snapshot!(ask(&place, &["check", "--defaults", "elsewhere.yaml"]), @r#"
    stderr:
    drawbridge: can't read elsewhere.yaml: there is no such file

    exit code 2
    "#);
}
