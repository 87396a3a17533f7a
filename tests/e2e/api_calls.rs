//! What the app asks of GitHub, event by event, with what it knows already: exactly this and nothing else.

use crate::support::{CONFIG, Town};
use chrono::TimeDelta;
use drawbridge::domain::gate::CONFIG_GATE;
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{NewCommit, NewPr};
use std::time::Duration;

const COMMITS: &str = "GET pulls/{pull_number}/commits";
const COMPARISON: &str = "GET compare/{basehead}";
const PULL: &str = "GET pulls/{pull_number}";
const MEMBERSHIP: &str = "GET /orgs/{org}/members/{username}";
const PERMISSION: &str = "GET collaborators/{username}/permission";
const CREATE_REF: &str = "POST git/refs";
const MOVE_REF: &str = "PATCH git/refs/{ref}";
const DELETE_REF: &str = "DELETE git/refs/{ref}";
const NEW_GATE: &str = "POST check-runs";
const GATE: &str = "PATCH check-runs/{check_run_id}";
const NEW_COMMENT: &str = "POST issues/{issue_number}/comments";
const COMMENT: &str = "PATCH issues/comments/{comment_id}";
const REACTION: &str = "POST issues/comments/{comment_id}/reactions";
const BUILDS: [&str; 2] = ["GET actions/runs", "GET commits/{ref}/check-suites"];
const FILE: &str = "GET contents/{path}";
const DISPATCH: &str = "POST actions/workflows/{workflow_id}/dispatches";

/// The app as it is in production, but that a gate which only reads differently is not written again within the test: how often
/// it is depends on how long builds take.
fn pace() -> Pace {
    Pace {
        gate: Duration::from_secs(3600),
        preview: Pace::default().preview,
        // Rounds of comparing come when they come.
        recover: Duration::from_secs(86_400),
        poll: Duration::from_secs(86_400),
        ..Setup::default().pace
    }
}

async fn town(config: &str) -> Town {
    let mut town = Town::empty().await;
    town.playground.set_pace(pace());
    town.restart().await;
    town.write(CONFIG, config).await;
    // Configuration, token, app and mel are known.
    town.mirrored_pr().await;
    town.asks("what comes before", None);
    town
}

impl Town {
    /// What was asked since the last look, without what was asked for tokens.
    fn asks<'a>(&self, what: &str, wanted: impl Into<Option<&'a [&'a str]>>) {
        let calls = self.calls();
        let mut asked: Vec<String> = calls
            .iter()
            .map(|call| {
                let route = call.route.trim_start_matches("/repos/{owner}/{repo}/");
                format!("{} {route}", call.method)
            })
            .collect();
        self.github().clear_exchanges();
        if let Some(wanted) = wanted.into() {
            let mut wanted = wanted.to_vec();
            wanted.sort_unstable();
            asked.sort_unstable();
            assert_eq!(asked, wanted, "{what}");
        }
    }

    /// Somebody looks after a while whether heads change the configuration; this often.
    async fn looked_at(&self, heads: usize) {
        self.playground.pass(TimeDelta::minutes(3)).await;
        self.asks("heads have stood for a while", &*vec![COMPARISON; heads]);
    }
}

#[tokio::test]
async fn each_event_costs_exactly_these_requests() {
    let mut town = town("enabled: true\n").await;
    town.looked_at(1).await;

    let member = town.member_pr().await;
    town.mirrored(member);
    town.asks("a member opens", &[COMMITS, CREATE_REF, NEW_GATE][..]);

    town.build_ends(member, "build", "success").await;
    town.gate(member).is("success");
    town.asks("its build ends", &[BUILDS[0], BUILDS[1], GATE][..]);

    town.push(member).await;
    town.mirrored(member);
    town.asks("a member pushes", &[COMMITS, MOVE_REF, NEW_GATE][..]);

    town.push(member).await;
    town.mirrored(member);
    // The gate of the head that nobody waits for any more ends, too.
    let calls = [COMMITS, MOVE_REF, NEW_GATE, GATE];
    town.asks("a member pushes while builds run", &calls[..]);

    // Who has everything read again once does not pay for it with each push from then on.
    town.comment(member, "mel", "/sync").await;
    town.asks("a look at everything", None);
    town.push(member).await;
    town.mirrored(member);
    town.asks("a member pushes after that", &calls[..]);

    let stranger = town.stranger_pr().await;
    town.told(stranger);
    let calls = [MEMBERSHIP, COMMITS, NEW_COMMENT, NEW_GATE];
    town.asks("a stranger opens", &calls[..]);

    town.push(stranger).await;
    town.told(stranger);
    town.asks("a stranger pushes", &[COMMITS, COMMENT, NEW_GATE][..]);

    town.approve(stranger).await;
    town.mirrored(stranger);
    // The pull request is read: an approval is for the head as it is now.
    let calls = [PERMISSION, PULL, CREATE_REF, REACTION, GATE];
    town.asks("a vetter approves", &calls[..]);

    town.build_ends(stranger, "build", "failure").await;
    town.asks("before the end", None);
    town.close(stranger).await;
    town.not_mirrored(stranger);
    town.asks("it is closed", &[DELETE_REF][..]);

    town.close(member).await;
    town.not_mirrored(member);
    // Or it would wait for ever.
    town.asks("one is closed while builds run", &[DELETE_REF, GATE][..]);
    // Nobody looks at what was closed, or at what was replaced before it had stood for long.
    town.looked_at(0).await;
    town.finish().await;
}

#[tokio::test]
async fn what_concerns_nobody_costs_nothing() {
    let mut town = town("enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    town.asks("before", None);
    town.comment(pr, "sam", "Thank you!").await;
    town.asks("somebody says thank you", &[][..]);
    town.github().add_label(pr, "bug", "maya");
    town.settle().await;
    town.asks("somebody adds a label", &[][..]);
    town.github().edit_title(pr, "Another title", "mel");
    town.settle().await;
    town.asks("somebody edits the title", &[][..]);

    let other = town.github().add_repo("docs");
    town.settle().await;
    town.github().open_pr_in(other, NewPr::by("sam"));
    town.settle().await;
    town.asks("what is not enabled becomes known", None);
    for author in ["mel", "sam"] {
        town.github().open_pr_in(other, NewPr::by(author));
        town.settle().await;
        town.asks("somebody opens one where nothing is enabled", &[][..]);
    }
    town.finish().await;
}

#[tokio::test]
async fn files_and_jobs_cost_what_they_ask_for() {
    let config = "enabled: true\nfilters: {src: ['src/**']}\npipelines:\n  ci:\n    on: pull_request\n    jobs:\n      \
                  build: {workflow: go.yml, inputs: {job: build}, changes: src}\n";
    let mut town = Town::of_pace(pace(), config).await;
    town.change("src/a.rs").await;
    town.asks("what comes before", None);
    town.change("src/b.rs").await;
    // The workflow's file is read once at each commit, however many jobs it starts.
    let calls = [COMMITS, COMPARISON, CREATE_REF, NEW_GATE, FILE, DISPATCH];
    town.asks("a member opens", &calls[..]);
    // Its files are known already.
    town.looked_at(0).await;
    town.finish().await;
}

#[tokio::test]
async fn a_proposed_configuration_is_found_with_one_look_once_its_head_has_stood_for_a_while() {
    let mut town = town("enabled: true\n").await;
    town.looked_at(1).await;
    let commit = NewCommit::signed_by("mel").file(CONFIG, "enabled: perhaps\n");
    let pr = town.open(NewPr::by("mel").commit(commit)).await;
    town.mirrored(pr);
    town.asks("a member opens", &[COMMITS, CREATE_REF, NEW_GATE][..]);
    let check = town.github().check(&town.head(pr), CONFIG_GATE);
    assert!(check.is_none(), "nobody has looked yet");
    town.playground.pass(TimeDelta::minutes(3)).await;
    town.settle().await;
    town.check(pr, CONFIG_GATE)
        .is("failure")
        .says("has a mistake");
    // This one is looked at wholly.
    let calls = [
        COMPARISON, PULL, COMPARISON, COMMITS, BUILDS[0], BUILDS[1], FILE, NEW_GATE,
    ];
    town.asks("it has stood for a while", &calls[..]);
    town.looked_at(0).await;
    town.finish().await;
}
