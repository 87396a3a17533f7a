//! Servers that do not say which run a dispatch started (GitHub Enterprise Server answers 204).

use crate::support::{CONFIG, Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::FaultKind;

const CONFIG_OF_TWO: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      a: {workflow: named.yml, inputs: {job: a}}
      b: {workflow: named.yml, inputs: {job: b}}
";

const NAMED: &str = "\
name: named
run-name: 'go ${{ inputs.drawbridge_id }}'
on:
  workflow_dispatch:
    inputs:
      job: {type: string}
      drawbridge_id: {type: string}
jobs:
  go:
    runs-on: ubuntu-latest
";

async fn old_server(workflow: &str, config: &str) -> Town {
    let town = Town::empty().await;
    town.github().set_workflows(&[]);
    town.github().set_run_details(false);
    town.write(".github/workflows/named.yml", workflow).await;
    town.write(CONFIG, config).await;
    town
}

#[tokio::test]
async fn a_run_is_found_by_the_id_in_its_name() {
    let mut town = old_server(NAMED, CONFIG_OF_TWO).await;
    let pr = town.mirrored_pr().await;
    assert_eq!(town.started(&mirror(pr)), ["a", "b"]);
    let [a, b] = ["a", "b"].map(|job| town.job(pr, job));
    assert_ne!(a.title, b.title);
    town.job_ends(pr, "b", "failure").await;
    town.gate(pr).is("failure").says("b: failed");
    town.job_ends(pr, "a", "success").await;
    town.gate(pr).is("failure").says("b: failed");
    town.comment(pr, "vera", "/retest").await;
    assert_eq!(town.job(pr, "b").attempt, 2);
    town.job_ends(pr, "b", "success").await;
    town.gate(pr).is("success").says("2 jobs passed");
    town.finish().await;
}

/// The same without anything by which its runs could be told apart.
fn nameless() -> String {
    NAMED
        .replace("run-name: 'go ${{ inputs.drawbridge_id }}'\n", "")
        .replace("      drawbridge_id: {type: string}\n", "")
}

#[tokio::test]
async fn without_an_id_the_only_new_run_of_the_workflow_is_it() {
    let workflow = nameless();
    let config = CONFIG_OF_TWO.replace("      b: {workflow: named.yml, inputs: {job: b}}\n", "");
    let mut town = old_server(&workflow, &config).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "a", "success").await;
    town.gate(pr).is("success").says("1 job passed");
    town.finish().await;
}

#[tokio::test]
async fn a_push_cancels_jobs_on_such_a_server_too() {
    let mut town = old_server(NAMED, CONFIG_OF_TWO).await;
    let pr = town.mirrored_pr().await;
    town.push(pr).await;
    town.mirrored(pr);
    let cancelled = town
        .dispatched(&mirror(pr))
        .into_iter()
        .filter(|run| run.conclusion.as_deref() == Some("cancelled"));
    assert_eq!(cancelled.count(), 2);
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.finish().await;
}

const DISPATCHES: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";

#[tokio::test]
async fn runs_that_can_t_be_told_apart_after_lost_answers_are_not_started_again() {
    let mut town = old_server(&nameless(), CONFIG_OF_TWO).await;
    town.faults(4, "POST", DISPATCHES, FaultKind::AnswerLost);
    let pr = town.mirrored_pr().await;
    town.playground.advance(TimeDelta::minutes(1));
    town.stir().await;
    assert_eq!(town.started(&mirror(pr)), ["a", "b"]);
    town.gate(pr)
        .is("failure")
        .says("it may run already, so it is not started again: give '.github/workflows/named.yml' on pull-request/1")
        .says("'run-name' with '${{ inputs.drawbridge_id }}'");
    town.github().clear_faults();
    town.finish().await;
}

#[tokio::test]
async fn the_only_run_after_a_lost_answer_is_it_and_a_start_that_began_none_is_repeated() {
    for (fault, conclusion) in [
        (FaultKind::AnswerLost, "success"),
        (FaultKind::DropConnection, "failure"),
    ] {
        let config =
            CONFIG_OF_TWO.replace("      b: {workflow: named.yml, inputs: {job: b}}\n", "");
        let mut town = old_server(&nameless(), &config).await;
        town.fault("POST", DISPATCHES, fault);
        let pr = town.mirrored_pr().await;
        town.playground.advance(TimeDelta::minutes(1));
        town.stir().await;
        assert_eq!(town.started(&mirror(pr)), ["a"]);
        town.job_ends(pr, "a", conclusion).await;
        town.gate(pr).is(conclusion);
        town.finish().await;
    }
}
