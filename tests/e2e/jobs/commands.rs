//! What people order: `/retest`, `/test`, `/skip`, `/cancel`, `/status`, and the gate's *Re-run*.

use crate::support::{Town, mirror};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::Exchange;

const CONFIG: &str = "\
enabled: true
filters:
  core: ['src/**']
  docs: ['docs/**']
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: '${{ job }}'}}
      test: {workflow: go.yml, inputs: {job: '${{ job }}'}, needs: build, matrix: {arch: [amd64, arm64]}}
      pages: {workflow: go.yml, inputs: {job: '${{ job }}'}, changes: docs}
";

async fn town() -> (Town, u64) {
    let mut town = Town::with_jobs(CONFIG).await;
    let pr = town.change("src/a.rs").await;
    assert_eq!(town.started(&mirror(pr)), ["build"]);
    (town, pr)
}

/// One of the two tests has failed.
async fn town_in_red() -> (Town, u64) {
    let (town, pr) = town().await;
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test (amd64)", "failure").await;
    town.job_ends(pr, "test (arm64)", "success").await;
    town.gate(pr).is("failure").says("test (amd64): failed");
    (town, pr)
}

#[tokio::test]
async fn retest_runs_what_has_failed_again_and_nothing_else() {
    let (mut town, pr) = town_in_red().await;
    let failed = town.job(pr, "test (amd64)").run_id;
    for nobody in ["sam", "maja"] {
        let comment = town.comment(pr, nobody, "/retest").await;
        town.answer(pr, comment).says("can't use `/retest`");
    }
    assert_eq!(town.job(pr, "test (amd64)").attempt, 1);
    town.github().clear_exchanges();
    // mel opened the pull request, and its head is trusted.
    let comment = town.comment(pr, "mel", "/retest").await;
    town.acknowledged(pr, comment);
    let again = town.job(pr, "test (amd64)");
    assert_eq!(
        (again.run_id, again.attempt),
        (failed, 2),
        "GitHub's re-run of failed jobs"
    );
    let reruns: Vec<String> = town
        .writes()
        .into_iter()
        .filter(|w| w.contains("/actions/"))
        .collect();
    assert_eq!(
        reruns,
        [format!(
            "POST /repos/acme/engine/actions/runs/{failed}/rerun-failed-jobs"
        )]
    );
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for test (amd64)")
        .says("attempt 2");
    town.job_ends(pr, "test (amd64)", "success").await;
    town.gate(pr)
        .is("success")
        .says("3 jobs passed, 1 not needed");
    let comment = town.comment(pr, "mel", "/retest").await;
    town.answer(pr, comment)
        .says("No job of this head has failed");
    town.finish().await;
}

#[tokio::test]
async fn retest_with_a_name_runs_that_job_again_although_it_passed() {
    let (town, pr) = town().await;
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    let comment = town.comment(pr, "vera", "/retest test (arm64)").await;
    town.acknowledged(pr, comment);
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for test (arm64)");
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    assert_eq!(town.job(pr, "test (amd64)").attempt, 1);
    // By the name that the jobs of a matrix share: both.
    town.comment(pr, "vera", "/retest test").await;
    town.gate(pr).is("in_progress").says("and 1 more");
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn test_runs_a_job_that_filters_skip() {
    let (mut town, pr) = town().await;
    town.gate(pr).says("no changed file matches `docs`");
    let comment = town.comment(pr, "mel", "/test pages").await;
    town.acknowledged(pr, comment);
    assert_eq!(town.started(&mirror(pr)), ["build", "pages"]);
    town.gate(pr).says("asked for by `mel`");
    town.job_ends(pr, "pages", "failure").await;
    town.gate(pr).is("failure").says("pages: failed");
    let comment = town.comment(pr, "mel", "/test").await;
    town.answer(pr, comment)
        .says("`/test` needs the name of a job")
        .says("`pages`");
    town.finish().await;
}

#[tokio::test]
async fn a_vetters_skip_turns_the_gate_green_and_names_who_and_why() {
    let (mut town, pr) = town_in_red().await;
    for nobody in ["mel", "sam"] {
        let comment = town.comment(pr, nobody, "/skip test (amd64) flaky").await;
        town.answer(pr, comment).says("can't use `/skip`");
        town.gate(pr).is("failure");
    }
    let comment = town.comment(pr, "vera", "/skip test (amd64)").await;
    town.answer(pr, comment)
        .says("Please add it: `/skip test (amd64) <reason>`");
    let comment = town
        .comment(pr, "vera", "/skip test (amd64) the runner has no GPU")
        .await;
    town.acknowledged(pr, comment);
    town.gate(pr)
        .is("success")
        .says("test (amd64) skipped by vera")
        .says("`vera`: `the runner has no GPU`");
    // It holds for this head only.
    town.push(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test (amd64)", "failure").await;
    town.gate(pr).is("failure").does_not_say("vera");
    town.finish().await;
}

#[tokio::test]
async fn cancel_stops_what_runs_and_says_who_did() {
    let (mut town, pr) = town().await;
    let comment = town.comment(pr, "sam", "/cancel").await;
    town.answer(pr, comment).says("can't use `/cancel`");
    let comment = town.comment(pr, "mel", "/cancel").await;
    town.acknowledged(pr, comment);
    assert_eq!(
        town.job(pr, "build").conclusion.as_deref(),
        Some("cancelled")
    );
    town.gate(pr).is("failure").says("cancelled by mel");
    town.comment(pr, "mel", "/retest").await;
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn an_unknown_job_is_answered_with_the_nearest() {
    let (mut town, pr) = town().await;
    for line in ["/retest biuld", "/test biuld", "/skip biuld because"] {
        let comment = town.comment(pr, "vera", line).await;
        town.answer(pr, comment)
            .says("There is no job `biuld`. Did you mean `build`?")
            .says("`test (amd64)`");
    }
    town.finish().await;
}

#[tokio::test]
async fn status_prints_what_the_gate_says() {
    let (mut town, pr) = town_in_red().await;
    let comment = town.comment(pr, "sam", "/status").await;
    let gate = town.gate(pr).0;
    let said = town.answer(pr, comment);
    said.says(&gate.title.expect("a title"));
    said.says(gate.summary.expect("a summary").trim());
    town.finish().await;
}

#[tokio::test]
async fn the_gates_re_run_button_runs_failed_jobs_again_for_those_with_rights() {
    let (town, pr) = town_in_red().await;
    // GitHub reopens the check for whoever presses; the gate stands as before afterwards.
    town.github().clear_exchanges();
    town.github().rerequest_check(GATE_NAME, pr, "sam");
    town.settle().await;
    let calls = town.calls();
    let writes = |one: &Exchange| one.method == "PATCH" && one.path.contains("/check-runs/");
    assert!(calls.iter().any(writes), "{calls:?}");
    assert_eq!(town.job(pr, "test (amd64)").attempt, 1);
    town.gate(pr).is("failure").says("test (amd64): failed");
    for (attempt, who) in [(2, "vera"), (3, "mel")] {
        town.github().rerequest_check(GATE_NAME, pr, who);
        town.settle().await;
        assert_eq!(town.job(pr, "test (amd64)").attempt, attempt);
        town.gate(pr)
            .is("in_progress")
            .says("Waiting for test (amd64)");
        town.job_ends(pr, "test (amd64)", "failure").await;
        town.gate(pr).is("failure");
    }
    town.finish().await;
}

#[tokio::test]
async fn help_lists_the_commands_of_pipelines_and_a_mistyped_one_is_for_others() {
    let config = format!(
        "{CONFIG}  bench:\n    on: {{command: bench}}\n    jobs:\n      bench: {{workflow: go.yml, inputs: {{job: '${{{{ command.args }}}}'}}}}\n"
    );
    let mut town = Town::with_jobs(&config).await;
    let pr = town.change("src/a.rs").await;
    let comment = town.comment(pr, "sam", "/help").await;
    town.answer(pr, comment)
        .says("| `/bench` | vetter | start the pipeline `bench` |");
    let comment = town.comment(pr, "vera", "/bench  long run ").await;
    town.acknowledged(pr, comment);
    assert_eq!(town.started(&mirror(pr)), ["build", "long run"]);
    let comment = town.comment(pr, "vera", "/bunch").await;
    town.ignored(pr, comment);
    town.finish().await;
}
