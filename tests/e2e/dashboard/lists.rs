//! Lists in parts, filters and search.

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
