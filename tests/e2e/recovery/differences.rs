//! What no delivery told of, and GitHub does not list any more: it shows when GitHub is compared with what is kept.

use crate::support::{CONFIG, Town, mirror};
use chrono::Utc;
use drawbridge::domain::ids::{PrNumber, Repo, Sha};
use drawbridge::domain::pull::{Mirror, PullState};
use drawbridge::domain::trust::{PullView, Verdict};
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewPr, Visibility};
use drawbridge::store::{Change, Record, SledStore, Store};
use std::collections::BTreeSet;
use std::time::Duration;

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
    let mirrored = town.mirrored_pr().await;
    let waiting = town.stranger_pr().await;
    town.told(waiting);
    let closed = town.mirrored_pr().await;
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
async fn a_pass_wakes_no_more_than_its_budget_allows_and_the_next_goes_on() {
    let pace = Pace {
        recover: Duration::from_secs(600),
        recovery_calls: 20,
        ..Setup::default().pace
    };
    let setup = Setup {
        pace,
        ..Setup::default()
    };
    let mut town = Town::set_up(setup).await;
    town.github().add_org_member("mel", Visibility::Private);
    town.write(CONFIG, "enabled: true\n").await;
    let mut all = Vec::new();
    town.unheard(|github| all.extend((0..5).map(|_| github.open_pr(NewPr::by("mel")))))
        .await;
    for done in [2, 4, 5, 5] {
        town.minutes_pass(15).await;
        let mirrored = all
            .iter()
            .filter(|pr| town.github().branch(&mirror(**pr)).is_some());
        assert_eq!(mirrored.count(), done);
    }
    for pr in all {
        town.mirrored(pr);
    }
    town.finish().await;
}

/// What is kept of a trusted, mirrored pull request.
fn kept(repo: &Repo, number: u64, head: &Sha) -> PullState {
    let mut state = PullState::new(repo.clone(), PrNumber(number), false);
    state.view = Some(PullView {
        number: PrNumber(number),
        open: true,
        draft: false,
        title: "A change".into(),
        author: None,
        head: head.clone(),
        base: "main".to_owned(),
        base_sha: None,
        labels: BTreeSet::new(),
        commits: 1,
        changed_files: 1,
        updated_at: Utc::now(),
        created_at: Utc::now(),
    });
    state.verdict = Some(Verdict::Trusted);
    state.wanted_mirror = Mirror::At(head.clone());
    state.observed_mirror = Mirror::At(head.clone());
    state.stale = false;
    state
}

#[tokio::test]
async fn a_pass_over_a_thousand_open_pull_requests_costs_thirty_requests_at_most() {
    let mut town = Town::new().await;
    town.github().set_workflows(&[]);
    town.goes_down().await;
    // A thousand pull requests that were brought up to date before.
    let mut heads = Vec::new();
    for _ in 0..1000 {
        let pr = town.github().open_pr(NewPr::by("mel"));
        let head = town.head(pr);
        town.github().push_branch(&mirror(pr), &head, "vera");
        heads.push((pr, Sha::parse(&head).expect("it is one")));
    }
    town.github().forget_deliveries();
    let dir = town.playground.data_dir();
    let store = SledStore::open(dir, Utc::now()).expect("the app has let go of it");
    let repo = store.repos().await.expect("it is read").remove(0).repo;
    let records = heads
        .iter()
        .map(|(pr, head)| Record::Pull(Box::new(kept(&repo, *pr, head))));
    let change = Change {
        records: records.collect(),
        ..Change::default()
    };
    store.commit(change).await.expect("it is written");
    store.close().await.expect("it is closed");
    town.comes_up().await;
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    let calls = town.calls();
    let pass: Vec<_> = calls
        .iter()
        .filter(|e| e.path.starts_with("/repos/"))
        .collect();
    let unchanged = pass.iter().filter(|e| e.status == 304).count();
    println!("{} requests, {unchanged} of them 304", pass.len());
    assert!(pass.len() <= 30, "{} requests", pass.len());
    assert_eq!(unchanged, pass.len(), "all of them 304");
    assert_eq!(
        unchanged, 12,
        "ten pages of pull requests, the mirrors, the anchors"
    );
    assert_eq!(town.writes(), Vec::<String>::new());
    town.playground.stop().await.expect("both stop");
}
