//! What somebody has to mend is said once, with what to do.

use super::INIT;
use crate::support::Town;
use drawbridge::sandbox::FaultKind;

const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{path}";
const PULLS: &str = "/repos/{owner}/{repo}/pulls";

#[tokio::test]
async fn a_repository_without_a_commit_is_told_to_have_one() {
    let mut town = Town::empty().await;
    town.github().empty_repo();
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.said_of_init(issue, comment)
        .says("There is no commit on `main` yet")
        .says("comment `/drawbridge init` again");
    assert_eq!(town.thumbs(issue, comment), 0);
    town.nothing_proposed();
    town.finish().await;
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_with_the_page_that_grants_it() {
    let mut town = Town::empty().await;
    town.github().set_app_permission("contents", Some("read"));
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.said_of_init(issue, comment)
        .says("lacks the permission `contents=write`")
        .says("/settings/installations/");
    town.nothing_proposed();
    town.github().set_app_permission("contents", Some("write"));
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    // It is not taken up by itself: whoever asked reads the answer and asks again.
    town.nothing_proposed();
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.proposal();
    town.said_of_init(issue, comment);
    town.finish().await;
}

#[tokio::test]
async fn where_the_app_may_not_write_on_issues_it_proposes_all_the_same() {
    let mut town = Town::empty().await;
    town.github().set_app_permission("issues", Some("read"));
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    // GitHub shows on the issue that the pull request speaks of it.
    let proposal = town.proposal();
    assert!(proposal.body.contains(&format!("#{issue}")));
    town.ignored(issue, comment);
    let pr = town.stranger_pr().await;
    let comment = town.comment(pr, "maya", INIT).await;
    town.acknowledged(pr, comment);
    town.said_of_init(pr, comment)
        .says(&format!("#{}", proposal.number));
    town.finish().await;
}

#[tokio::test]
async fn rules_that_refuse_a_step_are_named_once() {
    for (method, route, status) in [
        ("POST", REFS, 422),
        ("PUT", CONTENTS, 409),
        ("POST", PULLS, 403),
    ] {
        let mut town = Town::empty().await;
        town.faults(4, method, route, FaultKind::Status(status));
        let (issue, comment) = town.ask_on_an_issue("maya").await;
        town.said_of_init(issue, comment)
            .says("A configuration can't be proposed")
            .says(&status.to_string())
            .says("comment `/drawbridge init` again");
        assert_eq!(town.thumbs(issue, comment), 0);
        // What was begun is taken up when it is asked for again.
        let (issue, comment) = town.ask_on_an_issue("maya").await;
        town.proposal();
        town.said_of_init(issue, comment);
        town.finish().await;
    }
}
