//! `drawbridge sandbox`.

use super::Playground;
use super::by_hand::{self, ByHand};
use super::story;
use crate::cli::start_logging;
use crate::sandbox::Options;
use crate::settings::{LogFormat, Logging};
use clap::Args;
use std::process::ExitCode;

/// What `drawbridge sandbox` is told.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SandboxArgs {
    /// Keep both running after the story, to go on by hand
    #[arg(long)]
    stay: bool,
    /// Also show what the app logs, at this level
    #[arg(long, value_name = "LEVEL", default_value = "off")]
    log_level: String,
    #[command(subcommand)]
    by_hand: Option<ByHand>,
}

/// Plays the story, or does one thing in a sandbox that stays. Exit code 0 only if every step came out right.
pub async fn run(args: SandboxArgs) -> ExitCode {
    let outcome = match args.by_hand {
        Some(deed) => by_hand::perform(deed).await.map(|()| true),
        None => play(args.stay, args.log_level).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(usage) => usage.exit(),
            Err(error) => {
                eprintln!("drawbridge sandbox: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn play(stay: bool, level: String) -> anyhow::Result<bool> {
    start_logging(
        &Logging {
            level,
            format: LogFormat::Text,
        },
        None,
    )?;
    println!("Starting a stand-in GitHub and Drawbridge, both on this machine only …");
    let playground = Playground::start(Options::default()).await?;
    println!("  GitHub's API   {}", playground.github.api_url());
    println!(
        "  its pages      {}/acme/engine",
        playground.github.api_url()
    );
    println!("  Drawbridge     {}", playground.app().webhook_url());
    if let Some(url) = playground.app().dashboard_url() {
        println!("  its dashboard  {url}");
    }
    println!("  its state      {}", playground.data_dir().display());
    let story = story::play(&playground).await;
    if stay {
        by_hand::explain(&playground.github.api_url(), story.pulls);
        tokio::signal::ctrl_c().await?;
    }
    playground.stop().await?;
    Ok(story.all_right)
}
