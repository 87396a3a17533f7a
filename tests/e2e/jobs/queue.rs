//! Merge groups: every gate that a pull request has is on them too, so that a queue never waits for ever.

use crate::support::Town;

#[tokio::test]
async fn a_group_passes_where_no_pipeline_is_for_merge_groups() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    check: {ci / build: [build], ci / test: [test]}
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
      test: {workflow: go.yml, inputs: {job: test}}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    for gate in ["ci / build", "ci / test"] {
        town.check_of(&group.head_sha, gate)
            .is("success")
            .says("no job is for merge groups");
    }
    assert_eq!(
        town.github().dispatched_runs().len(),
        2,
        "those of the pull request"
    );
    town.finish().await;
}

#[tokio::test]
async fn with_the_implied_pipeline_the_queue_is_not_held_up() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.build_ends(pr, "build", "success").await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let gate = || town.gate_of(&group.head_sha);
    gate().is("success").says("no job is for merge groups");
    town.github().merge_group_finished(pr);
    town.settle().await;
    gate().is("success");
    town.finish().await;
}

#[tokio::test]
async fn the_jobs_of_a_group_that_leaves_the_queue_are_cancelled() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: [pull_request, merge_group]
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let branch = group.head_ref.trim_start_matches("refs/heads/").to_owned();
    town.gate_of(&group.head_sha).is("in_progress");
    town.github().dequeue(pr, "maya");
    town.settle().await;
    assert_eq!(
        town.job_on(&branch, "build").conclusion.as_deref(),
        Some("cancelled")
    );
    town.gate(pr).is("in_progress");
    town.finish().await;
}
