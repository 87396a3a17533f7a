//! Names chosen to break a page.

use super::{Visitor, town};
use drawbridge::sandbox::{NewCommit, NewPr};
use drawbridge::web::Access;

const EVIL: &str = "<script>alert(1)</script><svg onload=alert(2)>\"'><img src=x>`</title>";

/// Every element on these pages is one that they are written with, and no text of others has become one.
#[track_caller]
fn harmless(body: &str) {
    for bad in ["<script>", "<svg onload", "<img"] {
        assert!(!body.contains(bad), "{bad} in {body}");
    }
}

#[tokio::test]
async fn titles_branches_and_jobs_are_only_text_wherever_they_are_shown() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build:
        workflow: go.yml
        inputs: {job: '${{ matrix.name }}'}
        matrix: {name: ['<svg onload=x>', '</text><script>x</script>', '\"><img src=x>']}
";
    let mut town = town(Access::Open, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(crate::support::CONFIG, config).await;
    let commit = NewCommit::signed_by("mel").file("<img src=x>.rs", "x");
    let pr = NewPr::by("mel")
        .title(EVIL)
        .head_branch("evil\"><script>alert(1)</script>");
    let pr = town.open(pr.commit(commit)).await;
    town.mirrored(pr);
    for run in town.dispatched(&crate::support::mirror(pr)) {
        town.github().finish_run(run.run_id, "failure");
    }
    town.settle().await;
    let visitor = Visitor::of(&town);
    // Nothing is there that can't be seen, or that turns around what is.
    let unseen = NewPr::by("mel")
        .title("safe\u{202e}live\u{200b}")
        .head_branch("safe-too");
    let unseen = town.open(unseen.commit(NewCommit::signed_by("mel"))).await;
    town.mirrored(unseen);
    for path in [
        "/r/acme/engine".to_owned(),
        format!("/r/acme/engine/pull/{unseen}"),
    ] {
        let seen = visitor.get(&path).await.is(200);
        seen.says("safe\\u{202e}live\\u{200b}");
        seen.does_not_say("\u{202e}").does_not_say("\u{200b}");
    }
    let page = visitor
        .get(&format!("/r/acme/engine/pull/{pr}"))
        .await
        .is(200);
    page.says("<script>alert(1)</script><svg onload=alert(2)>")
        .says("build (<svg onload=x>)");
    harmless(&page.body);
    let quoted = percent_encoding::utf8_percent_encode(EVIL, percent_encoding::NON_ALPHANUMERIC);
    for path in [
        "/".to_owned(),
        "/r/acme/engine".to_owned(),
        format!("/r/acme/engine?q={quoted}"),
        format!("/r/acme/engine?stage={quoted}"),
        format!("/deliveries?q={quoted}"),
        format!("/r/acme/{quoted}"),
        format!("/badge/acme/engine/{quoted}.svg"),
        format!("/sign-in?next={quoted}"),
        format!("/deliveries?after={quoted}"),
        format!("/nowhere/{quoted}"),
    ] {
        let seen = visitor.clone().with("accept", "text/html").get(&path).await;
        assert!(seen.status < 500, "{path}: {}", seen.status);
        harmless(&seen.body);
    }
    let planned = visitor
        .post(
            "/config",
            &[("config", EVIL), ("branch", EVIL), ("changed", EVIL)],
        )
        .await
        .is(200);
    harmless(&planned.body);
    town.finish().await;
}
