//! Settings that were checked.

use super::{Credentials, DashboardSettings, GithubLimits, Keep};
use crate::backends::Connections;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Settings that are complete and sound.
pub struct Settings<C = Credentials> {
    /// What proves the app, or stands in its place.
    pub app: C,
    /// Base of the REST API, without a trailing slash.
    pub api_url: String,
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Where GitHub reaches this server, without a trailing slash.
    pub public_url: Option<String>,
    /// The smee channel that deliveries come through.
    pub webhook_proxy_url: Option<http::Uri>,
    /// Where the state is kept.
    pub data_dir: PathBuf,
    /// How long what is kept.
    pub keep: Keep,
    /// External systems that jobs may use.
    pub connections: Connections,
    /// Whether requests to GitHub are paced.
    pub github_limits: GithubLimits,
    /// How many bytes of deliveries may wait.
    pub inbox_limit: u64,
    /// Who may look at the dashboard, and where.
    pub dashboard: DashboardSettings,
    /// Where metrics are shown; `None`: nowhere.
    pub metrics: Option<SocketAddr>,
}

impl<C> Settings<C> {
    /// The same with something else in the place of the credentials.
    pub fn with<D>(self, app: D) -> Settings<D> {
        Settings {
            app,
            api_url: self.api_url,
            host: self.host,
            port: self.port,
            public_url: self.public_url,
            webhook_proxy_url: self.webhook_proxy_url,
            data_dir: self.data_dir,
            dashboard: self.dashboard,
            keep: self.keep,
            connections: self.connections,
            github_limits: self.github_limits,
            inbox_limit: self.inbox_limit,
            metrics: self.metrics,
        }
    }
}
