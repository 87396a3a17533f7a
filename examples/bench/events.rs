//! What handling an event costs: from the delivery of a push to a member's pull request until mirror and gate have followed.

use crate::child::Server;
use crate::github::{GitHub, News, Pull, Seen, Step, World};
use crate::load::{Delivery, middle, send_each};
use crate::programs::{App, Paced, ours, probot};
use anyhow::Context;
use clap::Args;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Events {
    /// How often each is measured; the middle one counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// So many pull requests are pushed to each time
    #[arg(long, default_value_t = 1000)]
    pulls: u64,
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// So many a second, to see how long each takes
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// The program that is measured
    #[arg(long, default_value = "target/release/drawbridge")]
    drawbridge: PathBuf,
    /// Where Probot's packages are to be installed: it is measured, too
    #[arg(long)]
    probot: Option<PathBuf>,
}

/// A program, and the GitHub that it works on alone.
struct Stage {
    name: &'static str,
    github: GitHub,
    server: Server,
    at_once: Vec<AtOnce>,
    steadily: Vec<Steadily>,
}

/// How it went when all were pushed to at once.
struct AtOnce {
    mirrors: f64,
    handled: f64,
    /// How long processors were busy with each.
    busy: Duration,
    calls: BTreeMap<String, usize>,
}

/// How it went when they were pushed to one after the other.
struct Steadily {
    rate: f64,
    p50: Duration,
    p99: Duration,
    /// Until the mirror was moved.
    mirror: Duration,
}

impl Events {
    pub async fn run(self) -> anyhow::Result<()> {
        let data = tempfile::tempdir()?;
        let mut stages = Vec::new();
        let github = GitHub::start(World::new(&[self.pulls], 0).await?, None).await?;
        let app = App::of(&github.world().sandbox).at(github.url());
        let server = ours(&self.drawbridge, &app, data.path(), Paced::No)?;
        stages.push(Stage::new("drawbridge", github, server));
        if let Some(room) = &self.probot {
            let github = GitHub::start(World::new(&[self.pulls], 0).await?, None).await?;
            let app = App::of(&github.world().sandbox).at(github.url());
            let server = probot(room, &app, "events.mjs")?;
            stages.push(Stage::new("probot", github, server));
        }
        for stage in &stages {
            stage
                .all(News::Opened, self.connections, Duration::ZERO)
                .await?;
            stage.github.take_seen();
        }
        for round in 0..=self.rounds {
            for stage in &mut stages {
                let at_once = stage.at_once(self.connections).await?;
                let rate = self.rate.min(0.8 * at_once.handled);
                let steadily = stage.steadily(self.connections, rate).await?;
                let handled = at_once.handled;
                eprintln!("round {round}: {} handled {handled:.0}/s", stage.name);
                // The first one warms up.
                if round > 0 {
                    stage.at_once.push(at_once);
                    stage.steadily.push(steadily);
                }
            }
        }
        self.print(&stages)
    }

    fn print(&self, stages: &[Stage]) -> anyhow::Result<()> {
        println!(
            "{} pull requests of members, pushed to over {} connections; {} rounds",
            self.pulls, self.connections, self.rounds
        );
        println!(
            "{:<12} {:>10} {:>10} {:>8} | {:>8} {:>9} {:>9} {:>14} | {:>5}",
            "",
            "mirrors/s",
            "handled/s",
            "CPU ms",
            "steady/s",
            "p50 ms",
            "p99 ms",
            "mirror p99 ms",
            "MiB"
        );
        for stage in stages {
            let at_once = |value: fn(&AtOnce) -> f64| middle(stage.at_once.iter().map(value));
            let steadily = |value: fn(&Steadily) -> f64| middle(stage.steadily.iter().map(value));
            println!(
                "{:<12} {:>10.0} {:>10.0} {:>8.2} | {:>8.0} {:>9.2} {:>9.2} {:>14.2} | {:>5}",
                stage.name,
                at_once(|it| it.mirrors),
                at_once(|it| it.handled),
                at_once(|it| 1e3 * it.busy.as_secs_f64()),
                steadily(|it| it.rate),
                steadily(|it| 1e3 * it.p50.as_secs_f64()),
                steadily(|it| 1e3 * it.p99.as_secs_f64()),
                steadily(|it| 1e3 * it.mirror.as_secs_f64()),
                stage.server.resident()?
            );
        }
        let handled = |stage: &Stage| middle(stage.at_once.iter().map(|it| it.handled));
        if let [ours, probot] = stages {
            println!("of probot: {:.1} times", handled(ours) / handled(probot));
        }
        for stage in stages {
            println!("{} asks for {} pushes:", stage.name, self.pulls);
            let last = stage.at_once.last();
            for (route, count) in last.iter().flat_map(|it| &it.calls) {
                println!("  {count:>6} {route}");
            }
        }
        Ok(())
    }
}

impl Stage {
    fn new(name: &'static str, github: GitHub, server: Server) -> Self {
        Self {
            name,
            github,
            server,
            at_once: Vec::new(),
            steadily: Vec::new(),
        }
    }

    /// Lets something happen to all, delivers it, and waits until everything has followed. When each was sent.
    async fn all(
        &self,
        news: News,
        connections: usize,
        apart: Duration,
    ) -> anyhow::Result<Vec<(Pull, Instant)>> {
        let world = self.github.world();
        self.github.take_seen();
        world.happens(news);
        let pulls = world.pulls();
        let deliveries = pulls.iter().map(|pull| world.delivery(*pull, news));
        let deliveries: Vec<Delivery> = deliveries.collect::<Result<_, _>>()?;
        let followed = async {
            let sent = send_each(self.server.at, deliveries, connections, apart).await?;
            self.github.wait_for(Step::Mirror, pulls.len()).await;
            self.github.wait_for(Step::Gate, pulls.len()).await;
            anyhow::Ok(sent)
        };
        let longest = apart * u32::try_from(pulls.len())? + Duration::from_secs(60);
        let followed = tokio::time::timeout(longest, followed).await;
        let sent = followed.with_context(|| {
            let (mirrors, gates) = (self.github.done(Step::Mirror), self.github.done(Step::Gate));
            let asked = count(&self.github.take_seen());
            format!(
                "{}: {mirrors} mirrors, {gates} gates; asked {asked:#?}",
                self.name
            )
        })??;
        anyhow::ensure!(
            self.github.mirrored() == pulls.len(),
            "a mirror is not at its head"
        );
        Ok(pulls.into_iter().zip(sent).collect())
    }

    async fn at_once(&self, connections: usize) -> anyhow::Result<AtOnce> {
        let idle = self.server.busy()?;
        let sent = self.all(News::Pushed, connections, Duration::ZERO).await?;
        let busy = (self.server.busy()? - idle) / u32::try_from(sent.len())?;
        let began = sent
            .iter()
            .map(|(_, at)| *at)
            .min()
            .unwrap_or_else(Instant::now);
        let seen = self.github.take_seen();
        let rate = |step| {
            let steps = seen
                .iter()
                .filter(|seen| seen.call.step() == Some(step) && seen.pull.is_some());
            let last = steps.map(|seen| seen.at).max();
            let took = last.map_or(Duration::ZERO, |last| last - began);
            sent.len() as f64 / took.as_secs_f64()
        };
        let (mirrors, gates) = (rate(Step::Mirror), rate(Step::Gate));
        Ok(AtOnce {
            mirrors,
            handled: mirrors.min(gates),
            busy,
            calls: count(&seen),
        })
    }

    async fn steadily(&self, connections: usize, rate: f64) -> anyhow::Result<Steadily> {
        let apart = Duration::from_secs_f64(1.0 / rate);
        let sent = self.all(News::Pushed, connections, apart).await?;
        let seen = self.github.take_seen();
        let until = |wanted: fn(&Seen) -> bool| {
            let mut first: HashMap<Pull, Instant> = HashMap::new();
            for seen in seen.iter().filter(|seen| wanted(seen)) {
                if let Some(pull) = seen.pull {
                    first.entry(pull).or_insert(seen.at);
                }
            }
            let took = sent.iter().filter_map(|(pull, at)| {
                let first = first.get(pull)?;
                Some(first.saturating_duration_since(*at))
            });
            let mut took: Vec<Duration> = took.collect();
            took.sort_unstable();
            took
        };
        let at = |took: &[Duration], part: usize| took[took.len() * part / 100];
        let asked = until(|_| true);
        let mirrored = until(|seen| seen.call.step() == Some(Step::Mirror));
        anyhow::ensure!(asked.len() == sent.len() && mirrored.len() == sent.len());
        Ok(Steadily {
            rate,
            p50: at(&asked, 50),
            p99: at(&asked, 99),
            mirror: at(&mirrored, 99),
        })
    }
}

pub fn count(seen: &[Seen]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in seen {
        let refused = match seen.status {
            ..400 => String::new(),
            status => format!(" refused with {status}"),
        };
        let what = format!("{}{refused}", seen.call.route());
        *counts.entry(what).or_default() += 1;
    }
    counts
}
