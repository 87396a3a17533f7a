//! GitHub and the network at their worst.

use crate::scene::Scene;
use drawbridge::sandbox::{FaultKind, NewCommit, NewPr};

const MEMBERS: &str = "/orgs/{org}/members/{username}";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const REF: &str = "/repos/{owner}/{repo}/git/refs/{ref}";
const CHECKS: &str = "/repos/{owner}/{repo}/check-runs";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const REACTIONS: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

#[tokio::test]
async fn a_membership_question_that_fails_five_times_makes_nobody_a_stranger() {
    let scene = Scene::enabled().await;
    scene.goes_wrong(5, "GET", MEMBERS, FaultKind::Status(500));
    let pull = scene.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
    let head = scene.head(pull);
    scene
        .wait_until("the gate says that it waits for GitHub", |github| {
            let gate = github.check(&head, crate::scene::GATE);
            gate.is_some_and(|gate| {
                gate.title
                    .unwrap_or_default()
                    .starts_with("Waiting for GitHub")
            }) || github.unmet_faults() == 0
        })
        .await;
    scene.settle().await;
    assert!(scene.is_mirrored(pull));
    assert_eq!(scene.written(pull).len(), 0, "nobody was called a stranger");
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn a_mirror_that_cannot_be_deleted_is_deleted_later() {
    let scene = Scene::enabled().await;
    let pull = scene.of_mel().await;
    let head = scene.head(pull);
    scene.goes_wrong(3, "DELETE", REF, FaultKind::Status(500));
    scene.close_pr(pull, "mel");
    scene.settle().await;
    assert_eq!(scene.mirror(pull), None);
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn what_was_done_without_an_answer_is_not_done_twice() {
    for kind in [
        FaultKind::AnswerLost,
        FaultKind::HalfAnswer,
        FaultKind::WrongJson,
    ] {
        let scene = Scene::enabled().await;
        for route in [CHECKS, COMMENTS, REFS, REACTIONS] {
            scene.goes_wrong(1, "POST", route, kind.clone());
        }
        let pull = scene.of_sam().await;
        let head = scene.head(pull);
        scene.goes_wrong(1, "POST", COMMENTS, kind.clone());
        scene
            .says(pull, "vera", "/ok to test 0123456789abcdef")
            .await;
        assert_eq!(
            scene.written(pull).len(),
            2,
            "{kind:?}: the comment and one answer"
        );
        let approval = scene.approve(pull).await;
        assert!(scene.is_mirrored(pull), "{kind:?}");
        assert_eq!(scene.thumbs_up(pull, approval), 1, "{kind:?}");
        assert_eq!(scene.written(pull).len(), 2, "{kind:?}");
        assert_eq!(scene.gate_is(pull), "in_progress", "{kind:?}");
        scene.ends(pull, &[&head]).await;
    }
}

#[tokio::test]
async fn whatever_github_answers_it_ends_well() {
    let kinds = [
        FaultKind::Status(500),
        FaultKind::Html(502),
        FaultKind::DropConnection,
        FaultKind::SecondaryLimit {
            retry_after: Some(1),
        },
        FaultKind::PrimaryLimit { reset_in_s: 1 },
    ];
    for kind in kinds {
        let scene = Scene::enabled().await;
        for (method, route) in [
            ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}"),
            ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits"),
            ("GET", MEMBERS),
            ("POST", REFS),
            ("POST", CHECKS),
        ] {
            scene.goes_wrong(1, method, route, kind.clone());
        }
        let pull = scene.of_mel().await;
        let head = scene.head(pull);
        assert!(scene.is_mirrored(pull), "{kind:?}");
        assert_eq!(scene.gate_is(pull), "in_progress", "{kind:?}");
        assert_eq!(scene.written(pull).len(), 0, "{kind:?}");
        scene.ends(pull, &[&head]).await;
    }
}

#[tokio::test]
async fn a_missing_permission_is_said_in_the_gate() {
    let scene = Scene::enabled().await;
    scene.set_app_permission("contents", Some("read"));
    let pull = scene.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
    scene.settle().await;
    let title = scene.gate(pull).title.unwrap_or_default();
    assert!(title.contains("permission contents"), "{title}");
    scene.set_app_permission("contents", Some("write"));
    scene.says(pull, "mel", "/sync").await;
    assert!(scene.is_mirrored(pull));
    let head = scene.head(pull);
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn tokens_that_are_revoked_are_replaced() {
    let scene = Scene::enabled().await;
    scene.revoke_tokens();
    let pull = scene.of_mel().await;
    assert!(scene.is_mirrored(pull));
    let head = scene.head(pull);
    scene.ends(pull, &[&head]).await;
}

#[tokio::test]
async fn a_suspended_installation_is_brought_up_to_date_when_that_ends() {
    let scene = Scene::enabled().await;
    let pull = scene.of_mel().await;
    let first = scene.head(pull);
    scene.suspend_installation(true);
    scene.settle().await;
    scene.push(pull, vec![NewCommit::signed_by("mel")]);
    scene.settle().await;
    assert_eq!(scene.mirror(pull).as_ref(), Some(&first));
    scene.suspend_installation(false);
    scene.settle().await;
    assert!(scene.is_mirrored(pull));
    let head = scene.head(pull);
    scene.ends(pull, &[&first, &head]).await;
}
