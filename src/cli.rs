//! The command line.

mod doctor;
mod health;
mod logging;
mod memory;
mod plan;
mod schema;
mod serve;
mod state;

pub(crate) use logging::start_logging;

use crate::app::LAST_THREADS;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Lets CI with secrets and self-hosted hardware run on pull requests from strangers, once they are trusted.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const SECRETS: &str = "\
Secrets have no flags, because a process list shows flags to everybody on the machine:
  PRIVATE_KEY      the app's private key: PEM, also with literal \\n, or base64 of it
                   (or a file: PRIVATE_KEY_PATH)
  WEBHOOK_SECRET   the webhook's secret; several with commas between them while it is changed
  CLIENT_SECRET    the app's client secret, where people sign in with GitHub
  DASHBOARD_TOKEN  what opens the dashboard and its API; several in the same way
  OTEL_EXPORTER_OTLP_HEADERS  what proves the server where its traces go: name=value
Set them in the environment, or in the file by their names in lower case. Without any
credentials the server shows a page that sets the app up. Secrets of [connections.NAME] stand in the
file, in files of their own (…_file), or in the environment as CONNECTION_NAME_…, for instance CONNECTION_BAKERY_TOKEN.";

#[derive(Subcommand)]
enum Command {
    /// Run the server that GitHub delivers to
    #[command(after_help = SECRETS)]
    Serve(serve::ServeArgs),
    /// Ask the server of the same settings whether it is well: exit code 0 if so, otherwise 1
    Health(health::HealthArgs),
    /// Look at settings, app, deliveries, repositories and state, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Show what a configuration would run for an event, and why
    Plan(plan::PlanArgs),
    /// Validate a configuration and its filters
    Check(plan::CheckArgs),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Export, import, verify or compact the state of a server that is stopped
    State(state::StateArgs),
    /// See it work: a stand-in GitHub and the app, on this machine, for a minute
    Sandbox(crate::playground::SandboxArgs),
}

/// All commands, with their flags.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("drawbridge: can't start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match Cli::parse().command {
        Command::Serve(args) => runtime.block_on(serve::serve(args)),
        Command::Health(args) => runtime.block_on(health::health(args)),
        Command::Doctor(args) => runtime.block_on(doctor::doctor(args)),
        Command::Plan(args) => plan::plan(args),
        Command::Check(args) => plan::check(args),
        Command::Schema => schema::print(),
        Command::State(args) => state::state(args),
        Command::Sandbox(args) => runtime.block_on(crate::playground::run(args)),
    };
    runtime.shutdown_timeout(LAST_THREADS);
    code
}
