//! Every reason why a pull request waits is on its page.

use super::{Visitor, town};
use crate::support::CONFIG;
use drawbridge::sandbox::{NewCommit, NewPr};
use drawbridge::web::Access;

fn page(pr: u64) -> String {
    format!("/r/acme/engine/pull/{pr}")
}

fn api(pr: u64) -> String {
    format!("/repositories/acme/engine/pulls/{pr}")
}

#[tokio::test]
async fn a_pull_request_that_no_pipeline_is_for_says_what_it_needs_all_the_same() {
    let pushes = "enabled: true\npipelines:\n  post:\n    on: {push: [main]}\n    jobs: {all: {workflow: go.yml, inputs: {job: all}}}\n";
    let mut town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(CONFIG, pushes).await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let visitor = Visitor::of(&town);
    visitor
        .get(&page(pr))
        .await
        .is(200)
        .says("A maintainer has to read");
    assert_eq!(visitor.json(&api(pr)).await["stage"], "vetting");

    town.approve(pr).await;
    town.mirrored(pr);
    visitor
        .get(&page(pr))
        .await
        .is(200)
        .says("Nothing has to pass: pull-request/1 is at this head");
    assert_eq!(visitor.json(&api(pr)).await["stage"], "passed");
    let list = visitor.json("/repositories/acme/engine/pulls").await;
    assert_eq!(list["rows"][0]["stage"], "passed", "{list:#}");

    // Of what is waited for a proposed configuration says nothing.
    let proposal = NewCommit::signed_by("sam").file(CONFIG, "enabled: maybe\n");
    let pr = town.open(NewPr::by("sam").commit(proposal)).await;
    town.told(pr);
    visitor
        .get(&page(pr))
        .await
        .is(200)
        .says("A maintainer has to read")
        .says("drawbridge / config : .github/drawbridge.yaml has a mistake");
    town.finish().await;
}
