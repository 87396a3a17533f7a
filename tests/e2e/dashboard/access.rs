//! Who may look.

use super::{TOKEN, Visitor, make_private, town};
use drawbridge::domain::ids::RepoId;
use drawbridge::web::{Access, Person, Sees, Viewer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that shows something of `acme/engine`.
const OF_THE_REPOSITORY: [&str; 8] = [
    "/r/acme/engine",
    "/r/acme/engine/runs",
    "/r/acme/engine/pull/1",
    "/badge/acme/engine/ci.svg",
    "/events?repository=acme%2Fengine",
    "/api/v1/repositories/acme/engine",
    "/api/v1/repositories/acme/engine/pulls",
    "/api/v1/repositories/acme/engine/pulls/1",
];

#[tokio::test]
async fn without_a_token_nothing_is_shown_but_how_to_be_let_in() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let visitor = Visitor::of(&town);
    let others = [
        "/",
        "/deliveries",
        "/commands",
        "/config",
        "/vetting",
        "/api/v1/overview",
        "/api/v1/commands",
    ];
    for path in OF_THE_REPOSITORY.into_iter().chain(others) {
        let seen = visitor.get(path).await.is(401);
        seen.says("Please sign in")
            .says("DASHBOARD_TOKEN")
            .does_not_say("acme/engine#");
    }
    // A repository that is not there can't be told from one that is.
    visitor.get("/r/acme/nothing").await.is(401);
    for wrong in ["wrong", "a-token-of-the-operator", ""] {
        let wrong = visitor.clone().with_token(wrong);
        wrong
            .get("/")
            .await
            .is(401)
            .says("That token opens nothing here");
        wrong.get("/api/v1/overview").await.is(401).says("error");
    }
    for right in [TOKEN, "the-one-before-that"] {
        visitor
            .clone()
            .with_token(right)
            .get("/r/acme/engine")
            .await
            .is(200);
    }
    for open in ["/sign-in", "/api/openapi.json"] {
        visitor.get(open).await.is(200);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_person_signs_in_with_the_token_and_out_again() {
    let town = town(Access::Private, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let wrong = visitor
        .post("/sign-in", &[("token", "guessed"), ("next", "/")])
        .await
        .is(401);
    wrong.does_not_say("guessed").does_not_say("set-cookie");
    assert_eq!(wrong.header("set-cookie"), "");
    let form = [("token", TOKEN), ("next", "/r/acme/engine")];
    let elsewhere = visitor.clone().with("sec-fetch-site", "cross-site");
    elsewhere.post("/sign-in", &form).await.is(403);
    let elsewhere = visitor.clone().with("origin", "https://evil.example");
    elsewhere
        .post("/sign-in", &form)
        .await
        .is(403)
        .says("came from another site");
    let signed_in = visitor.post("/sign-in", &form).await.is(303);
    assert_eq!(signed_in.header("location"), "/r/acme/engine");
    let cookie = signed_in.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let (session, _) = cookie.split_once(';').unwrap();
    assert!(!session.contains(TOKEN));
    let person = visitor.clone().with("cookie", session);
    person
        .get("/r/acme/engine")
        .await
        .is(200)
        .says("Signed in: operator");
    let led_away = visitor
        .post("/sign-in", &[("token", TOKEN), ("next", "//evil.example")])
        .await;
    assert_eq!(led_away.header("location"), "/");
    person.post("/sign-out", &[]).await.is(303);
    person.get("/r/acme/engine").await.is(401);
    town.finish().await;
}

#[tokio::test]
async fn where_it_is_public_a_private_repository_is_as_if_it_were_not_there() {
    let mut town = town(Access::Public, "enabled: true\n").await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let visitor = Visitor::of(&town);
    for path in &OF_THE_REPOSITORY[..4] {
        visitor.get(path).await.is(200);
    }
    visitor
        .get("/")
        .await
        .is(200)
        .says("acme/engine")
        .does_not_say("Installations");
    visitor
        .get("/deliveries")
        .await
        .is(200)
        .says("acme/engine#1")
        .does_not_say("installation ");
    make_private(&town).await;
    let missing = visitor.get("/r/acme/nothing").await.is(404);
    for path in OF_THE_REPOSITORY {
        let seen = visitor.get(path).await.is(404);
        seen.does_not_say("engine").does_not_say("Engine");
        if path == "/r/acme/engine" {
            assert_eq!(
                seen.body, missing.body,
                "both are refused in the same words"
            );
        }
    }
    for path in [
        "/",
        "/deliveries",
        "/vetting",
        "/api/v1/overview",
        "/api/v1/repositories",
        "/api/v1/deliveries",
    ] {
        visitor.get(path).await.is(200).does_not_say("engine");
    }
    visitor
        .with_token(TOKEN)
        .get("/r/acme/engine/pull/1")
        .await
        .is(200);
    town.finish().await;
}

#[tokio::test]
async fn a_person_sees_their_own_repositories_and_public_ones_alone() {
    let town = town(Access::Private, "enabled: true\n").await;
    town.github().add_repo("other");
    make_private(&town).await;
    let operator = Visitor::of(&town).with_token(TOKEN);
    operator.get("/r/acme/engine").await.is(200);
    let dashboard = town.playground.app().dashboard().unwrap();
    let sees = |repos: BTreeSet<RepoId>| {
        dashboard.begin_session(Viewer::Person(Person {
            name: "octo".into(),
            account: None,
            sees: Sees::Repositories(Arc::new(repos)),
        }))
    };
    let nothing = sees(BTreeSet::new());
    let engine = RepoId(town.github().repo_id());
    let own = sees(BTreeSet::from([engine]));
    let with = |cookie: &str| Visitor::of(&town).with("cookie", cookie.split(';').next().unwrap());
    with(&nothing).get("/r/acme/engine").await.is(404);
    with(&nothing)
        .get("/")
        .await
        .is(200)
        .says("acme/other")
        .does_not_say("acme/engine");
    with(&own)
        .get("/")
        .await
        .is(200)
        .says("acme/engine")
        .does_not_say("Installations");
    with(&own)
        .get("/r/acme/engine")
        .await
        .is(200)
        .says("Signed in: octo");
    town.finish().await;
}

#[tokio::test]
async fn what_is_no_bearer_token_is_told_what_is_understood() {
    let town = town(Access::Public, "enabled: true\n").await;
    for given in [
        "Basic dXNlcjpwYXNz",
        "Digest x",
        "Bearer",
        "a-token-of-the-operators",
    ] {
        let visitor = Visitor::of(&town).with("authorization", given);
        for path in ["/", "/api/v1/overview", "/r/acme/engine"] {
            let seen = visitor.get(path).await.is(401);
            assert!(
                seen.header("www-authenticate").starts_with("Bearer"),
                "{given}"
            );
            match given {
                "Bearer" => seen.says("That token opens nothing here"),
                _ => seen.says("Only a bearer token is understood here"),
            };
            seen.does_not_say("dXNlcjpwYXNz");
        }
    }
    town.finish().await;
}

#[tokio::test]
async fn a_place_in_a_list_tells_nothing_of_what_may_not_be_seen() {
    let town = town(Access::Private, "enabled: true\n").await;
    let mut own = BTreeSet::new();
    for number in 0..28 {
        own.insert(RepoId(town.github().add_repo(&format!("part-{number:02}"))));
    }
    town.github().rename_repo("part-24-hidden");
    make_private(&town).await;
    let operator = Visitor::of(&town).with_token(TOKEN);
    let plain = operator.json("/repositories").await["next"].clone();
    let plain = plain.as_str().unwrap();
    assert!(plain.contains(&hex::encode("part-")), "{plain}");
    let dashboard = town.playground.app().dashboard().unwrap();
    let cookie = dashboard.begin_session(Viewer::Person(Person {
        name: "octo".into(),
        account: None,
        sees: Sees::Repositories(Arc::new(own)),
    }));
    let person = Visitor::of(&town).with("cookie", cookie.split(';').next().unwrap());
    let first = person.json("/repositories").await;
    let next = first["next"].as_str().unwrap();
    assert!(hex::decode(next).is_err() && next.len() > 600, "{next}");
    let second = person.json(&format!("/repositories?after={next}")).await;
    let rows = |part: &serde_json::Value| part["rows"].as_array().unwrap().len();
    assert_eq!((rows(&first), rows(&second)), (25, 3));
    // Nobody chooses a place to look from.
    for chosen in [plain, "6162", &next[1..]] {
        let path = format!("/api/v1/repositories?after={chosen}");
        person
            .get(&path)
            .await
            .is(400)
            .says("none that a list has given");
    }
    let sealed = format!("/api/v1/repositories?after={next}");
    operator.get(&sealed).await.is(400);
    town.finish().await;
}
