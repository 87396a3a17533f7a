//! What no delivery told of, and GitHub does not list any more: it shows when GitHub is compared with what is kept.

use crate::support::{CONFIG, Town, mirror};
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewPr, Visibility};
use std::time::Duration;

const NOTHING_RUNS: &str = "
enabled: true
filters:
  docs: ['docs/**']
pipelines:
  backends:
    on: pull_request
    check: backend-status-check
    jobs:
      docs: { workflow: docs.yml, changes: [docs] }
";

#[tokio::test]
async fn pull_requests_that_changed_unheard_are_brought_up_to_date() {
    let mut town = Town::new().await;
    let pushed = town.member_pr().await;
    let closed = town.member_pr().await;
    let reopened = town.member_pr().await;
    for pr in [pushed, closed, reopened] {
        town.mirrored(pr);
    }
    town.close(reopened).await;
    town.not_mirrored(reopened);
    let mut opened = 0;
    town.unheard(|github| {
        github.push(pushed, Vec::new());
        github.close_pr(closed, "maya");
        github.reopen_pr(reopened, "maya");
        opened = github.open_pr(NewPr::by("mel"));
    })
    .await;
    town.minutes_pass(10).await;
    for pr in [pushed, reopened, opened] {
        town.mirrored(pr);
        town.gate(pr).is("in_progress");
    }
    town.not_mirrored(closed);
    town.finish().await;
}

#[tokio::test]
async fn mirrors_that_were_moved_removed_or_left_behind_are_put_right() {
    let mut town = Town::new().await;
    let moved = town.member_pr().await;
    let removed = town.member_pr().await;
    let orphan = town.member_pr().await;
    for pr in [moved, removed, orphan] {
        town.mirrored(pr);
    }
    let old = town.head(orphan);
    town.close(orphan).await;
    let foreign = town.github().branch("main").expect("it is there");
    town.unheard(|github| {
        github.push_branch(&mirror(moved), &foreign, "vera");
        github.delete_branch(&mirror(removed), "vera");
        github.push_branch(&mirror(orphan), &old, "vera");
        // These are nobody's mirrors.
        github.push_branch("pull-request/999", &foreign, "vera");
        github.push_branch("pull-request/007", &foreign, "vera");
        github.push_branch("pull-request/notes", &foreign, "vera");
    })
    .await;
    town.allow(moved, &foreign);
    town.minutes_pass(10).await;
    town.mirrored(moved);
    town.mirrored(removed);
    town.not_mirrored(orphan);
    for left in ["pull-request/999", "pull-request/007", "pull-request/notes"] {
        assert_eq!(town.github().branch(left).as_deref(), Some(&*foreign));
    }
    // And nobody asks for them again and again.
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    let asked = town.calls();
    assert!(!asked.iter().any(|e| e.path.contains("999")), "{asked:#?}");
    town.finish().await;
}

#[tokio::test]
async fn a_mirror_of_a_pull_request_that_nothing_is_known_of_goes_once_that_is_closed() {
    let mut town = Town::empty().await;
    town.github().deliver_nowhere();
    town.loses_deliveries();
    let closed = town.github().open_pr(NewPr::by("mel"));
    let open = town.github().open_pr(NewPr::by("sam"));
    for pr in [closed, open] {
        let head = town.head(pr);
        town.github().push_branch(&mirror(pr), &head, "vera");
        town.allow(pr, &head);
    }
    town.github().close_pr(closed, "maya");
    town.github().forget_deliveries();
    let url = town.playground.app().webhook_url();
    town.github().deliver_to(&url);
    town.write(crate::support::CONFIG, "enabled: true\n").await;
    town.minutes_pass(10).await;
    town.not_mirrored(closed);
    // It waits for a vetter, and may have been approved in earlier times: what is there stays.
    town.mirrored(open);
    town.gate(open).is("action_required");
    town.told(open);
    town.finish().await;
}

#[tokio::test]
async fn where_nothing_differs_nothing_is_done() {
    let mut town = Town::new().await;
    let mirrored = town.member_pr().await;
    town.mirrored(mirrored);
    let waiting = town.stranger_pr().await;
    town.told(waiting);
    let closed = town.member_pr().await;
    town.mirrored(closed);
    town.close(closed).await;
    // Builds that run would be asked for.
    town.build_ends(mirrored, "build", "success").await;
    town.minutes_pass(10).await;
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    let asked: Vec<String> = town.calls().into_iter().map(|e| e.path).collect();
    assert!(
        asked.iter().all(|path| path.contains("/pulls?state=open")
            || path.contains("/git/matching-refs/")
            || path.contains("/installation/repositories")),
        "{asked:#?}"
    );
    assert!(!asked.is_empty());
    town.finish().await;
}

#[tokio::test]
async fn a_pass_over_a_thousand_open_pull_requests_costs_thirty_requests_at_most() {
    let pace = Pace {
        recover: Duration::from_secs(600),
        recovery_calls: 1000,
        ..Setup::default().pace
    };
    let setup = Setup {
        pace,
        ..Setup::default()
    };
    // Nothing runs and nothing is told, so nothing is asked but what is compared.
    let town = Town::set_up(setup).await;
    town.github().set_workflows(&[]);
    town.github().add_org_member("mel", Visibility::Private);
    town.write(CONFIG, NOTHING_RUNS).await;
    for event in ["push", "check_run", "check_suite", "pull_request"] {
        town.github().set_app_event(event, false);
    }
    for _ in 0..1000 {
        town.github().open_pr(NewPr::by("mel"));
    }
    let mirrored = |town: &Town| {
        let all = town.github().branches();
        let mirrors = all
            .iter()
            .filter(|(name, _)| name.starts_with("pull-request/"));
        mirrors.count()
    };
    let mut passes = 0;
    while mirrored(&town) < 1000 {
        passes += 1;
        assert!(passes < 30, "{} after {passes} passes", mirrored(&town));
        town.minutes_pass(15).await;
    }
    println!("brought up to date in {passes} passes, a hundred at a time");
    assert!(passes >= 9, "{passes}");
    town.minutes_pass(15).await;
    town.minutes_pass(15).await;
    town.github().clear_exchanges();
    town.minutes_pass(15).await;
    let calls = town.calls();
    let of_repository = |e: &&drawbridge::sandbox::Exchange| e.path.starts_with("/repos/");
    let passes = calls
        .iter()
        .filter(|e| e.path.contains("/pulls?") && e.path.ends_with("&page=1"))
        .count();
    let pass = calls.iter().filter(of_repository).count();
    let unchanged = calls
        .iter()
        .filter(of_repository)
        .filter(|e| e.status == 304);
    println!(
        "{pass} requests in {passes} pass, {} of them 304",
        unchanged.clone().count()
    );
    assert_eq!(passes, 1);
    assert!(pass <= 30, "{pass} requests");
    assert!(unchanged.count() >= 20, "the pages are the same");
    town.playground.stop().await.expect("both stop");
}
