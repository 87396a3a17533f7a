//! Those from whom a public repository's pull requests come: they have no right of their own there, and GitHub shows it to them.

use super::acting::signed_in;
use super::live::{hears, listen};
use super::sign_in::{Browser, later};
use super::{Visitor, make_private, town};
use crate::support::Town;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{FaultKind, NewPr, Permission};
use drawbridge::web::Access;

const PAGE: &str = "/r/acme/engine/pull/1";

/// Where there is something to see of `acme/engine`, and of nothing else.
const OF_THE_REPOSITORY: [&str; 9] = [
    "/r/acme/engine",
    "/r/acme/engine?q=1&stage=vetting",
    "/r/acme/engine/runs",
    PAGE,
    "/badge/acme/engine/ci.svg",
    "/api/v1/repositories/acme/engine",
    "/api/v1/repositories/acme/engine/pulls?q=Secret",
    "/api/v1/repositories/acme/engine/pulls/1",
    "/api/v1/repositories/acme/engine/runs",
];

/// Where there is something to see of all repositories.
const OF_ALL: [&str; 9] = [
    "/",
    "/vetting",
    "/deliveries",
    "/deliveries?q=engine",
    "/api/v1/overview",
    "/api/v1/vetting",
    "/api/v1/repositories",
    "/api/v1/deliveries",
    "/api/v1/deliveries?q=engine",
];

/// sam, a stranger, has opened a pull request from a fork.
async fn with_a_strangers(access: Access) -> Town {
    let mut town = town(access, "enabled: true\n").await;
    let pr = town.open(NewPr::by("sam").title("Secret plans")).await;
    town.told(pr);
    town
}

#[tokio::test]
async fn who_opened_a_pull_request_from_a_fork_reads_the_page_that_its_gate_leads_to() {
    let town = with_a_strangers(Access::Private).await;
    let gate = town.github().check(&town.head(1), GATE_NAME).unwrap();
    assert!(gate.details_url.unwrap().ends_with(PAGE));
    let mut sam = Browser::of(&town);
    sam.get(PAGE).await.is(401).says("Sign in with GitHub");
    let back = sam.sign_in(PAGE, "sam").await.is(303);
    assert_eq!(back.header("location"), PAGE);
    let page = sam.get(PAGE).await.is(200);
    page.says("Secret plans").says("Signed in: sam");
    for path in OF_THE_REPOSITORY.into_iter().chain(OF_ALL) {
        sam.get(path).await.is(200);
        Visitor::of(&town).get(path).await.is(401);
    }
    for path in ["/", "/vetting", "/deliveries?q=engine"] {
        sam.get(path)
            .await
            .says("acme/engine")
            .does_not_say("Installations")
            .does_not_say("installation ");
    }
    // What takes a right of their own is for others.
    let delivery = town.delivery("pull_request", "opened").guid;
    sam.get(&format!("/deliveries/{delivery}"))
        .await
        .is(200)
        .says("Headers and payload are shown to those who have a right of their own")
        .does_not_say("\"pull_request\"");
    super::acting::refused(&mut sam, "approve").await;
    town.settle().await;
    town.not_mirrored(1);
    town.finish().await;
}

#[tokio::test]
async fn an_open_page_of_a_contributor_follows_and_ends_when_the_repository_is_closed_to_them() {
    let mut town = with_a_strangers(Access::Private).await;
    let mut sam = signed_in(&town, "sam").await;
    let path = "/events?repository=acme%2Fengine&pull=1";
    let mut stream = listen(&sam.request(), path).await;
    hears(&mut stream, "event: ready").await;
    town.approve(1).await;
    town.mirrored(1);
    hears(&mut stream, "event: changed").await;
    make_private(&town).await;
    sam.get(PAGE).await.is(404);
    sam.get(path).await.is(404);
    // The open one ends with the next thing that happens.
    town.push(1).await;
    town.allow(1, &town.head(1));
    town.told(1);
    while let Ok(Some(_)) = stream.chunk().await {}
    town.finish().await;
}

#[tokio::test]
async fn of_a_private_repository_nobody_learns_who_has_no_right_there() {
    for access in [Access::Private, Access::Public] {
        let town = with_a_strangers(access).await;
        town.github().add_repo("other");
        make_private(&town).await;
        later(&town, 6).await;
        let mut sam = signed_in(&town, "sam").await;
        let missing = sam.get("/r/acme/nothing").await.is(404);
        let events = ["/events?repository=acme%2Fengine", "/r/acme/engine"];
        for path in OF_THE_REPOSITORY.into_iter().chain(events) {
            let seen = sam.get(path).await.is(404);
            seen.does_not_say("engine").does_not_say("Secret");
            if !path.starts_with("/api") {
                assert_eq!(seen.body, missing.body, "{path}");
            }
        }
        for path in OF_ALL {
            let seen = sam.get(path).await.is(200);
            // (What somebody looks for stands in the form again.)
            if !path.contains("q=") {
                seen.does_not_say("engine");
            }
            seen.does_not_say("Secret").does_not_say("#1");
        }
        sam.get("/").await.says("acme/other").says("Nobody waits");
        sam.post(&format!("{PAGE}/sync"), &[]).await.is(404);
        // Who has a right there sees it, until it is taken.
        town.github().set_permission("sam", Permission::Read);
        later(&town, 4).await;
        sam.get(PAGE).await.is(200);
        town.finish().await;
    }
}

#[tokio::test]
async fn until_it_is_known_what_is_public_nothing_is() {
    let town = with_a_strangers(Access::Private).await;
    let mut sam = signed_in(&town, "sam").await;
    sam.get(PAGE).await.is(200);
    // GitHub tells of a new name: whether it is still open to everybody is asked, and until then it is not.
    let nothing = FaultKind::Status(502);
    town.faults(100, "GET", "/installation/repositories", nothing);
    town.github().announce_repository("renamed");
    town.settle().await;
    sam.get(PAGE).await.is(404);
    town.github().clear_faults();
    // A round that was under way may still have failed.
    later(&town, 6).await;
    later(&town, 6).await;
    sam.get(PAGE).await.is(200);
    town.finish().await;
}
