//! The app is down while people work, and afterwards everything is as if it had been up.

use crate::support::{CONFIG, Town};
use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{FaultKind, NewPr};

#[tokio::test]
async fn what_happened_while_the_app_was_down_is_as_if_it_had_been_up() {
    let mut town = Town::new().await;
    let closed = town.mirrored_pr().await;
    let pushed = town.mirrored_pr().await;
    let vetted = town.stranger_pr().await;
    town.told(vetted);

    town.goes_down().await;
    town.github().close_pr(closed, "maya");
    town.github().push(pushed, Vec::new());
    let opened = town.github().open_pr(NewPr::by("mel"));
    let strange = town.github().open_pr(NewPr::by("sam"));
    // The short SHA counts, as the push before it is heard first.
    let new_head = town.github().push(vetted, Vec::new());
    let line = format!("/ok to test {}", &new_head[..9]);
    let approval = town.github().comment(vetted, "vera", &line);
    let wrong = town.github().comment(strange, "sam", "/ok to test abcdef1");
    let help = town.github().comment(opened, "mel", "/help");
    town.comes_up().await;

    town.not_mirrored(closed);
    for pr in [pushed, opened, vetted] {
        town.mirrored(pr);
        town.gate(pr).is("in_progress");
    }
    town.not_mirrored(strange);
    town.gate(strange).is("action_required");
    town.told(strange);
    town.told(vetted);
    town.acknowledged(vetted, approval);
    town.answer(strange, wrong).says("can't approve");
    town.answer(opened, help).says("/ok to test");

    // Nothing is done a second time, neither later nor after another start.
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    town.restart().await;
    town.settle().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn a_button_pressed_and_a_configuration_pushed_while_the_app_was_down_count() {
    let mut town = Town::empty().await;
    town.goes_down().await;
    town.github()
        .write_file("engine", CONFIG, "enabled: true\n", "maya");
    let pr = town.github().open_pr(NewPr::by("sam"));
    town.comes_up().await;
    town.gate(pr).is("action_required");
    town.told(pr);

    town.goes_down().await;
    town.github().click(pr, GATE_NAME, APPROVE_BUTTON, "vera");
    town.comes_up().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_delivery_that_could_not_be_taken_is_asked_for_within_minutes() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.loses_deliveries();
    town.github().hold_deliveries(true);
    let line = format!("/ok to test {}", town.head(pr));
    let comment = town.github().comment(pr, "vera", &line);
    let held = town.held("issue_comment", "created");
    town.github().drop_delivery(&held.guid);
    town.github().hold_deliveries(false);
    town.settle().await;
    town.ignored(pr, comment);
    town.minutes_pass(10).await;
    town.acknowledged(pr, comment);
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_start_while_github_is_away_takes_deliveries_and_acts_when_it_is_back() {
    let mut town = Town::new().await;
    let known = town.mirrored_pr().await;
    town.playground.stop_app().await.expect("it stops");
    // Whatever is asked first, nobody answers.
    town.faults(10_000, "GET", "/app", FaultKind::Status(502));
    town.faults(1, "GET", "/app/hook/deliveries", FaultKind::Status(502));
    town.faults(1, "GET", "/app/installations", FaultKind::Status(502));
    town.playground.start_app().await.expect("it starts");
    town.mirrored_pr().await;
    town.mirrored(known);
    town.github().clear_faults();
    town.finish().await;
}
