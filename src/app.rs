//! Wires the rooms together and runs the server.

use crate::backends::{BackendOptions, Backends, Connection, Connections, JobTokens};
use crate::clock::{Clock, SystemClock};
use crate::engine::{Engine, Pace};
use crate::github::{ClientOptions, GitHub};
use crate::settings::Settings;
use crate::store::{SledStore, Store};
use crate::web::{self, Web};
use anyhow::Context;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long requests under way, and then work under way, may take after the signal to stop.
const PATIENCE: Duration = Duration::from_secs(4);

/// How often what is no longer needed is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(6 * 3600);

/// A running server.
pub struct App {
    address: SocketAddr,
    engine: Engine,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    housekeeping: [JoinHandle<()>; 2],
}

impl App {
    /// Opens the store, takes up what an earlier process left, and listens.
    ///
    /// # Errors
    /// When the store can't be opened or the address can't be listened on; says which and what to do.
    pub async fn start(settings: Settings, pace: Pace) -> anyhow::Result<Self> {
        Self::start_by(settings, pace, Arc::new(SystemClock)).await
    }

    /// The same by another clock than the machine's. GitHub is spoken to by the machine's: it checks our credentials
    /// by the present time.
    ///
    /// # Errors
    /// As for [`App::start`].
    pub async fn start_by(
        settings: Settings,
        pace: Pace,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let tokens = JobTokens::new(&settings.key);
        let github = GitHub::new(ClientOptions {
            api_url: settings.api_url.clone(),
            app_id: settings.app_id,
            key: settings.key,
            clock: Arc::new(SystemClock),
        })?;
        let address = SocketAddr::new(settings.host, settings.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("can't listen on {address}: choose another HOST or PORT"))?;
        let address = listener.local_addr()?;
        let public_url = public_url(settings.public_url, address);
        warn_of_plain_http(&settings.connections);
        let backends = Arc::new(Backends::new(BackendOptions {
            github: github.clone(),
            connections: settings.connections,
            tokens,
            public_url: public_url.clone(),
            clock: clock.clone(),
        })?);
        let dir = settings.data_dir.join("state");
        let now = clock.now();
        let store: Arc<dyn Store> = Arc::new(
            tokio::task::spawn_blocking(move || SledStore::open(&dir, now))
                .await?
                .with_context(|| format!("can't use DATA_DIR {}", settings.data_dir.display()))?,
        );
        let engine = Engine::start(
            store.clone(),
            github.clone(),
            backends.clone(),
            clock.clone(),
            pace,
        )
        .await?;
        let pruning = tokio::spawn(keep_house(store.clone(), clock.clone()));
        let web = Arc::new(Web {
            engine: engine.clone(),
            backends,
            secrets: settings.secrets,
            clock,
        });
        let learning = tokio::spawn(learn_identity(engine.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, web::routes(web))
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .into_future();
        tracing::info!(%address, api = settings.api_url, "listening");
        if let Some(url) = public_url {
            tracing::info!("the app's webhook URL has to be {url}{}", web::WEBHOOK_PATH);
        }
        Ok(Self {
            address,
            engine,
            stop,
            server: tokio::spawn(server),
            housekeeping: [pruning, learning],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address deliveries go to.
    pub fn webhook_url(&self) -> String {
        format!("http://{}{}", self.address, web::WEBHOOK_PATH)
    }

    /// Returns once nothing is being worked on and nothing is due within a minute.
    pub async fn idle(&self) {
        self.engine.idle().await;
    }

    /// Stops accepting, finishes what is being written, flushes. Takes less than 10 s.
    ///
    /// # Errors
    /// When the last flush failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        for task in &self.housekeeping {
            task.abort();
        }
        let _ = self.stop.send(());
        if tokio::time::timeout(PATIENCE, self.server).await.is_err() {
            tracing::warn!("closing connections that did not end");
        }
        self.engine.stop(PATIENCE).await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// With the port that was taken, where a free one was asked for in both places: `PORT=0`,
/// `PUBLIC_URL=http://127.0.0.1:0`.
fn public_url(given: Option<String>, address: SocketAddr) -> Option<String> {
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

async fn keep_house(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    // The first tick comes at once, and opening the store has just done it.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match store.prune(clock.now()).await {
            Ok(forgotten) => tracing::debug!(forgotten, "forgot old delivery ids"),
            Err(error) => tracing::error!(%error, "can't forget old delivery ids"),
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
