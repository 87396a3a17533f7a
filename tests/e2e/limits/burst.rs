//! Many pull requests at once, while GitHub's secondary limits count.

use crate::support::{CONFIG, Town, mirror};
use chrono::TimeDelta;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::engine::Pace;
use drawbridge::github::Limits;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{Exchange, NewPr, Visibility};

const MEMBERS: usize = 100;
const STRANGERS: usize = 20;

/// A town at whose GitHub limits count, with an app that keeps to these.
async fn limited(limits: Limits) -> Town {
    let pace = Pace {
        limits,
        ..Setup::default().pace
    };
    let town = Town::set_up(Setup {
        pace,
        ..Setup::default()
    })
    .await;
    town.github().add_org_member("mel", Visibility::Private);
    town.write(CONFIG, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.github().enforce_limits();
    town.github().clear_exchanges();
    town
}

fn is_post(exchange: &Exchange, what: &str) -> bool {
    exchange.method == "POST" && exchange.path.ends_with(what)
}

/// Where in the exchanges the requests of one kind were made.
fn places(calls: &[Exchange], what: &str) -> Vec<usize> {
    let found = calls
        .iter()
        .enumerate()
        .filter(|(_, one)| is_post(one, what));
    found.map(|(place, _)| place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_stays_within_the_limits_and_mirrors_come_first() {
    let mut town = limited(Limits::default()).await;
    let members: Vec<u64> = (0..MEMBERS)
        .map(|_| town.github().open_pr(NewPr::by("mel")))
        .collect();
    let strangers: Vec<u64> = (0..STRANGERS)
        .map(|_| town.github().open_pr(NewPr::by("sam")))
        .collect();
    let done = |town: &Town| {
        let github = town.github();
        let mirrored = members
            .iter()
            .all(|pr| github.branch(&mirror(*pr)).is_some());
        let all = || members.iter().chain(&strangers);
        let gated = all().all(|pr| github.check(&github.head(*pr), GATE_NAME).is_some());
        let told = strangers
            .iter()
            .all(|pr| !town.bot_comments(*pr).is_empty());
        mirrored && gated && told
    };
    town.playground.quiet().await;
    let mut seconds = 0;
    while !done(&town) {
        assert!(seconds < 3600, "it takes longer than an hour");
        town.playground.pass(TimeDelta::seconds(5)).await;
        seconds += 5;
    }
    let calls = town.calls();
    let refused = calls
        .iter()
        .filter(|one| matches!(one.status, 403 | 429))
        .count();
    let mirrors = places(&calls, "/git/refs");
    let gates = places(&calls, "/check-runs");
    let comments = places(&calls, "/comments");
    println!(
        "{} pull requests at once: {} requests in {seconds} s, {refused} refused; \
         last mirror at {:?}, last gate at {:?}, last comment at {:?}",
        MEMBERS + STRANGERS,
        calls.len(),
        mirrors.last(),
        gates.last(),
        comments.last(),
    );
    assert_eq!(refused, 0);
    assert_eq!(mirrors.len(), MEMBERS);
    assert_eq!(gates.len(), MEMBERS + STRANGERS);
    assert_eq!(comments.len(), STRANGERS);
    // What has to wait for its turn is not asked about again.
    let asked = |what: &str| {
        let reads = calls.iter().filter(|one| one.method == "GET");
        reads.filter(|one| one.path.contains(what)).count()
    };
    assert_eq!(asked("/commits?"), MEMBERS + STRANGERS);
    assert_eq!((asked("/check-runs?"), asked("/comments?")), (0, 0));
    assert!(mirrors.last() < gates.last(), "mirrors before gates");
    // What is left of the limits at first is nobody's yet; from then on gates wait for mirrors.
    let early = gates.iter().filter(|gate| Some(*gate) < mirrors.last());
    assert!(early.count() <= MEMBERS / 2, "mirrors before gates");
    assert!(
        seconds <= 600,
        "{seconds} s for what the limits allow in 300"
    );
    for pr in members {
        town.mirrored(pr);
    }
    for pr in strangers {
        town.told(pr);
    }
    finish(town).await;
}

/// The stand-in really refuses, and what it refuses is done later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_knew_no_limits_would_be_refused_and_still_get_there() {
    let mut town = limited(Limits::none()).await;
    let pulls: Vec<u64> = (0..60)
        .map(|_| town.github().open_pr(NewPr::by("mel")))
        .collect();
    town.playground.quiet().await;
    let calls = town.calls();
    assert!(calls.iter().any(|one| one.status == 403));
    for _ in 0..60 {
        town.playground.pass(TimeDelta::seconds(30)).await;
    }
    for pr in pulls {
        town.mirrored(pr);
        let gate = town.github().check(&town.head(pr), GATE_NAME);
        assert!(gate.is_some(), "#{pr}");
    }
    finish(town).await;
}

/// What still is due may be due within the minute that coming to rest waits for.
async fn finish(town: Town) {
    for _ in 0..12 {
        town.playground.pass(TimeDelta::seconds(30)).await;
    }
    town.finish().await;
}
