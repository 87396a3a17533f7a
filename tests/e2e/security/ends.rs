//! Deliveries that say of a group or a branch that it has ended: when it has, and when it has not.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{Delivery, DispatchView, FaultKind, NewCommit};
use serde_json::json;

const BRANCH: &str = "release/1";
const REF: &str = "/repos/{owner}/{repo}/git/ref/{ref}";
const CONFIG: &str = "\
enabled: true
filters: {docs: ['docs/**']}
pipelines:
  ci:
    on: [pull_request, merge_group, {push: 'release/*'}]
    jobs:
      build: {workflow: go.yml, inputs: {job: '${{ job }}'}}
      test: {workflow: go.yml, inputs: {job: '${{ job }}'}, needs: build}
";

/// A pull request in the queue whose group is being built: its number, the group's branch and its commit.
async fn in_the_queue() -> (Town, u64, String, String) {
    let mut town = Town::with_jobs(CONFIG).await;
    let pr = town.member_pr().await;
    town.all_end_on(&mirror(pr)).await;
    town.mirrored(pr);
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let branch = group.head_ref.trim_start_matches("refs/heads/").to_owned();
    town.gate_of(&group.head_sha).is("in_progress");
    (town, pr, branch, group.head_sha)
}

/// Says that the newest group was destroyed, as GitHub would have said it of one with the same branch and commit.
async fn say_destroyed(town: &Town) {
    let mut payload = town.delivery("merge_group", "checks_requested").payload;
    payload["action"] = json!("destroyed");
    payload["reason"] = json!("dequeued");
    town.github().clear_exchanges();
    town.github().send_event("merge_group", payload);
    town.settle().await;
}

fn is_cancelled(run: &DispatchView) -> bool {
    run.conclusion.as_deref() == Some("cancelled")
}

#[tokio::test]
async fn a_group_that_is_only_said_to_be_gone_goes_on_and_costs_one_question() {
    let (mut town, pr, branch, sha) = in_the_queue().await;
    say_destroyed(&town).await;
    let calls = town.calls();
    let calls: Vec<&str> = calls.iter().map(|call| call.route.as_str()).collect();
    assert_eq!(calls, [REF]);
    town.restart().await;
    town.all_end_on(&branch).await;
    assert_eq!(town.started(&branch), ["build", "test"]);
    town.gate_of(&sha).is("success").says("2 jobs passed");
    // What has passed stays so, whoever says what.
    say_destroyed(&town).await;
    assert_eq!(town.writes(), [""; 0]);
    town.gate_of(&sha).is("success").says("2 jobs passed");
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn while_github_does_not_say_whether_a_group_is_gone_nothing_is_cancelled() {
    let (town, pr, branch, sha) = in_the_queue().await;
    for kind in [
        FaultKind::Status(502),
        FaultKind::Html(404),
        FaultKind::DropConnection,
        FaultKind::Hang,
    ] {
        town.fault("GET", REF, kind);
    }
    town.github().clear_exchanges();
    town.github().dequeue(pr, "maya");
    town.github()
        .wait_until("it is asked a fourth time", |github| github.hung() == 1)
        .await;
    assert!(!is_cancelled(&town.job_on(&branch, "build")));
    town.gate_of(&sha).is("in_progress");
    town.github().release_hung();
    town.settle().await;
    assert!(is_cancelled(&town.job_on(&branch, "build")));
    town.finish().await;
}

#[tokio::test]
async fn a_group_whose_branch_goes_only_after_its_end_was_told_of_ends_with_the_next_news() {
    let (mut town, pr, branch, _) = in_the_queue().await;
    say_destroyed(&town).await;
    town.github().hold_deliveries(true);
    town.github().dequeue(pr, "maya");
    for held in town.github().held() {
        town.github().drop_delivery(&held.guid);
    }
    town.github().hold_deliveries(false);
    town.loses_deliveries();
    town.job_ends_on(&branch, "build", "success").await;
    assert_eq!(
        town.started(&branch),
        ["build"],
        "nobody waits for the test"
    );
    town.finish().await;
}

#[tokio::test]
async fn a_branch_that_was_deleted_once_is_not_ended_by_hearing_of_it_again() {
    let town = Town::with_jobs(CONFIG).await;
    let main = town.github().branch("main").expect("main");
    town.github().push_branch(BRANCH, &main, "maya");
    town.github().delete_branch(BRANCH, "maya");
    town.settle().await;
    let caught = town.github().deliveries();
    town.github().push_branch(BRANCH, &main, "maya");
    let sha = town.lands_on_branch("docs/a.md", "a").await;
    hear_again(&town, &caught).await;
    assert_eq!(town.writes(), [""; 0]);
    town.all_end_on(BRANCH).await;
    town.gate_of(&sha).is("success").says("2 jobs passed");
    town.finish().await;
}

#[tokio::test]
async fn a_push_that_is_told_of_again_does_not_change_what_the_next_one_is_compared_with() {
    let town =
        Town::with_jobs(&CONFIG.replace("needs: build", "needs: build, changes: [docs]")).await;
    town.write("docs/a.md", "as it was").await;
    let main = town.github().branch("main").expect("main");
    town.github().push_branch(BRANCH, &main, "maya");
    town.settle().await;
    town.all_end_on(BRANCH).await;
    town.lands_on_branch("docs/a.md", "different").await;
    town.all_end_on(BRANCH).await;
    let caught = town.github().deliveries();
    // Compared with what was before that push, nothing has changed, and nothing would be tested.
    let sha = town.lands_on_branch("docs/a.md", "as it was").await;
    hear_again(&town, &caught).await;
    town.all_end_on(BRANCH).await;
    assert_eq!(town.started_for(&sha), ["build", "test"]);
    town.finish().await;
}

/// Sends the pushes among these again, in their order.
async fn hear_again(town: &Town, caught: &[Delivery]) {
    town.github().clear_exchanges();
    for delivery in caught.iter().filter(|delivery| delivery.event == "push") {
        town.github().send_event("push", delivery.payload.clone());
        town.settle().await;
    }
}

impl Town {
    async fn lands_on_branch(&self, path: &str, content: &str) -> String {
        let commit = NewCommit::signed_by("maya").file(path, content);
        let sha = self.github().push_to_branch(BRANCH, commit, "maya");
        self.settle().await;
        sha
    }
}
