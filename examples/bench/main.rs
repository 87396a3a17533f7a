//! What the whole process costs, measured from outside beside others that do the same, in one run on one machine. `benches/README.md` says
//! how to read it.
//!
//!     cargo build --release && cargo run --release --example bench -- ingest --probot benches/probot

mod bare;
mod child;
mod ingest;
mod load;

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
    /// A handler that reads a body and computes its HMAC, and nothing else
    #[command(hide = true)]
    Bare,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Ingest(ingest) => ingest.run().await,
        What::Bare => bare::serve().await,
    }
}
