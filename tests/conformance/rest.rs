//! Every request, every answer and every webhook of a long day is one that GitHub describes.

use super::npm::{self, OPENAPI};
use super::openapi::Description;
use super::{client, direct, scenario, settle};
use drawbridge::playground::Playground;
use drawbridge::sandbox::{Exchange, Options, Sandbox};
use serde_json::json;
use std::collections::BTreeSet;

/// What GitHub does and its description does not say: status, route (empty: any), and why we believe it.
const UNDESCRIBED: &[(u16, &str, &str)] = &[
    (
        304,
        "",
        "\"Use conditional requests if appropriate\" (Best practices for using the REST API) holds for every GET",
    ),
    (
        401,
        "",
        "\"Failed authentication\" (Troubleshooting the REST API) holds for every route",
    ),
    (
        403,
        "",
        "\"Resource not accessible\" (Troubleshooting the REST API) holds for every route",
    ),
    (
        404,
        "",
        "\"404 Not Found for an existing resource\" (Troubleshooting the REST API) holds for every route",
    ),
    (
        301,
        "",
        "\"Follow redirects\" (Best practices for using the REST API) holds for a renamed repository's every route",
    ),
    (
        422,
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        "\"Validation Failed\" (Troubleshooting the REST API): a ref, trigger or input that does not fit",
    ),
    (
        422,
        "/repos/{owner}/{repo}/statuses/{sha}",
        "\"Validation Failed\" (Troubleshooting the REST API): a state, text or commit that does not fit",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_answer_and_webhook_is_one_that_github_describes() {
    let Some(document) = npm::read(&OPENAPI) else {
        return;
    };
    let mut playground = Playground::start(Options::default())
        .await
        .expect("both start");
    scenario::play(&mut playground).await;
    direct::call(&playground.github).await;
    assert_eq!(client::call(&playground.github).await, []);
    settle(&playground).await;
    direct::register(&playground.github).await;
    let (exchanges, deliveries) = (
        playground.github.exchanges(),
        playground.github.deliveries(),
    );
    playground.stop().await.expect("both stop");

    let description = Description::new(document);
    let mut objections = BTreeSet::new();
    for exchange in exchanges
        .iter()
        .filter(|exchange| !exchange.faulty && !is_by_id(exchange))
    {
        let found = description.objections(exchange);
        let found = found.into_iter().filter(|what| !is_known(exchange, what));
        objections.extend(found.map(|what| {
            format!(
                "{} {} {}: {what}",
                exchange.method, exchange.route, exchange.status
            )
        }));
    }
    for delivery in &deliveries {
        let found = description.webhook_objections(delivery);
        let action = delivery.action.as_deref().unwrap_or_default();
        objections.extend(
            found
                .into_iter()
                .map(|what| format!("webhook {} {action}: {what}", delivery.event)),
        );
    }
    assert!(
        objections.is_empty(),
        "{} objections:\n{}",
        objections.len(),
        Vec::from_iter(objections).join("\n")
    );

    objects_when_it_should(&description, &exchanges);

    let used: BTreeSet<_> = exchanges
        .iter()
        .map(|exchange| (exchange.method.as_str(), exchange.route.as_str()))
        .collect();
    let unused: Vec<_> = Sandbox::routes()
        .into_iter()
        .filter(|route| !used.contains(&(route.method, route.template)))
        .collect();
    assert!(unused.is_empty(), "the day misses {unused:?}");
}

/// Where a renamed repository's redirect leads: `/repositories/{id}/…` is no path of the description.
fn is_by_id(exchange: &Exchange) -> bool {
    exchange.path.starts_with("/repositories/")
}

fn is_known(exchange: &Exchange, objection: &str) -> bool {
    objection.ends_with("is not documented")
        && UNDESCRIBED.iter().any(|(status, route, _)| {
            *status == exchange.status && (route.is_empty() || *route == exchange.route)
        })
}

/// A judge that finds nothing in the day could be one that never does.
fn objects_when_it_should(description: &Description, exchanges: &[Exchange]) {
    let find = |method: &str, route: &str| {
        let wanted = |exchange: &&Exchange| {
            exchange.method == method && exchange.route.ends_with(route) && exchange.status < 300
        };
        exchanges
            .iter()
            .find(wanted)
            .expect("the day has one")
            .clone()
    };
    let mut check = find("POST", "/check-runs");
    check.path.push_str("?nonsense=1");
    check.request_body.as_mut().expect("a body")["nmae"] = json!("misspelt");
    check.request_body.as_mut().expect("a body")["output"] = json!({ "title": "no summary" });
    check.response_body.as_mut().expect("a body")["id"] = json!("a text");
    check.response_body.as_mut().expect("a body")["started_at"] = json!("yesterday");
    let found = description.objections(&check);
    assert_eq!(found.len(), 5, "{found:#?}");
    let mut pull = find("GET", "/pulls/{pull_number}");
    pull.status = 299;
    assert_eq!(
        description.objections(&pull),
        ["the answer 299 is not documented"]
    );
    pull.route = "/repos/{owner}/{repo}/pulls".to_owned();
    assert_eq!(description.objections(&pull).len(), 1);
}
