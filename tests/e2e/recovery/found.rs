//! What was found out by comparison and can't be taken in.

use crate::support::{CONFIG, Town};
use chrono::Utc;
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{FaultKind, Visibility};
use drawbridge::store::{SledStore, Store};
use std::time::Duration;

/// What waits in the inbox; the app is down.
async fn waiting(town: &Town) -> usize {
    let dir = town.playground.data_dir();
    let store = SledStore::open(dir, Utc::now()).expect("the app has let go of it");
    let waiting = store.pending().await.expect("it is read").len();
    store.close().await.expect("it is closed");
    waiting
}

#[tokio::test]
async fn what_can_not_be_taken_in_waits_once_however_often_it_is_found() {
    // Nothing is tried again unless it is told of again, or the app starts.
    let seldom = Duration::from_secs(24 * 3600);
    let pace = Pace {
        first_retry: seldom,
        longest_retry: seldom,
        ..Setup::default().pace
    };
    let mut town = Town::set_up(Setup {
        pace,
        ..Setup::default()
    })
    .await;
    town.github().add_org_member("mel", Visibility::Private);
    town.write(CONFIG, "enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    town.unheard(|github| github.rename_repo("motor")).await;
    // What has become of it can't be asked.
    town.faults(10_000, "GET", "/repositories/*", FaultKind::Status(502));
    for _ in 0..4 {
        town.minutes_pass(10).await;
    }
    town.playground.stop_app().await.expect("it stops");
    assert_eq!(waiting(&town).await, 1);
    town.comes_up().await;
    for _ in 0..2 {
        town.minutes_pass(10).await;
    }
    town.playground.stop_app().await.expect("it stops");
    assert_eq!(waiting(&town).await, 1, "also over a restart");
    town.github().clear_faults();
    town.comes_up().await;
    town.playground.stop_app().await.expect("it stops");
    assert_eq!(waiting(&town).await, 0, "it is taken in");
    town.comes_up().await;
    town.push(pr).await;
    town.mirrored(pr);
    town.finish().await;
}
