//! What happened, and because of which deliveries.

use super::{TOKEN, Visitor, town};
use drawbridge::sandbox::{FaultKind, Visibility};
use drawbridge::web::Access;
use serde_json::Value;

/// The lines of a history that say this.
fn saying<'a>(lines: &'a Value, what: &str) -> Vec<&'a Value> {
    let lines = lines.as_array().expect("lines");
    let says = |line: &&Value| {
        line["what"]
            .as_str()
            .is_some_and(|says| says.contains(what))
    };
    lines.iter().filter(says).collect()
}

/// Whether a line names the delivery.
fn names(line: &Value, delivery: &str) -> bool {
    let named = line["deliveries"].as_array();
    named.is_some_and(|named| named.iter().any(|id| id == delivery))
}

#[tokio::test]
async fn the_page_of_a_delivery_says_what_was_done_because_of_it_and_the_history_leads_there() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let strange = town.stranger_pr().await;
    town.told(strange);
    let first = town.delivery("pull_request", "opened").guid;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let second = town.delivery("pull_request", "opened").guid;
    let moved = format!("moved pull-request/{pr} to");
    for (id, says, other) in [
        (&first, "commented", moved.as_str()),
        (&second, moved.as_str(), "commented"),
    ] {
        let page = visitor.get(&format!("/deliveries/{id}")).await.is(200);
        page.says("What was done").says(says).does_not_say(other);
        let json = visitor.json(&format!("/deliveries/{id}")).await;
        assert_eq!(saying(&json["done"], says).len(), 1, "{json:#}");
    }
    let page = visitor.get("/r/acme/engine/pull/2").await.is(200);
    let (_, line) = page.body.split_once("moved pull-request/2").unwrap();
    let (line, _) = line.split_once("</li>").unwrap();
    let link = format!("/deliveries/{}", second.replace('-', "%2D"));
    assert!(line.contains(&link), "{line}");
    let json = visitor.json("/repositories/acme/engine/pulls/2").await;
    assert!(names(saying(&json["history"], &moved)[0], &second));
    town.finish().await;
}

#[tokio::test]
async fn a_history_goes_from_the_delivery_over_the_decision_and_the_action_to_the_result() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    town.fault(
        "POST",
        "/repos/{owner}/{repo}/git/refs",
        FaultKind::Status(500),
    );
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let opened = town.delivery("pull_request", "opened").guid;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    let done = visitor.json(&format!("/deliveries/{opened}")).await;
    let page = visitor.get("/r/acme/engine/pull/1").await.is(200);
    for (what, kind) in [
        ("is trusted", "decision"),
        ("answered 500", "result"),
        ("moved pull-request/1 to", "action"),
    ] {
        for lines in [&json["history"], &done["done"]] {
            let found = saying(lines, what);
            let is = found.iter().any(|line| line["kind"] == kind);
            assert!(is, "{what}: {lines:#}");
        }
        let of = format!("of-{kind}");
        let mut shown = page.body.split("<li");
        let is = shown.any(|line| line.contains(what) && line.contains(&of));
        assert!(is, "{what}: {}", page.text());
    }
    let came = saying(&json["history"], "acme/engine#1 was opened");
    assert_eq!(came[0]["kind"], "delivery");
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_that_may_not_be_seen_is_not_named_in_a_history_that_may() {
    let mut town = town(Access::Public, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.github().add_org_member("sam", Visibility::Private);
    town.settle().await;
    town.mirrored(pr);
    town.told(pr);
    let joined = town.delivery("organization", "member_added").guid;
    let visitor = Visitor::of(&town);
    let operator = visitor.clone().with_token(TOKEN);
    for (who, shown) in [(operator, true), (visitor, false)] {
        let json = who.json("/repositories/acme/engine/pulls/1").await;
        let moved = saying(&json["history"], "moved pull-request/1 to");
        assert_eq!(names(moved[0], &joined), shown, "{moved:#?}");
        let page = who.get("/r/acme/engine/pull/1").await.is(200);
        assert_eq!(page.body.contains(&joined.replace('-', "%2D")), shown);
    }
    town.finish().await;
}
