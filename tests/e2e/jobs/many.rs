//! Many jobs at once.

use crate::support::{Town, mirror};
use chrono::TimeDelta;
use drawbridge::engine::Pace;
use drawbridge::github::Limits;
use drawbridge::sandbox::{Exchange, NewPr};
use std::time::{Duration, Instant};

/// Five hundred jobs of two matrices, the second half behind the first.
const FIVE_HUNDRED: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build:
        workflow: go.yml
        inputs: {job: '${{ job }}'}
        matrix: {a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]}
      test:
        workflow: go.yml
        needs: 'build (0, 0)'
        inputs: {job: '${{ job }}'}
        matrix: {a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]}
";

#[tokio::test]
async fn five_hundred_jobs_make_one_green_gate_and_few_writes() {
    // Five hundred starts within GitHub's limits take minutes.
    let pace = Pace {
        limits: Limits::none(),
        ..Pace::default()
    };
    let mut town = Town::of_pace(pace, FIVE_HUNDRED).await;
    town.github().set_auto_finish(Some("success"));
    town.github().clear_exchanges();
    let began = Instant::now();
    let pr = town.github().open_pr(NewPr::by("mel"));
    // Thousands of deliveries, and a debug build: that takes a while.
    let settled = tokio::time::timeout(Duration::from_secs(900), town.playground.settle());
    settled.await.expect("it comes to rest");
    town.mirrored(pr);
    town.gate(pr).is("success").says("500 jobs passed");
    assert_eq!(town.started(&mirror(pr)).len(), 500);
    let calls = town.calls();
    let gates = calls
        .iter()
        .filter(|call| call.method != "GET" && call.path.contains("/check-runs"));
    let (gates, all) = (gates.count(), calls.len());
    println!("500 jobs: {all} requests, of which {gates} write the gate");
    // The machine may be slow.
    let seconds = usize::try_from(began.elapsed().as_secs()).expect("a short time");
    let most = 10 + seconds / 900;
    assert!(gates <= most, "{gates} writes of the gate, not {most}");
    // Every five minutes each job that runs is asked for, and what was missed.
    let most = 500 + 200 + seconds / 300 * (500 + 300);
    assert!(all <= most, "{all} requests for 500 jobs, not {most}");
    town.finish().await;
}

/// Fifty jobs of one matrix.
const FIFTY: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build:
        workflow: go.yml
        inputs: {job: '${{ job }}'}
        matrix: {a: [0, 1, 2, 3, 4], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
";

#[tokio::test]
async fn fifty_jobs_cost_their_dispatches_and_at_most_ten_writings_of_the_gate() {
    const NEVER: Duration = Duration::from_secs(86_400);
    // What is asked for now and then whatever happens is not this run's.
    let pace = Pace {
        limits: Limits::none(),
        job_poll: Some(NEVER),
        recover: NEVER,
        preview: NEVER,
        ..Pace::default()
    };
    let mut town = Town::of_pace(pace, FIFTY).await;
    town.github().clear_exchanges();
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.playground.quiet().await;
    town.mirrored(pr);
    // They take 25 minutes, and two end in each.
    let started = town.dispatched(&mirror(pr));
    assert_eq!(started.len(), 50);
    for two in started.chunks(2) {
        town.playground.pass(TimeDelta::minutes(1)).await;
        for run in two {
            town.github().finish_run(run.run_id, "success");
        }
    }
    town.playground.quiet().await;
    town.gate(pr).is("success").says("50 jobs passed");
    let calls = town.calls();
    let asked = |method: &str, path: &str| {
        let of = |call: &&Exchange| call.method == method && call.path.contains(path);
        calls.iter().filter(of).count()
    };
    assert_eq!(asked("POST", "/dispatches"), 50);
    let gates = asked("POST", "/check-runs") + asked("PATCH", "/check-runs/");
    println!("50 jobs: {gates} writings of the gate");
    assert!(gates <= 10, "{gates} writings of the gate");
    // Whether mel is a member, the list of commits, which checks the branch requires, the mirror, the workflow's file.
    let others = calls.len() - 50 - gates;
    assert_eq!(others, 5, "{calls:#?}");
    town.finish().await;
}

#[tokio::test]
async fn a_job_that_github_was_not_asked_for_has_not_begun() {
    let limits = Limits {
        creations: 20,
        ..Limits::default()
    };
    let pace = Pace {
        limits,
        ..Pace::default()
    };
    let mut town = Town::of_pace(pace, FIFTY).await;
    town.github().clear_exchanges();
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.playground.quiet().await;
    let begun = town.dispatched(&mirror(pr)).len();
    assert!((1..50).contains(&begun), "{begun} at once");
    for _ in 0..60 {
        town.playground.pass(TimeDelta::seconds(10)).await;
    }
    town.mirrored(pr);
    assert_eq!(town.dispatched(&mirror(pr)).len(), 50);
    // Nothing looks for one that can't be there.
    let looked = |call: &&Exchange| {
        call.route == "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs"
    };
    assert_eq!(town.calls().iter().filter(looked).count(), 0);
    town.finish().await;
}
