//! Repositories that are not enabled: what they tell is not kept, and nothing of it is missed on the day when they are.

use crate::support::{CONFIG, Town};
use chrono::TimeDelta;
use drawbridge::sandbox::{FaultKind, NewPr};

const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{path}";
const ENABLED: &str = "enabled: true\n";

impl Town {
    /// How many deliveries came of which nothing was kept.
    async fn passed(&self, event: &str) -> f64 {
        let name =
            format!("drawbridge_deliveries_total{{event=\"{event}\",outcome=\"not_enabled\"}}");
        self.numbers().await.of(&name)
    }
}

#[tokio::test]
async fn what_was_let_pass_is_found_when_the_app_is_enabled() {
    let mut town = Town::empty().await;
    let first = town.member_pr().await;
    let moved = town.member_pr().await;
    town.push(moved).await;
    let stranger = town.stranger_pr().await;
    let closed = town.member_pr().await;
    town.close(closed).await;
    let draft = town.open(NewPr::by("mel").draft()).await;
    town.comment(first, "sam", "/help").await;
    assert_eq!(town.passed("pull_request").await, 7.0);
    assert_eq!(town.passed("issue_comment").await, 1.0);

    town.write(CONFIG, ENABLED).await;
    for pr in [first, moved, draft] {
        town.mirrored(pr);
        town.gate(pr).is("in_progress");
    }
    town.gate(stranger).is("action_required");
    town.told(stranger);
    for pr in [stranger, closed] {
        town.not_mirrored(pr);
    }
    let later = town.mirrored_pr().await;
    town.gate(later).is("in_progress");
    assert_eq!(town.passed("pull_request").await, 7.0);
    town.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_overtakes_the_push_that_enables_the_app_is_found() {
    for restarts in [false, true] {
        let mut town = Town::empty().await;
        town.member_pr().await;
        if restarts {
            town.restart().await;
        }
        town.github().hold_deliveries(true);
        town.github().write_file("engine", CONFIG, ENABLED, "maya");
        let early = town.github().open_pr(NewPr::by("mel"));
        let opened = town.held("pull_request", "opened");
        assert_eq!(town.github().deliver(&opened.guid).await, 202);
        town.settle().await;
        town.not_mirrored(early);
        town.github().hold_deliveries(false);
        town.settle().await;
        for pr in [early - 1, early] {
            town.mirrored(pr);
        }
        town.finish().await;
    }
}

#[tokio::test]
async fn a_push_that_was_never_heard_of_is_noticed_within_an_hour() {
    let mut town = Town::empty().await;
    town.loses_deliveries();
    town.member_pr().await;
    town.github().deliver_nowhere();
    town.github().write_file("engine", CONFIG, ENABLED, "maya");
    town.github().forget_deliveries();
    town.github()
        .deliver_to(&town.playground.app().webhook_url());
    let early = town.member_pr().await;
    town.not_mirrored(early);
    town.playground.advance(TimeDelta::minutes(61));
    let late = town.member_pr().await;
    for pr in [early - 1, early, late] {
        town.mirrored(pr);
    }
    town.finish().await;
}

#[tokio::test]
async fn a_command_that_comes_while_the_configuration_can_not_be_read_is_heard() {
    let mut town = Town::empty().await;
    let pr = town.stranger_pr().await;
    town.faults(6, "GET", CONTENTS, FaultKind::Status(502));
    town.github().hold_deliveries(true);
    town.github().write_file("engine", CONFIG, ENABLED, "maya");
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.github().comment(pr, "vera", &line);
    for event in ["push", "issue_comment"] {
        let held = town.github().held();
        let held = held.iter().find(|held| held.event == event);
        let guid = held.expect("it is held").guid.clone();
        assert_eq!(town.github().deliver(&guid).await, 202);
    }
    town.github().hold_deliveries(false);
    town.settle().await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn defaults_that_can_not_be_read_at_once_enable_all_repositories_soon() {
    let mut town = Town::empty().await;
    town.github().add_repo(".github");
    let pr = town.member_pr().await;
    // Of the repository that holds them, first of all.
    town.fault("GET", CONTENTS, FaultKind::Status(502));
    town.github().write_file(".github", CONFIG, ENABLED, "maya");
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn who_asks_for_a_configuration_there_is_heard() {
    let mut town = Town::empty().await;
    let pr = town.member_pr().await;
    town.push(pr).await;
    assert_eq!(town.passed("pull_request").await, 2.0);
    let comment = town.comment(pr, "maya", "/drawbridge init").await;
    town.said_of_init(pr, comment);
    town.finish().await;
}
