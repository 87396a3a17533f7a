//! More waits than may wait.

use crate::support::{CONFIG, Town};
use chrono::TimeDelta;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{FaultKind, NewPr, Sandbox, Visibility};

const DELIVERIES: &str = "/app/hook/deliveries";
const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";
const PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_its_limit_deliveries_are_refused_so_that_github_can_send_them_again() {
    let mut town = Town::set_up(Setup {
        inbox_limit: 1,
        ..Setup::default()
    })
    .await;
    town.loses_deliveries();
    town.github().add_org_member("mel", Visibility::Private);
    town.settle().await;
    town.write(CONFIG, "enabled: true\n").await;
    town.fault("GET", PULL, FaultKind::Hang);
    let first = town.github().open_pr(NewPr::by("mel"));
    town.github()
        .wait_until("the first is looked at", |g| g.hung() == 1)
        .await;
    town.github().deliveries_settled().await;
    let second = town.github().open_pr(NewPr::by("mel"));
    town.github().deliveries_settled().await;
    let refused = town.delivery("pull_request", "opened");
    assert_eq!(refused.status, Some(503));
    // Nor is it taken up by asking for what was lost, while there is no room.
    town.github().clear_exchanges();
    town.playground.advance(TimeDelta::minutes(10));
    town.playground.app().look_at_the_clock();
    let listed = |github: &Sandbox| {
        let all = github.exchanges();
        all.iter().any(|e| e.route == DELIVERIES && e.status == 200)
    };
    town.github().wait_until("it is listed", listed).await;
    // What hung has some more to ask before there is room.
    town.github().release_hung();
    town.settle().await;
    let asked = town.github().exchanges();
    assert!(!asked.iter().any(|e| e.route == DELIVERY), "{asked:#?}");
    town.mirrored(first);
    assert_eq!(town.github().redeliver(&refused.guid).await, 202);
    town.settle().await;
    town.mirrored(second);
    town.finish().await;
}
