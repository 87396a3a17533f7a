//! The gate, and the builds that it waits for.

use crate::support::{Town, mirror};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{NewCheck, NewPr};

#[tokio::test]
async fn the_gate_is_green_only_when_every_workflow_has_passed() {
    let mut town = Town::new().await;
    town.github().set_workflows(&["build", "docs", "tests"]);
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for build and 2 more");
    town.build_ends(pr, "build", "success").await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for docs and 1 more");
    town.build_ends(pr, "docs", "skipped").await;
    town.gate(pr).is("in_progress").says("Waiting for tests");
    town.build_ends(pr, "tests", "success").await;
    town.gate(pr).is("success").says("All 3 builds passed");
    town.finish().await;
}

#[tokio::test]
async fn one_failure_is_enough_for_a_red_gate_which_names_it() {
    let mut town = Town::new().await;
    town.github().set_workflows(&["build", "tests"]);
    let pr = town.mirrored_pr().await;
    town.build_ends(pr, "tests", "failure").await;
    town.gate(pr).is("failure").says("tests: failed");
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("failure").says("tests: failed");
    town.finish().await;
}

#[tokio::test]
async fn a_failed_build_that_is_run_again_can_still_turn_the_gate_green() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    for how in ["failure", "cancelled", "timed_out"] {
        town.build_ends(pr, "build", how).await;
        town.gate(pr).is("failure");
        let run = town.github().runs()[0].id;
        town.github().rerun(run);
        town.settle().await;
        town.gate(pr).is("in_progress").says("Waiting for build");
    }
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("success").says("build passed");
    town.finish().await;
}

#[tokio::test]
async fn a_gate_without_any_build_waits_and_says_for_what() {
    let mut town = Town::new().await;
    town.github().set_workflows(&[]);
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for builds to start on pull-request/1")
        .says("`on: push`");
    let run = town.github().start_build(&mirror(pr), "late");
    town.settle().await;
    town.gate(pr).says("Waiting for late");
    town.github().finish_run(run, "success");
    town.settle().await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_forks_own_run_of_the_same_commit_never_makes_the_gate_green() {
    let mut town = Town::new().await;
    town.github().set_workflows(&[]);
    let pr = town.open(NewPr::by("mel").head_branch(&mirror(1))).await;
    town.mirrored(pr);
    // One on the fork's branch, and one on a fork's branch that is called like the mirror.
    for branch in ["patch", "pull-request/1"] {
        let run = town
            .github()
            .start_foreign_run(&town.head(pr), branch, "build");
        town.settle().await;
        town.gate(pr)
            .is("in_progress")
            .says("Waiting for builds to start");
        town.github().finish_run(run, "success");
        town.settle().await;
        town.gate(pr)
            .is("in_progress")
            .says("Waiting for builds to start");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_forks_own_failing_run_does_not_make_the_gate_red() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let run = town
        .github()
        .start_foreign_run(&town.head(pr), "patch", "build");
    town.github().finish_run(run, "failure");
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn checks_of_other_apps_on_other_branches_do_not_count() {
    let mut town = Town::new().await;
    town.github().set_workflows(&[]);
    let pr = town.mirrored_pr().await;
    let head = town.head(pr);
    for check in [
        NewCheck::completed(&head, "circle", "build", "success"),
        NewCheck::completed(&head, "circle", "build", "success").on("main"),
        NewCheck::completed(&head, "circle", GATE_NAME, "success").on("patch"),
        NewCheck::completed(&head, "circle", "x", "success").on("pull-request/11"),
    ] {
        town.github().report_check(check);
        town.settle().await;
        town.gate(pr)
            .is("in_progress")
            .says("Waiting for builds to start");
    }
    town.finish().await;
}

#[tokio::test]
async fn another_apps_suite_on_the_mirror_counts() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let check = NewCheck::in_progress(&town.head(pr), "circle", "lint").on(&mirror(pr));
    let check = town.github().report_check(check);
    town.settle().await;
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("in_progress").says("circle");
    town.github().complete_check(check, "failure");
    town.settle().await;
    town.gate(pr).is("failure").says("circle");
    town.finish().await;
}

#[tokio::test]
async fn an_empty_check_suite_is_not_waited_for() {
    // GitHub opens one for each app that may write checks, with the push of the mirror.
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let mut empty = town.delivery("check_suite", "requested").payload;
    let suite = &mut empty["check_suite"];
    suite["id"] = 77.into();
    suite["app"]["id"] = 99.into();
    suite["app"]["slug"] = "other".into();
    suite["app"]["name"] = "Other".into();
    suite["head_branch"] = mirror(pr).into();
    suite["head_sha"] = town.head(pr).into();
    suite["latest_check_runs_count"] = 0.into();
    town.github().send_event("check_suite", empty);
    town.settle().await;
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("success").does_not_say("Other");
    town.finish().await;
}

#[tokio::test]
async fn builds_of_an_earlier_head_count_for_nothing() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let first = town.github().runs()[0].id;
    town.push(pr).await;
    town.mirrored(pr);
    town.github().finish_run(first, "success");
    town.settle().await;
    town.gate(pr).is("in_progress").says("Waiting for build");
    town.build_ends(pr, "build", "success").await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn rerun_of_the_gate_looks_again_at_what_a_lost_delivery_would_have_told() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.loses_deliveries();
    town.github().deliver_nowhere();
    town.github().finish_build(&mirror(pr), "build", "success");
    town.settle().await;
    town.gate(pr).is("in_progress");
    let url = town.playground.app().webhook_url();
    town.github().deliver_to(&url);
    town.github().rerequest_check(GATE_NAME, pr, "sam");
    town.settle().await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn every_head_has_its_gate_from_the_first_delivery_on() {
    let mut town = Town::new().await;
    let mut heads = Vec::new();
    let pr = town.stranger_pr().await;
    heads.push(town.head(pr));
    for _ in 0..3 {
        heads.push(town.push(pr).await);
    }
    for head in &heads {
        town.gate_of(head).is("action_required");
    }
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn two_pull_requests_with_one_head_share_a_gate_and_the_worse_one_counts() {
    let mut town = Town::new().await;
    let trusted = town.mirrored_pr().await;
    town.gate(trusted).is("in_progress");
    let stranger = town.open(NewPr::by("sam").same_head_as(trusted)).await;
    town.not_mirrored(stranger);
    town.told(stranger).says("Hello `sam`");
    town.silent(trusted);
    town.gate(trusted)
        .is("action_required")
        .says(&format!("#{stranger}: "))
        .says(&format!("## #{trusted}: "));
    // Builds of one mirror never count for the other.
    town.build_ends(trusted, "build", "success").await;
    town.gate(trusted).is("action_required");
    town.approve(stranger).await;
    town.mirrored(stranger);
    town.gate(trusted).is("in_progress");
    town.build_ends(stranger, "build", "failure").await;
    town.gate(trusted).is("failure");
    // When one closes, the other's is all there is to say.
    town.close(stranger).await;
    town.not_mirrored(stranger);
    town.mirrored(trusted);
    town.gate(trusted)
        .is("success")
        .does_not_say("open pull requests");
    town.finish().await;
}

#[tokio::test]
async fn a_push_to_one_of_two_with_the_same_head_leaves_the_other_alone() {
    let mut town = Town::new().await;
    let one = town.member_pr().await;
    let other = town.open(NewPr::by("mel").same_head_as(one)).await;
    town.mirrored(one);
    town.mirrored(other);
    let shared = town.head(one);
    town.push(one).await;
    town.mirrored(one);
    town.mirror_at(other, &shared);
    town.build_ends(other, "build", "success").await;
    town.gate(other).is("success");
    town.gate(one).is("in_progress");
    town.finish().await;
}

#[tokio::test]
async fn a_label_a_title_and_a_description_change_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.github().clear_exchanges();
    town.github().add_label(pr, "bug", "maya");
    town.github().edit_title(pr, "Another title", "sam");
    town.settle().await;
    assert!(town.calls().is_empty());
    town.finish().await;
}

#[tokio::test]
async fn another_base_is_judged_again() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let release = town.github().branch("main").expect("main is there");
    town.github().push_branch("release", &release, "maya");
    town.github().change_base(pr, "release", "mel");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.finish().await;
}
