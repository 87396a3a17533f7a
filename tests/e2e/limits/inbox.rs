//! More waits than may wait.

use crate::support::Town;
use chrono::TimeDelta;

/// How many rounds of asking for what was lost have ended.
const ROUNDS: &str = r#"drawbridge_processing_seconds_count{subject="deliveries"}"#;
const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_its_limit_deliveries_are_refused_so_that_github_can_send_them_again() {
    let (mut town, first, second) = Town::with_a_full_inbox().await;
    let refused = town.delivery("pull_request", "opened");
    assert_eq!(refused.status, Some(503));
    // Nor is it taken up by asking for what was lost, while there is no room.
    town.github().clear_exchanges();
    let before = town.numbers().await.of(ROUNDS);
    town.playground.advance(TimeDelta::minutes(10));
    town.playground.app().look_at_the_clock();
    town.numbers_show("the end of a round", |now| now.of(ROUNDS) > before)
        .await;
    town.github().release_hung();
    town.settle().await;
    let asked = town.github().exchanges();
    assert!(!asked.iter().any(|e| e.route == DELIVERY), "{asked:#?}");
    town.mirrored(first);
    assert_eq!(town.github().redeliver(&refused.guid).await, 202);
    town.settle().await;
    town.mirrored(second);
    town.finish().await;
}
