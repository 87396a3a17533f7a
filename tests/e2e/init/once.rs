//! Whatever fails and whenever the process dies: one branch, one commit, one pull request, one answer.

use super::{BRANCH, INIT};
use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{FaultKind, NewCommit};

const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{path}";
const PULLS: &str = "/repos/{owner}/{repo}/pulls";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const REACTIONS: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

/// Every request that makes something.
const CREATING: [(&str, &str); 5] = [
    ("POST", REFS),
    ("PUT", CONTENTS),
    ("POST", PULLS),
    ("POST", REACTIONS),
    ("POST", COMMENTS),
];

#[tokio::test]
async fn an_answer_that_is_lost_anywhere_leaves_one_of_each() {
    for kind in [
        FaultKind::AnswerLost,
        FaultKind::WrongJson,
        FaultKind::Status(502),
        FaultKind::DropConnection,
    ] {
        let mut town = Town::empty().await;
        for (method, route) in CREATING {
            town.fault(method, route, kind.clone());
        }
        let (issue, comment) = town.ask_on_an_issue("maya").await;
        let proposal = town.proposal();
        town.acknowledged(issue, comment);
        town.said_of_init(issue, comment)
            .says(&format!("#{}", proposal.number));
        town.finish().await;
    }
}

#[tokio::test]
async fn a_process_that_ends_between_deed_and_note_leaves_one_of_each() {
    for (method, route) in CREATING {
        let mut town = Town::empty().await;
        town.fault(method, route, FaultKind::AnswerLost);
        let issue = town.github().open_issue("maya", "Something");
        let comment = town.github().comment(issue, "maya", INIT);
        town.github()
            .wait_until("the answer is lost", |github| {
                let mut all = github.exchanges().into_iter();
                all.any(|one| one.faulty && one.method == method && one.route == route)
            })
            .await;
        // Nothing of what was done is noted, and what GitHub tells while the app is away is lost.
        town.loses_deliveries();
        town.restart().await;
        town.settle().await;
        let proposal = town.proposal();
        town.acknowledged(issue, comment);
        town.said_of_init(issue, comment)
            .says(&format!("#{}", proposal.number));
        town.finish().await;
    }
}

#[tokio::test]
async fn a_comment_that_comes_again_under_another_name_is_not_heard_again() {
    let mut town = Town::empty().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    let delivery = town.delivery("issue_comment", "created");
    town.said_of_init(issue, comment);
    let proposal = town.proposal();
    town.close(proposal.number).await;
    town.github().delete_branch(BRANCH, "maya");
    town.settle().await;
    town.github().clear_exchanges();
    town.github()
        .send_event(&delivery.event, delivery.payload.clone());
    town.settle().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    assert_eq!(town.github().pulls().len(), 1);
    town.finish().await;
}

#[tokio::test]
async fn what_somebody_else_put_on_the_branch_is_left_alone() {
    let mut town = Town::empty().await;
    let main = town.github().branch("main").expect("there is one");
    town.github().push_branch(BRANCH, &main, "vera");
    let own = NewCommit::signed_by("vera").file(CONFIG, "enabled: false\n");
    let theirs = town.github().push_to_branch(BRANCH, own, "vera");
    town.settle().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    assert_eq!(town.github().branch(BRANCH), Some(theirs));
    let pulls = town.github().pulls();
    assert_eq!(pulls.len(), 1, "{pulls:#?}");
    assert_eq!(pulls[0].branch, "drawbridge-init-2");
    town.said_of_init(issue, comment)
        .says(&format!("#{}", pulls[0].number));
    town.finish().await;
}

#[tokio::test]
async fn a_branch_that_somebody_makes_at_that_moment_is_left_alone() {
    let mut town = Town::empty().await;
    town.github().on_request(
        "POST",
        REFS,
        Box::new(|github| {
            let own = NewCommit::signed_by("vera").file(CONFIG, "enabled: false\n");
            let own = github.loose_commit(own);
            github.push_branch(BRANCH, &own, "vera");
        }),
    );
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    let pulls = town.github().pulls();
    assert_eq!(pulls.len(), 1, "{pulls:#?}");
    assert_eq!(pulls[0].branch, "drawbridge-init-2");
    assert_eq!(town.github().branch_history(BRANCH).len(), 1);
    town.said_of_init(issue, comment);
    town.finish().await;
}
