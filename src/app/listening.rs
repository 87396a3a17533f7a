//! Where the server listens.

use crate::settings::{DashboardSettings, Settings};
use crate::web::Door;
use anyhow::Context;
use axum::Router;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Where the dashboard listens, if that is not where deliveries come in.
pub(super) async fn listen_apart(
    dashboard: &DashboardSettings,
) -> anyhow::Result<Option<TcpListener>> {
    let address = dashboard.apart.filter(|_| dashboard.access.is_some());
    listen_at(address, "DASHBOARD_HOST or DASHBOARD_PORT").await
}

/// Where metrics are shown, if anywhere.
pub(super) async fn listen_for_metrics(
    address: Option<SocketAddr>,
) -> anyhow::Result<Option<TcpListener>> {
    listen_at(address, "METRICS_HOST or METRICS_PORT").await
}

async fn listen_at(
    address: Option<SocketAddr>,
    settings: &str,
) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    listener
        .map(Some)
        .with_context(|| format!("can't listen on {address}: choose another {settings}"))
}

/// Where requests come in.
pub(super) enum WayIn {
    /// Nobody answers yet.
    Listener(TcpListener),
    /// The setup answered until now.
    Door(Door),
}

impl WayIn {
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        match self {
            Self::Listener(listener) => listener.local_addr(),
            Self::Door(door) => Ok(door.address()),
        }
    }

    pub(super) fn lead_to(self, routes: Router) -> std::io::Result<Door> {
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
