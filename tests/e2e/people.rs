//! People and what they may do: it changes, and names resemble each other.

use crate::support::Town;
use drawbridge::sandbox::{FaultKind, NewPr, Options, OwnerKind, Permission, Visibility};

#[tokio::test]
async fn a_stranger_who_joins_the_organisation_is_trusted_at_once() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.not_mirrored(pr);
    town.told(pr);
    town.github().add_org_member("sam", Visibility::Public);
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.told(pr).says("nobody has to do anything");
    town.finish().await;
}

#[tokio::test]
async fn a_member_who_leaves_is_no_longer_trusted_for_what_comes_next() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let trusted = town.head(pr);
    town.github().remove_org_member("mel");
    town.settle().await;
    town.gate(pr)
        .is("action_required")
        .says("`mel` opened this pull request");
    town.told(pr);
    town.push(pr).await;
    town.mirror_at(pr, &trusted);
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn a_role_given_meanwhile_counts_for_the_next_approval() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let line = format!("/ok to test {}", town.head(pr));
    let refused = town.comment(pr, "nora", &line).await;
    town.answer(pr, refused).says("can't approve");
    for role in [Permission::Maintain, Permission::Admin] {
        town.github().set_permission("nora", role);
    }
    town.settle().await;
    let heard = town.comment(pr, "nora", &line).await;
    town.acknowledged(pr, heard);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_human_whose_login_resembles_the_apps_is_not_the_app() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let head = town.head(pr);
    for who in ["drawbridge", "drawbridge-bot", "Drawbridge"] {
        let comment = town.comment(pr, who, &format!("/ok to test {head}")).await;
        town.answer(pr, comment).says("can't approve a head");
        town.not_mirrored(pr);
    }
    // And if the human may write, the human's word counts like anybody's.
    town.github()
        .set_permission("drawbridge", Permission::Write);
    town.settle().await;
    let comment = town
        .comment(pr, "drawbridge", &format!("/ok to test {head}"))
        .await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_humans_comment_with_the_hidden_marker_is_left_alone() {
    let mut town = Town::empty().await;
    let pr = town.stranger_pr().await;
    let fake = "<!-- drawbridge:status -->\nEverything is fine.";
    for who in ["drawbridge", "drawbridge-bot", "sam"] {
        town.github().comment(pr, who, fake);
    }
    // An answer that is lost makes the app look for its own comment among all that are there.
    let comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
    town.fault("POST", comments, FaultKind::AnswerLost);
    town.write(crate::support::CONFIG, "enabled: true\n").await;
    town.told(pr).says("Hello `sam`");
    town.push(pr).await;
    town.told(pr).says(&town.head(pr));
    let all = town.github().comments(pr);
    assert_eq!(all.iter().filter(|c| c.body == fake).count(), 3);
    assert_eq!(all.len(), 4);
    town.finish().await;
}

#[tokio::test]
async fn another_bot_with_write_may_not_press_the_button() {
    let mut town = Town::new().await;
    town.github()
        .set_permission("helper[bot]", Permission::Admin);
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.press(pr, "helper[bot]").await;
    town.not_mirrored(pr);
    town.gate(pr).is("action_required");
    town.finish().await;
}

#[tokio::test]
async fn in_a_personal_accounts_repository_its_owner_is_the_trusted_user() {
    let options = Options {
        org: "olga".to_owned(),
        owner_kind: OwnerKind::User,
        ..Options::default()
    };
    let mut town = Town::of(options).await;
    town.github()
        .write_file("engine", crate::support::CONFIG, "enabled: true\n", "olga");
    town.settle().await;
    let own = town.open(NewPr::by("olga").from_branch("topic")).await;
    town.mirrored(own);
    let foreign = town.open(NewPr::by("mel")).await;
    town.not_mirrored(foreign);
    town.told(foreign);
    let line = format!("/ok to test {}", town.head(foreign));
    let comment = town.comment(foreign, "olga", &line).await;
    town.acknowledged(foreign, comment);
    town.mirrored(foreign);
    town.finish().await;
}
