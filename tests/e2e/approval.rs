//! `/ok to test`, and the button.

use crate::support::Town;
use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{NewCommit, NewPr, Permission};

#[tokio::test]
async fn a_vetters_approval_of_the_head_mirrors_it_and_gets_a_thumb() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let comment = town.approve(pr).await;
    town.mirrored(pr);
    town.acknowledged(pr, comment);
    town.gate(pr)
        .is("in_progress")
        .says("was approved by `vera`");
    town.told(pr).says("Hello `sam`");
    town.finish().await;
}

#[tokio::test]
async fn every_spelling_of_the_approval_is_understood() {
    let mut town = Town::new().await;
    for spelling in [
        "/ok to test {}",
        "/okay to test {}",
        "/ok-to-test {}",
        "/OK TO TEST {}",
        "Fine with me.\n\n  /ok to  test   {}  \n\nThanks!",
        "/ok to test {}\r\n",
    ] {
        let pr = town.stranger_pr().await;
        let line = spelling.replace("{}", &town.head(pr));
        let comment = town.comment(pr, "vera", &line).await;
        town.mirrored(pr);
        town.acknowledged(pr, comment);
        town.told(pr);
    }
    town.finish().await;
}

#[tokio::test]
async fn seven_digits_of_the_sha_are_enough_and_six_are_not() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let head = town.head(pr);
    town.told(pr);
    let comment = town
        .comment(pr, "vera", &format!("/ok to test {}", &head[..6]))
        .await;
    town.not_mirrored(pr);
    town.answer(pr, comment)
        .says("at least 7 digits")
        .says(&head);
    let comment = town
        .comment(
            pr,
            "vera",
            &format!("/ok to test {}", head[..7].to_uppercase()),
        )
        .await;
    town.mirrored(pr);
    town.acknowledged(pr, comment);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_that_does_not_name_the_head_is_answered_with_what_to_type() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let head = town.head(pr);
    for (line, why) in [
        (
            "/ok to test 0123456789abcdef0123456789abcdef01234567",
            "is not the head",
        ),
        ("/ok to test", "names the commit that was read"),
        ("/ok to test please", "is not a commit SHA"),
        ("/ok to test zzzzzzz", "is not a commit SHA"),
    ] {
        let comment = town.comment(pr, "vera", line).await;
        town.not_mirrored(pr);
        assert_eq!(town.thumbs(pr, comment), 0, "{line}");
        town.answer(pr, comment)
            .says(why)
            .says(&format!("/ok to test {head}"));
    }
    town.finish().await;
}

#[tokio::test]
async fn who_may_not_write_may_not_approve() {
    let mut town = Town::new().await;
    town.github().set_permission("rita", Permission::Read);
    town.github().set_permission("theo", Permission::Triage);
    let pr = town.stranger_pr().await;
    town.told(pr);
    let line = format!("/ok to test {}", town.head(pr));
    // Not even mel: a member whose membership gives no write access.
    for who in ["sam", "rita", "theo", "mel"] {
        let comment = town.comment(pr, who, &line).await;
        town.not_mirrored(pr);
        town.answer(pr, comment)
            .says(&format!("`{who}` can't approve a head"));
    }
    town.gate(pr).is("action_required");
    town.finish().await;
}

#[tokio::test]
async fn an_additional_vetter_may_approve_without_write_access() {
    let mut town = Town::with("enabled: true\nadditional_vetters: [Victor]\n").await;
    let pr = town.stranger_pr().await;
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.comment(pr, "victor", &line).await;
    town.mirrored(pr);
    town.acknowledged(pr, comment);
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_without_sha_counts_only_where_the_repository_opted_in() {
    let mut town = Town::with("enabled: true\ntrust:\n  approve_without_sha: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let comment = town.comment(pr, "vera", "/ok to test").await;
    town.mirrored(pr);
    town.acknowledged(pr, comment);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_without_sha_does_not_bind_a_head_pushed_after_it() {
    let mut town = Town::with("enabled: true\ntrust:\n  approve_without_sha: true\n").await;
    let pr = town.stranger_pr().await;
    town.github().hold_deliveries(true);
    let comment = town.github().comment(pr, "vera", "/ok to test");
    town.github().push(pr, vec![NewCommit::unsigned_by("sam")]);
    town.github().hold_deliveries(false);
    town.settle().await;
    town.not_mirrored(pr);
    town.answer(pr, comment).says(&town.head(pr));
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_is_worth_nothing_for_the_next_push() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.approve(pr).await;
    town.mirrored(pr);
    let approved = town.head(pr);
    let first = town.told(pr).0;
    let pushed = town.push(pr).await;
    town.mirror_at(pr, &approved);
    town.gate(pr).is("action_required").says(&pushed);
    let second = town.told(pr);
    second.says(&pushed).does_not_say(&approved);
    assert_ne!(first, second.0, "the one comment was edited in place");
    assert_eq!(town.bot_comments(pr).len(), 1);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_on_a_closed_pull_request_does_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.close(pr).await;
    let comment = town.approve(pr).await;
    town.ignored(pr, comment);
    town.not_mirrored(pr);
    // It does not come to life when the pull request does.
    town.reopen(pr).await;
    town.not_mirrored(pr);
    town.gate(pr).is("action_required");
    town.finish().await;
}

#[tokio::test]
async fn an_approval_given_while_open_but_heard_after_the_close_mirrors_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.github().hold_deliveries(true);
    let line = format!("/ok to test {}", town.head(pr));
    town.github().comment(pr, "vera", &line);
    town.github().close_pr(pr, "sam");
    let (comment, closed) = (
        town.held("issue_comment", "created").guid,
        town.held("pull_request", "closed").guid,
    );
    town.github().deliver(&closed).await;
    town.settle().await;
    town.github().deliver(&comment).await;
    town.settle().await;
    town.github().hold_deliveries(false);
    town.settle().await;
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_approval_from_before_the_close_holds_for_that_head_when_it_reopens() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.close(pr).await;
    town.not_mirrored(pr);
    town.reopen(pr).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_outside_collaborator_with_write_may_vet_but_is_no_trusted_user() {
    let mut town = Town::new().await;
    let pr = town.open(NewPr::by("vera")).await;
    town.not_mirrored(pr);
    town.told(pr).says("`vera` opened this pull request");
    town.approve(pr).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn the_button_approves_when_a_vetter_presses_it() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.press(pr, "vera").await;
    town.mirrored(pr);
    town.gate(pr)
        .is("in_progress")
        .says("was approved by `vera`")
        .has_button(false);
    town.finish().await;
}

#[tokio::test]
async fn the_button_does_nothing_when_somebody_without_write_presses_it() {
    let mut town = Town::new().await;
    town.github().set_permission("rita", Permission::Read);
    let pr = town.stranger_pr().await;
    town.told(pr);
    for who in ["rita", "sam"] {
        town.press(pr, who).await;
        town.not_mirrored(pr);
        town.gate(pr).is("action_required").has_button(true);
    }
    town.finish().await;
}

#[tokio::test]
async fn the_button_of_an_earlier_head_approves_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let old = town.head(pr);
    town.push(pr).await;
    town.github().click(
        &old,
        drawbridge::domain::gate::GATE_NAME,
        drawbridge::domain::event::APPROVE_BUTTON,
        "vera",
    );
    town.settle().await;
    town.not_mirrored(pr);
    town.gate(pr).is("action_required");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_vetter_who_lost_the_permission_meanwhile_approves_nothing() {
    let mut town = Town::new().await;
    let first = town.stranger_pr().await;
    town.told(first);
    town.approve(first).await;
    town.mirrored(first);
    town.github().set_permission("vera", Permission::Read);
    town.settle().await;
    let second = town.stranger_pr().await;
    town.told(second);
    let comment = town.approve(second).await;
    town.not_mirrored(second);
    town.answer(second, comment).says("`vera` can't approve");
    // What was approved while it counted stays approved.
    town.mirrored(first);
    town.finish().await;
}

#[tokio::test]
async fn the_button_counts_although_the_news_that_the_pull_request_is_open_again_comes_later() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.close(pr).await;
    town.github().hold_deliveries(true);
    town.github().reopen_pr(pr, "maya");
    town.github().click(pr, GATE_NAME, APPROVE_BUTTON, "vera");
    for (event, action) in [
        ("check_run", "requested_action"),
        ("pull_request", "reopened"),
    ] {
        let guid = town.held(event, action).guid;
        assert_eq!(town.github().deliver(&guid).await, 202);
        town.playground.app().quiet().await;
    }
    town.github().hold_deliveries(false);
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}
