//! Jobs that somebody runs again on GitHub's own page.

use crate::support::jobs::BUILD_AND_TEST;
use crate::support::{Town, mirror};
use chrono::TimeDelta;

async fn re_run(town: &Town, pr: u64, job: &str) {
    town.github().rerun(town.job(pr, job).run_id);
    town.settle().await;
}

#[tokio::test]
async fn a_failed_job_goes_on_and_what_needs_it_runs() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "failure").await;
    town.gate(pr).is("failure").says("build: failed");
    re_run(&town, pr, "build").await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for build")
        .says("needs `build`");
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test", "success").await;
    town.gate(pr).is("success").says("2 jobs passed");
    // One that has passed follows, too.
    re_run(&town, pr, "test").await;
    town.gate(pr).is("in_progress").says("Waiting for test");
    town.job_ends(pr, "test", "failure").await;
    town.gate(pr).is("failure").says("test: failed");
    // And `/retest` takes it from there.
    town.comment(pr, "vera", "/retest").await;
    assert_eq!(town.job(pr, "test").attempt, 3);
    town.job_ends(pr, "test", "success").await;
    town.gate(pr).is("success");
    assert_eq!(town.started(&mirror(pr)), ["build", "test"]);
    town.finish().await;
}

#[tokio::test]
async fn it_has_a_time_limit_of_its_own() {
    let mut town =
        Town::with_jobs(&BUILD_AND_TEST.replace("build}}", "build}, timeout: 1h}")).await;
    let pr = town.mirrored_pr().await;
    town.playground.advance(TimeDelta::minutes(50));
    town.job_ends(pr, "build", "failure").await;
    re_run(&town, pr, "build").await;
    town.playground.advance(TimeDelta::minutes(50));
    town.stir().await;
    town.gate(pr).is("in_progress");
    town.playground.advance(TimeDelta::minutes(20));
    town.stir().await;
    town.gate(pr)
        .is("failure")
        .says("not done within its time limit");
    town.finish().await;
}

#[tokio::test]
async fn the_run_of_a_commit_that_is_no_head_any_more_stays_forgotten() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    let pr = town.mirrored_pr().await;
    let (first, run) = (town.head(pr), town.job(pr, "build").run_id);
    town.job_ends(pr, "build", "failure").await;
    town.push(pr).await;
    town.mirrored(pr);
    town.github().rerun(run);
    town.settle().await;
    town.gate_of(&first).is("failure");
    town.gate(pr).is("in_progress").says("Waiting for build");
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.gate_of(&first).is("failure");
    town.finish().await;
}
