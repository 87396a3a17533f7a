//! What the whole process costs, measured from outside beside others that do the same, in one run on one machine. `benches/README.md` says
//! how to read it.
//!
//!     cargo build --release && cargo run --release --example bench -- ingest --probot benches/probot

mod bare;
mod burst;
mod child;
mod events;
mod github;
mod grown;
mod ingest;
mod load;
mod programs;
mod state;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Signed deliveries for a repository that is not enabled, beside a bare handler and, if asked for, Probot
    Ingest(ingest::Ingest),
    /// Pushes to a member's pull requests, until mirror and gate follow, beside Probot if asked for
    Events(events::Events),
    /// Pull requests of one installation all at once, with GitHub's secondary limits in force
    Burst(burst::Burst),
    /// The start, memory and deliveries of states with up to 100,000 pull requests
    State(state::State),
    /// A handler that reads a body and computes its HMAC, and nothing else
    #[command(hide = true)]
    Bare,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Ingest(ingest) => ingest.run().await,
        What::Events(events) => events.run().await,
        What::Burst(burst) => burst.run().await,
        What::State(state) => state.run().await,
        What::Bare => bare::serve().await,
    }
}
