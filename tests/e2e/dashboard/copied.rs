//! What is there to be copied elsewhere: into a README, and into a configuration.

use super::{TOKEN, Visitor, make_private, town};
use crate::support::jobs::POST_MERGE;
use crate::support::{CONFIG, Town};
use drawbridge::web::Access;
use serde_json::Value;

/// A town in which something ran on the default branch.
async fn with_a_push(access: Access) -> Town {
    let town = town(access, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(CONFIG, POST_MERGE).await;
    town.write("src/lib.rs", "pushed").await;
    town
}

#[tokio::test]
async fn a_badge_is_offered_where_everybody_can_read_it() {
    let town = with_a_push(Access::Public).await;
    let visitor = Visitor::of(&town);
    let page = visitor.get("/r/acme/engine").await.is(200);
    let view = visitor.json("/repositories/acme/engine").await;
    let markdown = view["badges"][0]["markdown"].as_str().unwrap();
    page.says(markdown);
    let base = &visitor.base;
    let expected = format!("[![ci]({base}/badge/acme/engine/ci.svg)]({base}/r/acme/engine)");
    assert_eq!(markdown, expected);
    visitor
        .get("/badge/acme/engine/ci.svg")
        .await
        .is(200)
        .says("running");
    // Once nobody can read it without signing in it is not offered to those who have.
    make_private(&town).await;
    visitor.get("/badge/acme/engine/ci.svg").await.is(404);
    let operator = visitor.with_token(TOKEN);
    operator
        .get("/r/acme/engine")
        .await
        .is(200)
        .does_not_say("Badge");
    let view = operator.json("/repositories/acme/engine").await;
    assert_eq!(view["badges"], Value::Array(vec![]));
    town.finish().await;
}

#[tokio::test]
async fn no_badge_is_offered_where_one_has_to_sign_in() {
    let town = with_a_push(Access::Private).await;
    let operator = Visitor::of(&town).with_token(TOKEN);
    operator
        .get("/r/acme/engine")
        .await
        .is(200)
        .does_not_say("Badge");
    town.finish().await;
}

#[tokio::test]
async fn the_page_of_the_configuration_leads_to_its_schema_and_describes_the_keys() {
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let page = visitor.get("/config").await.is(200);
    let address = format!("{}/schema/config.json", visitor.base);
    page.says(&format!("# yaml-language-server: $schema={address}"));
    assert!(
        page.body.contains(&format!("href=\"{address}\"")),
        "{}",
        page.body
    );
    let schema = visitor.get("/schema/config.json").await.is(200).body;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for (key, value) in schema["properties"].as_object().unwrap() {
        let about = value["description"].as_str().unwrap().replace('`', " ");
        let about: Vec<&str> = about.split_whitespace().collect();
        page.says(key).says(&about.join(" "));
    }
    page.says("pipelines.<name>.jobs.<name>").says("needs_any");
    town.finish().await;
}
