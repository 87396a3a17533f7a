//! Wires the rooms together and runs the server.

mod housekeeping;
mod listening;

pub use listening::{listen, public_url};

use crate::backends::{BackendOptions, Backends, Connection, Connections, JobTokens};
use crate::clock::{Clock, SystemClock};
use crate::domain::pages::Pages;
use crate::engine::{self, Engine, LAST_FLUSH, Pace};
use crate::github::{ClientOptions, GitHub, SignInApp};
use crate::settings::{Keep, Settings, warn_of_plain_http};
use crate::store::{Payloads, SledStore, Store};
use crate::telemetry::{LAST_SPANS, Metrics};
use crate::web::{self, Dashboard, Door, LARGE_AT_ONCE, METRICS_PATH, Parts, Shown, Web};
use anyhow::Context;
use futures::future::join_all;
use housekeeping::{
    keep_house, learn_identity, resume, take_snapshot, take_snapshots, write_journal,
};
use listening::{WayIn, listen_apart, listen_for_metrics};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How long requests under way, and then work under way, may take after the signal to stop.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// How long the snapshot at the end may take.
const LAST_SNAPSHOT: Duration = Duration::from_secs(3);

/// How long a thread that hangs (a look-up of a name, a write to a disk) may hold up the end of the process.
pub const LAST_THREADS: Duration = Duration::from_secs(1);

/// The longest that stopping takes. Whoever kills the process afterwards has to wait longer; those in `deploy/` do.
pub const STOPPING: Duration = PATIENCE
    .saturating_mul(2)
    .saturating_add(LAST_FLUSH)
    .saturating_add(LAST_SNAPSHOT)
    .saturating_add(LAST_SPANS)
    .saturating_add(LAST_THREADS);

/// A running server.
pub struct App {
    door: Door,
    /// Where the dashboard is, if it is not there too.
    apart: Option<Door>,
    /// Where metrics are shown, if they are.
    metrics: Option<Door>,
    engine: Engine,
    housekeeping: Vec<JoinHandle<()>>,
    disk: Arc<SledStore>,
    clock: Arc<dyn Clock>,
    keep: Keep,
    payloads: Option<Payloads>,
    dashboard: Option<Arc<Dashboard>>,
    dashboard_address: Option<SocketAddr>,
}

impl App {
    /// Opens the store, takes up what an earlier process left, and listens.
    ///
    /// # Errors
    /// When the store can't be opened or the address can't be listened on; says which and what to do.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let pace = Pace {
            limits: settings.github_limits.limits(),
            ..Pace::default()
        };
        Self::start_by(settings, pace, Arc::new(SystemClock)).await
    }

    /// The same at this pace, and by another clock than the machine's. GitHub checks our credentials by its own: how far ours is off is
    /// learnt from its answers.
    ///
    /// # Errors
    /// As for [`App::start`].
    pub async fn start_by(
        settings: Settings,
        pace: Pace,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let listener = listen(&settings).await?;
        Self::run(settings, pace, clock, WayIn::Listener(listener)).await
    }

    /// Starts behind a door that is open already.
    ///
    /// # Errors
    /// When the store can't be opened; says what to do.
    pub async fn start_behind(door: Door, settings: Settings) -> anyhow::Result<Self> {
        let pace = Pace {
            limits: settings.github_limits.limits(),
            ..Pace::default()
        };
        Self::run(settings, pace, Arc::new(SystemClock), WayIn::Door(door)).await
    }

    async fn run(
        settings: Settings,
        pace: Pace,
        clock: Arc<dyn Clock>,
        way_in: WayIn,
    ) -> anyhow::Result<Self> {
        let metrics = Metrics::default();
        let tokens = JobTokens::new(&settings.app.key);
        let payloads_key = settings.app.key.derive("payloads of deliveries, 1");
        let github = GitHub::new(ClientOptions {
            api_url: settings.api_url.clone(),
            app_id: settings.app.app_id,
            key: settings.app.key,
            clock: clock.clone(),
            limits: pace.limits.clone(),
            metrics: metrics.clone(),
        })?;
        let address = way_in.address()?;
        let apart = listen_apart(&settings.dashboard).await?;
        let for_metrics = listen_for_metrics(settings.metrics).await?;
        let public_url = public_url(settings.public_url, address);
        warn_of_open_connections(&settings.connections);
        let backends = Arc::new(Backends::new(BackendOptions {
            github: github.clone(),
            connections: settings.connections,
            tokens,
            public_url: public_url.clone(),
            clock: clock.clone(),
        })?);
        let dir = settings.data_dir.clone();
        let now = clock.now();
        let disk = Arc::new(
            tokio::task::spawn_blocking(move || SledStore::open(&dir, now))
                .await?
                .with_context(|| format!("can't use DATA_DIR {}", settings.data_dir.display()))?,
        );
        metrics.include(disk.flushes());
        let store: Arc<dyn Store> = disk.clone();
        // Who has no dashboard has nowhere to look at them.
        let room = settings
            .dashboard
            .access
            .map_or(0, |_| settings.keep.payloads);
        let payloads = Payloads::open(settings.data_dir.join("payloads"), payloads_key, room);
        let people_come_to = settings.dashboard.address(public_url.as_deref());
        let led_to = people_come_to.clone().map(Pages::at);
        let engine = Engine::start(engine::Parts {
            store: store.clone(),
            github: github.clone(),
            backends: backends.clone(),
            clock: clock.clone(),
            pace: Pace {
                inbox_limit: settings.inbox_limit,
                ..pace
            },
            metrics: metrics.clone(),
            payloads: payloads.clone(),
            pages: led_to.filter(|_| settings.dashboard.access.is_some()),
        })
        .await?;
        let keep = settings.keep;
        let (house, time) = (store.clone(), clock.clone());
        let pruning = tokio::spawn(keep_house(house, payloads.clone(), time, keep.retention));
        let snapshots = tokio::spawn(take_snapshots(disk.clone(), clock.clone(), keep.clone()));
        let resuming = tokio::spawn(resume(disk.reopened(), engine.clone()));
        let writing = tokio::spawn(write_journal(disk.clone()));
        let api_url = &settings.api_url;
        let sign_in = settings.app.sign_in;
        let sign_in = sign_in.map(|app| SignInApp::new(api_url, app.client_id, app.client_secret));
        let sign_in = sign_in.transpose()?;
        let https = settings.dashboard.is_https(public_url.as_deref());
        let dashboard = settings.dashboard.access.map(|access| {
            Arc::new(Dashboard::new(Parts {
                access,
                sign_in,
                https,
                address: people_come_to,
                tokens: settings.dashboard.tokens,
                store: disk.clone(),
                engine: engine.clone(),
                github: github.clone(),
                clock: clock.clone(),
                changes: disk.changes(),
            }))
        });
        let pages = dashboard.clone().map(web::dashboard_routes);
        let web = Arc::new(Web {
            engine: engine.clone(),
            backends,
            secrets: settings.app.secrets,
            large: Semaphore::new(LARGE_AT_ONCE),
            clock: clock.clone(),
            refused: AtomicU64::new(0),
            metrics: metrics.clone(),
        });
        let learning = tokio::spawn(learn_identity(engine.clone()));
        let (beside, apart) = match (pages, apart) {
            (Some(pages), Some(listener)) => (None, Some(Door::open(listener, web::apart(pages))?)),
            (pages, _) => (pages, None),
        };
        let shown = Shown {
            metrics,
            engine: engine.clone(),
            disk: disk.clone(),
        };
        let show = |listener| Door::open(listener, web::metrics_routes(Arc::new(shown)));
        let metrics = for_metrics.map(show).transpose()?;
        let dashboard_address = match &apart {
            None => dashboard.as_ref().map(|_| address),
            Some(apart) => Some(apart.address()),
        };
        let routes = web::routes(web, beside);
        let door = way_in.lead_to(routes.clone())?;
        tracing::info!(%address, api = settings.api_url, "listening");
        if let Some(address) = dashboard_address {
            tracing::info!(%address, "the dashboard is there");
        }
        if let Some(metrics) = &metrics {
            tracing::info!(address = %metrics.address(), path = METRICS_PATH, "metrics are shown there");
        }
        let mut housekeeping = vec![pruning, snapshots, resuming, learning, writing];
        if let Some(url) = settings.webhook_proxy_url {
            tracing::info!("the app's webhook URL has to be {url}");
            housekeeping.push(tokio::spawn(web::channel::follow(url, routes)));
        } else if let Some(url) = public_url {
            tracing::info!("the app's webhook URL has to be {url}{}", web::WEBHOOK_PATH);
        }
        Ok(Self {
            door,
            engine,
            apart,
            metrics,
            housekeeping,
            dashboard,
            dashboard_address,
            disk,
            clock,
            keep,
            payloads,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// The address deliveries go to.
    pub fn webhook_url(&self) -> String {
        format!("http://{}{}", self.address(), web::WEBHOOK_PATH)
    }

    /// Where metrics are shown; `None`: nowhere.
    pub fn metrics_url(&self) -> Option<String> {
        let at = self.metrics.as_ref()?.address();
        Some(format!("http://{at}{METRICS_PATH}"))
    }

    /// Where the dashboard is; `None`: there is none.
    pub fn dashboard_url(&self) -> Option<String> {
        self.dashboard_address
            .map(|address| format!("http://{address}/"))
    }

    /// The dashboard, if there is one.
    pub fn dashboard(&self) -> Option<&Dashboard> {
        self.dashboard.as_deref()
    }

    /// Returns once nothing is being worked on and nothing is due within a minute.
    pub async fn idle(&self) {
        self.engine.idle().await;
    }

    /// Returns once nothing is being worked on, whatever is due soon.
    pub async fn quiet(&self) {
        self.engine.quiet().await;
    }

    /// Looks at the clock, which may have been put forward, and begins what is due.
    pub fn look_at_the_clock(&self) {
        self.engine.look_at_the_clock();
    }

    /// Returns when damage is found in the state that is in use, with what is wrong: it is restored by starting again.
    pub async fn damaged(&self) -> String {
        let mut damaged = self.disk.damaged();
        let found = damaged.wait_for(Option::is_some).await;
        match found.ok().and_then(|why| why.clone()) {
            Some(why) => why,
            // The store is there as long as the app.
            None => std::future::pending().await,
        }
    }

    /// Stops accepting, finishes what is being written, flushes. The process ends within [`STOPPING`].
    ///
    /// # Errors
    /// When the last flush failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        for task in &self.housekeeping {
            task.abort();
        }
        if let Some(dashboard) = &self.dashboard {
            dashboard.close();
        }
        let doors = [Some(self.door), self.apart, self.metrics];
        let doors = doors.into_iter().flatten();
        join_all(doors.map(|door| door.close(PATIENCE))).await;
        if let Err(error) = self.disk.write_journal().await {
            tracing::warn!(%error, "can't keep the end of the journal of deliveries");
        }
        let written = async {
            if let Some(payloads) = &self.payloads {
                drop(tokio::time::timeout(PATIENCE, payloads.settled()).await);
            }
        };
        let (stopped, ()) = tokio::join!(self.engine.stop(PATIENCE), written);
        stopped?;
        let last = take_snapshot(&self.disk, self.clock.now(), &self.keep);
        if tokio::time::timeout(LAST_SNAPSHOT, last).await.is_err() {
            tracing::warn!("the last snapshot takes too long; the one before stays the newest");
        }
        tracing::info!("stopped");
        Ok(())
    }
}

fn warn_of_open_connections(connections: &Connections) {
    for (name, connection) in connections.iter() {
        let url = match connection {
            Connection::GitLab(gitlab) => &gitlab.url,
            Connection::Http(http) => &http.url,
        };
        if let Ok(url) = url.parse() {
            warn_of_plain_http(&format!("the connection {name}"), &url);
        }
    }
}
