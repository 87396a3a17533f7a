//! What makes a configuration out of date while it is being read.

use crate::support::{CONFIG, Town};
use drawbridge::sandbox::FaultKind;

const CONFIGURED: &str = "enabled: true\nfilters: .github/filters.yaml\n";

#[tokio::test]
async fn what_was_read_while_permissions_changed_is_read_again() {
    let mut town = Town::empty().await;
    let (filters, none) = (".github/filters.yaml", "docs: ['docs/**']\n");
    town.write(filters, none).await;
    town.write(CONFIG, CONFIGURED).await;
    town.fault("GET", "*/filters.yaml*", FaultKind::Hang);
    let again = format!("{CONFIGURED}# again\n");
    town.github().write_file("engine", CONFIG, &again, "maya");
    town.github()
        .wait_until("its filters are being read", |g| g.hung() == 1)
        .await;
    // Of this no delivery tells, but of what the owner does next.
    town.loses_deliveries();
    town.github().deliver_nowhere();
    town.github()
        .write_file("engine", CONFIG, "enabled: false\n", "maya");
    town.github().forget_deliveries();
    let url = town.playground.app().webhook_url();
    town.github().deliver_to(&url);
    town.github()
        .announce_installation("new_permissions_accepted");
    town.github().deliveries_settled().await;
    town.github().release_hung();
    town.settle().await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.finish().await;
}
