//! Lists in parts, filters and search.

use super::sign_in::later;
use super::{Visitor, town};
use drawbridge::sandbox::NewPr;
use drawbridge::web::Access;
use serde_json::Value;

fn numbers(list: &Value) -> Vec<u64> {
    let rows = list["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_long_list_comes_in_parts_and_is_searched() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    for number in 1..=27 {
        let title = if number == 3 {
            "The needle".to_owned()
        } else {
            format!("Hay {number}")
        };
        town.github()
            .open_pr(NewPr::by(if number == 5 { "mel" } else { "sam" }).title(&title));
    }
    town.settle().await;
    for pr in 1..=27 {
        match pr {
            5 => town.mirrored(pr),
            _ => drop(town.told(pr)),
        }
    }
    let visitor = Visitor::of(&town);
    let pulls = "/repositories/acme/engine/pulls";
    let first = visitor.json(pulls).await;
    assert_eq!(numbers(&first), (3..=27).rev().collect::<Vec<_>>());
    let next = first["next"].as_str().unwrap();
    let second = visitor.json(&format!("{pulls}?after={next}")).await;
    assert_eq!(numbers(&second), [2, 1]);
    assert_eq!(second["next"], Value::Null);
    let page = visitor.get("/r/acme/engine").await.is(200);
    let link = format!("/r/acme/engine?stage=&amp;q=&amp;after={next}");
    assert!(page.body.contains(&link), "{}", page.body);
    visitor
        .get(&link.replace("&amp;", "&"))
        .await
        .is(200)
        .says("Hay 2")
        .does_not_say("Hay 27");

    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?q=NEEDLE")).await),
        [3]
    );
    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?q=%235")).await),
        [5]
    );
    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?q=5")).await)[..1],
        [5]
    );
    assert_eq!(numbers(&visitor.json(&format!("{pulls}?q=mel")).await), [5]);
    let head = town.head(9);
    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?q={}", &head[..9])).await),
        [9]
    );
    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?stage=running")).await),
        [5]
    );
    assert_eq!(
        numbers(&visitor.json(&format!("{pulls}?stage=passed")).await),
        [0; 0]
    );
    // Who waits the longest comes first.
    assert_eq!(numbers(&visitor.json("/vetting").await).len(), 25);
    for wrong in ["after=zz", "stage=nonsense"] {
        visitor
            .get(&format!("/api/v1{pulls}?{wrong}"))
            .await
            .is(400);
    }
    town.finish().await;
}

#[tokio::test]
async fn all_that_runs_is_listed_part_by_part() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    for _ in 1..=27 {
        town.github().open_pr(NewPr::by("mel"));
    }
    town.settle().await;
    (1..=27).for_each(|pr| town.mirrored(pr));
    let visitor = Visitor::of(&town);
    let pull = |row: &Value| row["name"].as_str().unwrap().parse().unwrap();
    let pulls =
        |list: &Value| -> Vec<u64> { list["rows"].as_array().unwrap().iter().map(pull).collect() };
    let first = visitor.json("/running").await;
    let next = first["next"].as_str().expect("there are more");
    let second = visitor.json(&format!("/running?after={next}")).await;
    assert_eq!(second["next"], Value::Null);
    assert_eq!(
        [pulls(&first), pulls(&second)].concat(),
        (1..=27).collect::<Vec<_>>()
    );
    assert_eq!(visitor.json("/overview").await["running"]["next"], next);
    let link = format!("/running?after={next}");
    for page in ["/", "/running"] {
        let seen = visitor.get(page).await.is(200);
        assert!(
            seen.body.contains(&format!("href=\"{link}\"")),
            "{}",
            seen.body
        );
    }
    let seen = visitor.get(&link).await.is(200);
    seen.says("acme/engine#27").does_not_say("acme/engine#25<");
    assert!(seen.body.contains("data-live=\"/events\""));
    for wrong in ["/running?after=zz", "/api/v1/running?after=zz"] {
        visitor.get(wrong).await.is(400);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_repository_says_how_many_wait_for_a_vetter_and_for_how_long() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    visitor
        .get("/r/acme/engine")
        .await
        .is(200)
        .does_not_say("?stage=vetting\"");
    let oldest = town.stranger_pr().await;
    town.told(oldest);
    later(&town, 3 * 24 * 60 + 60).await;
    let newest = town.stranger_pr().await;
    town.told(newest);
    let trusted = town.member_pr().await;
    town.mirrored(trusted);
    let page = visitor.get("/r/acme/engine").await.is(200);
    page.says("2 wait for a vetter, the oldest for 3 d.");
    assert!(page.body.contains("href=\"/r/acme/engine?stage=vetting\""));
    let view = visitor.json("/repositories/acme/engine").await;
    assert_eq!(view["waiting"]["count"], 2);
    let waiting = visitor
        .json("/repositories/acme/engine/pulls?stage=vetting")
        .await;
    assert_eq!(
        numbers(&waiting),
        [oldest, newest],
        "the longest wait first"
    );
    town.approve(oldest).await;
    town.mirrored(oldest);
    visitor
        .get("/r/acme/engine")
        .await
        .says("1 waits for a vetter, for ");
    town.finish().await;
}

#[tokio::test]
async fn lists_follow_what_happens_and_survive_a_restart() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let waits = |list: &Value| numbers(list);
    assert_eq!(waits(&Visitor::of(&town).json("/vetting").await), [pr]);
    town.restart().await;
    assert_eq!(waits(&Visitor::of(&town).json("/vetting").await), [pr]);
    town.approve(pr).await;
    town.mirrored(pr);
    assert_eq!(waits(&Visitor::of(&town).json("/vetting").await), [0; 0]);
    town.close(pr).await;
    let pulls = Visitor::of(&town)
        .json("/repositories/acme/engine/pulls")
        .await;
    assert_eq!(numbers(&pulls), [0; 0]);
    town.github().rename_repo("motor");
    town.settle().await;
    Visitor::of(&town).get("/r/acme/motor").await.is(200);
    Visitor::of(&town).get("/r/acme/engine").await.is(404);
    town.finish().await;
}
