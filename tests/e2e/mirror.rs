//! Whose commits reach `pull-request/N`, and whose don't.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{NewCommit, NewPr};

#[tokio::test]
async fn a_members_signed_pull_request_is_mirrored_at_the_same_sha() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.gate(pr).is("in_progress").has_button(false);
    town.silent(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_private_member_is_named_trusted_nowhere_else_than_by_the_mirror() {
    // mel's membership is private: the words must not tell the world of it.
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.gate(pr).does_not_say("mel").does_not_say("member");
    town.finish().await;
}

#[tokio::test]
async fn a_strangers_pull_request_waits_for_a_vetter_and_says_so() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.not_mirrored(pr);
    let head = town.head(pr);
    town.gate(pr)
        .is("action_required")
        .says("`sam` opened this pull request and is not a trusted user")
        .says(&format!("/ok to test {head}"))
        .has_button(true);
    town.told(pr)
        .says("Hello `sam`")
        .says(&format!("/ok to test {head}"));
    town.finish().await;
}

#[tokio::test]
async fn a_members_unsigned_commit_needs_vetting_and_is_named() {
    let mut town = Town::new().await;
    let commits = [NewCommit::signed_by("mel"), NewCommit::unsigned_by("mel")];
    let pr = town.open(NewPr::by("mel").commits(commits)).await;
    town.not_mirrored(pr);
    let head = town.head(pr);
    let line = format!(
        "Commit `{}` has no verified signature (`unsigned`)",
        &head[..9]
    );
    town.gate(pr).is("action_required").says(&line);
    town.told(pr).says(&line);
    town.finish().await;
}

#[tokio::test]
async fn signatures_are_not_asked_for_where_the_repository_says_so() {
    let mut town = Town::with("enabled: true\ntrust:\n  require_verified_commits: false\n").await;
    let pr = town
        .open(NewPr::by("mel").commit(NewCommit::unsigned_by("mel")))
        .await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_strangers_commit_in_a_members_pull_request_needs_vetting() {
    let mut town = Town::new().await;
    let commits = [NewCommit::signed_by("sam"), NewCommit::signed_by("mel")];
    let pr = town.open(NewPr::by("mel").commits(commits)).await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says("`sam`, is not a trusted user");
    town.told(pr).says("`sam`, is not a trusted user");
    town.finish().await;
}

#[tokio::test]
async fn a_commit_of_an_unknown_email_needs_vetting() {
    let mut town = Town::new().await;
    let pr = town
        .open(NewPr::by("mel").commit(NewCommit::signed_by("mel").nobody()))
        .await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says("belongs to no GitHub account");
    town.told(pr).says("belongs to no GitHub account");
    town.finish().await;
}

#[tokio::test]
async fn a_commit_made_on_github_itself_is_fine_when_github_signed_it() {
    let mut town = Town::new().await;
    let pr = town
        .open(NewPr::by("mel").commit(NewCommit::web("mel")))
        .await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn web_flow_needs_its_signature_even_where_others_do_not() {
    let mut town = Town::with("enabled: true\ntrust:\n  require_verified_commits: false\n").await;
    let forged = NewCommit::web("mel").unverified("unsigned");
    let pr = town.open(NewPr::by("mel").commit(forged)).await;
    town.not_mirrored(pr);
    town.gate(pr).is("action_required");
    town.told(pr).says("no verified signature");
    town.finish().await;
}

#[tokio::test]
async fn dependabot_needs_vetting_like_everybody_who_is_not_listed() {
    let mut town = Town::new().await;
    let pr = town
        .open(NewPr::by("dependabot[bot]").from_branch("dependabot/cargo/serde-2"))
        .await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says("`dependabot[bot]`");
    town.told(pr).says("`dependabot[bot]`");
    town.approve(pr).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_listed_dependabot_is_trusted_as_far_as_its_commits_are() {
    let mut town = Town::with("enabled: true\nadditional_trustees: ['dependabot[bot]']\n").await;
    let own = town
        .open(NewPr::by("dependabot[bot]").commit(NewCommit::web("dependabot[bot]")))
        .await;
    town.mirrored(own);
    let foreign = town
        .open(NewPr::by("dependabot[bot]").commit(NewCommit::signed_by("sam")))
        .await;
    town.not_mirrored(foreign);
    town.told(foreign).says("`sam`, is not a trusted user");
    town.finish().await;
}

#[tokio::test]
async fn the_mirror_follows_every_push_of_a_member() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.push(pr).await;
    town.mirrored(pr);
    town.github()
        .force_push(pr, vec![NewCommit::signed_by("mel").file("a", "b")]);
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_member_who_pushes_a_strangers_commit_leaves_the_mirror_where_it_was() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let trusted = town.head(pr);
    town.push_commit(pr, NewCommit::signed_by("sam")).await;
    town.mirror_at(pr, &trusted);
    town.gate(pr).is("action_required").says("an earlier head");
    town.told(pr).says("`sam`, is not a trusted user");
    // And once the stranger's commit is gone, nobody has to do anything.
    town.github()
        .force_push(pr, vec![NewCommit::signed_by("mel")]);
    town.settle().await;
    town.mirrored(pr);
    town.told(pr).says("nobody has to do anything");
    town.finish().await;
}

#[tokio::test]
async fn merging_closes_the_pull_request_and_removes_the_mirror() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.github().merge_pr(pr, "maya");
    town.settle().await;
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_reopened_pull_request_gets_its_mirror_back_while_it_is_trusted() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.close(pr).await;
    town.not_mirrored(pr);
    town.reopen(pr).await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    // What was pushed while it was closed is judged when it reopens.
    town.close(pr).await;
    town.github().push(pr, vec![NewCommit::unsigned_by("mel")]);
    town.reopen(pr).await;
    town.not_mirrored(pr);
    town.gate(pr).is("action_required");
    town.told(pr).says("no verified signature");
    town.finish().await;
}

#[tokio::test]
async fn a_mirror_that_somebody_pushed_to_is_put_back_and_the_gate_says_so() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let evil = town.github().loose_commit(NewCommit::unsigned_by("vera"));
    town.allow(pr, &evil); // vera put it there herself.
    town.github().push_branch(&mirror(pr), &evil, "vera");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr)
        .says(&format!("`vera` moved it to `{}`", &evil[..9]))
        .says("it was put back");
    town.finish().await;
}

#[tokio::test]
async fn a_mirror_that_somebody_moved_is_removed_while_no_head_is_trusted() {
    let mut town = Town::new().await;
    let pr = town.member_pr().await;
    let first = town.head(pr);
    town.push_commit(pr, NewCommit::unsigned_by("mel")).await;
    town.mirror_at(pr, &first);
    town.told(pr).says("no verified signature");
    let evil = town.github().loose_commit(NewCommit::unsigned_by("vera"));
    town.allow(pr, &evil); // vera put it there herself.
    town.github().push_branch(&mirror(pr), &evil, "vera");
    town.settle().await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says(&format!("`vera` moved it to `{}`", &evil[..9]))
        .says("it comes back with the next head that is trusted");
    town.approve(pr).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_mirror_that_somebody_deleted_is_restored() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.github().delete_branch(&mirror(pr), "vera");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).says("`vera` deleted it");
    town.finish().await;
}

#[tokio::test]
async fn a_branch_of_a_mirrors_name_without_a_pull_request_is_left_alone() {
    let mut town = Town::new().await;
    let sha = town.github().loose_commit(NewCommit::signed_by("maya"));
    town.github().clear_exchanges();
    town.github().push_branch(&mirror(77), &sha, "maya");
    town.settle().await;
    town.mirror_at(77, &sha);
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}
