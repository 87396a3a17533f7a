//! The one comment that waits for people.

use crate::support::Town;
use drawbridge::sandbox::{FaultKind, NewCommit};

const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

#[tokio::test]
async fn ten_pushes_of_a_stranger_leave_one_comment_about_the_newest() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let first = town.bot_comments(pr)[0].id;
    for _ in 0..10 {
        town.github().push(pr, vec![NewCommit::unsigned_by("sam")]);
    }
    town.settle().await;
    let head = town.head(pr);
    town.told(pr).says(&head);
    let comments = town.bot_comments(pr);
    assert_eq!((comments.len(), comments[0].id), (1, first));
    town.finish().await;
}

#[tokio::test]
async fn a_comment_that_somebody_deleted_comes_back_only_with_something_new_to_say() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let id = town.bot_comments(pr)[0].id;
    town.github().delete_comment(id, "maya");
    town.settle().await;
    town.silent(pr);
    // The first edit finds it gone; that is somebody's wish.
    town.push(pr).await;
    town.silent(pr);
    town.gate(pr).is("action_required");
    town.push(pr).await;
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn a_comment_somebody_else_edited_is_ours_again_with_the_next_push() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let id = town.bot_comments(pr)[0].id;
    town.github().edit_comment(
        id,
        "maya",
        "<!-- drawbridge:status -->\nNothing to see here",
    );
    town.push(pr).await;
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn a_locked_conversation_keeps_nothing_else_from_being_done() {
    let mut town = Town::new().await;
    town.faults(4, "POST", COMMENTS, FaultKind::Status(403));
    let pr = town.stranger_pr().await;
    town.silent(pr);
    town.gate(pr).is("action_required");
    let comment = town.approve(pr).await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.github().clear_faults();
    town.finish().await;
}
