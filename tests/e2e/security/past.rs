//! Old deliveries that tell of a repository as it was.

use crate::support::Town;

/// What is kept was forgotten since, and with it the names that the repository had.
#[tokio::test]
async fn a_delivery_from_before_a_renaming_does_not_bring_the_old_name_back() {
    let mut town = Town::new().await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let old = town.delivery("pull_request", "opened").payload;
    let id = town.github().repo_id();
    town.github().rename_repo("motor");
    town.settle().await;
    town.github().select_repo(id, false);
    town.settle().await;
    town.github().select_repo(id, true);
    town.settle().await;
    let mut renamed = old.clone();
    renamed["action"] = "renamed".into();
    town.github().clear_exchanges();
    town.github().send_event("pull_request", old);
    town.settle().await;
    town.github().send_event("repository", renamed);
    town.settle().await;
    town.push(pr).await;
    town.mirrored(pr);
    let asked = town.calls();
    assert!(
        !asked.iter().any(|e| e.path.contains("/acme/engine")),
        "{asked:#?}"
    );
    town.finish().await;
}

#[tokio::test]
async fn a_repository_that_is_only_said_to_be_archived_goes_on() {
    let mut town = Town::new().await;
    town.github().archive_repo(true);
    town.settle().await;
    let archived = town.delivery("repository", "archived").payload;
    town.github().archive_repo(false);
    town.settle().await;
    town.github().send_event("repository", archived);
    town.settle().await;
    let pr = town.member_pr().await;
    town.mirrored(pr);
    town.finish().await;
}
