//! What a push, a close or a newer run does to jobs that run.

use crate::support::jobs::{BUILD_AND_TEST, POST_MERGE};
use crate::support::{CONFIG, Town, mirror};

#[tokio::test]
async fn a_push_cancels_the_jobs_of_the_old_head_and_only_the_new_heads_results_count() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    let old = town.job(pr, "build");
    let before = town.head(pr);
    town.push(pr).await;
    town.mirrored(pr);
    let new = town.job(pr, "build");
    assert_ne!(new.run_id, old.run_id);
    assert_eq!(new.sha, town.head(pr));
    let cancelled = town
        .writes()
        .into_iter()
        .filter(|w| w.contains(&format!("runs/{}/cancel", old.run_id)));
    assert_eq!(cancelled.count(), 1);
    assert_eq!(
        town.dispatched(&mirror(pr))[0].conclusion.as_deref(),
        Some("cancelled")
    );
    town.gate(pr).is("in_progress").says("Waiting for build");
    // What the old run says now, in whatever way, starts no test and changes no gate.
    town.github().rerun(old.run_id);
    town.github().finish_run(old.run_id, "success");
    town.settle().await;
    assert_eq!(town.started(&mirror(pr)), ["build", "build"]);
    town.gate(pr).is("in_progress").says("Waiting for build");
    town.gate_of(&before).is("cancelled").says("Nobody waits");
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test", "success").await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}

#[tokio::test]
async fn closing_a_pull_request_cancels_its_jobs_and_reopening_runs_them_again() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    let run = town.job(pr, "build");
    town.close(pr).await;
    town.not_mirrored(pr);
    assert_eq!(
        town.job(pr, "build").conclusion.as_deref(),
        Some("cancelled")
    );
    town.reopen(pr).await;
    town.mirrored(pr);
    assert_ne!(town.job(pr, "build").run_id, run.run_id);
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test", "success").await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_merged_pull_request_keeps_its_green_gate() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.github().merge_pr(pr, "maya");
    town.settle().await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}

#[tokio::test]
async fn the_jobs_of_two_pushes_to_main_run_one_after_the_other_and_the_one_in_between_never() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: {push: main}
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
";
    let town = Town::with_jobs(config).await;
    town.job_ends_on("main", "build", "success").await;
    let push = |file: &'static str| {
        let town = &town;
        async move {
            town.write(file, "new").await;
            town.github().branch("main").expect("it is there")
        }
    };
    let first = push("a.txt").await;
    let between = push("b.txt").await;
    town.check_of(&between, "ci")
        .is("in_progress")
        .says("Waits for the run before it");
    let last = push("c.txt").await;
    town.check_of(&between, "ci").is("cancelled");
    town.check_of(&last, "ci").is("in_progress");
    assert_eq!(town.started_for(&first), ["build"]);
    assert!(town.started_for(&last).is_empty(), "it waits");
    town.job_ends_on("main", "build", "success").await;
    town.check_of(&first, "ci").is("success");
    assert!(town.started_for(&between).is_empty());
    assert_eq!(town.job_on("main", "build").sha, last);
    town.job_ends_on("main", "build", "failure").await;
    town.check_of(&last, "ci").is("failure");
    town.check_of(&first, "ci").is("success");
    town.finish().await;
}

#[tokio::test]
async fn the_push_that_brings_a_pipeline_for_pushes_is_the_first_it_runs_for() {
    let town = Town::with_jobs("enabled: true\n").await;
    assert_eq!(town.started("main"), Vec::<String>::new());
    town.write(CONFIG, POST_MERGE).await;
    assert_eq!(town.started("main"), ["build"]);
    town.write(CONFIG, "enabled: true\n").await;
    town.finish().await;
}

#[tokio::test]
async fn fail_fast_cancels_what_still_runs() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    fail_fast: true
    jobs:
      a: {workflow: go.yml, inputs: {job: a}}
      b: {workflow: go.yml, inputs: {job: b}}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "a", "failure").await;
    assert_eq!(town.job(pr, "b").conclusion.as_deref(), Some("cancelled"));
    town.gate(pr)
        .is("failure")
        .says("cancelled because a did not pass");
    town.comment(pr, "vera", "/retest").await;
    town.job_ends(pr, "a", "success").await;
    town.job_ends(pr, "b", "success").await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_job_that_fails_is_named_with_how_many_did_not_run_because_of_it() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "startup_failure").await;
    town.gate(pr).is("failure").says("build: could not start");
    town.finish().await;
}
