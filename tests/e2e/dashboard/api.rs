//! The API and its description.

use super::{Visitor, town};
use drawbridge::domain::pages::encoded;
use drawbridge::web::{Access, document};
use serde_json::{Value, json};

/// Whether what was answered is what the description says of it.
#[track_caller]
fn as_described(document: &Value, path: &str, method: &str, status: &str, answer: &Value) {
    let content = &document["paths"][path][method]["responses"][status]["content"];
    let schema = &content["application/json"]["schema"];
    assert!(
        schema.is_object(),
        "{method} {path} has no {status} in the description"
    );
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let wrong: Vec<String> = validator
        .iter_errors(answer)
        .map(|e| format!("{} at {}", e, e.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{path}: {wrong:#?}\n{answer:#}");
}

#[tokio::test]
async fn every_answer_of_the_api_is_as_its_description_says() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let other = town.member_pr().await;
    town.mirrored(other);
    let group = town.github().enqueue(other, "maya");
    town.settle().await;
    let group = encoded(group.head_ref.trim_start_matches("refs/heads/"));
    let visitor = Visitor::of(&town);
    let document: Value =
        serde_json::from_str(&visitor.get("/api/openapi.json").await.is(200).body).unwrap();
    assert_eq!(document, serde_json::to_value(document_of_code()).unwrap());
    let delivery = town.delivery("pull_request", "opened").guid;
    let paths = document["paths"].as_object().unwrap();
    let mut answered = 0;
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let real = path
                .replace("{owner}", "acme")
                .replace("{repo}", "engine")
                .replace("{id}", &delivery)
                .replace("{number}", "1")
                .replace("{kind}", &format!("merge_group?name={group}"));
            let url = format!("{}{real}", visitor.base);
            let request = match method.as_str() {
                "get" => visitor.client.get(url),
                "post" => visitor
                    .client
                    .post(url)
                    .header("content-type", "application/json")
                    .body(json!({"config": "enabled: true\n"}).to_string()),
                other => panic!("{other} {path}"),
            };
            let answer = super::seen(request).await.is(200);
            let answer: Value = serde_json::from_str(&answer.body).unwrap();
            as_described(&document, path, method, "200", &answer);
            answered += 1;
        }
    }
    assert!(answered >= 10, "{answered}");
    for (path, status) in [
        ("/api/v1/repositories/{owner}/{repo}", 404),
        ("/api/v1/repositories/{owner}/{repo}/pulls", 400),
    ] {
        let real = match status {
            404 => "/api/v1/repositories/acme/none".to_owned(),
            _ => "/api/v1/repositories/acme/engine/pulls?stage=nonsense".to_owned(),
        };
        let seen = visitor.get(&real).await.is(status);
        assert_eq!(seen.header("content-type"), "application/json");
        let answer = serde_json::from_str(&seen.body).unwrap();
        as_described(&document, path, "get", &status.to_string(), &answer);
    }
    town.finish().await;
}

fn document_of_code() -> impl serde::Serialize {
    document()
}

#[tokio::test]
async fn a_page_and_the_api_say_the_same() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let visitor = Visitor::of(&town);
    let of_api = visitor.json("/repositories/acme/engine/pulls/1").await;
    let next = of_api["next"].as_str().unwrap();
    assert_eq!(Some(next), town.gate(pr).0.title.as_deref());
    let page = visitor.get("/r/acme/engine/pull/1").await.is(200);
    page.says(
        &next
            .replace('`', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    );
    assert_eq!(of_api["stage"], "vetting");
    assert_eq!(of_api["tree"][2]["outcome"], "no", "{of_api:#}");
    assert_eq!(visitor.json("/vetting").await["rows"][0]["number"], 1);
    town.finish().await;
}
