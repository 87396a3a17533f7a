//! What a large state costs: the start, memory, the directory, and each delivery.

use crate::child::Server;
use crate::grown::Seeds;
use crate::load::{Delivery, middle, send_each};
use crate::programs::{App, Paced, ours};
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use drawbridge::sandbox::{Fault, FaultKind};
use drawbridge::store::{SledStore, Store as _};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// So many pull requests are told of at once.
const NEWS: usize = 50;

#[derive(Args)]
pub struct State {
    /// How many pull requests there are in each state
    #[arg(long, value_delimiter = ',', default_value = "0,1000,10000,100000")]
    sizes: Vec<u64>,
    /// How often each is measured; the middle one counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The program that is measured
    #[arg(long, default_value = "target/release/drawbridge")]
    drawbridge: PathBuf,
}

/// One state, and what was measured of it.
struct Measured {
    size: u64,
    filled_at: DateTime<Utc>,
    data: TempDir,
    /// For each round.
    news: Vec<Vec<Delivery>>,
    /// In seconds, after a stop and after a kill.
    starts: [Vec<f64>; 2],
    idle: Memory,
    rates: Vec<f64>,
    /// In microseconds.
    costs: Vec<f64>,
}

/// In MiB.
#[derive(Default)]
struct Memory {
    now: u64,
    most: u64,
}

impl State {
    pub async fn run(self) -> anyhow::Result<()> {
        let seeds = Seeds::new().await?;
        // It knows none of their repositories, and must not say so.
        for route in ["/app/installations*", "/app/hook/deliveries*"] {
            let away = FaultKind::Status(500);
            seeds
                .github()
                .fault(Fault::times(u32::MAX, "GET", route, away));
        }
        let mut states = Vec::new();
        for size in &self.sizes {
            let state = self.fill(&seeds, *size).await?;
            // The first one comes to know what was written.
            let server = self.ours(&seeds, &state)?;
            until_ready(&server).await?;
            until_idle(&server).await?;
            server.stop()?;
            states.push(state);
        }
        for _ in 0..self.rounds {
            for state in &mut states {
                self.start(&seeds, state).await?;
            }
        }
        println!(
            "{:>13} {:>14} {:>14} {:>10} {:>10} {:>15}",
            "pull requests", "ready in s", "after a kill", "idle MiB", "most MiB", "directory MiB"
        );
        for state in &states {
            let [stopped, killed] = &state.starts;
            println!(
                "{:>13} {:>14.2} {:>14.2} {:>10} {:>10} {:>15}",
                state.size,
                middle(stopped.iter().copied()),
                middle(killed.iter().copied()),
                state.idle.now,
                state.idle.most,
                size_of(state.data.path())? >> 20
            );
        }
        let program = std::fs::metadata(&self.drawbridge).context("the program")?;
        println!("\nthe program has {:.1} MB", program.len() as f64 / 1e6);
        states.retain(|state| state.size > 0);
        self.deliver(&seeds, &mut states).await
    }

    async fn fill(&self, seeds: &Seeds, size: u64) -> anyhow::Result<Measured> {
        let data = tempfile::tempdir()?;
        let filled_at = Utc::now();
        let began = Instant::now();
        seeds.fill(data.path(), size).await?;
        eprintln!("{size} pull requests written in {:.0?}", began.elapsed());
        let secret = seeds.github().webhook_secret();
        let delivery = |body: Vec<u8>| {
            Ok(Delivery {
                event: "workflow_run".to_owned(),
                signature: sign(&secret, &body)?,
                body,
            })
        };
        let news = (0..=self.rounds).map(|round| {
            let told = seeds.news(size, NEWS, round)?;
            told.into_iter()
                .map(delivery)
                .collect::<anyhow::Result<Vec<_>>>()
        });
        Ok(Measured {
            size,
            filled_at,
            data,
            news: news.collect::<anyhow::Result<_>>()?,
            starts: [Vec::new(), Vec::new()],
            idle: Memory::default(),
            rates: Vec::new(),
            costs: Vec::new(),
        })
    }

    fn ours(&self, seeds: &Seeds, state: &Measured) -> anyhow::Result<Server> {
        let app = App::of(seeds.github());
        ours(&self.drawbridge, &app, state.data.path(), Paced::No)
    }

    /// Starts it as it was stopped, and again after it was killed; what it takes once it has nothing to do is of the former.
    async fn start(&self, seeds: &Seeds, state: &mut Measured) -> anyhow::Result<()> {
        for after in 0..2 {
            let began = Instant::now();
            let server = self.ours(seeds, state)?;
            until_ready(&server).await?;
            state.starts[after].push(began.elapsed().as_secs_f64());
            until_idle(&server).await?;
            if after == 0 {
                state.idle = Memory {
                    now: server.resident()?,
                    most: server.most_resident()?,
                };
                drop(server);
            } else {
                server.stop()?;
            }
        }
        Ok(())
    }

    /// All of them at once, each in turn: only so do the figures compare.
    async fn deliver(&self, seeds: &Seeds, states: &mut [Measured]) -> anyhow::Result<()> {
        let mut servers = Vec::new();
        for state in states.iter() {
            let server = self.ours(seeds, state)?;
            until_ready(&server).await?;
            until_idle(&server).await?;
            servers.push(server);
        }
        for round in 0..=self.rounds {
            for (state, server) in states.iter_mut().zip(&servers) {
                let (before, began) = (server.busy()?, Instant::now());
                let news = state.news[round].clone();
                let count = news.len() as f64;
                send_each(server.at, news, self.connections, Duration::ZERO).await?;
                let answered = began.elapsed().as_secs_f64();
                until_idle(server).await?;
                let took = server.busy()? - before;
                // The first one warms up.
                if round > 0 {
                    state.rates.push(count / answered);
                    state.costs.push(took.as_secs_f64() / count * 1e6);
                }
            }
        }
        println!(
            "\n{:>13} {:>14} {:>10} {:>14} {:>10} {:>10}",
            "pull requests", "deliveries/s", "of first", "CPU µs each", "of first", "MiB"
        );
        let mut first = None;
        for (state, server) in states.iter().zip(&servers) {
            let rate = middle(state.rates.iter().copied());
            let cost = middle(state.costs.iter().copied());
            let (first_rate, first_cost) = *first.get_or_insert((rate, cost));
            println!(
                "{:>13} {rate:>14.0} {:>10.2} {cost:>14.0} {:>10.2} {:>10}",
                state.size,
                rate / first_rate,
                cost / first_cost,
                server.resident()?
            );
        }
        for (state, server) in states.iter().zip(servers) {
            server.stop()?;
            let store = SledStore::open(state.data.path(), Utc::now())?;
            let waiting = store.pending().await?.len();
            ensure!(waiting == 0, "{waiting} deliveries were not worked on");
            let told = seeds.last_told(&store, state.size).await?;
            ensure!(told > state.filled_at, "what was delivered changed nothing");
            store.close().await?;
        }
        Ok(())
    }
}

/// Asks `/readyz` until it is: deliveries are taken in from then on.
async fn until_ready(server: &Server) -> anyhow::Result<()> {
    let url = format!("http://{}/readyz", server.at);
    let client = reqwest::Client::new();
    for _ in 0..10_000 {
        let asked = client.get(&url).send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    anyhow::bail!("it does not become ready")
}

fn sign(secret: &str, body: &[u8]) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body);
    Ok(format!(
        "sha256={}",
        hex::encode(mac.finalize().into_bytes())
    ))
}

/// Waits until it does next to nothing for two seconds.
async fn until_idle(server: &Server) -> anyhow::Result<()> {
    const REST: Duration = Duration::from_secs(2);
    let began = Instant::now();
    loop {
        let before = server.busy()?;
        tokio::time::sleep(REST).await;
        if server.busy()? - before <= REST / 50 {
            return Ok(());
        }
        ensure!(
            began.elapsed() < Duration::from_secs(300),
            "it does not come to rest"
        );
    }
}

fn size_of(dir: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir).context("the data directory")? {
        let entry = entry?;
        sum += match entry.file_type()?.is_dir() {
            true => size_of(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}
