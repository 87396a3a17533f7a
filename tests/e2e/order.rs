//! Deliveries come late, twice, in the wrong order, or while everything moves; and the app is restarted in between.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{FaultKind, NewCommit, NewPr, Sandbox};
use std::sync::{Arc, Mutex};

const COMPARE: &str = "/repos/{owner}/{repo}/compare/{basehead}";
const FILES: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/files";
const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const REF: &str = "/repos/{owner}/{repo}/git/refs/{ref}";

#[tokio::test]
async fn a_push_and_a_close_right_after_it_leave_no_branch_in_either_order() {
    for order in [["synchronize", "closed"], ["closed", "synchronize"]] {
        for together in [true, false] {
            let mut town = Town::new().await;
            let pr = town.mirrored_pr().await;
            town.github().hold_deliveries(true);
            let pushed = town.github().push(pr, Vec::new());
            town.github().close_pr(pr, "mel");
            town.allow(pr, &pushed);
            for action in order {
                let guid = town.held("pull_request", action).guid;
                assert_eq!(town.github().deliver(&guid).await, 202);
                if !together {
                    town.settle().await;
                }
            }
            town.github().hold_deliveries(false);
            town.settle().await;
            town.not_mirrored(pr);
            town.finish().await;
        }
    }
}

#[tokio::test]
async fn a_pull_request_that_closes_while_its_mirror_is_written_leaves_no_branch() {
    let mut town = Town::new().await;
    town.github()
        .on_request("POST", REFS, Box::new(|github| github.close_pr(1, "mel")));
    let pr = town.member_pr().await;
    let head = town.head(pr);
    town.allow(pr, &head);
    assert!(!town.github().is_open(pr));
    town.not_mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_older_push_that_arrives_late_never_rewinds_the_mirror() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.github().hold_deliveries(true);
    let old = town.github().push(pr, Vec::new());
    let late = town.held("pull_request", "synchronize").guid;
    town.github().push(pr, Vec::new());
    let newest = town.held("pull_request", "synchronize").guid;
    town.github().deliver(&newest).await;
    town.settle().await;
    town.mirrored(pr);
    town.github().deliver(&late).await;
    town.settle().await;
    town.mirrored(pr);
    town.github().hold_deliveries(false);
    town.settle().await;
    town.mirrored(pr);
    assert!(
        !town
            .github()
            .branch_history(&mirror(pr))
            .contains(&Some(old))
    );
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_from_before_what_is_known_does_not_stand_for_it() {
    let mut town = Town::with("enabled: true\nauto_sync_draft: false\n").await;
    town.github().hold_deliveries(true);
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.github().set_draft(pr, true, "mel");
    for action in ["converted_to_draft", "opened"] {
        let guid = town.held("pull_request", action).guid;
        town.github().deliver(&guid).await;
        town.settle().await;
        town.not_mirrored(pr);
        town.gate(pr).is("action_required");
    }
    town.told(pr);
    town.github().hold_deliveries(false);
    town.finish().await;
}

#[tokio::test]
async fn a_close_that_is_heard_of_again_after_the_opening_takes_no_mirror_away() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.close(pr).await;
    town.not_mirrored(pr);
    let closed = town.delivery("pull_request", "closed");
    town.reopen(pr).await;
    town.mirrored(pr);
    town.github().clear_exchanges();
    town.github().send_event(&closed.event, closed.payload);
    town.settle().await;
    town.mirrored(pr);
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn what_is_delivered_twice_happens_once() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let opened = town.delivery("pull_request", "opened").guid;
    let wrong = town.comment(pr, "vera", "/ok to test 1234567").await;
    let asked = town.delivery("issue_comment", "created");
    let right = town.approve(pr).await;
    town.mirrored(pr);
    let comments: Vec<String> = town
        .github()
        .deliveries()
        .into_iter()
        .filter(|d| d.event == "issue_comment")
        .map(|d| d.guid)
        .collect();
    town.github().clear_exchanges();
    for guid in [opened, asked.guid].into_iter().chain(comments) {
        for _ in 0..2 {
            assert_eq!(town.github().redeliver(&guid).await, 202);
        }
    }
    town.settle().await;
    assert!(town.calls().is_empty(), "{:#?}", town.calls());
    town.told(pr);
    town.answer(pr, wrong);
    town.acknowledged(pr, right);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn the_same_news_under_another_id_is_harmless_too() {
    // A second hook, or GitHub's own mistake: the id differs, the content does not.
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let right = town.approve(pr).await;
    for delivery in town.github().deliveries() {
        town.github().send_event(&delivery.event, delivery.payload);
    }
    town.settle().await;
    town.told(pr);
    town.acknowledged(pr, right);
    town.mirrored(pr);
    town.finish().await;
}

/// Pushes a commit as sam while a request of the app is on its way; the SHA is told afterwards.
fn push_midway(town: &Town, method: &str, route: &str, pr: u64) -> Arc<Mutex<Option<String>>> {
    let pushed = Arc::new(Mutex::new(None));
    let tell = pushed.clone();
    let push = move |github: &Sandbox| {
        let commit = NewCommit::unsigned_by("sam").file("mine.sh", "mine");
        *tell.lock().expect("nobody panicked") = Some(github.push_as(pr, vec![commit], "mel"));
    };
    town.github().on_request(method, route, Box::new(push));
    pushed
}

#[tokio::test]
async fn a_head_that_moves_while_its_commits_are_listed_is_not_mirrored_unjudged() {
    let mut town = Town::new().await;
    let pushed = push_midway(&town, "GET", COMMITS, 1);
    let pr = town.open(NewPr::by("mel")).await;
    let evil = pushed.lock().expect("nobody panicked").clone();
    assert_eq!(evil.as_deref(), Some(town.head(pr).as_str()));
    town.not_mirrored(pr);
    assert!(town.github().branch_history(&mirror(pr)).is_empty());
    town.gate(pr).is("action_required");
    town.told(pr).says("no verified signature");
    town.finish().await;
}

#[tokio::test]
async fn a_head_that_is_swapped_for_a_good_one_while_its_commits_are_listed_is_not_mirrored() {
    let mut town = Town::new().await;
    // mel is known to be a member by now, so that nothing is asked after the commits.
    town.mirrored_pr().await;
    let swap = |github: &Sandbox| {
        github.force_push(2, vec![NewCommit::signed_by("mel")]);
    };
    town.github().on_request("GET", COMMITS, Box::new(swap));
    let pr = town
        .github()
        .open_pr(NewPr::by("mel").commit(NewCommit::unsigned_by("mel")));
    let bad = town.head(pr);
    town.settle().await;
    town.mirrored(pr);
    assert_ne!(town.head(pr), bad);
    assert_eq!(town.github().branch_history(&mirror(pr)).len(), 1);
    town.finish().await;
}

#[tokio::test]
async fn a_head_that_is_swapped_while_its_files_are_listed_is_judged_by_its_own() {
    // GitHub compares up to 300 files; of more they are listed, and then it is asked whether the head is still there.
    for (others, route) in [(0, COMPARE), (300, FILES)] {
        let mut town = Town::with("enabled: true\ntrust: {always_vet: ['ci/**']}\n").await;
        town.mirrored_pr().await;
        let commit = |path: &str| {
            let first = NewCommit::signed_by("mel").file(path, "run");
            (0..others).fold(first, |commit, n| commit.file(&format!("src/{n}.rs"), "x"))
        };
        let good = commit("src/lib.rs");
        let swap = move |github: &Sandbox| {
            github.force_push(2, vec![good]);
        };
        town.github().on_request("GET", route, Box::new(swap));
        let bad = commit("ci/build.sh");
        let pr = town.github().open_pr(NewPr::by("mel").commit(bad));
        town.settle().await;
        town.mirrored(pr);
        assert_eq!(
            town.github().branch_history(&mirror(pr)).len(),
            1,
            "{route}"
        );
        town.finish().await;
    }
}

#[tokio::test]
async fn a_head_that_moves_right_before_the_mirror_is_written_leaves_only_the_judged_one_there() {
    let mut town = Town::new().await;
    let pr = town.open(NewPr::by("mel")).await;
    town.mirrored(pr);
    let pushed = push_midway(&town, "PATCH", REF, pr);
    let judged = town.github().push(pr, Vec::new());
    town.settle().await;
    assert!(pushed.lock().expect("nobody panicked").is_some());
    town.mirror_at(pr, &judged);
    town.gate(pr).is("action_required");
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn an_approval_binds_its_own_commit_although_the_head_moves_before_the_write() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    let approved = town.head(pr);
    let pushed = push_midway(&town, "POST", REFS, pr);
    town.approve(pr).await;
    assert!(pushed.lock().expect("nobody panicked").is_some());
    town.mirror_at(pr, &approved);
    town.gate(pr).is("action_required");
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn a_restart_with_deliveries_on_their_way_loses_nothing_and_repeats_nothing() {
    let mut town = Town::new().await;
    town.loses_deliveries();
    let stranger = town.stranger_pr().await;
    let member = town.mirrored_pr().await;
    town.github().hold_deliveries(true);
    let line = format!("/ok to test {}", town.head(stranger));
    let approval = town.github().comment(stranger, "vera", &line);
    let wrong = town.github().comment(stranger, "sam", &line);
    town.github().push(member, Vec::new());
    // Accepted, and the app is stopped before it can be done.
    for delivery in town.github().held() {
        assert_eq!(town.github().deliver(&delivery.guid).await, 202);
    }
    town.restart().await;
    town.github().hold_deliveries(false);
    town.settle().await;
    town.mirrored(stranger);
    town.mirrored(member);
    town.acknowledged(stranger, approval);
    town.answer(stranger, wrong).says("can't approve");
    town.told(stranger);
    // And once more, with nothing to do.
    town.github().clear_exchanges();
    town.restart().await;
    town.settle().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn what_was_not_delivered_while_the_app_was_down_is_done_when_it_is_redelivered() {
    let mut town = Town::new().await;
    town.loses_deliveries();
    let pr = town.stranger_pr().await;
    town.playground.stop_app().await.expect("it stops");
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.github().comment(pr, "vera", &line);
    town.github().deliveries_settled().await;
    let lost = town.delivery("issue_comment", "created");
    assert_eq!(lost.status, Some(502));
    town.playground.start_app().await.expect("it starts");
    assert_eq!(town.github().redeliver(&lost.guid).await, 202);
    town.settle().await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_of_writing_repeats_nothing_after_the_start() {
    // At once, because each stop waits some seconds for what hangs.
    let comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
    tokio::join!(
        stop_in_the_middle("POST", "/repos/{owner}/{repo}/check-runs"),
        stop_in_the_middle("POST", comments),
        stop_in_the_middle("GET", COMMITS),
    );
}

async fn stop_in_the_middle(method: &str, route: &str) {
    let mut town = Town::new().await;
    town.loses_deliveries();
    town.fault(method, route, FaultKind::Hang);
    let pr = town.github().open_pr(NewPr::by("sam"));
    town.github()
        .wait_until("the app is in the middle of it", |g| g.hung() == 1)
        .await;
    // The stop waits for it in vain, and the answer finds nobody.
    town.playground.stop_app().await.expect("it stops");
    town.github().release_hung();
    // Here, unlike where a process ends, what hung has to let go of the directory first.
    let mut tries = 0;
    while let Err(error) = town.playground.start_app().await {
        tries += 1;
        assert!(tries < 20, "it starts again: {error:#}");
    }
    town.settle().await;
    town.told(pr);
    town.gate(pr).is("action_required");
    town.finish().await;
}

#[tokio::test]
async fn a_crowd_at_once_is_served_one_by_one() {
    let mut town = Town::new().await;
    let members: Vec<u64> = (0..12)
        .map(|_| town.github().open_pr(NewPr::by("mel")))
        .collect();
    let strangers: Vec<u64> = (0..12)
        .map(|_| town.github().open_pr(NewPr::by("sam")))
        .collect();
    for pr in &strangers {
        let line = format!("/ok to test {}", town.head(*pr));
        town.github().comment(*pr, "vera", &line);
    }
    town.settle().await;
    for pr in members.into_iter().chain(strangers.clone()) {
        town.mirrored(pr);
    }
    for pr in strangers {
        // An approval that comes right behind the opening may make every word needless.
        if !town.bot_comments(pr).is_empty() {
            town.told(pr);
        }
    }
    town.finish().await;
}
