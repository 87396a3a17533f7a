//! What others build and report for the jobs of a pull request.

use super::{Visitor, town};
use crate::support::{CONFIG, mirror};
use crate::systems::service::{SERVICE_TOKEN, Service};
use crate::systems::{bakery, report};
use drawbridge::sandbox::NewCheck;
use drawbridge::web::Access;
use serde_json::{Value, json};

const HOW: &str = "A workflow builds this branch if it has on: push for pull-request/[0-9]+";

/// The builds of the only job, each as name and state.
fn shown(pull: &Value) -> Vec<(String, String)> {
    let builds = pull["runs"][0]["jobs"][0]["builds"].as_array();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let builds = builds.expect("a list").iter();
    builds
        .map(|build| (text(&build["name"]), text(&build["state"])))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, state): &(&str, &str)| ((*name).to_owned(), (*state).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn without_pipelines_the_page_lists_the_builds_that_count_as_the_gate_does() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    let pr = town.mirrored_pr().await;
    let visitor = Visitor::of(&town);
    let (page, api) = (
        format!("/r/acme/engine/pull/{pr}"),
        format!("/repositories/acme/engine/pulls/{pr}"),
    );
    visitor
        .get(&page)
        .await
        .is(200)
        .says(&format!("No build has started yet. {HOW}"));
    town.gate(pr).says("No build has started yet.");

    for build in ["lint", "build"] {
        town.github().start_build(&mirror(pr), build);
    }
    town.settle().await;
    town.build_ends(pr, "build", "failure").await;
    let failed = visitor.get(&page).await.is(200);
    failed
        .says("Builds that count for builds")
        .says("build failed");
    assert!(!failed.text().contains("No build has started"));
    let pull = visitor.json(&api).await;
    let shown_now = shown(&pull);
    assert_eq!(shown_now[0], pairs(&[("build", "failed")])[0], "{pull:#}");
    assert_eq!(shown_now[1].0, "lint");
    let url = pull["runs"][0]["jobs"][0]["builds"][0]["url"].as_str();
    let link = format!("<a href=\"{}\"", url.expect("an address"));
    assert!(failed.body.contains(&link), "{link} in {}", failed.body);

    // Of two builds of one workflow only the newer one counts.
    town.github().start_build(&mirror(pr), "build");
    town.settle().await;
    town.build_ends(pr, "build", "success").await;
    town.build_ends(pr, "lint", "success").await;
    let pull = visitor.json(&api).await;
    let all = pairs(&[("build", "passed"), ("lint", "passed")]);
    assert_eq!(shown(&pull), all, "{pull:#}");
    town.gate(pr).is("success").says("All 2 builds passed");
    town.finish().await;
}

#[tokio::test]
async fn a_job_that_observes_others_says_what_it_waits_for_and_then_what_they_report() {
    let config = "enabled: true\npipelines:\n  ci:\n    on: pull_request\n    jobs:\n      operator: {check: 'Operator / *'}\n";
    let mut town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.write(CONFIG, config).await;
    let pr = town.mirrored_pr().await;
    let visitor = Visitor::of(&town);
    let page = format!("/r/acme/engine/pull/{pr}");
    let nothing = format!("Nothing called Operator / * was reported yet. {HOW}");
    visitor.get(&page).await.is(200).says(&nothing);
    town.gate(pr)
        .says("Nothing called `Operator / *` was reported yet.");

    let (head, mirror) = (town.head(pr), mirror(pr));
    let lint = NewCheck::completed(&head, "ci", "Operator / lint", "failure").on(&mirror);
    town.github().report_check(lint);
    town.settle().await;
    let seen = visitor.get(&page).await.is(200);
    seen.says("Builds that count for operator")
        .says("Operator / lint failed");
    assert!(!seen.text().contains("was reported yet"));
    let pull = visitor
        .json(&format!("/repositories/acme/engine/pulls/{pr}"))
        .await;
    assert_eq!(shown(&pull), pairs(&[("Operator / lint", "failed")]));
    town.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_has_to_tell_stands_on_the_page_and_is_only_text_there() {
    let service = Service::start().await;
    let mut town = crate::systems::town(bakery(&service.url), "bake: {connection: bakery}").await;
    let pr = town.mirrored_pr().await;
    let told = "3 of 4 loaves\n<script>alert(1)</script>";
    let end = json!({ "status": "completed", "conclusion": "failure", "summary": told });
    let (status, _) = report(&town, service.start_of("bake").token(), end).await;
    assert_eq!(status, 202);
    let visitor = Visitor::of(&town);
    let page = visitor.get(&format!("/r/acme/engine/pull/{pr}")).await;
    let page = page.is(200);
    page.says("What bake says").says("3 of 4 loaves <script>");
    page.does_not_say("<script>alert");
    let pull = visitor
        .json(&format!("/repositories/acme/engine/pulls/{pr}"))
        .await;
    assert_eq!(pull["runs"][0]["jobs"][0]["summary"], told);
    crate::systems::finish(town, &[SERVICE_TOKEN]).await;
}
