//! Deliveries which say that a repository or an installation is gone: old ones that come late or are sent again under another
//! id, and what GitHub says of it.

use crate::support::Town;
use chrono::TimeDelta;
use drawbridge::sandbox::FaultKind;
use serde_json::{Value, json};

const TOKENS: &str = "/app/installations/{installation_id}/access_tokens";

/// The app was thrown out and let in again, and the repository taken out and put back; then sam's pull request was approved.
async fn with_a_past() -> (Town, u64) {
    let mut town = Town::new().await;
    let id = town.github().repo_id();
    town.github().announce_installation("deleted");
    town.github().announce_installation("created");
    town.settle().await;
    town.github().select_repo(id, false);
    town.settle().await;
    town.github().select_repo(id, true);
    town.settle().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    (town, pr)
}

fn caught(town: &Town, event: &str, action: &str) -> (String, Value) {
    (event.to_owned(), town.delivery(event, action).payload)
}

/// What says that the repository is gone, in three ways.
fn news_of_the_end(town: &Town) -> Vec<(String, Value)> {
    let mut of_repository = caught(town, "pull_request", "opened").1;
    of_repository["action"] = json!("deleted");
    vec![
        caught(town, "installation_repositories", "removed"),
        caught(town, "installation", "deleted"),
        ("repository".to_owned(), of_repository),
    ]
}

/// The approval is still known: opened again, the pull request needs nobody.
async fn is_remembered(town: &mut Town, pr: u64) {
    town.close(pr).await;
    town.reopen(pr).await;
    town.mirrored(pr);
    town.gate(pr).is("in_progress");
    town.told(pr);
}

#[tokio::test]
async fn what_is_only_said_to_be_gone_is_not_forgotten() {
    let (mut town, pr) = with_a_past().await;
    for (event, payload) in news_of_the_end(&town) {
        town.github().send_event(&event, payload);
        town.settle().await;
        is_remembered(&mut town, pr).await;
    }
    town.finish().await;
}

#[tokio::test]
async fn while_github_does_not_say_whether_it_is_gone_nothing_is_forgotten() {
    let (mut town, pr) = with_a_past().await;
    for (event, payload) in news_of_the_end(&town) {
        let route = match event.as_str() {
            "installation" => "/app/installations/{installation_id}",
            _ => TOKENS,
        };
        let method = if route == TOKENS { "POST" } else { "GET" };
        town.faults(3, method, route, FaultKind::Status(502));
        town.github().send_event(&event, payload);
        town.settle().await;
        town.playground.pass(TimeDelta::minutes(5)).await;
        town.settle().await;
        is_remembered(&mut town, pr).await;
    }
    town.finish().await;
}

#[tokio::test]
async fn what_is_gone_is_forgotten_once_github_says_so() {
    let (mut town, pr) = with_a_past().await;
    let id = town.github().repo_id();
    town.faults(3, "POST", TOKENS, FaultKind::Status(502));
    town.github().select_repo(id, false);
    town.settle().await;
    town.playground.pass(TimeDelta::minutes(5)).await;
    town.settle().await;
    town.github().select_repo(id, true);
    town.settle().await;
    town.gate(pr).is("action_required");
    town.told(pr);
    town.mirrored(pr);
    town.finish().await;
}
