//! Results that are none: of another branch, another app, another commit, a fork, or our own.

use crate::support::{Town, mirror};
use drawbridge::sandbox::NewCheck;

fn watching(job: &str) -> String {
    format!(
        "enabled: true\npipelines:\n  ci:\n    on: pull_request\n    jobs:\n      seen: {job}\n"
    )
}

#[tokio::test]
async fn only_a_check_of_this_commit_on_this_mirror_by_that_app_counts() {
    let mut town = Town::with_jobs(&watching("{check: 'Lint', app: linter}")).await;
    let pr = town.mirrored_pr().await;
    let (head, mirror) = (town.head(pr), mirror(pr));
    let main = town.github().branch("main").expect("it is there");
    for (what, forged) in [
        (
            "another branch",
            NewCheck::completed(&head, "linter", "Lint", "success").on("patch"),
        ),
        (
            "no branch, as of a fork",
            NewCheck::completed(&head, "linter", "Lint", "success"),
        ),
        (
            "another app",
            NewCheck::completed(&head, "forger", "Lint", "success").on(&mirror),
        ),
        (
            "another commit",
            NewCheck::completed(&main, "linter", "Lint", "success").on(&mirror),
        ),
        (
            "another name",
            NewCheck::completed(&head, "linter", "Lint it", "success").on(&mirror),
        ),
    ] {
        town.github().report_check(forged);
        town.settle().await;
        town.comment(pr, "mel", "/sync").await;
        let gate = town.gate(pr);
        assert_eq!(gate.0.status, "in_progress", "{what}: {}", gate.text());
    }
    town.github()
        .report_status(&head, "Lint", "success", "sam", None, None);
    town.settle().await;
    town.gate(pr).is("in_progress");
    let run = town.github().start_foreign_run(&head, &mirror, "Lint");
    town.github().finish_run(run, "success");
    town.settle().await;
    town.gate(pr).is("in_progress").says("Waiting for seen");
    town.github()
        .report_check(NewCheck::completed(&head, "linter", "Lint", "success").on(&mirror));
    town.settle().await;
    town.gate(pr).is("success").says("1 job passed");
    town.finish().await;
}

#[tokio::test]
async fn a_failure_of_another_branch_does_not_make_it_red() {
    let mut town = Town::with_jobs(&watching("{check: '*'}")).await;
    let pr = town.mirrored_pr().await;
    let (head, mirror) = (town.head(pr), mirror(pr));
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Build", "failure").on("patch"));
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Build", "success").on(&mirror));
    town.settle().await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn what_others_report_for_the_mirror_is_observed_by_its_pattern() {
    let mut town = Town::with_jobs(&watching("{check: 'Operator / *'}")).await;
    let pr = town.mirrored_pr().await;
    let (head, mirror) = (town.head(pr), mirror(pr));
    let lint = town
        .github()
        .report_check(NewCheck::in_progress(&head, "ci", "Operator / lint & test").on(&mirror));
    town.settle().await;
    town.gate(pr)
        .is("in_progress")
        .says("Operator / lint & test");
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Engine / build", "failure").on(&mirror));
    town.settle().await;
    town.gate(pr)
        .is("in_progress")
        .does_not_say("Engine / build");
    town.github().complete_check(lint, "success");
    town.settle().await;
    town.gate(pr).is("success");
    // One that comes later and fails makes it red.
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Operator / build", "failure").on(&mirror));
    town.settle().await;
    town.gate(pr).is("failure").says("seen: failed");
    town.finish().await;
}

#[tokio::test]
async fn a_commit_status_is_observed_too() {
    let mut town = Town::with_jobs(&watching("{check: 'ci/*'}")).await;
    let pr = town.mirrored_pr().await;
    let head = town.head(pr);
    town.github()
        .report_status(&head, "ci/jenkins", "pending", "maya", None, None);
    town.settle().await;
    town.gate(pr).is("in_progress").says("ci/jenkins");
    town.github()
        .report_status(&head, "ci/jenkins", "success", "maya", None, None);
    town.settle().await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn our_own_gates_are_never_observed_whatever_they_are_published_as() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    check: all
    jobs:
      everything: {check: '*'}
  deploy:
    on: pull_request
    check: deployed
    publish: status
    jobs:
      deploy: {workflow: missing.yml}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    let statuses = town.github().statuses(&town.head(pr));
    assert_eq!(
        statuses
            .last()
            .map(|s| (s.context.as_str(), s.state.as_str())),
        Some(("deployed", "failure"))
    );
    let (head, mirror) = (town.head(pr), mirror(pr));
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Build", "success").on(&mirror));
    town.settle().await;
    town.comment(pr, "mel", "/sync").await;
    town.check(pr, "all")
        .does_not_say("deployed")
        .does_not_say("drawbridge");
    town.finish().await;
}

#[tokio::test]
async fn what_another_pipeline_of_ours_dispatched_is_no_check_of_others() {
    let config = "\
enabled: true
pipelines:
  build:
    on: pull_request
    check: built
    jobs:
      go: {workflow: go.yml, inputs: {job: go}}
  others:
    on: pull_request
    check: reported
    jobs:
      everything: {check: '*'}
";
    let mut town = Town::with_jobs(config).await;
    let pr = town.mirrored_pr().await;
    let (head, mirror) = (town.head(pr), mirror(pr));
    town.github()
        .report_check(NewCheck::completed(&head, "ci", "Lint", "success").on(&mirror));
    town.settle().await;
    town.check(pr, "built").is("in_progress");
    town.check(pr, "reported").is("success").says("Lint");
    town.job_ends(pr, "go", "failure").await;
    town.comment(pr, "mel", "/sync").await;
    town.check(pr, "built").is("failure");
    town.check(pr, "reported").is("success").does_not_say("go");
    // What the push of the mirror starts belongs to others, though we pushed.
    let run = town.github().start_build(&mirror, "CI");
    town.settle().await;
    town.check(pr, "reported").is("in_progress").says("CI");
    town.github().finish_run(run, "failure");
    town.settle().await;
    town.check(pr, "reported").is("failure");
    town.finish().await;
}
