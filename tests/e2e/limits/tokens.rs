//! Tokens are good for one repository and one purpose, and few are made.

use crate::support::Town;
use drawbridge::sandbox::Exchange;
use serde_json::{Value, json};

/// The tokens asked for, and whether GitHub gave them.
fn tokens(town: &Town) -> Vec<(Value, u16)> {
    let all = town.github().exchanges();
    let asked = all
        .into_iter()
        .filter(|one: &Exchange| one.route.ends_with("/access_tokens"));
    asked
        .map(|one| (one.request_body.unwrap_or_default(), one.status))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_token_is_for_one_repository_and_one_purpose_and_lasts_its_hour() {
    let mut town = Town::new().await;
    for _ in 0..5 {
        let member = town.mirrored_pr().await;
        let stranger = town.stranger_pr().await;
        town.told(stranger);
        town.approve(stranger).await;
        town.mirrored(stranger);
        town.close(member).await;
        town.not_mirrored(member);
    }
    let repo = town.github().repo_id();
    let mine = |permissions: Value| json!({ "repository_ids": [repo], "permissions": permissions });
    let everyday = mine(json!({
        "actions": "read", "checks": "write", "contents": "read", "pull_requests": "write", "statuses": "write"
    }));
    // What the installation covers is listed with a token that names no repository; it can do nothing but read metadata.
    let survey = json!({ "permissions": { "metadata": "read" } });
    let expected = [
        (everyday, 201),
        (survey.clone(), 201),
        // The organisation has no defaults.
        (
            json!({ "repositories": [".github"], "permissions": { "contents": "read" } }),
            422,
        ),
        (mine(json!({ "members": "read" })), 201),
        (
            mine(json!({ "contents": "write", "workflows": "write" })),
            201,
        ),
    ];
    let made = tokens(&town);
    println!(
        "{} requests for tokens in {} of all",
        made.len(),
        town.github().exchanges().len()
    );
    for one in &made {
        assert!(expected.contains(one), "{one:?}");
    }
    assert_eq!(made.len(), expected.len(), "{made:#?}");
    let of_one = |asked: &Value| {
        asked.get("repository_ids").is_some() || asked.get("repositories").is_some()
    };
    let of_all: Vec<_> = made.iter().filter(|(asked, _)| !of_one(asked)).collect();
    assert_eq!(of_all, [&(survey, 201)]);
    town.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_tokens_are_replaced() {
    let mut town = Town::new().await;
    town.mirrored_pr().await;
    town.github().revoke_tokens();
    let second = town.stranger_pr().await;
    town.told(second);
    town.approve(second).await;
    town.mirrored(second);
    town.finish().await;
}
