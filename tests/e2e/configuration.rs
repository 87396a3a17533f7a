//! The configuration: where it is read from, what it can say, and what happens when it is broken.

use crate::support::{CONFIG, COPY_PR_BOT, Town};
use drawbridge::sandbox::{NewCommit, NewPr};

const NVIDIA: &str = "\
# Configuration file for `copy-pr-bot` GitHub App
# https://docs.gha-runners.nvidia.com/apps/copy-pr-bot/

enabled: true
auto_sync_draft: false
auto_sync_ready: true
additional_trustees:
  - Trudy
additional_vetters:
  - victor
";

#[tokio::test]
async fn nvidias_file_works_unchanged() {
    let mut town = Town::empty().await;
    town.write(COPY_PR_BOT, NVIDIA).await;
    town.mirrored_pr().await;
    let trustee = town.open(NewPr::by("trudy")).await;
    town.mirrored(trustee);
    let draft = town.open(NewPr::by("mel").draft()).await;
    town.not_mirrored(draft);
    town.told(draft).says("`auto_sync_draft` is off");
    let stranger = town.stranger_pr().await;
    town.not_mirrored(stranger);
    let line = format!("/ok to test {}", town.head(stranger));
    town.comment(stranger, "victor", &line).await;
    town.mirrored(stranger);
    town.told(stranger);
    town.finish().await;
}

#[tokio::test]
async fn drawbridge_yaml_wins_over_copy_pr_bot_yaml() {
    let mut town = Town::empty().await;
    town.write(COPY_PR_BOT, NVIDIA).await;
    town.write(CONFIG, "enabled: true\nadditional_trustees: [tina]\n")
        .await;
    let tina = town.open(NewPr::by("tina")).await;
    town.mirrored(tina);
    let trudy = town.open(NewPr::by("trudy")).await;
    town.not_mirrored(trudy);
    town.told(trudy);
    town.finish().await;
}

#[tokio::test]
async fn where_it_is_not_enabled_nothing_is_written_and_after_a_first_look_nothing_is_asked() {
    let town = Town::empty().await;
    for config in ["", "enabled: false\n"] {
        town.write(CONFIG, config).await;
        let first = town.stranger_pr().await;
        assert_eq!(town.writes(), Vec::<String>::new());
        town.github().clear_exchanges();
        let second = town.member_pr().await;
        town.push(second).await;
        let comment = town.comment(first, "sam", "/help").await;
        town.approve(first).await;
        town.close(first).await;
        assert_eq!(town.calls().len(), 0, "{:#?}", town.calls());
        town.ignored(first, comment);
        town.not_mirrored(second);
        assert!(town.github().check_runs(&town.head(second)).is_empty());
    }
    town.finish().await;
}

#[tokio::test]
async fn enabling_the_app_takes_up_the_pull_requests_that_are_open() {
    let mut town = Town::empty().await;
    let member = town.member_pr().await;
    let stranger = town.stranger_pr().await;
    let closed = town.member_pr().await;
    town.close(closed).await;
    town.write(CONFIG, "enabled: true\n").await;
    town.mirrored(member);
    town.gate(member).is("in_progress");
    town.not_mirrored(stranger);
    town.gate(stranger).is("action_required");
    town.told(stranger);
    town.not_mirrored(closed);
    town.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_edits_the_configuration_in_its_own_head_changes_nothing() {
    let mut town = Town::new().await;
    let commit = NewCommit::signed_by("sam").file(
        CONFIG,
        "enabled: true\nadditional_trustees: [sam]\nadditional_vetters: [sam]\n",
    );
    let pr = town.open(NewPr::by("sam").commit(commit)).await;
    town.not_mirrored(pr);
    town.told(pr);
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.comment(pr, "sam", &line).await;
    town.answer(pr, comment).says("can't approve");
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_broken_file_leaves_the_last_good_one_in_force_and_the_gate_says_so() {
    let mut town = Town::with("enabled: true\nadditional_trustees: [tina]\n").await;
    let before = town.open(NewPr::by("tina")).await;
    town.write(
        CONFIG,
        "enabled: true\nadditional_trustees: [tina, sam]\nautosync: yes\n",
    )
    .await;
    town.mirrored(before);
    let tina = town.open(NewPr::by("tina")).await;
    town.mirrored(tina);
    let sam = town.stranger_pr().await;
    town.not_mirrored(sam);
    town.told(sam);
    for pr in [before, tina, sam] {
        town.gate(pr)
            .says(".github/drawbridge.yaml:3:1: unknown key")
            .says("autosync")
            .says("The last one without mistakes stays in force");
    }
    // Mended: the gates follow by themselves.
    town.write(CONFIG, "enabled: true\nadditional_trustees: [tina, sam]\n")
        .await;
    town.mirrored(sam);
    town.told(sam).says("nobody has to do anything");
    for pr in [before, tina, sam] {
        town.gate(pr).is("in_progress").does_not_say("mistake");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_file_that_never_was_good_is_named_by_the_gate_until_it_is_mended() {
    let mut town = Town::empty().await;
    let early = town.member_pr().await;
    town.write(CONFIG, "enabled: true\ntrust:\n  always_vet: 'not a list\n")
        .await;
    let late = town.member_pr().await;
    for pr in [early, late] {
        town.not_mirrored(pr);
        town.gate(pr)
            .is("action_required")
            .says(".github/drawbridge.yaml has a mistake")
            .says(".github/drawbridge.yaml:4:1")
            .has_button(false);
        town.silent(pr);
    }
    town.write(CONFIG, "enabled: true\n").await;
    for pr in [early, late] {
        town.mirrored(pr);
        town.gate(pr).is("in_progress").does_not_say("mistake");
    }
    town.finish().await;
}

#[tokio::test]
async fn deleting_the_configuration_switches_the_app_off() {
    let mut town = Town::new().await;
    town.mirrored_pr().await;
    town.github().delete_file("engine", CONFIG, "maya");
    town.settle().await;
    town.github().clear_exchanges();
    let late = town.stranger_pr().await;
    town.not_mirrored(late);
    town.silent(late);
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn the_organisations_defaults_hold_and_what_they_lock_stays_locked() {
    let mut town = Town::empty().await;
    town.github().add_repo(".github");
    let defaults = "enabled: true\nadditional_trustees: [tina]\nadditional_vetters: [victor]\nlocked: [additional_trustees]\n";
    town.github()
        .write_file(".github", CONFIG, defaults, "maya");
    town.settle().await;
    let tina = town.open(NewPr::by("tina")).await;
    town.mirrored(tina);
    // The repository may choose its vetters, but no trustees.
    town.write(
        CONFIG,
        "additional_trustees: [sam]\nadditional_vetters: [vic]\n",
    )
    .await;
    let sam = town.stranger_pr().await;
    town.not_mirrored(sam);
    town.told(sam);
    let line = format!("/ok to test {}", town.head(sam));
    let comment = town.comment(sam, "victor", &line).await;
    town.answer(sam, comment).says("`victor` can't approve");
    town.comment(sam, "vic", &line).await;
    town.mirrored(sam);
    town.finish().await;
}

#[tokio::test]
async fn a_change_of_the_organisations_defaults_reaches_its_repositories() {
    let mut town = Town::empty().await;
    town.github().add_repo(".github");
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.github()
        .write_file(".github", CONFIG, "enabled: true\n", "maya");
    town.settle().await;
    town.mirrored(pr);
    // A mistake in them is named with the repository that holds them.
    town.github()
        .write_file(".github", CONFIG, "enabled: perhaps\n", "maya");
    town.settle().await;
    town.gate(pr).says("acme/.github/.github/drawbridge.yaml:1");
    town.finish().await;
}
