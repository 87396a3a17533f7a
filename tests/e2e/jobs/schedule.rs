//! Schedules: a tick runs once, also one that came while the app was down.

use crate::support::Town;
use crate::support::jobs::once_a_day;
use chrono::TimeDelta;

fn nightly() -> String {
    format!(
        "\
enabled: true
pipelines:
  nightly:
    on: {{schedule: '{}'}}
    jobs:
      soak: {{workflow: go.yml, inputs: {{job: soak}}}}
",
        once_a_day()
    )
}

#[tokio::test]
async fn each_tick_starts_one_run_on_the_default_branch() {
    let town = Town::with_jobs(&nightly()).await;
    assert_eq!(
        town.started("main"),
        Vec::<String>::new(),
        "not before it is time"
    );
    for nights in 1..=2 {
        town.playground.advance(TimeDelta::days(1));
        town.stir().await;
        assert_eq!(town.started("main").len(), nights);
        let head = town.github().branch("main").expect("it is there");
        assert_eq!(town.job_on("main", "soak").sha, head);
        town.check_of(&head, "nightly").is("in_progress");
        town.job_ends_on("main", "soak", "success").await;
        town.check_of(&head, "nightly").is("success");
    }
    town.finish().await;
}

#[tokio::test]
async fn ticks_that_were_missed_while_the_app_was_down_run_once_together() {
    let mut town = Town::with_jobs(&nightly()).await;
    town.playground.stop_app().await.expect("it stops");
    town.playground.advance(TimeDelta::days(10));
    town.playground.start_app().await.expect("it starts");
    town.settle().await;
    assert_eq!(town.started("main"), ["soak"]);
    town.restart().await;
    town.settle().await;
    assert_eq!(town.started("main"), ["soak"], "and not again");
    town.job_ends_on("main", "soak", "success").await;
    town.finish().await;
}

#[tokio::test]
async fn a_tick_while_the_run_before_still_runs_waits_for_it() {
    let config = nightly().replace("go.yml,", "go.yml, timeout: 72h,");
    let town = Town::with_jobs(&config).await;
    town.playground.advance(TimeDelta::days(1));
    town.stir().await;
    town.playground.advance(TimeDelta::days(1));
    town.stir().await;
    assert_eq!(town.started("main"), ["soak"]);
    town.job_ends_on("main", "soak", "success").await;
    assert_eq!(town.started("main"), ["soak", "soak"]);
    town.job_ends_on("main", "soak", "success").await;
    town.finish().await;
}
