//! What GitHub does not show and is asked to send again holds up what came after it, for a while.

use crate::support::Town;
use drawbridge::sandbox::FaultKind;

const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";

/// The app was down while sam asked for help and then for the status; of the first GitHub lists that it was said, and
/// shows nothing of it. It was asked for it, and has not sent it yet.
async fn with_help_on_its_way() -> (Town, u64, [u64; 2]) {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.goes_down().await;
    let said = ["/help", "/status"].map(|line| town.github().comment(pr, "sam", line));
    town.fault("GET", DELIVERY, FaultKind::WrongJson);
    town.github().hold_deliveries(true);
    town.github().clear_exchanges();
    town.comes_up().await;
    assert_eq!(town.held("issue_comment", "created").status, None);
    town.told(pr);
    assert_eq!(town.bot_comments(pr).len(), 1, "the status waits, too");
    (town, pr, said)
}

#[tokio::test]
async fn what_came_after_a_delivery_that_is_sent_again_is_heard_after_it() {
    let (mut town, pr, said) = with_help_on_its_way().await;
    town.github().hold_deliveries(false);
    town.settle().await;
    town.answer(pr, said[0]);
    assert_eq!(town.bot_comments(pr).len(), 2);
    town.minutes_pass(10).await;
    town.answer(pr, said[1]);
    town.finish().await;
}

#[tokio::test]
async fn what_is_never_sent_again_does_not_hold_up_the_others_for_ever() {
    let (mut town, pr, [_, status]) = with_help_on_its_way().await;
    let asked = town.github().exchanges();
    let first = asked.iter().find(|e| e.route == DELIVERY);
    let path = &first.expect("it was read").path;
    town.faults(10_000, "GET", path, FaultKind::WrongJson);
    for _ in 0..4 {
        town.minutes_pass(10).await;
        assert_eq!(town.bot_comments(pr).len(), 1);
    }
    for _ in 0..2 {
        town.minutes_pass(10).await;
    }
    town.answer(pr, status);
    town.told(pr);
    town.github().clear_faults();
    town.finish().await;
}
