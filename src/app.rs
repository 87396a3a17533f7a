//! Wires the rooms together and runs the server.

use crate::backends::{BackendOptions, Backends, Connection, Connections, JobTokens};
use crate::clock::{Clock, SystemClock};
use crate::engine::{Engine, LAST_FLUSH, Pace};
use crate::github::{ClientOptions, GitHub, SignInApp};
use crate::settings::{DashboardSettings, Keep, Settings};
use crate::store::{Retention, SledStore, Store};
use crate::web::{self, Dashboard, Door, LARGE_AT_ONCE, Parts, Web};
use anyhow::Context;
use axum::Router;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long requests under way, and then work under way, may take after the signal to stop.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// How often what is no longer needed is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(6 * 3600);

/// How often the journal of deliveries is written.
const JOURNAL: Duration = Duration::from_secs(2);

/// How long the snapshot at the end may take.
const LAST_SNAPSHOT: Duration = Duration::from_secs(3);

/// How long a thread that hangs (a look-up of a name, a write to a disk) may hold up the end of the process.
pub const LAST_THREADS: Duration = Duration::from_secs(1);

/// The longest that stopping takes. Whoever kills the process afterwards has to wait longer; those in `deploy/` do.
pub const STOPPING: Duration = PATIENCE
    .saturating_mul(2)
    .saturating_add(LAST_FLUSH)
    .saturating_add(LAST_SNAPSHOT)
    .saturating_add(LAST_THREADS);

/// A running server.
pub struct App {
    door: Door,
    /// Where the dashboard is, if it is not there too.
    apart: Option<Door>,
    engine: Engine,
    housekeeping: Vec<JoinHandle<()>>,
    disk: Arc<SledStore>,
    clock: Arc<dyn Clock>,
    keep: Keep,
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
        let tokens = JobTokens::new(&settings.app.key);
        let github = GitHub::new(ClientOptions {
            api_url: settings.api_url.clone(),
            app_id: settings.app.app_id,
            key: settings.app.key,
            clock: clock.clone(),
            limits: pace.limits.clone(),
        })?;
        let address = way_in.address()?;
        let apart = listen_apart(&settings.dashboard).await?;
        let public_url = public_url(settings.public_url, address);
        warn_of_plain_http(&settings.connections);
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
        let store: Arc<dyn Store> = disk.clone();
        let engine = Engine::start(
            store.clone(),
            github.clone(),
            backends.clone(),
            clock.clone(),
            Pace {
                inbox_limit: settings.inbox_limit,
                ..pace
            },
        )
        .await?;
        let keep = settings.keep;
        let pruning = tokio::spawn(keep_house(store.clone(), clock.clone(), keep.retention));
        let snapshots = tokio::spawn(take_snapshots(disk.clone(), clock.clone(), keep.clone()));
        let resuming = tokio::spawn(resume(disk.reopened(), engine.clone()));
        let writing = tokio::spawn(write_journal(disk.clone()));
        let api_url = &settings.api_url;
        let sign_in = settings.app.sign_in;
        let sign_in = sign_in.map(|app| SignInApp::new(api_url, app.client_id, app.client_secret));
        let sign_in = sign_in.transpose()?;
        let people_come_to = settings.dashboard.address(public_url.as_deref());
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
        });
        let learning = tokio::spawn(learn_identity(engine.clone()));
        let (beside, apart) = match (pages, apart) {
            (Some(pages), Some(listener)) => (None, Some(Door::open(listener, web::apart(pages))?)),
            (pages, _) => (pages, None),
        };
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
            housekeeping,
            dashboard,
            dashboard_address,
            disk,
            clock,
            keep,
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
        let doors = std::iter::once(self.door).chain(self.apart);
        join_all(doors.map(|door| door.close(PATIENCE))).await;
        if let Err(error) = self.disk.write_journal().await {
            tracing::warn!(%error, "can't keep the end of the journal of deliveries");
        }
        self.engine.stop(PATIENCE).await?;
        let last = take_snapshot(&self.disk, self.clock.now(), &self.keep);
        if tokio::time::timeout(LAST_SNAPSHOT, last).await.is_err() {
            tracing::warn!("the last snapshot takes too long; the one before stays the newest");
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Where the dashboard listens, if that is not where deliveries come in.
async fn listen_apart(dashboard: &DashboardSettings) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = dashboard.apart.filter(|_| dashboard.access.is_some()) else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).with_context(|| {
        format!("can't listen on {address}: choose another DASHBOARD_HOST or DASHBOARD_PORT")
    })
}

/// Where requests come in.
enum WayIn {
    /// Nobody answers yet.
    Listener(TcpListener),
    /// The setup answered until now.
    Door(Door),
}

impl WayIn {
    fn address(&self) -> std::io::Result<SocketAddr> {
        match self {
            Self::Listener(listener) => listener.local_addr(),
            Self::Door(door) => Ok(door.address()),
        }
    }

    fn lead_to(self, routes: Router) -> std::io::Result<Door> {
        match self {
            Self::Listener(listener) => Door::open(listener, routes),
            Self::Door(door) => {
                door.lead_to(routes);
                Ok(door)
            }
        }
    }
}

/// Listens where the settings say.
///
/// # Errors
/// When the address can't be listened on; says what to do.
pub async fn listen<C>(settings: &Settings<C>) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(settings.host, settings.port);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}: choose another HOST or PORT"))
}

/// With the port that was taken, where a free one was asked for in both places: `PORT=0`,
/// `PUBLIC_URL=http://127.0.0.1:0`.
pub fn public_url(given: Option<String>, address: SocketAddr) -> Option<String> {
    given.map(|url| match url.strip_suffix(":0") {
        Some(host) => format!("{host}:{}", address.port()),
        None => url,
    })
}

/// Secrets that travel to another machine without TLS can be read on the way; the operator may still want it so, in a
/// network of their own.
fn warn_of_plain_http(connections: &Connections) {
    for (name, connection) in connections.iter() {
        let url = match connection {
            Connection::GitLab(gitlab) => &gitlab.url,
            Connection::Http(http) => &http.url,
        };
        let Some(uri) = url.parse::<http::Uri>().ok() else {
            continue;
        };
        let host = uri.host().unwrap_or_default();
        let local = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        if uri.scheme_str() == Some("http") && !local {
            tracing::warn!(
                connection = name,
                "its url is http://, so its secrets can be read on the way; use https:// unless the network is your own"
            );
        }
    }
}

async fn keep_house(store: Arc<dyn Store>, clock: Arc<dyn Clock>, retention: Retention) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    loop {
        ticks.tick().await;
        match store.prune(clock.now(), retention).await {
            Ok(forgotten) => tracing::debug!(forgotten, "forgot what is no longer needed"),
            Err(error) => tracing::error!(%error, "can't forget what is no longer needed"),
        }
    }
}

async fn write_journal(disk: Arc<SledStore>) {
    let mut ticks = tokio::time::interval(JOURNAL);
    loop {
        ticks.tick().await;
        if let Err(error) = disk.write_journal().await {
            tracing::warn!(%error, "can't keep the journal of deliveries");
        }
    }
}

async fn take_snapshots(disk: Arc<SledStore>, clock: Arc<dyn Clock>, keep: Keep) {
    loop {
        tokio::time::sleep(keep.snapshot_every).await;
        take_snapshot(&disk, clock.now(), &keep).await;
    }
}

async fn take_snapshot(disk: &SledStore, now: DateTime<Utc>, keep: &Keep) {
    match disk.snapshot(now, keep.snapshots).await {
        Ok(Some(taken)) => tracing::info!(
            file = %taken.path.display(),
            bytes = taken.bytes,
            paused_ms = taken.paused.as_millis(),
            "took a snapshot"
        ),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "can't take a snapshot; those from before stay"),
    }
}

/// After the disk could not be written to, what was not on it yet is lost, and what led to it is taken up again.
async fn resume(mut reopened: watch::Receiver<u64>, engine: Engine) {
    while reopened.changed().await.is_ok() {
        if let Err(error) = engine.resume().await {
            tracing::error!(%error, "can't take up what was left");
        }
    }
}

/// Asks GitHub who we are until it has answered, so that the log says at once whether the credentials are right.
async fn learn_identity(engine: Engine) {
    let mut wait = Duration::from_secs(1);
    loop {
        match engine.ask_identity().await {
            Ok(me) => {
                tracing::info!(
                    app = me.slug,
                    id = me.app_id,
                    "GitHub accepts the app's credentials"
                );
                return;
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "can't ask GitHub who the app is; trying again");
            }
            Err(error) => {
                tracing::error!(%error, "check APP_ID and PRIVATE_KEY: nothing works until they are right");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(60));
    }
}
