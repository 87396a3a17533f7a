//! The hour's budget: what can wait leaves a reserve, and without any budget deliveries wait.

use crate::support::Town;
use chrono::TimeDelta;
use drawbridge::sandbox::NewPr;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_little_is_left_mirrors_and_gates_go_on_and_comments_wait() {
    let mut town = Town::new().await;
    town.github().set_budget(400, TimeDelta::minutes(30));
    let member = town.mirrored_pr().await;
    town.gate(member).is("in_progress");
    let stranger = town.stranger_pr().await;
    town.gate(stranger).is("action_required");
    assert!(town.bot_comments(stranger).is_empty());
    town.playground.pass(TimeDelta::minutes(31)).await;
    town.settle().await;
    town.told(stranger);
    town.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_budget_deliveries_are_accepted_and_nothing_is_asked_until_it_is_renewed() {
    let mut town = Town::new().await;
    town.github().set_budget(0, TimeDelta::minutes(30));
    town.github().clear_exchanges();
    let pulls: Vec<u64> = (0..10)
        .map(|_| town.github().open_pr(NewPr::by("mel")))
        .collect();
    town.settle().await;
    let asked = town.calls().len();
    // Those who were asking when it turned out that nothing is left.
    assert!(asked <= 16, "{asked} requests without any budget");
    let deliveries = town.github().deliveries();
    assert!(deliveries.iter().all(|one| one.status == Some(202)));
    let late = town.member_pr().await;
    assert_eq!(town.calls().len(), asked);
    town.playground.pass(TimeDelta::minutes(31)).await;
    town.settle().await;
    for pr in pulls.into_iter().chain([late]) {
        town.mirrored(pr);
        town.gate(pr).is("in_progress");
    }
    town.finish().await;
}
