//! What the workflow of one job hands to the next.

use crate::support::{CONFIG, Town, mirror};

const CONFIG_OF_TWO: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      bake: {workflow: go.yml, inputs: {job: bake}}
      taste: {workflow: taste.yml, needs: bake, inputs: {loaf: '${{ needs.bake.outputs.loaf }}'}}
";
const TITLE: &str = "drawbridge output loaf";

async fn bakery() -> Town {
    let town = Town::with_jobs(CONFIG_OF_TWO).await;
    town.workflow("taste.yml", &["loaf"]).await;
    town
}

/// How often somebody asked for annotations.
fn questions(town: &Town) -> usize {
    let all = town.github().exchanges();
    let asked = all.iter().filter(|one| {
        one.route.ends_with("/annotations") || one.route.ends_with("{check_suite_id}/check-runs")
    });
    asked.count()
}

#[tokio::test]
async fn a_notice_of_a_step_reaches_the_inputs_of_the_next_job() {
    let mut town = bakery().await;
    let pr = town.mirrored_pr().await;
    assert_eq!(town.started(&mirror(pr)), ["bake"]);
    let bake = town.job(pr, "bake").run_id;
    town.github().annotate_run(bake, "lint", "3 crumbs");
    town.github().annotate_run(bake, TITLE, "sha256:1");
    town.github()
        .annotate_run(bake, "drawbridge output unasked", "x");
    assert_eq!(questions(&town), 0);
    town.job_ends(pr, "bake", "success").await;
    assert_eq!(town.job(pr, "taste").inputs["loaf"], "sha256:1");
    assert_eq!(questions(&town), 2);
    town.job_ends(pr, "taste", "success").await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}

#[tokio::test]
async fn an_output_that_was_not_given_keeps_the_next_job_from_running_and_says_how_to_give_it() {
    let mut town = bakery().await;
    let pr = town.mirrored_pr().await;
    let bake = town.job(pr, "bake").run_id;
    town.github()
        .annotate_run(bake, "drawbridge output laof", "sha256:1");
    town.job_ends(pr, "bake", "success").await;
    assert_eq!(town.started(&mirror(pr)), ["bake"]);
    town.gate(pr)
        .is("failure")
        .says("'bake' passed and gave no output 'loaf', which this job takes")
        .says("'::notice title=drawbridge output loaf::'");
    town.finish().await;
}

#[tokio::test]
async fn a_lost_delivery_loses_no_output() {
    let mut town = bakery().await;
    let pr = town.mirrored_pr().await;
    let bake = town.job(pr, "bake").run_id;
    town.github().annotate_run(bake, TITLE, "sha256:1");
    town.github().hold_deliveries(true);
    town.github().finish_run(bake, "success");
    for delivery in town.github().held() {
        town.github().drop_delivery(&delivery.guid);
    }
    town.loses_deliveries();
    town.github().hold_deliveries(false);
    town.playground.advance(chrono::TimeDelta::minutes(11));
    town.stir().await;
    assert_eq!(town.job(pr, "taste").inputs["loaf"], "sha256:1");
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn without_a_taker_nothing_is_asked_for() {
    let config = CONFIG_OF_TWO.replace("${{ needs.bake.outputs.loaf }}", "${{ sha }}");
    let mut town = bakery().await;
    town.write(CONFIG, &config).await;
    let pr = town.mirrored_pr().await;
    let bake = town.job(pr, "bake").run_id;
    town.github().annotate_run(bake, TITLE, "sha256:1");
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success").says("2 jobs passed");
    assert_eq!(questions(&town), 0);
    town.finish().await;
}
