//! GitHub fails: errors, limits, broken and lost answers. Everything is done in the end, and exactly once.

use crate::support::{Town, mirror};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{Delivery, FaultKind, NewPr, Sandbox, Visibility};
use std::time::{Duration, Instant};

const CHECK_RUNS: &str = "/repos/{owner}/{repo}/check-runs";
const CHECK_RUN: &str = "/repos/{owner}/{repo}/check-runs/{check_run_id}";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const COMMENT: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}";
const REACTIONS: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";
const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";
const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{path}";
const MEMBERS: &str = "/orgs/{org}/members/{username}";
const PERMISSION: &str = "/repos/{owner}/{repo}/collaborators/{username}/permission";
const PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";
const REF: &str = "/repos/{owner}/{repo}/git/refs/{ref}";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const RUNS: &str = "/repos/{owner}/{repo}/actions/runs";

/// What can become of an answer without anything being done.
const REFUSALS: [FaultKind; 6] = [
    FaultKind::Status(500),
    FaultKind::Status(503),
    FaultKind::Html(502),
    FaultKind::Html(404),
    FaultKind::DropConnection,
    FaultKind::SecondaryLimit {
        retry_after: Some(1),
    },
];

/// What can become of an answer although it was done.
const LOSSES: [FaultKind; 3] = [
    FaultKind::AnswerLost,
    FaultKind::HalfAnswer,
    FaultKind::WrongJson,
];

#[tokio::test]
async fn every_question_about_trust_may_fail_in_every_way_and_is_asked_again() {
    let mut town = Town::new().await;
    for kind in REFUSALS.into_iter().chain(LOSSES) {
        town.fault("GET", COMMITS, kind.clone());
        // A look that failed is made again from the start.
        town.fault("GET", PULL, kind);
        let pr = town.mirrored_pr().await;
        town.gate(pr).is("in_progress");
        town.silent(pr);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_membership_that_cannot_be_asked_five_times_does_not_make_a_member_a_stranger() {
    let mut town = Town::new().await;
    town.faults(5, "GET", MEMBERS, FaultKind::Status(502));
    town.faults(1, "GET", MEMBERS, FaultKind::Hang);
    let pr = town.github().open_pr(NewPr::by("mel"));
    // At the sixth time GitHub thinks it over: that is when one can look.
    town.github()
        .wait_until("the membership is asked a sixth time", |g| g.hung() == 1)
        .await;
    let head = town.head(pr);
    town.github()
        .wait_until("the gate says what it waits for", |g| {
            let title = g.check(&head, GATE_NAME).and_then(|check| check.title);
            title.is_some_and(|title| title.contains("Waiting for GitHub"))
        })
        .await;
    town.gate(pr)
        .is("queued")
        .says("GitHub answered 502 while asking who is a member")
        .has_button(false);
    town.not_mirrored(pr);
    town.silent(pr);
    town.github().release_hung();
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress").does_not_say("502");
    town.silent(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_membership_answer_that_is_none_of_githubs_says_nothing() {
    let mut town = Town::new().await;
    for kind in [
        FaultKind::Html(404),
        FaultKind::Html(200),
        FaultKind::DropConnection,
    ] {
        town.fault("GET", MEMBERS, kind);
    }
    let pr = town.mirrored_pr().await;
    town.silent(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_neither_absent_nor_wrong() {
    let mut town = Town::empty().await;
    town.faults(3, "GET", CONTENTS, FaultKind::Html(404));
    town.faults(2, "GET", CONTENTS, FaultKind::WrongJson);
    town.write(crate::support::CONFIG, "enabled: true\n").await;
    town.mirrored_pr().await;
    town.finish().await;
}

#[tokio::test]
async fn a_permission_that_cannot_be_asked_delays_the_approval_and_loses_it_not() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.faults(4, "GET", PERMISSION, FaultKind::Status(500));
    let comment = town.approve(pr).await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_while_creating_leaves_exactly_one_of_each() {
    for kind in LOSSES {
        let mut town = Town::new().await;
        town.fault("POST", CHECK_RUNS, kind.clone());
        town.fault("POST", COMMENTS, kind.clone());
        let pr = town.stranger_pr().await;
        town.told(pr);
        town.gate(pr).is("action_required");

        town.fault("POST", COMMENTS, kind.clone());
        let wrong = town.comment(pr, "sam", "/ok to test abcdef1").await;
        town.answer(pr, wrong).says("can't approve");

        town.fault("POST", REACTIONS, kind.clone());
        town.fault("POST", REFS, kind.clone());
        let right = town.approve(pr).await;
        town.acknowledged(pr, right);
        town.mirrored(pr);
        assert_eq!(town.github().branch_history(&mirror(pr)).len(), 1);

        town.fault("PATCH", COMMENT, kind.clone());
        town.fault("PATCH", CHECK_RUN, kind.clone());
        let pushed = town.push(pr).await;
        town.told(pr).says(&pushed);
        town.fault("PATCH", REF, kind.clone());
        town.approve(pr).await;
        town.mirrored(pr);

        town.fault("DELETE", REF, kind.clone());
        town.close(pr).await;
        town.not_mirrored(pr);
        town.finish().await;
    }
}

#[tokio::test]
async fn every_write_may_be_refused_for_a_while() {
    // The pause has a test of its own, as it takes its time.
    for kind in REFUSALS.into_iter().take(5) {
        let mut town = Town::new().await;
        town.faults(2, "POST", "/repos/**", kind.clone());
        let pr = town.stranger_pr().await;
        town.told(pr);
        town.gate(pr).is("action_required");
        town.faults(3, "POST", "/repos/**", kind.clone());
        let comment = town.approve(pr).await;
        town.acknowledged(pr, comment);
        town.mirrored(pr);
        town.faults(2, "PATCH", "/repos/**", kind);
        let pushed = town.push(pr).await;
        town.told(pr).says(&pushed);
        town.gate(pr).is("action_required");
        town.finish().await;
    }
}

#[tokio::test]
async fn a_mirror_that_cannot_be_deleted_three_times_is_deleted_the_fourth() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.faults(3, "DELETE", REF, FaultKind::Status(500));
    town.close(pr).await;
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_used_up_rate_limit_is_waited_for_without_asking_again_meanwhile() {
    let mut town = Town::new().await;
    // GitHub tells the end in whole seconds, so that it is more than one away.
    town.fault("GET", COMMITS, FaultKind::PrimaryLimit { reset_in_s: 2 });
    let began = Instant::now();
    town.mirrored_pr().await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    town.finish().await;
}

#[tokio::test]
async fn a_pause_that_github_asks_for_is_kept() {
    let mut town = Town::new().await;
    let pause = FaultKind::SecondaryLimit {
        retry_after: Some(1),
    };
    town.fault("POST", REFS, pause);
    town.github().clear_exchanges();
    let began = Instant::now();
    town.mirrored_pr().await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    let tries = town.calls().iter().filter(|e| e.route == REFS).count();
    assert_eq!(tries, 2, "one refused, one after the pause");
    town.finish().await;
}

#[tokio::test]
async fn builds_that_cannot_be_listed_keep_the_gate_from_being_green() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.faults(3, "GET", RUNS, FaultKind::Status(500));
    town.fault("GET", RUNS, FaultKind::Hang);
    town.github().finish_build(&mirror(pr), "build", "success");
    town.github()
        .wait_until("the runs are asked for", |g| g.hung() == 1)
        .await;
    town.gate(pr).is("in_progress");
    town.github().release_hung();
    town.settle().await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_hangs_holds_up_no_other() {
    let mut town = Town::new().await;
    let slow = town.stranger_pr().await;
    town.told(slow);
    town.fault("GET", COMMITS, FaultKind::Hang);
    town.github().push(slow, Vec::new());
    town.github()
        .wait_until("the first one hangs", |g| g.hung() == 1)
        .await;
    let quick = town.github().open_pr(NewPr::by("mel"));
    town.github()
        .wait_until("the second one is mirrored", |g| {
            g.branch(&mirror(quick)).is_some()
        })
        .await;
    assert_eq!(town.github().hung(), 1);
    town.github().release_hung();
    town.settle().await;
    town.mirrored(quick);
    town.told(slow);
    town.finish().await;
}

#[tokio::test]
async fn a_gate_that_ended_without_our_knowing_keeps_how_it_ended() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let head = town.head(pr);
    // The answer is lost, and nothing more is learnt until nobody waits for the gate any more.
    town.fault("PATCH", CHECK_RUN, FaultKind::AnswerLost);
    town.faults(100_000, "PATCH", CHECK_RUN, FaultKind::DropConnection);
    town.github().finish_build(&mirror(pr), "build", "success");
    let says = |g: &drawbridge::sandbox::Sandbox| {
        let check = g.check(&head, GATE_NAME).expect("a gate");
        check.conclusion.map(|conclusion| conclusion.to_string())
    };
    town.github()
        .wait_until("the gate passes", |g| says(g).as_deref() == Some("success"))
        .await;
    town.github().close_pr(pr, "maya");
    town.github()
        .wait_until("the mirror goes", |g| g.branch(&mirror(pr)).is_none())
        .await;
    town.github().clear_faults();
    town.settle().await;
    assert_eq!(says(town.github()).as_deref(), Some("success"));
    town.finish().await;
}

#[tokio::test]
async fn a_gate_that_may_say_something_else_is_written_though_it_should_say_what_it_said() {
    let mut town = Town::new().await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.settle().await;
    town.mirrored(pr);
    town.github().finish_build(&mirror(pr), "build", "success");
    town.settle().await;
    town.gate(pr).is("success");
    // Its author leaves, and the answer to a gate that says so is lost; then he is back.
    town.fault("PATCH", CHECK_RUN, FaultKind::AnswerLost);
    town.faults(100_000, "PATCH", CHECK_RUN, FaultKind::DropConnection);
    town.github().remove_org_member("mel");
    let head = town.head(pr);
    town.github()
        .wait_until("the gate waits", |g| {
            let check = g.check(&head, GATE_NAME).expect("a gate");
            check.conclusion.as_deref() == Some("action_required")
        })
        .await;
    town.github().add_org_member("mel", Visibility::Private);
    town.github().clear_faults();
    town.settle().await;
    town.gate(pr).is("success");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_late_delivery_of_our_own_push_takes_no_gate_back() {
    let mut town = Town::new().await;
    town.github().hold_deliveries(true);
    let pr = town.github().open_pr(NewPr::by("mel"));
    let opened = town.held("pull_request", "opened").guid;
    assert_eq!(town.github().deliver(&opened).await, 202);
    town.settle().await;
    town.mirrored(pr);
    let pushed = |held: &Delivery| held.event == "push";
    let late = town.github().held().into_iter().find(pushed);
    let late = late.expect("the mirror was pushed").guid;
    town.github().push(pr, Vec::new());
    let all_but_one = async |town: &Town| {
        for held in town.github().held() {
            if held.guid != late {
                assert_eq!(town.github().deliver(&held.guid).await, 202);
            }
        }
        town.settle().await;
    };
    all_but_one(&town).await;
    town.github().finish_build(&mirror(pr), "build", "success");
    all_but_one(&town).await;
    town.gate(pr).is("success");
    town.github().clear_exchanges();
    // The mirror may be where it was before: as long as GitHub fails, that can't be found out.
    town.faults(1_000, "GET", COMMITS, FaultKind::Status(502));
    assert_eq!(town.github().deliver(&late).await, 202);
    let writes = |g: &Sandbox| {
        let all = g.exchanges().into_iter();
        all.filter(|one| one.method != "GET" && !one.route.starts_with("/app"))
            .collect::<Vec<_>>()
    };
    town.github()
        .wait_until("the gate tells of the mirror", |g| !writes(g).is_empty())
        .await;
    town.gate(pr).is("success").says("is not known yet");
    town.github().clear_faults();
    town.settle().await;
    town.gate(pr).is("success").says("is at this head");
    town.mirrored(pr);
    for write in writes(town.github()) {
        let said = write.request_body.expect("a body");
        assert_eq!(write.route, CHECK_RUN);
        assert_eq!(said["conclusion"], "success", "{said}");
    }
    town.github().hold_deliveries(false);
    town.finish().await;
}
