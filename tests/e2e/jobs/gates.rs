//! The gates of pipelines: several, as statuses, gone, renamed; and what stands beside them.

use crate::support::jobs::BUILD_AND_TEST;
use crate::support::{CONFIG, Town, mirror};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{FaultKind, NewCheck, NewCommit, NewPr};

const DISPATCHES: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";

const SEVERAL: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    check:
      ci / build: [build]
      ci / test: [test]
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
      test: {workflow: go.yml, inputs: {job: test}}
      report: {workflow: go.yml, inputs: {job: report}}
";

#[tokio::test]
async fn a_gate_does_not_wait_for_a_job_that_takes_long_to_start() {
    let mut town = Town::with_jobs(BUILD_AND_TEST).await;
    town.fault("POST", DISPATCHES, FaultKind::Hang);
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    town.github()
        .wait_until("the gate is there before the job is", |github| {
            github.hung() == 1 && github.check(&head, GATE_NAME).is_some()
        })
        .await;
    town.gate(pr).is("in_progress");
    town.github().release_hung();
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn each_of_several_gates_waits_for_its_own_jobs_alone() {
    let mut town = Town::with_jobs(SEVERAL).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "failure").await;
    town.check(pr, "ci / build")
        .is("failure")
        .says("build: failed")
        .does_not_say("report");
    town.check(pr, "ci / test").is("in_progress");
    town.job_ends(pr, "test", "success").await;
    town.check(pr, "ci / test").is("success");
    town.job_ends(pr, "report", "failure").await;
    town.check(pr, "ci / test").is("success");
    let comment = town.comment(pr, "sam", "/status").await;
    town.answer(pr, comment)
        .says("`ci / build`: build: failed")
        .says("`ci / test`: 1 job passed");
    town.finish().await;
}

#[tokio::test]
async fn several_gates_are_there_from_the_first_moment_also_for_a_stranger() {
    let mut town = Town::with_jobs(SEVERAL).await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    for gate in ["ci / build", "ci / test"] {
        town.check(pr, gate).is("action_required").has_button(true);
    }
    assert!(town.github().dispatched_runs().is_empty());
    town.finish().await;
}

#[tokio::test]
async fn gates_are_published_as_statuses_where_that_is_asked_for() {
    let config = SEVERAL.replace("    check:", "    publish: status\n    check:");
    let mut town = Town::with_jobs(&config).await;
    let pr = town.mirrored_pr().await;
    let newest = |town: &Town, context: &str| {
        let statuses = town.github().statuses(&town.head(pr));
        let found = statuses
            .into_iter()
            .rfind(|status| status.context == context);
        let found = found.expect("it is there");
        (found.state, found.description.unwrap_or_default())
    };
    let leads_to = |town: &Town, context: &str, page: &str| {
        let statuses = town.github().statuses(&town.head(pr));
        let found = statuses
            .into_iter()
            .rfind(|status| status.context == context);
        let url = found.and_then(|status| status.target_url);
        let url = url.expect("it leads somewhere");
        assert!(url.ends_with(&format!("/acme/engine/{page}")), "{url}");
    };
    assert_eq!(newest(&town, "ci / build").0, "pending");
    let pull = format!("pull/{pr}");
    leads_to(&town, "ci / build", &pull);
    let run = town.job(pr, "build").run_id;
    town.job_ends(pr, "build", "failure").await;
    assert_eq!(
        newest(&town, "ci / build"),
        ("failure".into(), "build: failed".into())
    );
    leads_to(&town, "ci / build", &format!("actions/runs/{run}"));
    town.job_ends(pr, "test", "success").await;
    assert_eq!(
        newest(&town, "ci / test"),
        ("success".into(), "1 job passed".into())
    );
    leads_to(&town, "ci / test", &pull);
    assert!(
        town.github()
            .check_runs(&town.head(pr))
            .iter()
            .all(|c| c.app_id != town.github().app_id())
    );
    town.finish().await;
}

const ONE: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    check: ci-gate
    jobs:
      build: {workflow: go.yml, inputs: {job: build}}
";

#[tokio::test]
async fn the_gate_of_a_removed_pipeline_is_neutral_with_the_reason_and_comes_back_with_it() {
    let mut town = Town::with_jobs(ONE).await;
    let pr = town.mirrored_pr().await;
    town.check(pr, "ci-gate").is("in_progress");
    let other = ONE
        .replace("  ci:", "  other:")
        .replace("ci-gate", "other-gate");
    town.write(CONFIG, &other).await;
    town.check(pr, "ci-gate")
        .is("neutral")
        .says("Not configured any more")
        .says("`other-gate`");
    town.check(pr, "other-gate").is("in_progress");
    assert_eq!(
        town.dispatched(&mirror(pr))[0].conclusion.as_deref(),
        Some("cancelled")
    );
    town.write(CONFIG, ONE).await;
    town.check(pr, "ci-gate").is("in_progress");
    town.check(pr, "other-gate").is("neutral");
    town.job_ends(pr, "build", "success").await;
    town.check(pr, "ci-gate").is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_renamed_pipeline_keeps_its_run() {
    let mut town = Town::with_jobs(ONE).await;
    let pr = town.mirrored_pr().await;
    town.write(CONFIG, &ONE.replace("  ci:", "  continuous:"))
        .await;
    assert_eq!(town.started(&mirror(pr)), ["build"]);
    town.check(pr, "ci-gate")
        .is("in_progress")
        .says("`continuous`");
    town.job_ends(pr, "build", "success").await;
    town.check(pr, "ci-gate").is("success");
    town.finish().await;
}

#[tokio::test]
async fn the_required_checks_of_others_are_listed_with_their_states() {
    let mut town = Town::with_jobs(ONE).await;
    town.github().require_checks(
        "main",
        &[
            ("ci-gate", None),
            ("DCO", None),
            ("pre-commit", None),
            ("copyright-checks", None),
        ],
    );
    let pr = town.mirrored_pr().await;
    let head = town.head(pr);
    town.check(pr, "ci-gate")
        .says("DCO")
        .says("pre-commit")
        .says("copyright-checks");
    town.github()
        .report_check(NewCheck::completed(&head, "dco", "DCO", "success"));
    town.github()
        .report_status(&head, "pre-commit", "failure", "maya", None, None);
    town.settle().await;
    let text = town.check(pr, "ci-gate").text();
    let row = |name: &str| {
        text.lines()
            .find(|line| line.contains(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(row("DCO").contains("passed"), "{text}");
    assert!(row("pre-commit").contains("failed"), "{text}");
    assert!(row("copyright-checks").contains("not reported"), "{text}");
    town.finish().await;
}

#[tokio::test]
async fn a_changed_configuration_is_judged_on_its_pull_request_also_a_strangers() {
    let mut town = Town::with_jobs(ONE).await;
    for (by, config, conclusion, words) in [
        ("mel", ONE.replace("build", "compile"), "success", "compile"),
        (
            "mel",
            ONE.replace("workflow:", "wrokflow:"),
            "failure",
            "Did you mean `workflow`?",
        ),
        (
            "sam",
            ONE.replace("workflow:", "wrokflow:"),
            "failure",
            "drawbridge.yaml:7:",
        ),
        ("sam", ONE.replace("build", "compile"), "success", "compile"),
    ] {
        let commit = NewCommit::signed_by(by).file(CONFIG, &config);
        let pr = town.open(NewPr::by(by).commit(commit)).await;
        town.check(pr, "drawbridge / config")
            .is(conclusion)
            .says(words);
        match by {
            "mel" => {
                town.mirrored(pr);
                assert_eq!(
                    town.started(&mirror(pr)),
                    ["build"],
                    "what main says counts"
                );
            }
            _ => {
                town.not_mirrored(pr);
                town.told(pr);
            }
        }
    }
    town.finish().await;
}

#[tokio::test]
async fn a_workflow_that_is_not_there_or_lacks_an_input_is_named_by_the_gate() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      missing: {workflow: missing.yml}
      unknown: {workflow: go.yml, inputs: {colour: red}}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("failure")
        .says("there is no '.github/workflows/missing.yml' on pull-request/1")
        .says("does not declare the input 'colour'");
    assert!(town.github().dispatched_runs().is_empty());
    town.finish().await;
}
