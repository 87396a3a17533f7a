//! `drawbridge health`: asks the server that was started with the same settings how it is. For images, which have
//! nothing else to ask with.

use crate::settings::{Given, SettingError, port};
use crate::web::{ALIVE_PATH, READY_PATH};
use anyhow::Context;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Longer than an answer takes, and within what those who ask wait for this command.
const PATIENCE: Duration = Duration::from_secs(5);

/// `drawbridge health`
#[derive(Args)]
pub(super) struct HealthArgs {
    /// The TOML file of the server's settings
    #[arg(long, value_name = "FILE", env = "DRAWBRIDGE_CONFIG")]
    config: Option<PathBuf>,
    /// The address that the server listens on [default: 127.0.0.1]
    #[arg(long, env = "HOST")]
    host: Option<String>,
    /// The port that the server listens on [default: 3000]
    #[arg(long, env = "PORT", value_parser = port)]
    port: Option<u16>,
    /// Ask whether it is ready (/readyz), not only whether it answers (/healthz)
    #[arg(long)]
    ready: bool,
}

/// 0: all is well; 1: it is not, or nobody answers; 2: a setting is wrong.
pub(super) async fn health(args: HealthArgs) -> ExitCode {
    let path = if args.ready { READY_PATH } else { ALIVE_PATH };
    let address = match reachable(args) {
        Ok(address) => address,
        Err(error) => {
            eprintln!("drawbridge: {error}");
            return ExitCode::from(2);
        }
    };
    match ask(&format!("http://{address}{path}")).await {
        Ok((well, said)) => {
            println!("{}", said.trim_end());
            if well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("drawbridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where a server of these settings is reached from the same machine.
fn reachable(args: HealthArgs) -> Result<SocketAddr, SettingError> {
    let given = Given {
        host: args.host,
        port: args.port,
        ..Given::default()
    };
    let mut address = given
        .complete(args.config.as_deref(), |_| None)?
        .address()?;
    if address.port() == 0 {
        return Err(SettingError::free_port());
    }
    if address.ip().is_unspecified() {
        // All addresses of the machine, and this is one of them.
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// Whether it says that all is well, and what it says.
async fn ask(url: &str) -> anyhow::Result<(bool, String)> {
    let unanswered =
        || format!("nobody answers at {url}; is the server running, with this HOST and PORT?");
    // A proxy of the environment is for the way out.
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()?;
    let answer = http.get(url).send().await.with_context(unanswered)?;
    let well = answer.status().is_success();
    Ok((well, answer.text().await.with_context(unanswered)?))
}
