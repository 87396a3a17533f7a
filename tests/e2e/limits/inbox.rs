//! More waits than may wait.

use crate::support::{CONFIG, Town};
use drawbridge::playground::Setup;
use drawbridge::sandbox::{FaultKind, NewPr, Visibility};

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
    town.github().release_hung();
    town.settle().await;
    town.mirrored(first);
    town.not_mirrored(second);
    assert_eq!(town.github().redeliver(&refused.guid).await, 202);
    town.settle().await;
    town.mirrored(second);
    town.finish().await;
}
