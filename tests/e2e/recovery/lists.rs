//! GitHub's list of deliveries: long, broken, without what is looked for.

use crate::support::Town;
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewPr, Options, Permission, Visibility};
use serde_json::json;

const DELIVERIES: &str = "/app/hook/deliveries";
const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";

async fn frugal(calls: u32) -> Town {
    let setup = Setup {
        options: Options::default(),
        pace: Pace {
            recovery_calls: calls,
            ..Setup::default().pace
        },
        ..Setup::default()
    };
    let town = Town::set_up(setup).await;
    town.github().add_org_member("mel", Visibility::Private);
    town.github().set_permission("vera", Permission::Write);
    town.write(crate::support::CONFIG, "enabled: true\n").await;
    town
}

/// How often it was asked for. A JWT that is refused because only the app's clock was put forward is made again; that is a
/// matter of clocks, and happens once for each time.
fn asked(town: &Town, route: &str) -> usize {
    let all = town.github().exchanges();
    let here = all.iter().filter(|e| e.route == route);
    let refused = here.clone().filter(|e| e.status == 401).count();
    assert!(refused <= 1, "{refused} refused");
    here.count() - refused
}

#[tokio::test]
async fn a_long_list_is_settled_in_several_rounds_each_within_its_budget() {
    let mut town = frugal(60).await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.goes_down().await;
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.github().comment(pr, "vera", &line);
    for _ in 0..250 {
        town.github()
            .send_event("star", json!({ "action": "created" }));
    }
    town.github().clear_exchanges();
    town.playground.start_app().await.expect("it starts");
    town.settle().await;
    let mut rounds = 1;
    let mut read = 0;
    loop {
        let (lists, reads) = (asked(&town, DELIVERIES), asked(&town, DELIVERY));
        assert!(lists + reads <= 60, "{lists} lists and {reads} deliveries");
        read += reads;
        // The oldest is heard first, although it stands at the end of the list.
        town.acknowledged(pr, comment);
        if reads == 0 {
            break;
        }
        rounds += 1;
        assert!(rounds < 20, "it comes to an end");
        town.github().clear_exchanges();
        // In the middle of it the app may be started anew.
        if rounds == 3 {
            town.restart().await;
            town.settle().await;
        } else {
            town.minutes_pass(10).await;
        }
    }
    assert_eq!(read, 251, "each is read once, in {rounds} rounds");
    assert!(rounds > 4, "{rounds}");
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn what_can_not_be_decoded_is_set_aside_and_not_read_again() {
    let mut town = frugal(300).await;
    town.goes_down().await;
    town.github()
        .send_event("pull_request", json!({ "action": "opened", "number": 1 }));
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.comes_up().await;
    town.mirrored(pr);
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    assert_eq!(asked(&town, DELIVERY), 0);
    assert!(asked(&town, DELIVERIES) > 0);
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_handed_over_later_by_hand_is_not_read() {
    let mut town = frugal(300).await;
    town.loses_deliveries();
    town.github().hold_deliveries(true);
    let pr = town.github().open_pr(NewPr::by("mel"));
    for held in town.github().held() {
        town.github().drop_delivery(&held.guid);
        assert_eq!(town.github().redeliver(&held.guid).await, 202);
    }
    town.github().hold_deliveries(false);
    town.settle().await;
    town.mirrored(pr);
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    assert_eq!(asked(&town, DELIVERY), 0);
    town.finish().await;
}
