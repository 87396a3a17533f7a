//! What was run for merge groups, branches and schedules.

use super::live::{hears, listen};
use super::{TOKEN, Visitor, make_private, town};
use crate::support::{CONFIG, Town};
use chrono::TimeDelta;
use drawbridge::domain::pages::encoded;
use drawbridge::sandbox::{FaultKind, NewCommit};
use drawbridge::web::Access;
use serde_json::json;

/// Names that have to be written in another way in an address.
const BRANCH: &str = "release/1.x#100%";

fn config() -> String {
    let tick = crate::support::jobs::once_a_day();
    format!(
        "\
enabled: true
pipelines:
  ci:
    on: [pull_request, merge_group]
    jobs:
      build: {{workflow: go.yml, inputs: {{job: build}}}}
  post:
    on: {{push: 'release/*'}}
    jobs:
      build: {{workflow: go.yml, inputs: {{job: build}}}}
      test: {{workflow: go.yml, inputs: {{job: test}}, needs: build}}
  nightly:
    on: {{schedule: '{tick}'}}
    jobs:
      soak: {{workflow: go.yml, inputs: {{job: soak}}}}
"
    )
}

async fn with_runs(access: Access) -> Town {
    let town = town(access, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    let main = town.github().branch("main").unwrap();
    town.github().push_branch(BRANCH, &main, "maya");
    town.write(CONFIG, &config()).await;
    town
}

async fn push(town: &Town) -> String {
    let commit = NewCommit::signed_by("maya").file("src/lib.rs", "pushed");
    let sha = town.github().push_to_branch(BRANCH, commit, "maya");
    town.settle().await;
    sha
}

fn page_of(kind: &str, name: &str) -> String {
    format!("/r/acme/engine/runs/{kind}?name={}", encoded(name))
}

fn of_api(page: &str) -> String {
    page.replace("/r/", "/repositories/")
}

/// Where *Details* of a gate leads.
fn details(town: &Town, sha: &str, gate: &str) -> Option<String> {
    town.github().check(sha, gate).expect("a gate").details_url
}

#[tokio::test]
async fn the_runs_of_a_pushed_branch_can_be_looked_into() {
    let town = with_runs(Access::Open).await;
    let visitor = Visitor::of(&town);
    let sha = push(&town).await;
    let page = page_of("branch", BRANCH);
    for list in ["/r/acme/engine", "/r/acme/engine/runs"] {
        let seen = visitor.get(list).await.is(200);
        assert!(
            seen.body.contains(&format!("href=\"{page}\"")),
            "{}",
            seen.body
        );
        assert!(seen.body.contains("data-live="), "{list} follows");
    }
    let led = details(&town, &sha, "post").expect("it leads to the dashboard");
    assert_eq!(led, format!("{}{page}", visitor.base));

    let seen = visitor.get(&page).await.is(200);
    seen.says(&format!("Branch {BRANCH}"))
        .says("Waiting for build")
        .says("needs build");
    for part in [
        "<svg",
        "table class=\"jobs\"",
        &format!("/acme/engine/commit/{sha}"),
    ] {
        assert!(seen.body.contains(part), "{part} in {}", seen.body);
    }
    town.job_ends_on(BRANCH, "build", "success").await;
    town.job_ends_on(BRANCH, "test", "failure").await;
    let title = town.github().check(&sha, "post").unwrap().title.unwrap();
    let view = visitor.json(&of_api(&page)).await;
    assert_eq!(view["says"], title);
    visitor
        .get(&page)
        .await
        .is(200)
        .says(&title.replace('`', ""));
    assert_eq!(
        (&view["kind"], &view["name"]),
        (&json!("branch"), &json!(BRANCH))
    );
    assert_eq!(
        (&view["stage"], &view["sha"]),
        (&json!("failed"), &json!(sha))
    );
    let jobs = view["runs"][0]["jobs"].as_array().unwrap();
    assert_eq!(jobs[1]["stage"], "failed", "{view:#}");
    assert!(jobs[1]["url"].as_str().unwrap().contains("/actions/runs/"));
    let listed = visitor.json("/repositories/acme/engine/runs").await;
    assert_eq!(listed["rows"][0]["page"], json!(page));
    for missing in [
        page_of("branch", "release/1.x"),
        page_of("merge_group", BRANCH),
        page_of("branch", "a\0b"),
        "/r/acme/engine/runs/branch".to_owned(),
        "/r/acme/engine/runs/pull?name=1".to_owned(),
        "/r/acme/engine/runs/odd".to_owned(),
    ] {
        visitor.get(&missing).await.is(404);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_merge_group_leads_to_its_pull_request_and_a_schedule_has_a_page() {
    let mut town = with_runs(Access::Open).await;
    let visitor = Visitor::of(&town);
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "success").await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let branch = group.head_ref.trim_start_matches("refs/heads/");
    let page = page_of("merge_group", branch);
    let led = details(&town, &group.head_sha, "backend-status-check").unwrap();
    assert_eq!(led, format!("{}{page}", visitor.base));
    let to_pull = "href=\"/r/acme/engine/pull/1\"";
    for page in [&page, "/r/acme/engine/runs"] {
        let seen = visitor.get(page).await.is(200);
        assert!(seen.body.contains(to_pull), "{}", seen.body);
    }
    visitor.get(&page).await.says("Waiting for build");
    let view = visitor.json(&of_api(&page)).await;
    assert_eq!(
        (&view["pull"], &view["stage"]),
        (&json!(1), &json!("running"))
    );
    visitor
        .get("/")
        .await
        .says(&format!("acme/engine {branch}"));
    // Who follows the gate of a group that has left the queue meanwhile is told so.
    town.github().dequeue(pr, "maya");
    town.settle().await;
    visitor.get(&page).await.is(200);

    town.playground.advance(TimeDelta::days(1));
    town.stir().await;
    let page = "/r/acme/engine/runs/schedule";
    visitor
        .get(page)
        .await
        .is(200)
        .says("Schedule")
        .says("soak");
    assert_eq!(visitor.json(&of_api(page)).await["stage"], "running");
    town.finish().await;
}

#[tokio::test]
async fn an_open_page_of_runs_is_told_of_them_and_says_what_stands_in_the_way() {
    let town = with_runs(Access::Open).await;
    let visitor = Visitor::of(&town);
    push(&town).await;
    let page = page_of("branch", BRANCH);
    let seen = visitor.get(&page).await.is(200);
    let (_, live) = seen.body.split_once("data-live=\"").unwrap();
    let live = live.split('"').next().unwrap().replace("&amp;", "&");
    let mut stream = listen(&visitor, &live).await;
    hears(&mut stream, "event: ready").await;
    town.job_ends_on(BRANCH, "build", "success").await;
    hears(&mut stream, "event: changed").await;
    visitor
        .get("/events?repository=acme%2Fengine&kind=odd")
        .await
        .is(404);
    town.job_ends_on(BRANCH, "test", "success").await;
    let refused = FaultKind::MissingPermission;
    town.fault("GET", "/repos/{owner}/{repo}/git/ref/{ref}", refused);
    push(&town).await;
    visitor.get(&page).await.is(200).says("GitHub: ");
    assert!(visitor.json(&of_api(&page)).await["trouble"].is_string());
    town.finish().await;
}

#[tokio::test]
async fn the_runs_of_a_private_repository_are_not_there_for_others() {
    let town = with_runs(Access::Public).await;
    push(&town).await;
    let visitor = Visitor::of(&town);
    let page = page_of("branch", BRANCH);
    visitor.get(&page).await.is(200);
    make_private(&town).await;
    let missing = visitor
        .get("/r/acme/nothing/runs/branch?name=main")
        .await
        .is(404);
    assert_eq!(visitor.get(&page).await.is(404).body, missing.body);
    let of_api = format!("/api/v1{}", of_api(&page));
    visitor.get(&of_api).await.is(404).does_not_say("release");
    visitor.with_token(TOKEN).get(&page).await.is(200);
    town.finish().await;
}
