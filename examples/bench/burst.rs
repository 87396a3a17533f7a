//! Many pull requests of one installation at once, with GitHub's secondary limits in force: what comes first, who waits for whom, and whether GitHub
//! ever has to say no.

use crate::github::{Author, GitHub, Limits, News, Pull, Seen, Step, World};
use crate::load::{Delivery, send_each};
use crate::programs::{App, Paced, ours};
use clap::Args;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Burst {
    /// So many pull requests in one repository
    #[arg(long, default_value_t = 400)]
    large: u64,
    /// So many in each of four others, whose pull requests come last
    #[arg(long, default_value_t = 25)]
    small: u64,
    /// All are opened within so many seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The program that is measured
    #[arg(long, default_value = "target/release/drawbridge")]
    drawbridge: PathBuf,
}

/// Every so manieth is a stranger's: no mirror, but a comment.
const STRANGERS: u64 = 5;
/// The longest that is waited for all of it.
const LONGEST: Duration = Duration::from_secs(3600);

impl Burst {
    pub async fn run(self) -> anyhow::Result<()> {
        let repos = [self.large, self.small, self.small, self.small, self.small];
        let world = World::new(&repos, STRANGERS).await?;
        let github = GitHub::start(world, Some(Limits::of_github())).await?;
        let (world, data) = (github.world(), tempfile::tempdir()?);
        let app = App::of(&world.sandbox).at(github.url());
        let server = ours(&self.drawbridge, &app, data.path(), Paced::Yes)?;
        github.take_seen();
        // GitHub dates by the second: what is opened in the one in which the store was born may be older than it.
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.happens(News::Opened);
        let pulls = world.pulls();
        let deliveries = pulls.iter().map(|pull| world.delivery(*pull, News::Opened));
        let deliveries: Vec<Delivery> = deliveries.collect::<Result<_, _>>()?;
        let apart = Duration::from_secs(self.seconds) / u32::try_from(pulls.len())?;
        let strangers = pulls
            .iter()
            .filter(|pull| world.author(**pull) == Author::Stranger);
        let strangers = strangers.count();
        let began = Instant::now();
        send_each(server.at, deliveries, 16, apart).await?;
        let done = async {
            github.wait_for(Step::Mirror, pulls.len() - strangers).await;
            github.wait_for(Step::Gate, pulls.len()).await;
            github.wait_for(Step::Comment, strangers).await;
        };
        let ended = tokio::time::timeout(LONGEST, done).await;
        let seen = github.take_seen();
        println!(
            "{} pull requests in {:?}, {} of them in one repository, {} in each of four others that come last; \
             every {STRANGERS}th a stranger's",
            pulls.len(),
            Duration::from_secs(self.seconds),
            self.large,
            self.small
        );
        println!("403/429 received: {}", github.refused());
        if ended.is_err() {
            println!("NOT ALL was done after {LONGEST:?}");
        }
        let asked: u64 = seen.iter().map(|seen| u64::from(seen.pull.is_some())).sum();
        println!("{asked} requests about pull requests:");
        for (route, count) in crate::events::count(&seen) {
            println!("  {count:>6} {route}");
        }
        println!();
        println!(
            "{:<24} {:>7} {:>7} {:>7} {:>7}  (s)",
            "", "count", "50 %", "95 %", "100 %"
        );
        for (name, step) in [
            ("mirrors", Step::Mirror),
            ("gates", Step::Gate),
            ("comments", Step::Comment),
        ] {
            let times = first(&seen, step);
            row(name, times.values(), began);
            for repo in 0..repos.len() {
                let here = times.iter().filter(|(pull, _)| pull.repo == repo);
                row(
                    &format!("  {}", world.name(repo)),
                    here.map(|(_, at)| at),
                    began,
                );
            }
        }
        Ok(())
    }
}

/// When a step was first seen of each pull request.
fn first(seen: &[Seen], step: Step) -> HashMap<Pull, Instant> {
    let mut first = HashMap::new();
    let taken = seen
        .iter()
        .filter(|seen| seen.status < 300 && seen.call.step() == Some(step));
    for seen in taken {
        if let Some(pull) = seen.pull {
            first.entry(pull).or_insert(seen.at);
        }
    }
    first
}

fn row<'a>(name: &str, times: impl Iterator<Item = &'a Instant>, began: Instant) {
    let mut times: Vec<f64> = times.map(|at| (*at - began).as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| {
        let index = (times.len() * part).div_ceil(100).max(1) - 1;
        times.get(index).copied().unwrap_or(f64::NAN)
    };
    let (half, most, all) = (at(50), at(95), at(100));
    println!(
        "{name:<24} {:>7} {half:>7.1} {most:>7.1} {all:>7.1}",
        times.len()
    );
}
