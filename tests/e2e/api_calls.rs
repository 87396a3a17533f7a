//! What the app asks of GitHub. Upper bounds: fewer is always fine, more needs a reason.

use crate::support::{CONFIG, Town};
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::NewPr;
use std::time::Duration;

/// The requests since the last look, as `GET pulls/{pull_number}`, without those for tokens.
fn asked(town: &Town) -> Vec<String> {
    let calls = town.calls();
    let asked = calls.iter().map(|call| {
        let route = call.route.trim_start_matches("/repos/{owner}/{repo}/");
        format!("{} {route}", call.method)
    });
    let asked = asked.collect();
    town.github().clear_exchanges();
    asked
}

#[tokio::test]
async fn each_event_costs_at_most_this_many_requests() {
    let mut town = Town::empty().await;
    // What comes within this time is written at once: long enough for a busy machine.
    town.playground.set_pace(Pace {
        gate: Duration::from_secs(2),
        ..Setup::default().pace
    });
    town.restart().await;
    town.write(CONFIG, "enabled: true\n").await;
    // Configuration, token and app are known; the first pull request of each kind makes the people known.
    town.mirrored_pr().await;
    let warm = town.stranger_pr().await;
    town.told(warm);
    town.approve(warm).await;
    town.mirrored(warm);
    asked(&town);

    let mut table = Vec::new();
    let member = town.open(NewPr::by("mel")).await;
    town.mirrored(member);
    table.push(("a member opens a pull request", asked(&town)));

    let stranger = town.stranger_pr().await;
    town.told(stranger);
    table.push(("a stranger opens one", asked(&town)));

    town.approve(stranger).await;
    town.mirrored(stranger);
    table.push(("a vetter approves it", asked(&town)));

    town.push(member).await;
    town.mirrored(member);
    table.push(("a member pushes", asked(&town)));

    town.build_ends(member, "build", "success").await;
    town.gate(member).is("success");
    table.push(("the build ends", asked(&town)));

    town.close(member).await;
    town.not_mirrored(member);
    table.push(("it is closed", asked(&town)));

    town.comment(stranger, "sam", "Thank you!").await;
    table.push(("somebody says thank you", asked(&town)));

    town.github().add_label(stranger, "bug", "maya");
    town.settle().await;
    table.push(("somebody adds a label", asked(&town)));

    // Besides the gate, and of the gate: how often it is written depends on how much comes at once.
    let most = [
        (4, 4),
        (4, 2),
        (3, 3),
        (4, 4),
        (2, 2),
        (2, 0),
        (0, 0),
        (0, 0),
    ];
    for ((what, asked), (besides, gate)) in table.iter().zip(most) {
        let of_gate = asked.iter().filter(|a| a.contains("check-runs")).count();
        assert!(
            of_gate <= gate,
            "{what}: the gate is written {of_gate} times, at most {gate}: {asked:#?}"
        );
        let others = asked.len() - of_gate;
        assert!(
            others <= besides,
            "{what}: {others} requests besides, at most {besides}: {asked:#?}"
        );
    }
    town.finish().await;
}
