//! What a delivery said, and who may read it.

use super::acting::signed_in;
use super::{TOKEN, Visitor, make_private, town};
use crate::support::{CONFIG, Town};
use drawbridge::domain::ids::RepoId;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewPr, Permission};
use drawbridge::web::{Access, Person, Sees, Viewer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where the delivery is that was sent last with this event and action.
fn address(town: &Town, event: &str, action: &str) -> String {
    format!("/deliveries/{}", town.delivery(event, action).guid)
}

/// Everything that the app has on its disk for payloads.
fn on_disk(town: &Town) -> Vec<u8> {
    let dir = town.playground.data_dir().join("payloads");
    let files = std::fs::read_dir(dir).unwrap();
    let each = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    each.collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn headers_and_payload_are_shown_with_secrets_taken_out_also_after_a_restart() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    let comment = "my token is ghp_0123456789abcdef <script>alert(1)</script>";
    let comment = town.comment(pr, "mel", comment).await;
    town.ignored(pr, comment);
    town.comment(pr, "vera", "/sync").await;
    let page = address(&town, "issue_comment", "created");
    let listed = Visitor::of(&town)
        .with_token(TOKEN)
        .get("/deliveries")
        .await;
    assert!(
        listed
            .body
            .contains(&format!("href=\"{}\"", page.replace('-', "%2D"))),
        "{}",
        listed.body
    );
    let secret = {
        let all = town.github().deliveries();
        let with = |body: &Value| body.as_str().is_some_and(|body| body.contains("ghp_"));
        let one = all.iter().find(|one| with(&one.payload["comment"]["body"]));
        format!("/deliveries/{}", one.unwrap().guid)
    };
    for round in ["at once", "after a restart"] {
        let operator = Visitor::of(&town).with_token(TOKEN);
        let seen = operator.get(&page).await.is(200);
        seen.says("vera commented on acme/engine#1")
            .says("x-github-event issue_comment")
            .says("Its signature ( sha256 ) was right")
            .says("\"body\": \"/sync\"")
            .does_not_say("x-hub-signature");
        let seen = operator.get(&secret).await.is(200);
        seen.says("\"body\": \"…\"").does_not_say("ghp_");
        let json = operator.json(&page).await;
        assert_eq!(
            json["sent"]["payload"]["comment"]["body"], "/sync",
            "{round}"
        );
        assert_eq!(json["event"], "issue_comment");
        assert!(!json.to_string().contains("signature"), "{json}");
        town.restart().await;
    }
    let kept = String::from_utf8_lossy(&on_disk(&town)).into_owned();
    assert!(!kept.contains("0123456789abcdef"), "{kept}");
    town.finish().await;
}

#[tokio::test]
async fn what_is_in_a_payload_is_only_text_on_the_page() {
    let town = town(Access::Open, "enabled: true\n").await;
    let guid = town.github().send_event(
        "push",
        json!({ "</pre><script>x": "<img src=x onerror=alert(1)>\u{202e}" }),
    );
    town.settle().await;
    let seen = Visitor::of(&town).get(&format!("/deliveries/{guid}")).await;
    let seen = seen.is(200);
    seen.does_not_say("<img")
        .does_not_say("<script>x")
        .does_not_say("\u{202e}");
    seen.says("Set aside").says("It could not be read");
    // Why it could not be read is no way round either.
    let quoted = json!({ "repository": { "id": "ghp_0123456789" }, "installation": { "id": 1 } });
    let guid = town.github().send_event("push", quoted);
    town.settle().await;
    let visitor = Visitor::of(&town);
    for page in [&format!("/deliveries/{guid}"), "/deliveries"] {
        visitor.get(page).await.is(200).does_not_say("ghp_");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_payload_is_for_those_with_a_right_of_their_own_and_to_others_it_is_not_there() {
    let mut town = town(Access::Public, "enabled: true\n").await;
    town.github().set_permission("rita", Permission::Read);
    town.github().add_repo("other");
    town.mirrored_pr().await;
    let of_pull = address(&town, "pull_request", "opened");
    // That GitHub shows the repository to everybody is enough to know that it came, and not for what it said.
    let visitor = Visitor::of(&town);
    let seen = visitor.get(&of_pull).await.is(200);
    seen.says("acme/engine#1 was opened")
        .says("Headers and payload are shown to those who have a right of their own")
        .does_not_say("x-github-event")
        .does_not_say("\"pull_request\"");
    let mut rita = signed_in(&town, "rita").await;
    rita.get(&of_pull).await.is(200).says("\"pull_request\"");
    // Of a repository that they may not see they learn nothing, nor of what is about all.
    let dashboard = town.playground.app().dashboard().unwrap();
    let other = RepoId(town.github().repo_id() + 1_000);
    let cookie = dashboard.begin_session(Viewer::Person(Person {
        name: "octo".into(),
        account: None,
        sees: Sees::Repositories(Arc::new(BTreeSet::from([other]))),
    }));
    let octo = visitor
        .clone()
        .with("cookie", cookie.split(';').next().unwrap());
    octo.get(&of_pull)
        .await
        .is(200)
        .does_not_say("\"pull_request\"");
    make_private(&town).await;
    let nothing = octo.get("/deliveries/there-is-none").await.is(404);
    for stranger in [&octo, &visitor] {
        let hidden = stranger.get(&of_pull).await.is(404);
        assert_eq!(hidden.status, nothing.status);
        stranger.get(&format!("/api/v1{of_pull}")).await.is(404);
    }
    let all = town.github().deliveries();
    let of_people = all.iter().find(|one| one.event == "organization");
    let whole = format!("/deliveries/{}", of_people.expect("mel joined").guid);
    rita.get(&whole).await.is(404);
    let operator = visitor.clone().with_token(TOKEN);
    operator.get(&whole).await.is(200).says("\"organization\"");
    // Nor of what an owner has ticked on the app's page.
    let alert = json!({ "action": "created", "repository": { "id": town.github().repo_id() } });
    let alert = town.github().send_event("secret_scanning_alert", alert);
    town.settle().await;
    let alert = format!("/deliveries/{alert}");
    rita.get(&alert).await.is(404);
    operator.get(&alert).await.is(200).says("\"repository\"");
    town.finish().await;
}

#[tokio::test]
async fn a_long_payload_is_not_kept_and_the_page_says_so() {
    let town = town(Access::Private, "enabled: true\n").await;
    let long = json!({ "filler": "x".repeat(2 << 20), "repository": { "id": 1 } });
    let guid = town.github().send_event("watch", long);
    town.settle().await;
    let operator = Visitor::of(&town).with_token(TOKEN);
    let seen = operator.get(&format!("/deliveries/{guid}")).await.is(200);
    seen.says("Its payload has 2.0 MiB, and one of more than 1.0 MiB is not kept");
    seen.says("x-github-event watch");
    assert!(seen.body.len() < 20_000);
    // One that is long for a page is kept, and the page shows its beginning.
    let guid = town
        .github()
        .send_event("watch", json!({ "filler": "x".repeat(500_000) }));
    town.settle().await;
    let seen = operator.get(&format!("/deliveries/{guid}")).await.is(200);
    seen.says("The rest is too long for a page");
    assert!(seen.body.len() < 250_000, "{}", seen.body.len());
    let json = operator.json(&format!("/deliveries/{guid}")).await;
    assert_eq!(
        json["sent"]["payload"]["filler"].as_str().unwrap().len(),
        500_000
    );
    town.finish().await;
}

#[tokio::test]
async fn what_was_damaged_or_changed_on_the_disk_hinders_no_start_and_is_not_shown() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    town.mirrored_pr().await;
    let page = address(&town, "pull_request", "opened");
    let operator = |town: &Town| Visitor::of(town).with_token(TOKEN);
    operator(&town)
        .get(&page)
        .await
        .is(200)
        .says("\"pull_request\"");
    town.playground.stop_app().await.unwrap();
    for file in std::fs::read_dir(town.playground.data_dir().join("payloads")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        // Each record's text, without what tells of its place.
        let marks: Vec<usize> = (0..bytes.len() - 4)
            .filter(|at| bytes[*at..].starts_with(b"DBP1"))
            .collect();
        for at in marks {
            bytes[at + 100] ^= 1;
        }
        bytes.truncate(bytes.len() - 1);
        std::fs::write(path, bytes).unwrap();
    }
    town.playground.start_app().await.unwrap();
    let seen = operator(&town).get(&page).await.is(200);
    seen.says("changed or damaged on the disk")
        .says("acme/engine#1 was opened")
        .does_not_say("\"pull_request\"");
    town.member_pr().await;
    let page = address(&town, "pull_request", "opened");
    operator(&town)
        .get(&page)
        .await
        .is(200)
        .says("\"pull_request\"");
    town.mirrored(2);
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_that_was_lost_is_shown_like_any_other() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    town.loses_deliveries();
    town.github().deliver_nowhere();
    town.playground.stop_app().await.unwrap();
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.playground.start_app().await.unwrap();
    town.settle().await;
    town.mirrored(pr);
    let page = address(&town, "pull_request", "opened");
    let operator = Visitor::of(&town).with_token(TOKEN);
    let seen = operator.get(&page).await.is(200);
    seen.says("read from GitHub's list of deliveries")
        .says("\"pull_request\"");
    town.finish().await;
}

#[tokio::test]
async fn without_a_dashboard_nothing_is_written() {
    let town = Town::set_up(Setup {
        dashboard: None,
        ..Setup::default()
    })
    .await;
    town.write(CONFIG, "enabled: true\n").await;
    assert!(!town.playground.data_dir().join("payloads").exists());
    town.finish().await;
}
