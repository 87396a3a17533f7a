//! What the pages say of a pull request, from the first look to the end.

use super::{Visitor, town};
use crate::support::Town;
use drawbridge::web::Access;

const JOBS: &str = "\
enabled: true
pipelines:
  backends:
    on: pull_request
    check: backend-status-check
    jobs:
      lint: {workflow: go.yml, inputs: {job: lint}}
      build: {workflow: go.yml, inputs: {job: build}}
      test: {workflow: go.yml, inputs: {job: test}, needs: build}
";

async fn with_jobs() -> Town {
    let town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(crate::support::CONFIG, JOBS).await;
    town
}

/// The sentence about what is needed next is that of the gate.
#[track_caller]
fn same_words(town: &Town, pr: u64, page: &super::Seen) {
    let title = town.gate(pr).0.title.unwrap_or_default();
    let (_, rest) = page.body.split_once("<p class=\"next").expect("a sentence");
    let (sentence, _) = rest.split_once("</p>").unwrap();
    let (_, sentence) = sentence.split_once('>').unwrap();
    let shown = sentence.replace("<code>", "`").replace("</code>", "`");
    assert_eq!(shown, title);
}

#[tokio::test]
async fn a_pull_request_says_what_it_needs_next_in_the_words_of_its_gate() {
    let mut town = with_jobs().await;
    let visitor = Visitor::of(&town);
    let pr = town.stranger_pr().await;
    let path = format!("/r/acme/engine/pull/{pr}");

    let page = visitor.get(&path).await.is(200);
    same_words(&town, pr, &page);
    page.says("A maintainer has to read")
        .says("needs vetting")
        .says("Did a trusted user open it? sam is not a trusted user")
        .says("sam, not trusted")
        .says("pull_request: acme/engine#1 was opened")
        .says("is not there");
    visitor
        .get("/")
        .await
        .is(200)
        .says("acme/engine#1")
        .says("1 waiting for a vetter");
    town.told(pr);

    town.approve(pr).await;
    town.mirrored(pr);
    let page = visitor.get(&path).await.is(200);
    same_words(&town, pr, &page);
    page.says("Waiting for lint and 2 more")
        .says("approved")
        .says("Has a vetter approved exactly this head? yes: vera")
        .says("is at this head")
        .says("was approved by vera");
    visitor
        .get("/")
        .await
        .is(200)
        .says("Nobody waits.")
        .says("backends run 1");

    town.job_ends(pr, "build", "failure").await;
    let page = visitor.get(&path).await.is(200);
    same_words(&town, pr, &page);
    page.says("build: failed").says("build did not pass");

    town.job_ends(pr, "lint", "success").await;
    town.comment(pr, "vera", "/retest").await;
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test", "success").await;
    let page = visitor.get(&path).await.is(200);
    same_words(&town, pr, &page);
    page.says("3 jobs passed");

    town.close(pr).await;
    visitor
        .get(&path)
        .await
        .is(200)
        .says("This pull request is closed: nothing has to be done.");
    let list = visitor.get("/r/acme/engine").await.is(200);
    list.does_not_say("/pull/1\"");
    town.finish().await;
}

#[tokio::test]
async fn the_jobs_are_a_picture_and_a_table_that_says_the_same() {
    let mut town = with_jobs().await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "success").await;
    let page = Visitor::of(&town)
        .get(&format!("/r/acme/engine/pull/{pr}"))
        .await
        .is(200);
    // One line leads from what is needed to what needs it, and both stand in the table.
    assert_eq!(page.body.matches("class=\"edge\"").count(), 1);
    assert_eq!(page.body.matches("class=\"node").count(), 3);
    assert!(page.body.contains("<title>build: passed"), "{}", page.body);
    page.says("Job State Needs Began Time Attempts Why")
        .says("build passed");
    town.finish().await;
}

#[tokio::test]
async fn when_the_jobs_ran_is_a_picture_with_a_bar_for_each_that_began() {
    let mut town = with_jobs().await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let path = format!("/r/acme/engine/pull/{pr}");
    town.job_ends(pr, "build", "failure").await;
    let page = Visitor::of(&town).get(&path).await.is(200);
    let (_, rest) = page
        .body
        .split_once("<title>When the jobs of backends ran: ")
        .expect("a picture");
    let (picture, _) = rest.split_once("</svg>").unwrap();
    // The third one needs what failed, and never began.
    assert_eq!(picture.matches("<g class=\"bar").count(), 2, "{picture}");
    assert_eq!(picture.matches("<rect").count(), 2, "{picture}");
    for (bar, title) in [
        ("<g class=\"bar is-failed\">", "<title>build: failed, "),
        ("<g class=\"bar", "<title>lint: "),
    ] {
        let drawn = picture.split("</g>").find(|one| one.contains(title));
        let drawn = drawn.unwrap_or_else(|| panic!("{title} in {picture}"));
        assert!(drawn.contains(bar), "{drawn}");
    }
    assert!(!picture.contains("<title>test: "), "{picture}");
    town.finish().await;
}

#[tokio::test]
async fn earlier_attempts_keep_where_they_are_and_how_they_went() {
    let mut town = with_jobs().await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "failure").await;
    let visitor = Visitor::of(&town);
    let api = format!("/repositories/acme/engine/pulls/{pr}");
    let first = visitor.json(&api).await["runs"][0]["jobs"][1].clone();
    assert_eq!(first["earlier"], serde_json::json!([]), "{first:#}");
    town.comment(pr, "vera", "/retest build").await;
    let now = visitor.json(&api).await["runs"][0]["jobs"][1].clone();
    let kept = &now["earlier"][0];
    assert_eq!(
        (&kept["number"], &kept["state"]),
        (&1.into(), &"failed".into())
    );
    for key in ["url", "began", "ended"] {
        assert!(kept[key].is_string(), "{key} in {kept:#}");
        assert_eq!(kept[key], first[key]);
    }
    let page = visitor.get(&format!("/r/acme/engine/pull/{pr}")).await;
    let page = page.is(200);
    page.says("earlier 1 failed");
    let url = kept["url"].as_str().unwrap();
    let link = format!("<a href=\"{url}\" rel=\"noopener noreferrer\">1</a> failed");
    assert!(page.body.contains(&link), "{link} in {}", page.body);
    town.finish().await;
}

#[tokio::test]
async fn a_badge_tells_of_the_default_branch_and_of_no_other_runs() {
    const PUSHED: &str = "\
enabled: true
pipelines:
  post:
    on: {push: [main]}
    jobs: {all: {workflow: go.yml, inputs: {job: all}}}
";
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(crate::support::CONFIG, PUSHED).await;
    let badge = "/badge/acme/engine/post.svg";
    let none = visitor.get("/badge/acme/engine/other.svg").await.is(200);
    assert!(none.body.contains("other: no run yet"), "{}", none.body);
    town.write("src/lib.rs", "changed").await;
    let running = visitor.get(badge).await.is(200);
    assert_eq!(
        running.header("content-type"),
        "image/svg+xml; charset=utf-8"
    );
    assert!(running.body.contains("post: running"), "{}", running.body);
    town.all_end_on("main").await;
    let passed = visitor.get(badge).await.is(200);
    assert!(passed.body.contains("post: passed"), "{}", passed.body);
    visitor
        .get("/r/acme/engine")
        .await
        .is(200)
        .says("main passed post run");
    town.finish().await;
}

#[tokio::test]
async fn a_pasted_configuration_is_planned_and_a_mistake_is_named_with_its_place() {
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    visitor
        .get("/config")
        .await
        .is(200)
        .says("Try a configuration");
    let planned = visitor
        .post("/config", &[("config", JOBS), ("stranger", "yes")])
        .await
        .is(200);
    planned
        .says("It is valid")
        .says("would wait for a vetter")
        .says("test workflow go.yml wait after build");
    let wrong = visitor
        .post("/config", &[("config", "enabled: maybe\n")])
        .await
        .is(200);
    wrong.says("It has a mistake").says("Line 1, column 10");
    let large = "x".repeat(2 * 1024 * 1024);
    visitor
        .post("/config", &[("config", &large)])
        .await
        .is(413)
        .says("That is too large");
    let many = "src/lib.rs\n".repeat(3001);
    visitor
        .post("/config", &[("config", JOBS), ("changed", &many)])
        .await
        .is(400)
        .says("At most 3000 changed files: GitHub lists no more.");
    town.finish().await;
}

#[tokio::test]
async fn deliveries_are_told_with_what_became_of_them() {
    let town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let pr = town.member_pr().await;
    let page = visitor.get("/deliveries?q=pull_request").await.is(200);
    page.says("acme/engine#1 was opened")
        .does_not_say("check_suite");
    let id = town.delivery("pull_request", "opened").guid;
    visitor
        .get(&format!("/deliveries?q={id}"))
        .await
        .is(200)
        .says("acme/engine#1");
    town.github()
        .send_event("ping", serde_json::json!({"zen": "Keep it simple."}));
    town.settle().await;
    visitor
        .get("/deliveries?q=ping")
        .await
        .is(200)
        .says("ignored");
    visitor
        .get("/commands")
        .await
        .is(200)
        .says("/ok to test <sha>");
    assert_eq!(pr, 1);
    let mut town = town;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn where_nothing_is_enabled_people_see_that_something_came() {
    let town = town(Access::Open, "enabled: false\n").await;
    let visitor = Visitor::of(&town);
    for _ in 0..2 {
        town.member_pr().await;
    }
    let page = visitor.get("/deliveries?q=pull_request").await.is(200);
    page.says("acme/engine is not enabled").says("ignored");
    assert_eq!(page.body.matches("is not enabled").count(), 1);
    town.finish().await;
}
