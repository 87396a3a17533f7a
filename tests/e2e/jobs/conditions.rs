//! When a job runs and when it does not, on every kind of event, and what the gate says of it.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{NewCheck, NewCommit, NewPr};

#[tokio::test]
async fn each_condition_that_keeps_a_job_from_running_is_named() {
    let config = "\
enabled: true
filters: {docs: ['docs/**']}
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
      release: {workflow: go.yml, inputs: {job: release}, branches: 'release/*'}
      bench: {workflow: go.yml, inputs: {job: bench}, labels: gpu}
      site: {workflow: go.yml, inputs: {job: site}, changes: docs}
      perf: {workflow: go.yml, inputs: {job: perf}, if_author: trusted}
      publish: {workflow: go.yml, inputs: {job: publish}, needs: site}
      report: {workflow: go.yml, inputs: {job: report}, needs: [build, site], needs_any: true}
";
    let mut town = Town::with_jobs(config).await;
    let commit = NewCommit::signed_by("sam").file("src/lib.rs", "x");
    let pr = town.open(NewPr::by("sam").commit(commit)).await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    assert_eq!(town.started(&mirror(pr)), ["build"]);
    town.gate(pr)
        .says("only for `release/*`")
        .says("runs with the label `gpu`")
        .says("no changed file matches `docs`")
        .says("only for pull requests of trusted users")
        .says("needs `site`, which is skipped");
    town.job_ends(pr, "build", "success").await;
    assert_eq!(town.started(&mirror(pr)), ["build", "report"]);
    town.job_ends(pr, "report", "success").await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}

#[tokio::test]
async fn needs_any_runs_after_a_failure_and_the_gate_stays_red_for_it() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
      tidy: {workflow: go.yml, inputs: {job: tidy}, needs: build, needs_any: true}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "failure").await;
    assert_eq!(town.started(&mirror(pr)), ["build", "tidy"]);
    town.job_ends(pr, "tidy", "success").await;
    town.gate(pr).is("failure").says("build: failed");
    town.finish().await;
}

#[tokio::test]
async fn after_a_push_only_jobs_for_what_changed_since_the_last_run_are_started() {
    let config = "\
enabled: true
filters: {docs: ['docs/**'], core: ['src/**']}
pipelines:
  post:
    on: {push: main}
    concurrency: cancel
    jobs:
      site: {workflow: go.yml, inputs: {job: site}, changes: docs}
      build: {workflow: go.yml, inputs: {job: build}, changes: core}
";
    let town = Town::with_jobs(config).await;
    town.all_end_on("main").await;
    let before = town.started("main").len();
    town.write("docs/guide.md", "new").await;
    assert_eq!(town.started("main").len(), before + 1);
    town.job_ends_on("main", "site", "success").await;
    let head = town.github().branch("main").expect("it is there");
    town.check_of(&head, "post")
        .is("success")
        .says("no changed file matches `core`");
    town.write("notes.txt", "new").await;
    assert_eq!(town.started("main").len(), before + 1);
    let head = town.github().branch("main").expect("it is there");
    town.check_of(&head, "post")
        .is("success")
        .says("Nothing to run");
    town.finish().await;
}

#[tokio::test]
async fn what_others_report_for_a_push_is_observed_on_that_branch_alone() {
    let config = "\
enabled: true
pipelines:
  post:
    on: {push: main}
    jobs:
      scan: {check: 'Scan / *', app: scanner}
      publish: {workflow: go.yml, inputs: {job: publish}, needs: scan}
";
    let town = Town::with_jobs(config).await;
    let head = town.github().branch("main").expect("it is there");
    let report = |branch: &str, conclusion: &str| {
        let check = NewCheck::completed(&head, "scanner", "Scan / secrets", conclusion).on(branch);
        town.github().report_check(check)
    };
    report("elsewhere", "failure");
    town.settle().await;
    town.check_of(&head, "post").is("in_progress");
    report("main", "success");
    town.settle().await;
    assert_eq!(town.started("main"), ["publish"]);
    town.job_ends_on("main", "publish", "success").await;
    town.check_of(&head, "post").is("success");
    town.finish().await;
}

#[tokio::test]
async fn what_others_report_for_a_merge_group_lets_it_merge() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: [pull_request, merge_group]
    jobs:
      scan: {check: 'Scan / *'}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    let report = |sha: &str, branch: &str| {
        let check = NewCheck::completed(sha, "scanner", "Scan / secrets", "success").on(branch);
        town.github().report_check(check);
    };
    report(&town.head(pr), &mirror(pr));
    town.settle().await;
    town.gate(pr).is("success");
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    town.gate_of(&group.head_sha).is("in_progress");
    let branch = group.head_ref.trim_start_matches("refs/heads/");
    report(&group.head_sha, branch);
    town.settle().await;
    town.gate_of(&group.head_sha).is("success");
    town.finish().await;
}

#[tokio::test]
async fn of_two_pull_requests_with_one_head_the_worse_counts() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
      release: {workflow: go.yml, inputs: {job: release}, branches: 'release/*'}
";
    let mut town = Town::with_jobs(config).await;
    let main = town.github().branch("main").expect("it is there");
    town.github().push_branch("release/1", &main, "maya");
    let one = town.mirrored_pr().await;
    let other = town
        .open(NewPr::by("mel").to("release/1").same_head_as(one))
        .await;
    town.mirrored(other);
    assert_eq!(town.head(one), town.head(other));
    town.job_ends(one, "build", "success").await;
    town.gate(one).is("in_progress");
    town.job_ends(other, "build", "success").await;
    town.job_ends(other, "release", "failure").await;
    town.gate(one).is("failure").says("release: failed");
    town.finish().await;
}
