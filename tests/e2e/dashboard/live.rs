//! Pages that are told of changes.

use super::{TOKEN, Visitor, town};
use drawbridge::web::{Access, STREAMS};
use std::time::Duration;

/// Reads a stream until these words come.
pub(super) async fn hears(answer: &mut reqwest::Response, words: &str) {
    let mut heard = String::new();
    let listening = async {
        while let Some(chunk) = answer.chunk().await.unwrap() {
            heard.push_str(std::str::from_utf8(&chunk).unwrap());
            if heard.contains(words) {
                return;
            }
        }
        panic!("the stream ended with {heard:?}");
    };
    tokio::time::timeout(Duration::from_secs(60), listening)
        .await
        .expect("it is told");
}

pub(super) async fn listen(visitor: &Visitor, path: &str) -> reqwest::Response {
    visitor
        .request(reqwest::Method::GET, path)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn an_open_page_is_told_of_its_own_pull_request() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let visitor = Visitor::of(&town);
    let page = visitor.get("/r/acme/engine/pull/1").await.is(200);
    let live = page
        .body
        .split("data-live=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let mut stream = listen(&visitor, &live.replace("&amp;", "&")).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    hears(&mut stream, "event: ready").await;
    town.approve(pr).await;
    town.mirrored(pr);
    hears(&mut stream, "event: changed").await;
    town.finish().await;
}

#[tokio::test]
async fn streams_leave_room_for_deliveries_and_end_with_the_server() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let visitor = Visitor::of(&town).with_token(TOKEN);
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let mut stream = listen(&visitor, "/events").await;
        hears(&mut stream, "event: ready").await;
        streams.push(stream);
    }
    visitor
        .get("/events")
        .await
        .is(503)
        .says("Many are looking already");
    // Deliveries and pages still have their places.
    let pr = town.member_pr().await;
    town.mirrored(pr);
    visitor.get("/r/acme/engine/pull/1").await.is(200);
    drop(streams.pop());
    // A stream that nobody reads any more leaves its place with the next word.
    town.playground.stop_app().await.unwrap();
    for mut stream in streams {
        while let Ok(Some(_)) = stream.chunk().await {}
    }
    town.playground.start_app().await.unwrap();
    town.finish().await;
}

#[tokio::test]
async fn one_visitor_does_not_take_the_places_of_those_who_signed_in() {
    let town = town(Access::Public, "enabled: true\n").await;
    let from = |last: usize| {
        let address = format!("203.0.113.{last}");
        Visitor::of(&town).with("x-forwarded-for", &address)
    };
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(listen(&from(1), "/events").await);
    }
    from(1).get("/events").await.is(503);
    for visitor in 2..=4 {
        for _ in 0..8 {
            let stream = listen(&from(visitor), "/events").await;
            assert_eq!(stream.status(), 200);
            streams.push(stream);
        }
    }
    from(5)
        .get("/events")
        .await
        .is(503)
        .says("Many are looking already");
    let operator = Visitor::of(&town).with_token(TOKEN);
    let mut stream = listen(&operator, "/events").await;
    hears(&mut stream, "event: ready").await;
    town.finish().await;
}
