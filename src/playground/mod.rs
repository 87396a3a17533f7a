//! The app and the stand-in GitHub together, over real HTTP on free ports: what `drawbridge sandbox` plays with, and
//! what the end-to-end tests are written on.

mod by_hand;
mod command;
mod narrator;
mod story;

pub use command::{SandboxArgs, run};

use crate::app::App;
use crate::backends::Connections;
use crate::clock::AheadClock;
use crate::engine::Pace;
use crate::github::{AppKey, Limits, WebhookSecrets};
use crate::sandbox::{Options, Sandbox};
use crate::settings::{Credentials, DashboardSettings, GithubLimits, Keep, Settings, SignIn};
use crate::store::StateDir;
use crate::web::{Access, Tokens};
use anyhow::Context;
use chrono::TimeDelta;
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// How long an app that was stopped may go on with what it had begun on its state. Only a defect takes as long.
const LETTING_GO: Duration = Duration::from_secs(60);

/// What a playground is made of.
pub struct Setup {
    /// The stand-in GitHub.
    pub options: Options,
    /// What the app's operator has connected.
    pub connections: Connections,
    /// How the app paces itself.
    pub pace: Pace,
    /// How many bytes of deliveries may wait.
    pub inbox_limit: u64,
    /// Who may look at the dashboard.
    pub dashboard: Option<Access>,
    /// What machines prove themselves with to it.
    pub dashboard_tokens: Vec<SecretString>,
}

impl Default for Setup {
    /// Nothing connected, and a pace at which nobody waits long. Jobs are asked for so seldom that [`Playground::settle`]
    /// does not wait for them.
    fn default() -> Self {
        Self {
            options: Options::default(),
            connections: Connections::default(),
            inbox_limit: 256 << 20,
            // Both listen on this machine alone.
            dashboard: Some(Access::Open),
            dashboard_tokens: Vec::new(),
            pace: Pace {
                first_retry: Duration::from_millis(20),
                longest_retry: Duration::from_millis(200),
                job_poll: Some(Duration::from_secs(600)),
                gate: Duration::from_millis(100),
                gate_at_most: Duration::from_millis(100),
                preview: Duration::ZERO,
                // The stand-in has none unless it is told to.
                limits: Limits::none(),
                ..Pace::default()
            },
        }
    }
}

/// Both of them, running, with a state directory of their own that goes with them.
pub struct Playground {
    /// The stand-in GitHub.
    pub github: Sandbox,
    app: Option<App>,
    data: TempDir,
    connections: Connections,
    pace: Pace,
    inbox_limit: u64,
    dashboard: Option<Access>,
    dashboard_tokens: Vec<SecretString>,
    clock: AheadClock,
    /// The app's port, once it has one: a backend reports to the address it was told, also after a restart.
    port: u16,
    /// Keeps that port while the app is stopped.
    _kept: Option<TcpSocket>,
}

/// A port that nobody else is given, also while the app is stopped: it is bound, and as nobody listens, whoever connects is refused.
/// On Linux the app can listen there all the same; elsewhere there is none, and the app takes a free one.
fn keep_a_port() -> std::io::Result<Option<TcpSocket>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let kept = TcpSocket::new_v4()?;
    kept.set_reuseaddr(true)?;
    kept.bind(([127, 0, 0, 1], 0).into())?;
    Ok(Some(kept))
}

impl Playground {
    /// Starts both on free ports, with nothing connected.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Self::start_with(Setup {
            options,
            ..Setup::default()
        })
        .await
    }

    /// Starts both on free ports.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start_with(setup: Setup) -> anyhow::Result<Self> {
        let github = Sandbox::start(setup.options)
            .await
            .context("the stand-in GitHub does not start")?;
        let data = TempDir::with_prefix("drawbridge-")?;
        let kept = keep_a_port().context("taking a port for the app")?;
        let port = match &kept {
            Some(kept) => kept.local_addr()?.port(),
            None => 0,
        };
        let mut playground = Self {
            github,
            app: None,
            data,
            connections: setup.connections,
            pace: setup.pace,
            inbox_limit: setup.inbox_limit,
            dashboard: setup.dashboard,
            dashboard_tokens: setup.dashboard_tokens,
            port,
            _kept: kept,
            clock: AheadClock::default(),
        };
        playground.start_app().await?;
        Ok(playground)
    }

    /// The app; it runs unless it was stopped.
    ///
    /// # Panics
    /// While the app is stopped.
    pub fn app(&self) -> &App {
        self.app.as_ref().expect("the app is stopped")
    }

    /// Where the app keeps its state.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Starts the app again on the same state.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_app(&mut self) -> anyhow::Result<()> {
        let secrets = WebhookSecrets::new(vec![SecretString::from(self.github.webhook_secret())])?;
        let settings = Settings {
            app: Credentials {
                app_id: self.github.app_id().to_string(),
                key: AppKey::parse(&self.github.private_key_pem())?,
                secrets,
                sign_in: Some(SignIn {
                    client_id: self.github.client_id(),
                    client_secret: self.github.client_secret().into(),
                }),
            },
            api_url: self.github.api_url(),
            host: [127, 0, 0, 1].into(),
            port: self.port,
            public_url: Some(format!("http://127.0.0.1:{}", self.port)),
            webhook_proxy_url: None,
            data_dir: self.data.path().to_owned(),
            keep: Keep::default(),
            github_limits: GithubLimits::Off,
            connections: self.connections.clone(),
            inbox_limit: self.inbox_limit,
            dashboard: DashboardSettings {
                access: self.dashboard,
                tokens: Tokens::new(self.dashboard_tokens.clone()),
                url: None,
                apart: None,
            },
            // Both are for this machine alone.
            metrics: Some(([127, 0, 0, 1], 0).into()),
        };
        let app = App::start_by(settings, self.pace.clone(), Arc::new(self.clock.clone())).await?;
        self.port = app.address().port();
        self.github.deliver_to(&app.webhook_url());
        self.app = Some(app);
        Ok(())
    }

    /// How patient the app is from its next start on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Who may look at the dashboard from the app's next start on.
    pub fn set_dashboard(&mut self, dashboard: Option<Access>) {
        self.dashboard = dashboard;
    }

    /// Puts the app's clock forward; it looks at the clock within ten seconds, or when somebody waits for rest.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Puts both clocks forward, and lets the app do what is due by then.
    pub async fn pass(&self, time: TimeDelta) {
        // GitHub's first: what the app then believes to be over is over there, too.
        self.github.advance(time);
        self.clock.advance(time);
        self.app().look_at_the_clock();
        self.quiet().await;
    }

    /// Returns once every delivery was handed over and nothing is being worked on, whatever is due soon.
    pub async fn quiet(&self) {
        loop {
            let before = self.github.deliveries().len();
            self.github.deliveries_settled().await;
            self.app().quiet().await;
            self.github.deliveries_settled().await;
            if self.github.deliveries().len() == before {
                return;
            }
        }
    }

    /// Stops the app as a signal would; returns when nothing of it uses the state any more, as if its process had ended.
    ///
    /// # Errors
    /// When the last flush failed, or something goes on using the state.
    pub async fn stop_app(&mut self) -> anyhow::Result<()> {
        let Some(app) = self.app.take() else {
            return Ok(());
        };
        app.stop().await?;
        // A flush or a snapshot that took too long to be waited for goes on.
        let began = Instant::now();
        loop {
            let state = StateDir::new(self.data.path());
            match tokio::task::spawn_blocking(move || state.is_free()).await? {
                Err(error) if began.elapsed() > LETTING_GO => return Err(error.into()),
                Err(_) => {}
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Returns once every delivery was handed over and the app has done all it wants to do.
    pub async fn settle(&self) {
        // What the app does makes deliveries, and those make work: both have to be quiet at once.
        loop {
            self.github.deliveries_settled().await;
            self.app().idle().await;
            let before = self.github.deliveries().len();
            self.github.deliveries_settled().await;
            self.app().idle().await;
            if self.github.deliveries().len() == before {
                return;
            }
        }
    }

    /// Stops both and removes the state.
    ///
    /// # Errors
    /// When the last flush failed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop_app().await?;
        self.github.shutdown().await;
        Ok(())
    }
}

impl Drop for Playground {
    /// An app that still runs keeps its state: a database whose directory is removed under it may wait for ever for what it could
    /// not write, and a test that fails would hang instead of saying why.
    fn drop(&mut self) {
        if self.app.is_some() {
            self.data.disable_cleanup(true);
        }
    }
}
