//! What was left on GitHub without our knowing.

use crate::support::Town;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{FaultKind, NewPr};

const CHECK_RUNS: &str = "/repos/{owner}/{repo}/check-runs";
const OF_COMMIT: &str = "/repos/{owner}/{repo}/commits/{ref}/check-runs";

/// The answer to its creation is lost, and before it is found the pull request is closed.
#[tokio::test]
async fn a_gate_that_is_there_without_our_knowing_ends_with_its_pull_request() {
    let mut town = Town::new().await;
    town.fault("POST", CHECK_RUNS, FaultKind::AnswerLost);
    town.faults(6, "GET", OF_COMMIT, FaultKind::Status(502));
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    town.github()
        .wait_until("it is there", |g| g.check(&head, GATE_NAME).is_some())
        .await;
    town.github().close_pr(pr, "maya");
    town.settle().await;
    town.allow(pr, &head);
    town.gate(pr).is("cancelled");
    town.finish().await;
}
