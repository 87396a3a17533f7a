//! The other commands, and what is none.

use crate::support::Town;

#[tokio::test]
async fn a_quoted_fenced_hidden_or_late_command_does_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let head = town.head(pr);
    let line = format!("/ok to test {head}");
    for body in [
        format!("> {line}"),
        format!("> > text\n> {line}"),
        format!("```\n{line}\n```"),
        format!("~~~text\n{line}\n~~~"),
        format!("    {line}"),
        format!("`{line}`"),
        format!("<!-- {line} -->"),
        format!("<!--\n{line}\n-->"),
        format!("Please somebody type {line}"),
    ] {
        let comment = town.comment(pr, "vera", &body).await;
        town.ignored(pr, comment);
        town.not_mirrored(pr);
    }
    town.finish().await;
}

#[tokio::test]
async fn an_edited_comment_commands_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let comment = town.comment(pr, "vera", "Looks good").await;
    let line = format!("/ok to test {}", town.head(pr));
    town.github().edit_comment(comment, "vera", &line);
    town.settle().await;
    town.ignored(pr, comment);
    town.not_mirrored(pr);
    // Nor does a stranger's edit of a vetter's words.
    town.github().edit_comment(comment, "sam", &line);
    town.settle().await;
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_bots_comment_commands_nothing() {
    let mut town = Town::new().await;
    town.github()
        .set_permission("helper[bot]", drawbridge::sandbox::Permission::Write);
    let pr = town.stranger_pr().await;
    town.told(pr);
    let line = format!("/ok to test {}", town.head(pr));
    for bot in ["helper[bot]", "dependabot[bot]"] {
        let comment = town.comment(pr, bot, &line).await;
        town.ignored(pr, comment);
        town.not_mirrored(pr);
    }
    town.finish().await;
}

#[tokio::test]
async fn help_shows_the_table_of_commands() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let comment = town.comment(pr, "sam", "/help").await;
    town.answer(pr, comment)
        .says("| `/ok to test <sha>`")
        .says("| `/sync`")
        .says("| `/status`");
    town.finish().await;
}

#[tokio::test]
async fn status_says_what_the_gate_says() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let comment = town.comment(pr, "sam", "/status").await;
    town.answer(pr, comment)
        .says("A maintainer has to read")
        .says("`sam` opened this pull request");
    town.finish().await;
}

#[tokio::test]
async fn status_after_an_approval_in_one_comment_tells_of_the_approval() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let body = format!("/ok to test {}\n/status", town.head(pr));
    let comment = town.comment(pr, "vera", &body).await;
    town.mirrored(pr);
    town.answer(pr, comment).says("was approved by `vera`");
    town.finish().await;
}

#[tokio::test]
async fn sync_looks_at_github_again() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    // The delivery of a push is lost.
    town.github().hold_deliveries(true);
    town.github().push(pr, Vec::new());
    for delivery in town.github().held() {
        town.github().drop_delivery(&delivery.guid);
    }
    town.github().hold_deliveries(false);
    town.loses_deliveries();
    let comment = town.comment(pr, "sam", "/sync").await;
    town.mirrored(pr);
    town.acknowledged(pr, comment);
    town.finish().await;
}

#[tokio::test]
async fn a_mistyped_command_is_answered_with_the_right_one() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let comment = town.comment(pr, "vera", "/statsu").await;
    town.answer(pr, comment).says("Did you mean `/status`?");
    let comment = town.comment(pr, "vera", "/lgtm").await;
    town.ignored(pr, comment);
    town.finish().await;
}

#[tokio::test]
async fn a_command_on_an_issue_that_is_no_pull_request_does_nothing() {
    let town = Town::new().await;
    town.github().clear_exchanges();
    let (issue, comment) = town.github().issue_comment_on_plain_issue("vera", "/help");
    town.settle().await;
    town.ignored(issue, comment);
    assert!(town.calls().is_empty());
    town.finish().await;
}

#[tokio::test]
async fn a_command_with_characters_that_cannot_be_seen_is_not_followed() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let body = format!("/ok to test \u{202e}{}", town.head(pr));
    let comment = town.comment(pr, "vera", &body).await;
    town.not_mirrored(pr);
    town.answer(pr, comment).says("can't be seen");
    town.finish().await;
}
