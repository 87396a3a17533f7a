//! How many deliveries a second are taken in, durable before they are answered.

use crate::load::{Delivery, Load, middle, send};
use crate::programs::{App, Paced, bare, ours, probot};
use anyhow::Context;
use clap::Args;
use drawbridge::sandbox::{NewCommit, NewPr, Options, Sandbox};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args)]
pub struct Ingest {
    /// How often each is measured; the middle one counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// For how long each time
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The program that is measured
    #[arg(long, default_value = "target/release/drawbridge")]
    drawbridge: PathBuf,
    /// Where Probot's packages are to be installed: it is measured, too
    #[arg(long)]
    probot: Option<PathBuf>,
}

impl Ingest {
    pub async fn run(self) -> anyhow::Result<()> {
        let github = Sandbox::start(Options::default()).await?;
        github.hold_deliveries(true);
        let delivery = delivery(&github)?;
        println!(
            "pull_request, {} bytes, {} connections, {} rounds of {} s, repository not enabled",
            delivery.body.len(),
            self.connections,
            self.rounds,
            self.seconds
        );
        let (app, data) = (App::of(&github), tempfile::tempdir()?);
        let mut servers = vec![
            ("bare axum and HMAC", bare(&app)?),
            (
                "drawbridge",
                ours(&self.drawbridge, &app, data.path(), Paced::Yes)?,
            ),
        ];
        if let Some(room) = &self.probot {
            servers.push(("probot", probot(room, &app, "app.mjs")?));
        }
        let time = Duration::from_secs(self.seconds);
        let mut loads: Vec<Vec<Load>> = servers.iter().map(|_| Vec::new()).collect();
        for round in 0..=self.rounds {
            for ((_, server), loads) in servers.iter().zip(&mut loads) {
                let load = send(server.at, &delivery, self.connections, time).await?;
                // The first one warms up.
                if round > 0 {
                    loads.push(load);
                }
            }
        }
        println!(
            "{:<20} {:>12} {:>10} {:>10} {:>10}",
            "", "deliveries/s", "p50 ms", "p99 ms", "MiB"
        );
        let mut rates = Vec::new();
        for ((name, server), loads) in servers.iter().zip(&loads) {
            let rate = middle(loads.iter().map(|load| load.rate));
            let ms = |time: fn(&Load) -> Duration| {
                middle(loads.iter().map(|load| time(load).as_secs_f64() * 1e3))
            };
            println!(
                "{name:<20} {rate:>12.0} {:>10.2} {:>10.2} {:>10}",
                ms(|load| load.p50),
                ms(|load| load.p99),
                server.resident()?
            );
            rates.push(rate);
        }
        println!("of the bare handler: {:.0} %", 100.0 * rates[1] / rates[0]);
        if let Some(probot) = rates.get(2) {
            println!("of probot: {:.1} times", rates[1] / probot);
        }
        Ok(())
    }
}

/// What GitHub would send of a stranger's pull request.
fn delivery(github: &Sandbox) -> anyhow::Result<Delivery> {
    let text = "What it is about, at some length. ".repeat(150);
    let commit = NewCommit::unsigned_by("sam");
    github.open_pr(NewPr::by("sam").body(&text).commit(commit));
    let held = github.held();
    let one = held.iter().find(|one| one.event == "pull_request");
    let one = one.context("the stand-in sent nothing")?;
    let body = one.payload.to_string().into_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(github.webhook_secret().as_bytes())?;
    mac.update(&body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    Ok(Delivery {
        event: one.event.clone(),
        body,
        signature,
    })
}
