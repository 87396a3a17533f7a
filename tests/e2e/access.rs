//! What the app may do on GitHub is taken away and given back: permissions, tokens, the installation itself.

use crate::support::{Town, mirror};
use drawbridge::sandbox::FaultKind;

const CHECK_RUNS: &str = "/repos/{owner}/{repo}/check-runs";
const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";
const TOKENS: &str = "/app/installations/{installation_id}/access_tokens";

#[tokio::test]
async fn a_missing_permission_is_named_in_the_gate() {
    let mut town = Town::new().await;
    town.github().set_app_permission("contents", Some("read"));
    town.settle().await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("in_progress")
        .says("the permission contents=write");
    // Granted, GitHub says so, and all goes on.
    town.github().set_app_permission("contents", Some("write"));
    town.settle().await;
    town.mirrored(pr);
    town.gate(pr).does_not_say("permission");
    town.finish().await;
}

#[tokio::test]
async fn without_the_right_to_read_members_nobody_is_taken_for_a_stranger() {
    let mut town = Town::new().await;
    town.github().set_app_permission("members", None);
    town.settle().await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.silent(pr);
    town.gate(pr).is("queued").says("members=read");
    town.github().set_app_permission("members", Some("read"));
    town.settle().await;
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_suspended_installation_is_brought_up_to_date_when_that_ends() {
    let mut town = Town::new().await;
    let early = town.mirrored_pr().await;
    town.github().suspend_installation(true);
    town.settle().await;
    let late = town.member_pr().await;
    town.close(early).await;
    town.not_mirrored(late);
    assert!(town.github().branch(&mirror(early)).is_some());
    town.github().suspend_installation(false);
    town.settle().await;
    town.not_mirrored(early);
    // GitHub told nothing of what was opened meanwhile; it is looked for.
    town.mirrored(late);
    town.gate(late).is("in_progress");
    town.finish().await;
}

#[tokio::test]
async fn tokens_that_are_revoked_midway_are_replaced() {
    let mut town = Town::new().await;
    for route in [COMMITS, REFS, CHECK_RUNS] {
        let method = if route == REFS || route == CHECK_RUNS {
            "POST"
        } else {
            "GET"
        };
        town.github()
            .on_request(method, route, Box::new(|github| github.revoke_tokens()));
        let pr = town.mirrored_pr().await;
        town.gate(pr).is("in_progress");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_asked_for_again() {
    let mut town = Town::new().await;
    town.github().revoke_tokens();
    town.faults(2, "POST", TOKENS, FaultKind::Status(502));
    town.fault("POST", TOKENS, FaultKind::WrongJson);
    town.mirrored_pr().await;
    town.finish().await;
}
