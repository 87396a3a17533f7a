//! `drawbridge serve`: sets the app up if need be, and serves it until a signal comes.

use super::{memory, start_logging};
use crate::app::{self, App};
use crate::settings::{
    Checked, Credentials, Given, SettingError, Settings, Unregistered, warn_of_plain_http,
};
use crate::setup::{Finished, Plan, Setup};
use crate::telemetry::Exporting;
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct ServeArgs {
    /// A TOML file with settings; keys are the names below in lower case
    #[arg(long, value_name = "FILE", env = "DRAWBRIDGE_CONFIG")]
    config: Option<PathBuf>,
    /// Show the credentials of an app that is set up now in the terminal, in place of storing them
    #[arg(long)]
    print_credentials: bool,
    #[command(flatten)]
    settings: Box<Given>,
}

pub(super) async fn serve(args: ServeArgs) -> ExitCode {
    let sealed = memory::seal();
    let env = |name: &str| std::env::var(name).ok();
    let given = args.settings.complete(args.config.as_deref(), env);
    let collector = given.and_then(|given| Ok((given.collector()?, given)));
    let (collector, given) = match collector {
        Ok(given) => given,
        Err(error) => return wrong_setting(&error),
    };
    let traces = match collector.as_ref().map(Exporting::begin).transpose() {
        Ok(traces) => traces,
        Err(error) => {
            eprintln!("drawbridge: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let checked = start_logging(&given.logging(), traces.as_ref()).and_then(|()| given.check());
    let settings = match checked {
        Ok(settings) => settings,
        Err(error) => return wrong_setting(&error),
    };
    if let Err(error) = sealed {
        tracing::warn!(%error, "can't forbid core dumps: the app's key may be written into one; start with `ulimit -c 0`");
    }
    if let Some(to) = collector.filter(|to| !to.headers.is_empty()) {
        warn_of_plain_http("OTEL_EXPORTER_OTLP_ENDPOINT", &to.url);
    }
    let stopped = async {
        let mut signal: Signal = Box::pin(stop_signal()?);
        let app = match settings {
            Checked::Ready(settings) => App::start(*settings).await?,
            Checked::Unregistered(settings) => {
                match set_up(*settings, args.print_credentials, &mut signal).await? {
                    Some(app) => app,
                    None => return Ok(()),
                }
            }
        };
        let damage = tokio::select! {
            () = signal => None,
            why = app.damaged() => Some(why),
        };
        let stopped = app.stop().await;
        match damage {
            None => stopped,
            Some(why) => {
                bail!("the state is damaged ({why}); start again, and it is set aside and restored")
            }
        }
    };
    let stopped = stopped.await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    match stopped {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("drawbridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_setting(error: &SettingError) -> ExitCode {
    eprintln!("drawbridge: {error}");
    ExitCode::from(2)
}

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits for the operator to have the app registered, then serves it at the same address. `None`: a signal came first.
async fn set_up(
    settings: Settings<Unregistered>,
    print: bool,
    signal: &mut Signal,
) -> anyhow::Result<Option<App>> {
    let listener = app::listen(&settings).await?;
    let address = listener.local_addr()?;
    let public_url = app::public_url(settings.public_url.clone(), address);
    if !print {
        // Who chooses to have them shown on the page does not need it.
        let probed = settings.app.file.probe(settings.app.interrupted);
        if let Err(error) = probed {
            let file = settings.app.file.path().display();
            tracing::warn!(%error, %file, "credentials can't be stored; mend that, or have them shown");
        }
    }
    let plan = Plan {
        api_url: settings.api_url.clone(),
        api_is_given: settings.app.api_is_given,
        public_url,
        proxy_url: settings.webhook_proxy_url.as_ref().map(ToString::to_string),
        file: settings.app.file.clone(),
        interrupted: settings.app.interrupted,
        print,
    };
    let mut setup = Setup::open(listener, plan)?;
    tracing::info!(%address, "listening; waiting for the setup");
    let finished = tokio::select! {
        finished = setup.finished() => finished,
        () = signal => None,
    };
    let door = setup.into_door();
    let Some(Finished { app, served }) = finished else {
        door.close(app::PATIENCE).await;
        return Ok(None);
    };
    let answered = door.ended();
    let started = async {
        let mut settings = settings.with(Credentials::stored(&app)?);
        settings.api_url.clone_from(&app.github_api_url);
        settings.public_url = settings.public_url.or(app.public_url);
        App::start_behind(door, settings).await
    };
    match started.await {
        Ok(app) => {
            let _ = served.send(Ok(()));
            Ok(Some(app))
        }
        Err(error) => {
            let _ = served.send(Err(format!("{error:#}")));
            // The page may be the only place where the credentials are.
            let _ = tokio::time::timeout(app::PATIENCE, answered).await;
            Err(error)
        }
    }
}

/// Resolves at SIGTERM or SIGINT; both are listened for from the call on.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
