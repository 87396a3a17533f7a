//! Installation and repository change: what is kept, what is dropped, what is found again.

use crate::support::{CONFIG, Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::{NewCommit, NewPr, Visibility};
use serde_json::json;

const PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";
const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";

impl Town {
    /// So many minutes pass, one stretch after the other, in which nothing is asked or said about any repository.
    async fn repositories_are_left_alone(&self, stretches: &[i64]) {
        self.github().clear_exchanges();
        for minutes in stretches {
            self.playground.pass(TimeDelta::minutes(*minutes)).await;
        }
        self.settle().await;
        let asked = self.calls();
        assert!(
            !asked.iter().any(|e| e.path.starts_with("/repos/")),
            "{asked:#?}"
        );
    }
}

#[tokio::test]
async fn a_suspension_keeps_everything_and_its_end_finds_what_is_new() {
    let mut town = Town::new().await;
    let vetted = town.stranger_pr().await;
    town.told(vetted);
    town.approve(vetted).await;
    town.mirrored(vetted);
    town.github().suspend_installation(true);
    town.settle().await;
    let opened = town.github().open_pr(NewPr::by("mel"));
    town.github().suspend_installation(false);
    town.settle().await;
    town.mirrored(opened);
    town.gate(opened).is("in_progress");
    // The approval is kept.
    town.mirrored(vetted);
    town.gate(vetted).is("in_progress");
    town.finish().await;
}

#[tokio::test]
async fn the_end_of_a_suspension_is_found_although_nobody_tells() {
    let mut town = Town::new().await;
    town.github().suspend_installation(true);
    town.settle().await;
    let opened = town.github().open_pr(NewPr::by("mel"));
    town.minutes_pass(10).await;
    town.unheard(|github| github.suspend_installation(false))
        .await;
    town.minutes_pass(10).await;
    town.mirrored(opened);
    town.finish().await;
}

#[tokio::test]
async fn a_deleted_installation_drops_everything() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.github().announce_installation("deleted");
    town.settle().await;
    town.github().clear_exchanges();
    // Nothing is left that would be looked at: the approval went with all else.
    town.github().announce_installation("created");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("action_required");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_repository_taken_out_unheard_is_dropped_and_taken_up_when_it_is_back() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let id = town.github().repo_id();
    town.unheard(|github| github.select_repo(id, false)).await;
    for _ in 0..3 {
        town.minutes_pass(10).await;
    }
    town.repositories_are_left_alone(&[10]).await;
    town.unheard(|github| {
        github.select_repo(id, true);
        github.push(pr, Vec::new());
    })
    .await;
    town.minutes_pass(10).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn another_installation_can_not_take_a_repository_away() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    let id = town.github().repo_id();
    // It was transferred from there to here, and the news comes in the wrong order.
    let payload = json!({
        "action": "removed",
        "installation": { "id": 77 },
        "repositories_removed": [{ "id": id }],
    });
    town.github()
        .send_event("installation_repositories", payload);
    town.settle().await;
    town.restart().await;
    town.settle().await;
    town.gate(pr).is("in_progress");
    town.push(pr).await;
    town.told(pr).says(&town.head(pr));
    let old = town.github().branch(&mirror(pr)).expect("it stays");
    town.mirror_at(pr, &old);
    town.finish().await;
}

#[tokio::test]
async fn an_archived_repository_is_left_alone_and_goes_on_where_it_was() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.github().archive_repo(true);
    town.settle().await;
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.github().archive_repo(false);
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.push(pr).await;
    town.gate(pr).is("action_required");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_renaming_of_which_nobody_told_delays_nothing() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.unheard(|github| github.rename_repo("motor")).await;
    // A button's delivery names the repository as it is; so this one is decided by what was known before.
    town.github().add_org_member("sam", Visibility::Public);
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.told(pr).says("nobody has to do anything");
    town.minutes_pass(10).await;
    town.github().clear_exchanges();
    town.push(pr).await;
    town.mirrored(pr);
    let moved = town.calls();
    assert!(!moved.iter().any(|e| e.status == 301), "{moved:#?}");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_transferred_repository_goes_by_its_new_owner() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.github().transfer_repo("sam");
    town.settle().await;
    // It is sam's own now.
    town.mirrored(pr);
    town.told(pr).says("nobody has to do anything");
    let members = town.member_pr().await;
    town.not_mirrored(members);
    town.told(members);
    town.finish().await;
}

#[tokio::test]
async fn a_repository_made_private_keeps_everything() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.github().set_private(true);
    town.github().announce_repository("privatized");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.mirrored_pr().await;
    town.finish().await;
}

#[tokio::test]
async fn a_task_under_way_does_not_bring_back_what_was_dropped() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let id = town.github().repo_id();
    town.fault("GET", COMMITS, drawbridge::sandbox::FaultKind::Hang);
    let hung = town.github().push(pr, Vec::new());
    town.github()
        .wait_until("it is being looked at", |g| g.hung() == 1)
        .await;
    town.github().select_repo(id, false);
    town.github().deliveries_settled().await;
    town.github().release_hung();
    town.settle().await;
    town.allow(pr, &hung);
    town.repositories_are_left_alone(&[120]).await;
    town.finish().await;
}

/// Without budget it waits for its turn, at which the repository is gone.
#[tokio::test]
async fn what_waited_for_a_repository_that_was_taken_out_does_not_bring_it_back() {
    for restarted in [false, true] {
        let mut town = Town::new().await;
        let pr = town.mirrored_pr().await;
        let id = town.github().repo_id();
        town.github().set_budget(0, TimeDelta::minutes(30));
        // This one is begun, and finds out that nothing is left.
        town.github().open_pr(NewPr::by("mel"));
        town.settle().await;
        town.github().open_pr(NewPr::by("mel"));
        town.github().comment(pr, "mel", "/help");
        town.settle().await;
        town.github().select_repo(id, false);
        town.settle().await;
        if restarted {
            town.restart().await;
        }
        town.repositories_are_left_alone(&[31, 120]).await;
        town.finish().await;
    }
}

#[tokio::test]
async fn whose_commits_were_in_the_way_is_looked_at_again_when_they_join_and_nobody_else() {
    let mut town = Town::new().await;
    let commit = NewCommit::signed_by("ann");
    let hers = town.open(NewPr::by("mel").commit(commit)).await;
    town.told(hers).says("ann");
    let other = town.stranger_pr().await;
    town.told(other);
    town.github().clear_exchanges();
    town.github().add_org_member("ann", Visibility::Private);
    town.settle().await;
    town.mirrored(hers);
    town.told(hers).says("nobody has to do anything");
    let asked = town.calls();
    let path = format!("/pulls/{other}");
    assert!(
        !asked
            .iter()
            .any(|e| e.route == PULL && e.path.ends_with(&path)),
        "{asked:#?}"
    );
    // And when they leave, although somebody else opened it.
    town.github().remove_org_member("ann");
    town.settle().await;
    town.gate(hers).is("action_required");
    town.told(hers);
    town.finish().await;
}

#[tokio::test]
async fn a_repository_that_joined_unheard_is_found() {
    let mut town = Town::empty().await;
    let id = town.github().repo_id();
    town.github().select_repo(id, false);
    town.settle().await;
    town.write(CONFIG, "enabled: true\n").await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.unheard(|github| github.select_repo(id, true)).await;
    town.minutes_pass(10).await;
    town.mirrored(pr);
    town.finish().await;
}
