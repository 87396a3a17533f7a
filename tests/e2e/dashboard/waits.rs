//! Every reason why a pull request waits is on its page.

use super::{Visitor, town};
use crate::support::CONFIG;
use chrono::TimeDelta;
use drawbridge::sandbox::{FaultKind, NewCommit, NewPr};
use drawbridge::web::Access;

const RUNS: &str = "/repos/{owner}/{repo}/actions/runs";

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
        .says("Drawbridge waits for nothing: pull-request/1 is at this head");
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

#[tokio::test]
async fn checks_of_others_that_the_branch_requires_are_listed_with_their_states() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let required = [("DCO", None), ("pre-commit", None)];
    town.github().require_checks("main", &required);
    let pr = town.mirrored_pr().await;
    let head = town.head(pr);
    let link = "https://ci.example/7";
    town.github()
        .report_status(&head, "pre-commit", "failure", "maya", Some(link), None);
    town.settle().await;
    let visitor = Visitor::of(&town);
    let seen = visitor.get(&page(pr)).await.is(200);
    seen.says("Other required checks")
        .says("DCO waiting not reported yet")
        .says("pre-commit failed");
    assert!(seen.body.contains(&format!("<a href=\"{link}\"")));
    let pull = visitor.json(&api(pr)).await;
    assert_eq!(pull["required"][0]["state"], "not reported yet");
    assert_eq!(pull["required"][1]["url"], link);
    town.finish().await;
}

#[tokio::test]
async fn all_files_that_no_filter_matches_are_named() {
    let config = "enabled: true\nrequire_filter_coverage: true\nfilters:\n  core: ['src/**']\n";
    let mut town = town(Access::Open, config).await;
    let mut commit = NewCommit::signed_by("mel");
    for number in 0..310 {
        commit = commit.file(&format!("tools/{number:03}"), "x");
    }
    let pr = town.open(NewPr::by("mel").commit(commit)).await;
    town.mirrored(pr);
    let visitor = Visitor::of(&town);
    visitor
        .get(&page(pr))
        .await
        .is(200)
        .says("require_filter_coverage asks for a filter for each changed file.")
        .says("tools/000 tools/001")
        .says("tools/299")
        .says("… and 10 more")
        .does_not_say("tools/300");
    let uncovered = &visitor.json(&api(pr)).await["uncovered"];
    assert_eq!(uncovered["files"].as_array().map(Vec::len), Some(300));
    assert_eq!(uncovered["more"], 10);
    town.finish().await;
}

#[tokio::test]
async fn while_githubs_limits_are_used_up_the_page_says_until_when_and_what_waits_for_that() {
    const USED_UP: &str = "GitHub's limits are used up, at least until";
    let mut town = town(Access::Open, "enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    let visitor = Visitor::of(&town);
    let pause = FaultKind::SecondaryLimit {
        retry_after: Some(600),
    };
    visitor.get(&page(pr)).await.is(200).does_not_say(USED_UP);
    town.fault("GET", RUNS, pause);
    town.build_ends(pr, "build", "success").await;
    visitor
        .get(&page(pr))
        .await
        .is(200)
        .says(USED_UP)
        .says("The jobs wait: GitHub asked for a pause while");
    let pull = visitor.json(&api(pr)).await;
    assert!(pull["limits_until"].is_string(), "{pull:#}");
    assert!(pull["jobs_trouble"].is_string(), "{pull:#}");

    // What comes now waits in the inbox, and nothing is known of it yet.
    let late = town.member_pr().await;
    visitor
        .get(&page(late))
        .await
        .is(404)
        .says("The first delivery about it came at")
        .says(USED_UP);
    let refused = visitor.get(&format!("/api/v1{}", api(late))).await.is(404);
    assert!(refused.body.contains("waits to be taken in"));

    town.playground.pass(TimeDelta::minutes(11)).await;
    town.settle().await;
    town.mirrored(late);
    for pr in [pr, late] {
        let seen = visitor.get(&page(pr)).await.is(200);
        seen.does_not_say(USED_UP).does_not_say("The jobs wait");
    }
    town.finish().await;
}

#[tokio::test]
async fn of_a_number_that_nothing_is_kept_of_it_is_said_why() {
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let none = || visitor.get("/r/acme/engine/pull/99");
    none().await.is(404).says("GitHub has told nothing of #99");
    town.write(CONFIG, "enabled: false\n").await;
    none()
        .await
        .is(404)
        .says("Drawbridge is not enabled in its repository")
        .does_not_say("`");
    town.github().archive_repo(true);
    town.settle().await;
    none().await.is(404).says("Its repository is archived");
    // Of what may not be there at all no more is said than of anything else.
    visitor
        .get("/r/acme/none/pull/99")
        .await
        .is(404)
        .says("or you may not see it");
    town.finish().await;
}
