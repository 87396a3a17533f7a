//! The operator's settings: flags, then the environment, then a TOML file. Names are those that operators of GitHub
//! Apps know from Probot.

mod address;
mod connections;
mod credentials;
mod dashboard;
mod dispatch;
mod export;
mod host;
mod keep;
mod limits;
mod logging;
mod metrics;
mod plain;
mod sound;
mod stored;

pub use connections::GivenConnection;
pub use credentials::{Checked, Credentials, SignIn, Unregistered};
pub use dashboard::{DashboardAccess, DashboardSettings};
pub use dispatch::GivenDispatch;
pub(crate) use host::{api_of, is_host};
pub use keep::Keep;
pub use limits::GithubLimits;
pub use logging::{LogFormat, Logging};
pub(crate) use plain::warn_of_plain_http;
pub use sound::Settings;
pub use stored::{CredentialsFile, Stored};

use crate::github::AppKey;
use address::web_address;
use clap::Args;
use secrecy::SecretString;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Settings as given, any of them missing. The same names serve as flags, in the environment and in the file.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// The app's id or client id, from its settings page on GitHub
    #[arg(long, env = "APP_ID")]
    pub app_id: Option<String>,
    /// The app's private key: PEM, also with literal \n, or base64 of it (better: PRIVATE_KEY_PATH)
    #[arg(skip)]
    pub private_key: Option<SecretString>,
    /// A file with the app's private key
    #[arg(long, env = "PRIVATE_KEY_PATH", value_name = "FILE")]
    pub private_key_path: Option<PathBuf>,
    /// The webhook's secret; several, comma-separated, while it is being changed (environment or file only)
    #[arg(skip)]
    pub webhook_secret: Option<SecretString>,
    /// The app's client id, where people sign in with GitHub
    #[arg(long, env = "CLIENT_ID")]
    pub client_id: Option<String>,
    /// The app's client secret (environment or file only)
    #[arg(skip)]
    pub client_secret: Option<SecretString>,
    /// Base of GitHub's REST API, as the flag's help has it.
    #[arg(
        long,
        env = "GITHUB_API_URL",
        value_name = "URL",
        help = "Base of GitHub's REST API [default: https://api.github.com]"
    )]
    pub github_api_url: Option<String>,
    /// Host of a GitHub Enterprise Server, instead of GITHUB_API_URL
    #[arg(long, env = "GHE_HOST", value_name = "HOST")]
    pub ghe_host: Option<String>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, env = "HOST")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 3000]
    #[arg(long, env = "PORT", value_parser = port)]
    pub port: Option<u16>,
    /// Where GitHub, and whatever runs jobs, reaches this server
    #[arg(long, env = "PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// A smee channel (https://smee.io) that deliveries come through, on a machine that GitHub does not reach
    #[allow(rustdoc::bare_urls, reason = "the text is the flag's help")]
    #[arg(long, env = "WEBHOOK_PROXY_URL", value_name = "URL")]
    pub webhook_proxy_url: Option<String>,
    /// Where the state is kept [default: ./data]
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Minutes between snapshots of the state [default: 60]
    #[arg(long, env = "SNAPSHOT_MINUTES", value_name = "MINUTES", value_parser = at_least_one)]
    pub snapshot_minutes: Option<u32>,
    /// How many snapshots are kept [default: 24]
    #[arg(long, env = "SNAPSHOTS", value_name = "COUNT", value_parser = at_least_one)]
    pub snapshots: Option<u32>,
    /// Days for which histories are kept [default: 90]
    #[arg(long, env = "HISTORY_DAYS", value_name = "DAYS", value_parser = at_least_one)]
    pub history_days: Option<u32>,
    /// Days for which closed pull requests are remembered [default: 30]
    #[arg(long, env = "CLOSED_DAYS", value_name = "DAYS", value_parser = at_least_one)]
    pub closed_days: Option<u32>,
    /// error, warn, info, debug, trace, or directives such as `info,drawbridge=debug` [default: info]
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// How log lines look: text or json [default: text]
    #[arg(long, env = "LOG_FORMAT", value_enum, hide_possible_values = true)]
    pub log_format: Option<LogFormat>,
    /// Where traces go, by OTLP over HTTP; without it nowhere
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// What proves the server there: name=value, several with commas between them (environment or file only)
    #[arg(skip)]
    pub otel_exporter_otlp_headers: Option<SecretString>,
    /// As what the server is shown there [default: drawbridge]
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "NAME")]
    pub otel_service_name: Option<String>,
    /// External systems that jobs may use, by name (in the file only; their secrets also in the environment)
    #[arg(skip)]
    pub connections: BTreeMap<String, GivenConnection>,
    /// Which repositories may send events to which others (in the file only)
    #[arg(skip)]
    pub dispatch: GivenDispatch,
    /// on or off: off for a GitHub Enterprise Server without rate limits [default: on]
    #[arg(long, env = "GITHUB_LIMITS", value_enum, hide_possible_values = true)]
    pub github_limits: Option<GithubLimits>,
    /// How many MiB of deliveries may wait; above that they are refused with 503 [default: 256]
    #[arg(long, env = "INBOX_LIMIT_MIB", value_name = "MIB")]
    pub inbox_limit_mib: Option<u64>,
    /// How many MiB of payloads are kept for the dashboard; 0: none [default: 64]
    #[arg(long, env = "PAYLOADS_MIB", value_name = "MIB")]
    pub payloads_mib: Option<u64>,
    /// Who may look at the dashboard: off, private (who has signed in or has a token), public (everybody) [default: private]
    #[arg(long, env = "DASHBOARD", value_enum, hide_possible_values = true)]
    pub dashboard: Option<DashboardAccess>,
    /// What one signs in with to the dashboard and its API; several, comma-separated, while it is being changed
    /// (environment or file only)
    #[arg(skip)]
    pub dashboard_token: Option<SecretString>,
    /// Where people reach the dashboard, if that is not PUBLIC_URL
    #[arg(long, env = "DASHBOARD_URL", value_name = "URL")]
    pub dashboard_url: Option<String>,
    /// Address at which the dashboard listens apart from the webhook, with DASHBOARD_PORT
    #[arg(long, env = "DASHBOARD_HOST", value_name = "HOST")]
    pub dashboard_host: Option<String>,
    /// Port at which the dashboard listens apart from the webhook
    #[arg(long, env = "DASHBOARD_PORT", value_name = "PORT", value_parser = port)]
    pub dashboard_port: Option<u16>,
    /// Address at which metrics are shown, with METRICS_PORT [default: 127.0.0.1]
    #[arg(long, env = "METRICS_HOST", value_name = "HOST")]
    pub metrics_host: Option<String>,
    /// Port at which metrics are shown to Prometheus, at /metrics; without it nowhere
    #[arg(long, env = "METRICS_PORT", value_name = "PORT", value_parser = port)]
    pub metrics_port: Option<u16>,
}

/// A setting that is missing or wrong; the process ends with exit code 2.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {what}\n  {remedy}")]
pub struct SettingError {
    setting: Cow<'static, str>,
    what: String,
    remedy: String,
}

impl SettingError {
    /// Which setting, and what is wrong with it.
    pub fn problem(&self) -> String {
        format!("{}: {}.", self.setting, self.what)
    }

    /// What to do.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

fn wrong(
    setting: impl Into<Cow<'static, str>>,
    what: impl Into<String>,
    remedy: impl Into<String>,
) -> SettingError {
    SettingError {
        setting: setting.into(),
        what: what.into(),
        remedy: remedy.into(),
    }
}

impl Given {
    /// Adds what only the environment or the file may hold, and the file's value for all that is missing.
    ///
    /// Secrets have no flags: a process list shows flags to every user of the machine.
    ///
    /// # Errors
    /// When the file can't be read or has a mistake; says which and where.
    pub fn complete(
        mut self,
        file: Option<&Path>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingError> {
        let secret = |name| {
            env(name)
                .filter(|value| !value.is_empty())
                .map(SecretString::from)
        };
        self.private_key = secret("PRIVATE_KEY");
        self.webhook_secret = secret("WEBHOOK_SECRET");
        self.dashboard_token = secret("DASHBOARD_TOKEN");
        self.client_secret = secret("CLIENT_SECRET");
        self.otel_exporter_otlp_headers = secret("OTEL_EXPORTER_OTLP_HEADERS");
        let Some(path) = file else { return Ok(self) };
        let remedy = "Mend the file, or leave out --config.";
        let text = std::fs::read_to_string(path).map_err(|error| {
            wrong(
                "--config",
                format!("can't read {}: {error}", path.display()),
                remedy,
            )
        })?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            // The message of the whole error quotes the line, which may hold a secret.
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = 1 + before.map_or(0, |before| before.matches('\n').count());
            let what = format!(
                "{}, line {line}: {}",
                path.display(),
                unquoted(error.message())
            );
            wrong("--config", what, remedy)
        })?;
        // Whoever gives a key by flag or environment does not want the file's.
        let own_key = self.private_key.is_some() || self.private_key_path.is_some();
        Ok(Self {
            app_id: self.app_id.or(file.app_id),
            private_key: self.private_key.or(file.private_key.filter(|_| !own_key)),
            private_key_path: self
                .private_key_path
                .or(file.private_key_path.filter(|_| !own_key)),
            webhook_secret: self.webhook_secret.or(file.webhook_secret),
            client_id: self.client_id.or(file.client_id),
            client_secret: self.client_secret.or(file.client_secret),
            github_api_url: self.github_api_url.or(file.github_api_url),
            ghe_host: self.ghe_host.or(file.ghe_host),
            host: self.host.or(file.host),
            port: self.port.or(file.port),
            public_url: self.public_url.or(file.public_url),
            webhook_proxy_url: self.webhook_proxy_url.or(file.webhook_proxy_url),
            data_dir: self.data_dir.or(file.data_dir),
            snapshot_minutes: self.snapshot_minutes.or(file.snapshot_minutes),
            snapshots: self.snapshots.or(file.snapshots),
            history_days: self.history_days.or(file.history_days),
            closed_days: self.closed_days.or(file.closed_days),
            log_level: self.log_level.or(file.log_level),
            log_format: self.log_format.or(file.log_format),
            otel_exporter_otlp_endpoint: self
                .otel_exporter_otlp_endpoint
                .or(file.otel_exporter_otlp_endpoint),
            otel_exporter_otlp_headers: self
                .otel_exporter_otlp_headers
                .or(file.otel_exporter_otlp_headers),
            otel_service_name: self.otel_service_name.or(file.otel_service_name),
            connections: {
                let mut connections = file.connections;
                connections::complete(&mut connections, &env);
                connections
            },
            dispatch: file.dispatch,
            github_limits: self.github_limits.or(file.github_limits),
            inbox_limit_mib: self.inbox_limit_mib.or(file.inbox_limit_mib),
            payloads_mib: self.payloads_mib.or(file.payloads_mib),
            dashboard: self.dashboard.or(file.dashboard),
            dashboard_token: self.dashboard_token.or(file.dashboard_token),
            dashboard_url: self.dashboard_url.or(file.dashboard_url),
            dashboard_host: self.dashboard_host.or(file.dashboard_host),
            dashboard_port: self.dashboard_port.or(file.dashboard_port),
            metrics_host: self.metrics_host.or(file.metrics_host),
            metrics_port: self.metrics_port.or(file.metrics_port),
        })
    }

    /// Checks everything but the credentials.
    fn check_rest(self) -> Result<Settings<()>, SettingError> {
        let keep = Keep::of(&self)?;
        let address = self.address()?;
        let dashboard = DashboardSettings::of(&self, address)?;
        let metrics = self.metrics_address(address, dashboard.apart)?;
        let public_url = given(self.public_url);
        if let Some(url) = &public_url {
            web_address("PUBLIC_URL", url)?;
        }
        let webhook_proxy_url = given(self.webhook_proxy_url)
            .map(|url| web_address("WEBHOOK_PROXY_URL", &url))
            .transpose()?;
        let mut connections = connections::check(self.connections, public_url.as_deref())?;
        self.dispatch.check(&mut connections)?;
        Ok(Settings {
            app: (),
            api_url: api_url(given(self.github_api_url), given(self.ghe_host))?,
            host: address.ip(),
            port: address.port(),
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            webhook_proxy_url,
            data_dir: self.data_dir.unwrap_or_else(|| PathBuf::from("./data")),
            keep,
            connections,
            github_limits: self.github_limits.unwrap_or_default(),
            inbox_limit: self.inbox_limit_mib.unwrap_or(256).saturating_mul(1 << 20),
            dashboard,
            metrics,
        })
    }
}

/// An empty variable, as compose files and unit files leave it, counts as none.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// What is wrong with a line, without the value that is wrong: it may be a secret in the wrong place.
fn unquoted(message: &str) -> String {
    match message.split_once(", expected ") {
        // A key's name is no secret, and the point of the message.
        Some((found, expected)) if !found.starts_with("unknown field") => {
            format!("expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// A port as a flag or in the environment.
pub(crate) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .map_err(|_| "PORT is a number from 0 to 65535, and 0 takes a free one")
}

/// A count as a flag or in the environment.
fn at_least_one(text: &str) -> Result<u32, &'static str> {
    text.parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or("it is a number from 1 on")
}

fn read_key(text: Option<&SecretString>, path: Option<&Path>) -> Result<AppKey, SettingError> {
    use secrecy::ExposeSecret;
    let remedy = "Use the .pem file that GitHub gave you for the app (settings page → Private keys → Generate).";
    match (text, path) {
        (Some(text), _) => AppKey::parse(text.expose_secret())
            .map_err(|error| wrong("PRIVATE_KEY", error.to_string(), remedy)),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                let what = format!("can't read {}: {error}", path.display());
                wrong(
                    "PRIVATE_KEY_PATH",
                    what,
                    "Name a file that this process may read.",
                )
            })?;
            AppKey::parse(&text).map_err(|error| {
                wrong(
                    "PRIVATE_KEY_PATH",
                    format!("{}: {error}", path.display()),
                    remedy,
                )
            })
        }
        (None, None) => Err(wrong(
            "PRIVATE_KEY or PRIVATE_KEY_PATH",
            "is missing",
            "Generate a private key on the app's settings page (Private keys → Generate), and set PRIVATE_KEY_PATH \
             to the file you get.",
        )),
    }
}

fn api_url(url: Option<String>, ghe_host: Option<String>) -> Result<String, SettingError> {
    match (url, ghe_host) {
        (Some(url), _) => {
            web_address("GITHUB_API_URL", &url).map(|_| url.trim_end_matches('/').to_owned())
        }
        (None, Some(host)) => {
            if !is_host(&host) {
                let remedy = "Give the host alone, such as github.example.com.";
                return Err(wrong("GHE_HOST", format!("{host:?} is not a host"), remedy));
            }
            Ok(api_of(&host))
        }
        (None, None) => Ok("https://api.github.com".to_owned()),
    }
}
