//! `drawbridge doctor`: says what is not right, and what to do about it.

use super::start_logging;
use crate::doctor::{self, Bounds, Report};
use crate::settings::{Checked, Given, LogFormat, Logging};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// The server's file with settings
    #[arg(long, value_name = "FILE", env = "DRAWBRIDGE_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look at no more repositories than this
    #[arg(long, value_name = "COUNT", default_value = "25")]
    repositories: usize,
    /// Look at no more installations than this
    #[arg(long, value_name = "COUNT", default_value = "10")]
    installations: usize,
    #[command(flatten)]
    settings: Box<Given>,
}

/// Exit code 1 when somebody has to do something.
pub(super) async fn doctor(args: DoctorArgs) -> ExitCode {
    // What is wrong is in the report; a log is for those who ask for one.
    let quiet = Logging {
        level: args.settings.log_level.clone().unwrap_or("off".to_owned()),
        format: LogFormat::Text,
    };
    let env = |name: &str| std::env::var(name).ok();
    let checked = start_logging(&quiet, None)
        .and_then(|()| args.settings.complete(args.config.as_deref(), env))
        .and_then(Given::check);
    let bounds = Bounds {
        installations: args.installations,
        repositories: args.repositories,
    };
    let report = match checked {
        Err(error) => Report::of_settings(&error),
        Ok(Checked::Unregistered(_)) => Report::unregistered(),
        Ok(Checked::Ready(settings)) => match doctor::examine(*settings, bounds).await {
            Ok(report) => report,
            Err(error) => {
                eprintln!("drawbridge: {error:#}");
                return ExitCode::FAILURE;
            }
        },
    };
    if args.json {
        // A report is made of texts and lists: it can always be written down.
        println!("{}", serde_json::json!(report));
    } else {
        print!("{}", doctor::print(&report));
    }
    if report.needs_somebody() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
