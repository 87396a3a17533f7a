//! Runs whose branch moves on, post-merge above all: each commit's jobs build that commit, all of them.

use crate::support::jobs::{POST_MERGE, once_a_day};
use crate::support::{Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::{Fault, FaultKind, Sandbox};

const DISPATCHES: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";

/// With a pipeline for pushes, and nothing under way: the run for the push that brought it is over.
async fn after_merging(config: &str) -> Town {
    let town = Town::with_jobs(config).await;
    town.all_end_on("main").await;
    town
}

impl Town {
    /// Somebody pushes to main; the commit.
    async fn lands(&self, file: &str) -> String {
        let sha = self.github().write_file("engine", file, "new", "maya");
        self.settle().await;
        sha
    }
}

fn anchor(sha: &str) -> String {
    format!("drawbridge/push/main/{sha}")
}

#[tokio::test]
async fn jobs_that_start_after_the_next_push_still_build_their_own_commit() {
    let town = after_merging(POST_MERGE).await;
    let first = town.lands("a.txt").await;
    assert_eq!(town.job_on("main", "build").sha, first);
    let second = town.lands("b.txt").await;
    town.job_ends_on("main", "build", "success").await;
    assert!(town.started_for(&second).is_empty(), "the second run waits");
    assert_eq!(town.started(&anchor(&first)), ["test"]);
    assert_eq!(town.job_on(&anchor(&first), "test").sha, first);
    town.job_ends_on(&anchor(&first), "test", "success").await;
    town.check_of(&first, "ci")
        .is("success")
        .says("2 jobs passed");
    assert_eq!(
        town.github().branch(&anchor(&first)),
        None,
        "nobody needs it any more"
    );
    // The branch holds the second commit, so no other is needed for it.
    town.job_ends_on("main", "build", "success").await;
    town.job_ends_on("main", "test", "success").await;
    town.check_of(&second, "ci").is("success");
    assert_eq!(town.started(&anchor(&second)), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn a_push_at_the_very_moment_of_the_start_costs_a_start_and_nothing_else() {
    let town = after_merging(POST_MERGE).await;
    let sneaks_in = |github: &Sandbox| drop(github.write_file("engine", "b.txt", "b", "maya"));
    town.github()
        .on_request("POST", DISPATCHES, Box::new(sneaks_in));
    let first = town.lands("a.txt").await;
    let second = town.github().branch("main").expect("it is there");
    assert_ne!(first, second);
    town.stir().await;
    let strayed = town.job_on("main", "build");
    assert_eq!(strayed.sha, second);
    assert_eq!(strayed.conclusion.as_deref(), Some("cancelled"));
    let mended = town.job_on(&anchor(&first), "build");
    assert_eq!(mended.sha, first);
    town.job_ends_on(&anchor(&first), "build", "success").await;
    town.job_ends_on(&anchor(&first), "test", "success").await;
    town.check_of(&first, "ci")
        .is("success")
        .says("2 jobs passed");
    town.all_end_on("main").await;
    town.check_of(&second, "ci").is("success");
    town.finish().await;
}

#[tokio::test]
async fn the_anchor_of_a_crashed_server_is_found_again_and_deleted_in_the_end() {
    let mut town = after_merging(POST_MERGE).await;
    let first = town.lands("a.txt").await;
    town.lands("b.txt").await;
    town.fault("POST", REFS, FaultKind::AnswerLost);
    town.job_ends_on("main", "build", "success").await;
    town.restart().await;
    town.settle().await;
    assert_eq!(town.started(&anchor(&first)), ["test"]);
    town.job_ends_on(&anchor(&first), "test", "failure").await;
    town.check_of(&first, "ci").is("failure");
    assert_eq!(town.github().branch(&anchor(&first)), None);
    town.finish().await;
}

#[tokio::test]
async fn where_rules_forbid_the_branch_the_job_fails_and_says_what_to_allow() {
    let town = after_merging(POST_MERGE).await;
    let first = town.lands("a.txt").await;
    town.lands("b.txt").await;
    town.github()
        .fault(Fault::once("POST", REFS, FaultKind::Status(422)));
    town.job_ends_on("main", "build", "success").await;
    town.check_of(&first, "ci")
        .is("failure")
        .says("test: main has moved on")
        .says("let Drawbridge create branches below drawbridge/");
    town.finish().await;
}

#[tokio::test]
async fn an_anchor_starts_no_pipeline_for_branches() {
    let town = after_merging(&POST_MERGE.replace("push: main", "push: '**'")).await;
    let first = town.lands("a.txt").await;
    town.lands("b.txt").await;
    town.job_ends_on("main", "build", "success").await;
    assert_eq!(town.started(&anchor(&first)), ["test"]);
    town.finish().await;
}

#[tokio::test]
async fn a_nightly_run_builds_the_commit_of_its_tick_to_the_end() {
    let config = POST_MERGE.replace("push: main", &format!("schedule: '{}'", once_a_day()));
    let town = Town::with_jobs(&config).await;
    town.playground.advance(TimeDelta::days(1));
    town.stir().await;
    let night = town.job_on("main", "build").sha;
    town.lands("a.txt").await;
    town.job_ends_on("main", "build", "success").await;
    let anchor = format!("drawbridge/schedule/{night}");
    assert_eq!(town.job_on(&anchor, "test").sha, night);
    town.job_ends_on(&anchor, "test", "success").await;
    town.check_of(&night, "ci").is("success");
    assert_eq!(town.github().branch(&anchor), None);
    town.finish().await;
}

#[tokio::test]
async fn what_a_command_started_goes_on_with_its_own_head_after_a_push() {
    let config = POST_MERGE.replace("push: main", "command: deploy");
    let mut town = Town::with_jobs(&config).await;
    let pr = town.mirrored_pr().await;
    let old = town.head(pr);
    town.comment(pr, "vera", "/deploy").await;
    let new = town.push(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "success").await;
    let anchor = format!("drawbridge/pull-request/{pr}/{old}");
    assert_eq!(town.job_on(&anchor, "test").sha, old);
    // For the new head it is asked for anew, and that ends the earlier one.
    town.comment(pr, "vera", "/deploy").await;
    assert_eq!(
        town.job_on(&anchor, "test").conclusion.as_deref(),
        Some("cancelled")
    );
    assert_eq!(town.github().branch(&anchor), None);
    assert_eq!(town.job(pr, "build").sha, new);
    town.all_end_on(&mirror(pr)).await;
    town.check_of(&new, "ci").is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_run_that_the_next_push_waits_for_builds_its_own_head_to_the_end() {
    let config = POST_MERGE.replace("push: main}", "pull_request}\n    concurrency: queue");
    let config = config.replace("on: {pull_request}", "on: pull_request");
    let mut town = Town::with_jobs(&config).await;
    let pr = town.mirrored_pr().await;
    let old = town.head(pr);
    let new = town.push(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "success").await;
    let anchor = format!("drawbridge/pull-request/{pr}/{old}");
    assert_eq!(town.job_on(&anchor, "test").sha, old);
    town.job_ends_on(&anchor, "test", "success").await;
    assert_eq!(town.github().branch(&anchor), None);
    assert_eq!(town.job(pr, "build").sha, new);
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}
