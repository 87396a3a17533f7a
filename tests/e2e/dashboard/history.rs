//! What happened, and because of which deliveries.

use super::{TOKEN, Visitor, town};
use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{FaultKind, NewPr, Visibility};
use drawbridge::web::Access;
use serde_json::Value;

/// The lines of a history that say this.
fn saying<'a>(lines: &'a Value, what: &str) -> Vec<&'a Value> {
    let lines = lines.as_array().expect("lines");
    let says = |line: &&Value| {
        line["what"]
            .as_str()
            .is_some_and(|says| says.contains(what))
    };
    lines.iter().filter(says).collect()
}

/// Whether a line names the delivery.
fn names(line: &Value, delivery: &str) -> bool {
    let named = line["deliveries"].as_array();
    named.is_some_and(|named| named.iter().any(|id| id == delivery))
}

#[tokio::test]
async fn the_page_of_a_delivery_says_what_was_done_because_of_it_and_the_history_leads_there() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let strange = town.stranger_pr().await;
    town.told(strange);
    let first = town.delivery("pull_request", "opened").guid;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let second = town.delivery("pull_request", "opened").guid;
    let moved = format!("moved pull-request/{pr} to");
    for (id, says, other) in [
        (&first, "commented", moved.as_str()),
        (&second, moved.as_str(), "commented"),
    ] {
        let page = visitor.get(&format!("/deliveries/{id}")).await.is(200);
        page.says("What was done").says(says).does_not_say(other);
        let json = visitor.json(&format!("/deliveries/{id}")).await;
        assert_eq!(saying(&json["done"], says).len(), 1, "{json:#}");
    }
    let page = visitor.get("/r/acme/engine/pull/2").await.is(200);
    let (_, line) = page.body.split_once("moved pull-request/2").unwrap();
    let (line, _) = line.split_once("</li>").unwrap();
    let link = format!("/deliveries/{}", second.replace('-', "%2D"));
    assert!(line.contains(&link), "{line}");
    let json = visitor.json("/repositories/acme/engine/pulls/2").await;
    assert!(names(saying(&json["history"], &moved)[0], &second));
    town.finish().await;
}

#[tokio::test]
async fn a_history_goes_from_the_delivery_over_the_decision_and_the_action_to_the_result() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    town.fault(
        "POST",
        "/repos/{owner}/{repo}/git/refs",
        FaultKind::Status(500),
    );
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let opened = town.delivery("pull_request", "opened").guid;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    let done = visitor.json(&format!("/deliveries/{opened}")).await;
    let page = visitor.get("/r/acme/engine/pull/1").await.is(200);
    for (what, kind) in [
        ("is trusted", "decision"),
        ("answered 500", "result"),
        ("moved pull-request/1 to", "action"),
    ] {
        for lines in [&json["history"], &done["done"]] {
            let found = saying(lines, what);
            let is = found.iter().any(|line| line["kind"] == kind);
            assert!(is, "{what}: {lines:#}");
        }
        let of = format!("of-{kind}");
        let mut shown = page.body.split("<li");
        let is = shown.any(|line| line.contains(what) && line.contains(&of));
        assert!(is, "{what}: {}", page.text());
    }
    let came = saying(&json["history"], "acme/engine#1 was opened");
    assert_eq!(came[0]["kind"], "delivery");
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_that_may_not_be_seen_is_not_named_in_a_history_that_may() {
    let mut town = town(Access::Public, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.github().add_org_member("sam", Visibility::Private);
    town.settle().await;
    town.mirrored(pr);
    town.told(pr);
    let joined = town.delivery("organization", "member_added").guid;
    let visitor = Visitor::of(&town);
    let operator = visitor.clone().with_token(TOKEN);
    for (who, shown) in [(operator, true), (visitor, false)] {
        let json = who.json("/repositories/acme/engine/pulls/1").await;
        let moved = saying(&json["history"], "moved pull-request/1 to");
        assert_eq!(names(moved[0], &joined), shown, "{moved:#?}");
        let page = who.get("/r/acme/engine/pull/1").await.is(200);
        assert_eq!(page.body.contains(&joined.replace('-', "%2D")), shown);
    }
    town.finish().await;
}

/// The dashboard of a town in which pull requests run these jobs.
async fn with_jobs(jobs: &[&str]) -> (Town, Visitor) {
    let town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    let mut config =
        "enabled: true\npipelines: {ci: {on: pull_request, check: gate, jobs: {".to_owned();
    for job in jobs {
        config += &format!("{job}: {{workflow: go.yml, inputs: {{job: {job}}}}}, ");
    }
    town.write(CONFIG, &(config + "}}}\n")).await;
    let visitor = Visitor::of(&town);
    (town, visitor)
}

#[tokio::test]
async fn how_jobs_and_gates_end_is_in_the_history_and_on_the_page_of_the_delivery_that_said_so() {
    let (mut town, visitor) = with_jobs(&["build", "lint"]).await;
    let pr = town.mirrored_pr().await;
    town.job_ends(pr, "build", "success").await;
    let first = town.delivery("workflow_run", "completed").guid;
    town.job_ends(pr, "lint", "failure").await;
    let second = town.delivery("workflow_run", "completed").guid;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    let lines = &json["history"];
    for (what, kind) in [
        ("started build", "action"),
        ("build: passed after", "result"),
        ("lint: failed after", "result"),
        ("gate: in progress", "action"),
        ("gate: failure – lint: failed", "result"),
    ] {
        let found = saying(lines, what);
        assert_eq!(found.len(), 1, "{what}: {lines:#}");
        assert_eq!(found[0]["kind"], kind, "{what}");
    }
    // Each delivery has led to its own.
    let of = async |id: &str| {
        let json = visitor.json(&format!("/deliveries/{id}")).await;
        json["done"].clone()
    };
    let (first, second) = (of(&first).await, of(&second).await);
    assert_eq!(saying(&first, "build: passed").len(), 1, "{first:#}");
    assert_eq!(saying(&first, "failed").len(), 0, "{first:#}");
    assert_eq!(saying(&second, "lint: failed after").len(), 1, "{second:#}");
    assert_eq!(saying(&second, "gate: failure").len(), 1, "{second:#}");
    assert_eq!(saying(&second, "build: passed").len(), 0, "{second:#}");
    town.finish().await;
}

#[tokio::test]
async fn a_gate_that_only_reads_differently_is_no_news_and_a_shared_one_is_on_each_page() {
    let names: Vec<String> = (0..8).map(|n| format!("job{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut town, visitor) = with_jobs(&names).await;
    let pr = town.mirrored_pr().await;
    let other = town.open(NewPr::by("mel").same_head_as(pr)).await;
    town.mirrored(other);
    for name in &names {
        town.job_ends(pr, name, "success").await;
        town.job_ends(other, name, "success").await;
    }
    town.check(pr, "gate").is("success");
    for number in [pr, other] {
        let path = format!("/repositories/acme/engine/pulls/{number}");
        let json = visitor.json(&path).await;
        let lines = &json["history"];
        assert_eq!(saying(lines, "gate: in progress").len(), 1, "{lines:#}");
        assert_eq!(saying(lines, "gate: success").len(), 1, "{lines:#}");
    }
    town.finish().await;
}

#[tokio::test]
async fn that_the_comment_was_edited_is_an_action() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.push(pr).await;
    town.told(pr);
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    let edited = saying(&json["history"], "edited the comment");
    assert_eq!(edited.len(), 1, "{json:#}");
    assert_eq!(edited[0]["kind"], "action");
    let pushed = town.delivery("pull_request", "synchronize").guid;
    assert!(names(edited[0], &pushed), "{edited:#?}");
    town.finish().await;
}

const DISPATCHES: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
const CHECKS: &str = "/repos/{owner}/{repo}/check-runs";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

/// The app waits for an answer of GitHub, and may crash just now; what its page says of the pull request.
async fn midway(town: &Town, visitor: &Visitor) -> Value {
    town.github()
        .wait_until("the app is in the middle of it", |g| g.hung() == 1)
        .await;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    json["history"].clone()
}

/// It gets its answer; the same once all is done.
async fn at_the_end(town: &Town, visitor: &Visitor) -> Value {
    town.github().release_hung();
    town.settle().await;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    json["history"].clone()
}

#[tokio::test]
async fn how_a_job_ended_is_kept_before_the_next_one_is_started() {
    let (mut town, visitor) = with_jobs(&["build"]).await;
    let job = |name| format!("{name}: {{workflow: go.yml, inputs: {{job: {name}}}");
    let (build, report) = (job("build"), job("report"));
    let config = format!(
        "enabled: true\npipelines: {{ci: {{on: pull_request, check: gate, jobs: {{{build}}}, \
         {report}, needs: build, needs_any: true}}}}}}}}\n"
    );
    town.write(CONFIG, &config).await;
    town.fault("POST", DISPATCHES, FaultKind::Status(422));
    town.fault("POST", DISPATCHES, FaultKind::Hang);
    let pr = town.github().open_pr(NewPr::by("mel"));
    for lines in [
        midway(&town, &visitor).await,
        at_the_end(&town, &visitor).await,
    ] {
        let ended = saying(&lines, "build: could not be started");
        assert_eq!(ended.len(), 1, "{lines:#}");
    }
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn that_a_gate_was_published_is_kept_before_the_next_one_is_created() {
    let (mut town, visitor) = with_jobs(&["build"]).await;
    let two = "enabled: true\npipelines: {ci: {on: pull_request, check: {gate: [build], door: [build]}, \
               jobs: {build: {workflow: go.yml, inputs: {job: build}}}}}\n";
    town.write(CONFIG, two).await;
    let in_time = FaultKind::Delay(std::time::Duration::ZERO);
    town.fault("POST", CHECKS, in_time);
    town.fault("POST", CHECKS, FaultKind::Hang);
    let pr = town.github().open_pr(NewPr::by("mel"));
    let created = |lines: &Value| {
        let gates = [
            "gate: queued",
            "door: queued",
            "gate: in progress",
            "door: in progress",
        ];
        gates
            .map(|gate| saying(lines, gate).len())
            .iter()
            .sum::<usize>()
    };
    let lines = midway(&town, &visitor).await;
    assert_eq!(created(&lines), 1, "{lines:#}");
    let lines = at_the_end(&town, &visitor).await;
    assert!(created(&lines) >= 2, "{lines:#}");
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn that_the_mirror_was_moved_is_kept_before_a_comment_is_answered() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.fault("POST", COMMENTS, FaultKind::Hang);
    let body = format!("/ok to test {}\n/status", town.head(pr));
    let comment = town.github().comment(pr, "vera", &body);
    for lines in [
        midway(&town, &visitor).await,
        at_the_end(&town, &visitor).await,
    ] {
        let moved = saying(&lines, "moved pull-request/1 to");
        assert_eq!(moved.len(), 1, "{lines:#}");
    }
    town.mirrored(pr);
    town.told(pr);
    town.answer(pr, comment);
    town.finish().await;
}

#[tokio::test]
async fn each_head_is_decided_on_also_if_it_is_trusted_like_the_one_before() {
    let mut town = town(Access::Open, "enabled: true\n").await;
    let visitor = Visitor::of(&town);
    let pr = town.mirrored_pr().await;
    let first = town.head(pr);
    let second = town.push(pr).await;
    town.mirrored(pr);
    town.comment(pr, "mel", "Nothing that is decided on.").await;
    let json = visitor.json("/repositories/acme/engine/pulls/1").await;
    for head in [first, second] {
        let decided = saying(&json["history"], &format!("{head} is trusted"));
        assert_eq!(decided.len(), 1, "{json:#}");
        assert_eq!(decided[0]["kind"], "decision");
    }
    town.finish().await;
}
