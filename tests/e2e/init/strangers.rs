//! Who may ask, and who is answered.

use super::INIT;
use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{FaultKind, Permission};

const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{path}";

#[tokio::test]
async fn where_nobody_has_invited_the_app_only_those_who_may_write_are_answered() {
    let mut town = Town::empty().await;
    town.github().set_permission("rita", Permission::Triage);
    for nobody in ["sam", "rita", "mel"] {
        let (issue, comment) = town.ask_on_an_issue(nobody).await;
        town.ignored(issue, comment);
        town.silent(issue);
    }
    let pr = town.stranger_pr().await;
    town.comment(pr, "sam", INIT).await;
    town.silent(pr);
    for maintain in [Permission::Write, Permission::Maintain] {
        town.github().set_permission("vera", maintain);
        let (issue, comment) = town.ask_on_an_issue("vera").await;
        town.said_of_init(issue, comment)
            .says("`vera` can't set Drawbridge up here")
            .says("permission `admin`");
        assert_eq!(town.thumbs(issue, comment), 0);
    }
    town.nothing_proposed();
    town.finish().await;
}

#[tokio::test]
async fn where_it_is_enabled_everybody_on_a_pull_request_is_answered_and_on_issues_nobody_is() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let comment = town.comment(pr, "sam", INIT).await;
    town.said_of_init(pr, comment)
        .says("has a configuration already: `.github/drawbridge.yaml`");
    let (issue, _) = town.ask_on_an_issue("sam").await;
    town.silent(issue);
    town.nothing_proposed();
    town.finish().await;
}

#[tokio::test]
async fn a_right_that_was_taken_a_moment_ago_counts_for_nothing() {
    let town = Town::empty().await;
    town.github().set_permission("vera", Permission::Admin);
    town.settle().await;
    // No delivery tells of it.
    town.github().hold_deliveries(true);
    town.github().set_permission("vera", Permission::Read);
    let (issue, _) = town.github().issue_comment_on_plain_issue("vera", INIT);
    town.github().hold_deliveries(false);
    town.settle().await;
    town.silent(issue);
    town.nothing_proposed();
    town.finish().await;
}

#[tokio::test]
async fn edits_bots_quotes_and_code_ask_for_nothing() {
    let town = Town::empty().await;
    let issue = town.github().open_issue("maya", "Something");
    for text in [
        format!("> {INIT}"),
        format!("```\n{INIT}\n```"),
        format!("    {INIT}"),
        format!("`{INIT}`"),
        format!("<!-- {INIT} -->"),
        "/drawbridge\u{200b} init".to_owned(),
        "/drawbridge init please".to_owned(),
        "/drawbridge".to_owned(),
        "/help".to_owned(),
        format!("please {INIT}"),
    ] {
        town.comment(issue, "maya", &text).await;
    }
    town.comment(issue, "renovate[bot]", INIT).await;
    let talk = town.comment(issue, "maya", "Hello").await;
    town.github().edit_comment(talk, "maya", INIT);
    town.settle().await;
    town.silent(issue);
    town.nothing_proposed();
    town.finish().await;
}

#[tokio::test]
async fn a_configuration_that_is_there_is_named_whatever_is_in_it() {
    for (file, content, words) in [
        (CONFIG, "enabled: false\n", "`.github/drawbridge.yaml`"),
        (CONFIG, "enabled: perhaps\n", "It has a mistake"),
        (
            ".github/copy-pr-bot.yaml",
            "enabled: false\n",
            "`.github/copy-pr-bot.yaml`",
        ),
    ] {
        let mut town = Town::empty().await;
        town.write(file, content).await;
        let (issue, comment) = town.ask_on_an_issue("maya").await;
        town.said_of_init(issue, comment)
            .says("has a configuration already")
            .says(words);
        town.nothing_proposed();
        town.finish().await;
    }
}

#[tokio::test]
async fn a_right_that_is_taken_while_it_is_followed_ends_it() {
    let town = Town::empty().await;
    town.github().set_permission("vera", Permission::Admin);
    town.settle().await;
    town.fault("GET", CONTENTS, FaultKind::Hang);
    let (issue, _) = town.github().issue_comment_on_plain_issue("vera", INIT);
    town.github()
        .wait_until("the repository is looked at", |g| g.hung() == 1)
        .await;
    town.github().hold_deliveries(true);
    town.github().set_permission("vera", Permission::Write);
    town.github().release_hung();
    town.github().hold_deliveries(false);
    town.settle().await;
    town.silent(issue);
    town.nothing_proposed();
    town.finish().await;
}
