//! As much waits as may.

use super::{CONFIG, Town};
use drawbridge::playground::Setup;
use drawbridge::sandbox::{FaultKind, NewPr, Visibility};

const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";

impl Town {
    /// GitHub hangs when the first of two pull requests is looked at, so that the delivery of the second finds no room.
    pub async fn with_a_full_inbox() -> (Self, u64, u64) {
        let mut town = Self::set_up(Setup {
            inbox_limit: 1,
            ..Setup::default()
        })
        .await;
        town.loses_deliveries();
        town.github().add_org_member("mel", Visibility::Private);
        town.settle().await;
        town.write(CONFIG, "enabled: true\n").await;
        town.fault("GET", COMMITS, FaultKind::Hang);
        let first = town.github().open_pr(NewPr::by("mel"));
        town.github()
            .wait_until("the first is looked at", |g| g.hung() == 1)
            .await;
        town.github().deliveries_settled().await;
        let second = town.github().open_pr(NewPr::by("mel"));
        town.github().deliveries_settled().await;
        (town, first, second)
    }
}
