//! What the gate of a pipeline names: the job that matters, not those that only stand around it.

use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{CheckRunView, NewCommit, NewPr};

const PIPELINE: &str = "\
enabled: true
pipelines:
  backends:
    on: pull_request
    jobs:
      lint: {workflow: lint.yml}
      build: {workflow: build.yml}
      test: {workflow: test.yml, needs: build}
";

/// A town where mel has opened a pull request, and all that can run does.
async fn town() -> (Town, u64) {
    let mut town = Town::empty().await;
    town.github().set_workflows(&[]);
    let mut commit = NewCommit::signed_by("maya").file(CONFIG, PIPELINE);
    for name in ["lint", "build", "test"] {
        let text = format!("name: {name}\non: workflow_dispatch\njobs: {{it: {{}}}}\n");
        commit = commit.file(&format!(".github/workflows/{name}.yml"), &text);
    }
    town.github().push_to_branch("main", commit, "maya");
    town.settle().await;
    let pr = town.open(NewPr::by("mel")).await;
    town.mirrored(pr);
    (town, pr)
}

async fn ends(town: &Town, workflow: &str, conclusion: &str) {
    let runs = town.github().dispatched_runs();
    let run = runs.iter().rfind(|run| run.workflow == workflow);
    let run = run.unwrap_or_else(|| panic!("{workflow} was not started: {runs:#?}"));
    town.github().finish_run(run.run_id, conclusion);
    town.settle().await;
}

fn title(gate: &CheckRunView) -> &str {
    gate.title.as_deref().unwrap_or("")
}

#[tokio::test]
async fn a_job_that_failed_is_named_and_not_those_that_it_kept_from_running() {
    let (town, pr) = town().await;
    ends(&town, "build.yml", "failure").await;
    assert_eq!(title(&town.gate(pr).is("failure").0), "build: failed");
    ends(&town, "lint.yml", "success").await;
    let gate = town.gate(pr);
    assert_eq!(title(&gate.is("failure").0), "build: failed");
    gate.says("| `test` | ⏭️ did not run |");
    town.finish().await;
}

#[tokio::test]
async fn a_gate_does_not_say_that_it_waits_for_a_job_that_a_vetter_skipped() {
    let (town, pr) = town().await;
    let both = "Waiting for lint and 2 more";
    assert_eq!(title(&town.gate(pr).is("in_progress").0), both);
    let comment = town
        .comment(pr, "vera", "/skip build it takes too long")
        .await;
    town.acknowledged(pr, comment);
    ends(&town, "lint.yml", "success").await;
    assert_eq!(
        title(&town.gate(pr).is("in_progress").0),
        "Waiting for test"
    );
    ends(&town, "test.yml", "success").await;
    let skipped = "2 jobs passed; build skipped by vera";
    assert_eq!(title(&town.gate(pr).is("success").0), skipped);
    town.finish().await;
}
