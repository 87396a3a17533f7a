//! What browsers are told.

use super::{TOKEN, Visitor, town};
use drawbridge::web::Access;

#[tokio::test]
async fn every_answer_forbids_what_pages_do_not_need() {
    let town = town(Access::Private, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let operator = visitor.clone().with_token(TOKEN);
    let person = visitor.clone().with("accept", "text/html");
    let mut all = Vec::new();
    for path in [
        "/",
        "/r/acme/engine",
        "/deliveries",
        "/commands",
        "/config",
        "/api/v1/overview",
        "/api/openapi.json",
        "/badge/acme/engine/x.svg",
        "/assets/none.css",
        "/r/acme/none",
        "/?after=zz",
    ] {
        all.push((path, operator.get(path).await));
        all.push((path, visitor.get(path).await));
    }
    all.push(("nowhere", person.get("/nowhere").await.is(404)));
    all.push((
        "/sign-in",
        visitor.post("/sign-in", &[("token", "x")]).await,
    ));
    all.push((
        "elsewhere",
        visitor
            .clone()
            .with("origin", "null")
            .post("/config", &[])
            .await,
    ));
    for (path, seen) in all {
        let policy = seen.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(seen.header("referrer-policy"), "same-origin", "{path}");
        assert!(!seen.header("cache-control").contains("public"), "{path}");
        // Nothing is written into a page that the policy forbids.
        for inline in ["<style", " style=\"", " onclick", "<script>"] {
            assert!(!seen.body.contains(inline), "{path}: {inline}");
        }
    }
    town.finish().await;
}

#[tokio::test]
async fn style_and_script_have_names_that_change_with_them_and_are_kept_by_browsers() {
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let page = visitor.get("/").await.is(200);
    let files: Vec<&str> = page
        .body
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let seen = visitor.get(file).await.is(200);
        assert!(seen.header("cache-control").contains("immutable"), "{file}");
        let tag = seen.header("etag").to_owned();
        visitor
            .clone()
            .with("if-none-match", &tag)
            .get(file)
            .await
            .is(304);
    }
    town.finish().await;
}
