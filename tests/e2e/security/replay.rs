//! Deliveries that were caught on their way and are sent again. The id of a delivery is not signed, so it may be any.

use crate::support::{Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::Delivery;

const CONFIG: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: '${{ job }}'}}
  extra:
    on: {command: extra}
    jobs:
      more: {workflow: go.yml, inputs: {job: '${{ job }}'}}
";

/// Sends all of these again, each under an id of its own; what the app does about it.
async fn replayed(town: &Town, caught: &[Delivery]) -> Vec<String> {
    town.github().clear_exchanges();
    for delivery in caught {
        let again = delivery.payload.clone();
        town.github().send_event(&delivery.event, again);
    }
    town.settle().await;
    town.writes()
}

#[tokio::test]
async fn a_comment_that_is_delivered_again_under_another_id_is_obeyed_once() {
    let mut town = Town::with_jobs(CONFIG).await;
    let pr = town.change("src/a.rs").await;
    town.job_ends(pr, "build", "failure").await;
    for command in [
        "/retest",
        "/cancel",
        "/test build",
        "/skip build flaky",
        "/extra now",
    ] {
        let comment = town.comment(pr, "vera", command).await;
        town.acknowledged(pr, comment);
    }
    for question in ["/status", "/skip build"] {
        let comment = town.comment(pr, "vera", question).await;
        town.answer(pr, comment);
    }
    town.all_end_on(&mirror(pr)).await;
    let mut caught = town.github().deliveries();
    caught.retain(|delivery| delivery.event == "issue_comment");
    assert!(caught.len() >= 7, "{}", caught.len());
    // While the head is still the one that they were for.
    assert_eq!(replayed(&town, &caught).await, [""; 0]);
    // The next head has to stand for itself, also after a restart.
    town.push(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "failure").await;
    town.gate(pr).is("failure").says("build: failed");
    assert_eq!(replayed(&town, &caught).await, [""; 0]);
    town.restart().await;
    assert_eq!(replayed(&town, &caught).await, [""; 0]);
    town.gate(pr).is("failure").says("build: failed");
    town.finish().await;
}

#[tokio::test]
async fn weeks_later_no_delivery_of_the_past_moves_anything() {
    let mut town = Town::with_jobs(CONFIG).await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let bad = town.head(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "success").await;
    // A vetter was mistaken; what came then is not approved.
    town.push(pr).await;
    town.told(pr);
    town.mirror_at(pr, &bad);
    let caught = town.github().deliveries();
    town.playground.pass(TimeDelta::days(20)).await;
    town.settle().await;
    let before = town.gate(pr).text();
    let writes = replayed(&town, &caught).await;
    assert_eq!(writes, [""; 0]);
    assert_eq!(town.gate(pr).text(), before);
    town.mirror_at(pr, &bad);
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_comment_that_was_held_back_for_longer_than_github_does_is_not_obeyed() {
    for (days, obeyed) in [(3, true), (8, false)] {
        let mut town = Town::new().await;
        let pr = town.stranger_pr().await;
        town.told(pr);
        town.github().hold_deliveries(true);
        let line = format!("/ok to test {}", town.head(pr));
        let comment = town.github().comment(pr, "vera", &line);
        let held = town.held("issue_comment", "created").guid;
        town.playground.pass(TimeDelta::days(days)).await;
        assert_eq!(town.github().deliver(&held).await, 202);
        town.github().hold_deliveries(false);
        town.settle().await;
        match obeyed {
            true => {
                town.mirrored(pr);
                town.acknowledged(pr, comment);
                town.told(pr);
            }
            false => {
                town.not_mirrored(pr);
                town.ignored(pr, comment);
            }
        }
        town.finish().await;
    }
}
