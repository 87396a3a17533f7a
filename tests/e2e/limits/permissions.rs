//! The installation has not granted what the app needs.

use crate::support::Town;
use drawbridge::domain::gate::GATE_NAME;

const CHECK_RUNS: &str = "/repos/{owner}/{repo}/check-runs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission_names_its_page_and_is_not_asked_for_in_a_loop() {
    let mut town = Town::new().await;
    town.github().set_app_permission("members", None);
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    let page = format!(
        "{}/organizations/acme/settings/installations/{}",
        town.github().api_url(),
        town.github().installation_id()
    );
    town.gate(pr)
        .says("the app lacks the permission members=read")
        .says(&page);
    let asked = |town: &Town| {
        let calls = town.calls();
        calls
            .iter()
            .filter(|one| one.route.contains("/members/"))
            .count()
    };
    // Everything that comes makes it look again; by itself it does not.
    let before = asked(&town);
    town.playground.pass(chrono::TimeDelta::minutes(50)).await;
    assert_eq!(asked(&town), before);
    town.github().set_app_permission("members", Some("read"));
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_need_the_missing_permission_works() {
    let mut town = Town::new().await;
    for (permission, level) in [
        ("checks", None),
        ("workflows", None),
        ("statuses", Some("read")),
    ] {
        town.github().set_app_permission(permission, level);
    }
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    let member = town.mirrored_pr().await;
    let stranger = town.stranger_pr().await;
    town.told(stranger);
    let head = town.head(member);
    assert!(town.github().check(&head, GATE_NAME).is_none());
    let calls = town.calls();
    let tries = calls
        .iter()
        .filter(|one| one.route == CHECK_RUNS && one.method == "POST");
    assert!(tries.clone().all(|one| one.status == 403));
    assert!(
        tries.count() <= 4,
        "at most once for each state of each head"
    );
    for permission in ["checks", "workflows", "statuses"] {
        town.github().set_app_permission(permission, Some("write"));
    }
    town.github()
        .announce_installation("new_permissions_accepted");
    town.settle().await;
    town.gate(member).is("in_progress");
    town.gate(stranger).is("action_required");
    town.finish().await;
}
