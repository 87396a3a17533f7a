//! A lost delivery that can't be read has its turn again, whatever else goes on, and the others have theirs.

use crate::support::{CONFIG, Town};
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{FaultKind, NewPr};

const DELIVERIES: &str = "/app/hook/deliveries";
const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";

/// Sam's pull request, another repository in which nothing is enabled, and so many requests for a round.
async fn with_another(calls: u32) -> (Town, u64, u64) {
    let pace = Pace {
        recovery_calls: calls,
        ..Setup::default().pace
    };
    let mut town = Town::set_up(Setup {
        pace,
        ..Setup::default()
    })
    .await;
    town.write(CONFIG, "enabled: true\n").await;
    let other = town.github().add_repo("other");
    town.github()
        .write_file("other", CONFIG, "enabled: false\n", "maya");
    let pr = town.stranger_pr().await;
    town.told(pr);
    (town, pr, other)
}

/// The app is down while sam calls for help, and so often the delivery of that can't be read afterwards. With sam's pull request, the other
/// repository, and the comment.
async fn help_is_lost(calls: u32, times: u32, kind: FaultKind) -> (Town, u64, u64, u64) {
    let (mut town, pr, other) = with_another(calls).await;
    town.goes_down().await;
    let help = town.github().comment(pr, "sam", "/help");
    town.faults(times, "GET", DELIVERY, kind);
    town.github().clear_exchanges();
    (town, pr, other, help)
}

/// The statuses with which it was answered.
fn read(town: &Town, route: &str) -> Vec<u16> {
    let mut all = town.github().exchanges();
    // Clocks that were put forward one after the other; it is asked again at once.
    all.retain(|e| e.route == route && e.status != 401);
    all.iter().map(|e| e.status).collect()
}

#[tokio::test]
async fn what_was_put_off_has_its_turn_although_the_list_can_not_be_read() {
    let (mut town, pr, _, help) = help_is_lost(300, 1, FaultKind::Status(502)).await;
    town.comes_up().await;
    town.ignored(pr, help);
    town.fault("GET", DELIVERIES, FaultKind::Status(502));
    town.minutes_pass(10).await;
    town.answer(pr, help);
    town.finish().await;
}

#[tokio::test]
async fn a_long_list_leaves_something_for_what_was_put_off() {
    let (mut town, pr, other, help) = help_is_lost(6, 1, FaultKind::Status(502)).await;
    town.comes_up().await;
    town.ignored(pr, help);
    town.goes_down().await;
    for _ in 0..30 {
        town.github().open_pr_in(other, NewPr::by("mel"));
    }
    town.github().clear_exchanges();
    town.comes_up().await;
    town.answer(pr, help);
    let asked = read(&town, DELIVERIES).len() + read(&town, DELIVERY).len();
    assert_eq!(asked, 6, "the list was longer");
    town.finish().await;
}

#[tokio::test]
async fn an_outage_of_one_delivery_ends_when_github_says_and_holds_up_no_other() {
    let away = FaultKind::Unavailable { retry_after: 1800 };
    let (mut town, pr, other, help) = help_is_lost(300, 1, away).await;
    town.github().open_pr_in(other, NewPr::by("mel"));
    town.comes_up().await;
    assert_eq!(read(&town, DELIVERY), [503, 200]);
    town.minutes_pass(20).await;
    town.ignored(pr, help);
    assert_eq!(read(&town, DELIVERY), [503, 200], "it was left alone");
    town.minutes_pass(20).await;
    town.answer(pr, help);
    town.finish().await;
}

#[tokio::test]
async fn while_github_wants_to_be_left_alone_by_the_app_nothing_is_asked() {
    let limit = FaultKind::SecondaryLimit {
        retry_after: Some(1800),
    };
    let (mut town, pr, other, help) = help_is_lost(300, 1, limit).await;
    town.github().open_pr_in(other, NewPr::by("mel"));
    town.comes_up().await;
    assert_eq!(read(&town, DELIVERY), [403]);
    town.github().clear_exchanges();
    town.minutes_pass(20).await;
    assert_eq!(read(&town, DELIVERIES), Vec::<u16>::new());
    town.ignored(pr, help);
    town.minutes_pass(20).await;
    town.answer(pr, help);
    assert_eq!(read(&town, DELIVERY), [200, 200]);
    town.finish().await;
}

#[tokio::test]
async fn a_command_is_heard_after_an_outage_of_two_hours() {
    let (mut town, pr, _, help) = help_is_lost(300, 12, FaultKind::Status(502)).await;
    town.comes_up().await;
    // The newest of the list is looked through again in each round; it is the newest no more.
    for _ in 0..70 {
        town.github().comment(pr, "sam", "Is anybody there?");
    }
    town.settle().await;
    for _ in 1..12 {
        town.minutes_pass(10).await;
    }
    town.ignored(pr, help);
    town.minutes_pass(10).await;
    town.answer(pr, help);
    town.finish().await;
}
