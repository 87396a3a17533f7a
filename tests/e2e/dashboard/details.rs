//! *Details* of a check on GitHub leads to the dashboard.

use super::{Visitor, town};
use crate::support::{CONFIG, Town};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::domain::pages::encoded;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewPr, Permission};
use drawbridge::web::Access;

/// Where the gate of a commit leads; `None`: to GitHub's own page of it.
fn details(town: &Town, sha: &str) -> Option<String> {
    let check = town.github().check(sha, GATE_NAME);
    check.expect("it has a gate").details_url
}

#[tokio::test]
async fn the_gate_of_a_pull_request_leads_to_its_page_and_that_of_a_merge_group_to_its_runs() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    town.build_ends(pr, "build", "success").await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let somebody = Visitor::of(&town);
    let branch = group.head_ref.trim_start_matches("refs/heads/");
    let of_group = format!("/r/acme/engine/runs/merge_group?name={}", encoded(branch));
    for (sha, page) in [
        (town.head(pr), "/r/acme/engine/pull/1"),
        (group.head_sha, &of_group),
    ] {
        let led = details(&town, &sha).expect("it leads to the dashboard");
        assert_eq!(led, format!("{}{page}", somebody.base));
        somebody.get(page).await.is(200);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_head_of_several_leads_to_the_page_of_the_first() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let one = town.mirrored_pr().await;
    let shared = town.head(one);
    let other = town.open(NewPr::by("mel").same_head_as(one)).await;
    town.mirrored(other);
    let led = details(&town, &shared).expect("it leads to the dashboard");
    assert!(led.ends_with("/r/acme/engine/pull/1"), "{led}");
    town.finish().await;
}

#[tokio::test]
async fn without_a_dashboard_nothing_is_said_of_it_and_with_one_no_gate_is_written_anew_for_that() {
    let mut town = Town::set_up(Setup {
        dashboard: None,
        ..Setup::default()
    })
    .await;
    town.write(CONFIG, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let head = town.head(pr);
    assert_eq!(details(&town, &head), None);

    town.playground.set_dashboard(Some(Access::Open));
    town.restart().await;
    town.github().clear_exchanges();
    town.comment(pr, "sam", "/sync").await;
    assert_eq!(details(&town, &head), None);
    let written = town.writes();
    assert!(
        !written.iter().any(|call| call.contains("/check-runs")),
        "{written:?}"
    );

    // The next thing that it says leads there.
    town.github().set_permission("vera", Permission::Write);
    town.approve(pr).await;
    town.mirrored(pr);
    town.told(pr);
    let led = details(&town, &head).expect("it leads to the dashboard now");
    assert!(led.ends_with("/r/acme/engine/pull/1"), "{led}");
    town.finish().await;
}
