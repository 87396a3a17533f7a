//! Repositories are renamed, join and leave the installation, and are large.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{NewCommit, NewPr};

#[tokio::test]
async fn a_renamed_repository_goes_on_as_before() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let old = town.told(pr).0;
    town.github().rename_repo("motor");
    town.settle().await;
    let comment = town.approve(pr).await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    assert_eq!(town.told(pr).0, old);
    town.push(pr).await;
    town.told(pr).says(&town.head(pr));
    town.close(pr).await;
    town.not_mirrored(pr);
    town.mirrored_pr().await;
    town.finish().await;
}

#[tokio::test]
async fn a_rename_in_the_middle_of_the_work_delays_it_only() {
    let mut town = Town::new().await;
    let commits = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";
    town.github().on_request(
        "GET",
        commits,
        Box::new(|github| github.rename_repo("motor")),
    );
    let pr = town.mirrored_pr().await;
    town.gate(pr).is("in_progress");
    town.finish().await;
}

#[tokio::test]
async fn a_repository_taken_out_of_the_installation_is_left_alone_and_taken_up_again() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let id = town.github().repo_id();
    town.github().select_repo(id, false);
    town.settle().await;
    town.github().clear_exchanges();
    let before = town.head(pr);
    town.push(pr).await;
    town.mirror_at(pr, &before);
    assert_eq!(town.writes(), Vec::<String>::new());
    town.github().select_repo(id, true);
    town.settle().await;
    // GitHub sends nothing about its pull requests; they are looked for.
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_is_open_when_the_app_arrives_is_taken_up() {
    let mut town = Town::empty().await;
    let id = town.github().repo_id();
    town.github().select_repo(id, false);
    town.settle().await;
    town.write(crate::support::CONFIG, "enabled: true\n").await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.github().select_repo(id, true);
    town.github().announce_installation("created");
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn one_repository_knows_nothing_of_another() {
    let mut town = Town::new().await;
    let other = town.github().add_repo("other");
    town.settle().await;
    town.github().clear_exchanges();
    town.github().open_pr_in(other, NewPr::by("mel"));
    town.settle().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.mirrored_pr().await;
    town.finish().await;
}

#[tokio::test]
async fn three_hundred_commits_are_more_than_can_be_looked_at() {
    let mut town = Town::new().await;
    let commits = (0..300).map(|_| NewCommit::signed_by("mel").file("a", "a"));
    let pr = town.open(NewPr::by("mel").commits(commits)).await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says("There are 300 commits");
    town.told(pr).says("There are 300 commits");
    town.approve(pr).await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn two_hundred_and_fifty_commits_are_looked_at_one_by_one() {
    let mut town = Town::new().await;
    let commits = |last: NewCommit| {
        let first = (1..250).map(|_| NewCommit::signed_by("mel").file("a", "a"));
        first.chain([last]).collect::<Vec<_>>()
    };
    let good = commits(NewCommit::signed_by("mel"));
    let good = town.open(NewPr::by("mel").commits(good)).await;
    town.mirrored(good);
    let bad = commits(NewCommit::unsigned_by("mel"));
    let bad = town.open(NewPr::by("mel").commits(bad)).await;
    town.not_mirrored(bad);
    town.told(bad).says("no verified signature");
    town.finish().await;
}

#[tokio::test]
async fn more_files_than_github_lists_need_vetting_where_paths_matter() {
    let mut town = Town::with("enabled: true\ntrust:\n  always_vet: ['secret/**']\n").await;
    let many = |count: usize| {
        (0..count).fold(NewCommit::signed_by("mel"), |commit, i| {
            commit.file(&format!("gen/{i}.txt"), "x")
        })
    };
    let most = town.open(NewPr::by("mel").commit(many(3000))).await;
    town.mirrored(most);
    let more = town.open(NewPr::by("mel").commit(many(3001))).await;
    town.not_mirrored(more);
    town.gate(more)
        .is("action_required")
        .says("There are 3001 changed files");
    town.told(more).says("There are 3001 changed files");
    assert_eq!(town.github().branch_history(&mirror(more)), Vec::new());
    town.finish().await;
}
