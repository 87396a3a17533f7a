//! Deliveries that come late, twice, out of order, or while the app is away.

use crate::scene::Scene;
use drawbridge::sandbox::{Delivery, NewCommit, NewPr};

fn guid(held: &[Delivery], action: &str) -> String {
    let wanted = |delivery: &&Delivery| {
        delivery.event == "pull_request" && delivery.action.as_deref() == Some(action)
    };
    held.iter().find(wanted).expect(action).guid.clone()
}

#[tokio::test]
async fn closed_right_after_a_push_leaves_no_branch_in_either_order() {
    for first in ["synchronize", "closed"] {
        let scene = Scene::enabled().await;
        let pull = scene.of_mel().await;
        let before = scene.head(pull);
        scene.hold_deliveries(true);
        let head = scene.push(pull, vec![NewCommit::signed_by("mel")]);
        scene.close_pr(pull, "mel");
        let held = scene.held();
        let second = if first == "closed" {
            "synchronize"
        } else {
            "closed"
        };
        scene.deliver(&guid(&held, first)).await;
        scene.deliver(&guid(&held, second)).await;
        scene.hold_deliveries(false);
        scene.settle().await;
        assert_eq!(scene.mirror(pull), None, "{first} first");
        scene.ends(pull, &[&before, &head]).await;
    }
}

#[tokio::test]
async fn an_older_push_arriving_late_never_rewinds_the_mirror() {
    let scene = Scene::enabled().await;
    let pull = scene.of_mel().await;
    let first = scene.head(pull);
    scene.hold_deliveries(true);
    let second = scene.push(pull, vec![NewCommit::signed_by("mel")]);
    let old = guid(&scene.held(), "synchronize");
    let third = scene.push(pull, vec![NewCommit::signed_by("mel")]);
    let held: Vec<Delivery> = scene.held().into_iter().filter(|d| d.guid != old).collect();
    scene.deliver(&guid(&held, "synchronize")).await;
    scene.playground.app().idle().await;
    assert_eq!(scene.mirror(pull).as_ref(), Some(&third));
    scene.deliver(&old).await;
    scene.hold_deliveries(false);
    scene.settle().await;
    assert_eq!(scene.mirror(pull).as_ref(), Some(&third));
    assert!(
        !scene
            .branch_history(&format!("pull-request/{pull}"))
            .contains(&Some(second))
    );
    scene.ends(pull, &[&first, &third]).await;
}

#[tokio::test]
async fn everything_delivered_twice_happens_once() {
    let scene = Scene::enabled().await;
    let pull = scene.of_sam().await;
    let comment = scene.approve(pull).await;
    let head = scene.head(pull);
    let written = scene.written(pull);
    let writes = |scene: &Scene| {
        scene
            .exchanges()
            .iter()
            .filter(|e| e.method != "GET")
            .count()
    };
    let before = writes(&scene);
    for delivery in scene.deliveries() {
        assert_eq!(scene.redeliver(&delivery.guid).await, 202);
    }
    scene.settle().await;
    assert_eq!(writes(&scene), before, "nothing was written");
    assert_eq!(scene.written(pull), written);
    assert_eq!(scene.thumbs_up(pull, comment), 1);
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn a_head_that_moves_while_it_is_judged_is_judged_again() {
    let scene = Scene::enabled().await;
    let pull = scene.of_mel().await;
    let first = scene.head(pull);
    // A stranger's commit arrives on mel's branch between the look at the pull request and the look at its commits.
    scene.on_request(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
        Box::new(move |github| {
            github.push_as(pull, vec![NewCommit::signed_by("sam")], "sam");
        }),
    );
    let second = scene.push(pull, vec![NewCommit::signed_by("mel")]);
    scene.settle().await;
    assert_ne!(scene.head(pull), second);
    assert_eq!(scene.mirror(pull), Some(first.clone()));
    assert_eq!(scene.gate_is(pull), "action_required");
    scene.ends(pull, &[&first]).await;
}

#[tokio::test]
async fn a_head_that_moves_right_before_the_write_is_followed() {
    let scene = Scene::enabled().await;
    let pull = scene.of_mel().await;
    let first = scene.head(pull);
    scene.on_request(
        "PATCH",
        "/repos/{owner}/{repo}/git/refs/{ref}",
        Box::new(move |github| {
            github.push(pull, vec![NewCommit::signed_by("mel")]);
        }),
    );
    let second = scene.push(pull, vec![NewCommit::signed_by("mel")]);
    scene.settle().await;
    let third = scene.head(pull);
    assert!(scene.is_mirrored(pull));
    scene.ends(pull, &[&first, &second, &third]).await;
}

#[tokio::test]
async fn a_restart_takes_up_what_was_left() {
    let mut scene = Scene::enabled().await;
    let pull = scene.of_sam().await;
    let head = scene.head(pull);
    // GitHub hangs while the approval is worked on, and the app is stopped.
    scene.goes_wrong(
        1,
        "POST",
        "/repos/{owner}/{repo}/git/refs",
        drawbridge::sandbox::FaultKind::Hang,
    );
    let comment = scene.comment(pull, "vera", &format!("/ok to test {head}"));
    scene
        .wait_until("GitHub hangs", |github| github.hung() == 1)
        .await;
    scene.playground.stop_app().await.expect("it stops");
    scene.release_hung();
    scene.playground.start_app().await.expect("it starts again");
    scene.settle().await;
    assert!(scene.is_mirrored(pull));
    assert_eq!(scene.thumbs_up(pull, comment), 1);
    assert_eq!(scene.written(pull).len(), 1);
    assert_eq!(scene.gate_is(pull), "in_progress");
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn two_pull_requests_with_one_head_do_not_mix() {
    let scene = Scene::enabled().await;
    let mine = scene.of_mel().await;
    let theirs = scene.open_pr(NewPr::by("sam").same_head_as(mine));
    scene.settle().await;
    assert_eq!(
        scene.mirror(theirs),
        None,
        "the same commit, but not trusted there"
    );
    assert_eq!(
        scene.gate_is(mine),
        "action_required",
        "the one check of the head waits for both"
    );
    assert!(
        scene
            .gate(mine)
            .title
            .unwrap_or_default()
            .contains(&format!("#{theirs}"))
    );
    scene.finish_build(&format!("pull-request/{mine}"), "build", "success");
    scene.settle().await;
    assert_eq!(
        scene.gate_is(mine),
        "action_required",
        "mel's build says nothing about sam's"
    );
    scene.close_pr(theirs, "sam");
    scene.settle().await;
    assert_eq!(scene.gate_is(mine), "success");
    scene.ends(theirs, &[]).await;
}
