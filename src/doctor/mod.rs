//! `drawbridge doctor`: looks at everything between the settings and a green check, and says what to do about what is not right.
//!
//! It promises: it changes nothing, neither here nor on GitHub; it asks a bounded number of questions and says what it did not look at;
//! and whatever can't be had (GitHub is away, a permission is missing) is a finding of its own, never an end.

mod app;
mod installations;
mod print;
mod repositories;
mod state;
#[cfg(test)]
mod tests;

pub use print::print;

use crate::backends::{BackendOptions, Backends, JobTokens};
use crate::clock::SystemClock;
use crate::github::{AppInfo, ClientOptions, GitHub};
use crate::settings::{SettingError, Settings};
use serde::Serialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// How much is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// So many installations.
    pub installations: usize,
    /// So many repositories altogether. Each takes about six questions.
    pub repositories: usize,
}

/// What a finding is about; they are shown in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The operator's settings.
    Settings,
    /// The app on GitHub: credentials, clock, permissions, events.
    App,
    /// The webhook and what was delivered lately.
    Deliveries,
    /// Where the app is installed.
    Installations,
    /// Configuration and rules of each repository.
    Repositories,
    /// What is on disk.
    State,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// All is well.
    Fine,
    /// Good to know.
    Note,
    /// Somebody has to do something.
    ToDo,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// How much it weighs.
    pub weight: Weight,
    /// What was found.
    pub what: String,
    /// What to do about it.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, area: Area, weight: Weight, what: String, remedy: Option<String>) {
        self.findings.push(Finding {
            area,
            weight,
            what,
            remedy,
        });
    }

    fn fine(&mut self, area: Area, what: impl Into<String>) {
        self.add(area, Weight::Fine, what.into(), None);
    }

    fn note(&mut self, area: Area, what: impl Into<String>) {
        self.add(area, Weight::Note, what.into(), None);
    }

    fn task(&mut self, area: Area, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(area, Weight::ToDo, what.into(), Some(remedy.into()));
    }

    /// Everything, by what it is about.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether somebody has to do something.
    pub fn needs_somebody(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.weight == Weight::ToDo)
    }

    /// A report about settings that can't be used: there is nothing else to look at.
    pub fn of_settings(error: &SettingError) -> Self {
        let mut report = Self::default();
        report.task(Area::Settings, error.problem(), error.remedy());
        report
    }

    /// A report about a server without an app.
    pub fn unregistered() -> Self {
        let mut report = Self::default();
        let what = "No credentials are given, and none are stored in DATA_DIR.";
        let remedy = "Give this command the server's settings, or set the app up: start `drawbridge serve` and open the \
                      address that it prints.";
        report.task(Area::Settings, what, remedy);
        report
    }
}

/// What all looks share.
struct Doctor {
    report: Report,
    github: GitHub,
    backends: Backends,
    public_url: Option<String>,
    proxy_url: Option<String>,
    host: IpAddr,
    port: u16,
    data_dir: PathBuf,
    bounds: Bounds,
}

/// Looks at everything.
///
/// # Errors
/// The HTTP client can't be made.
pub async fn examine(settings: Settings, bounds: Bounds) -> anyhow::Result<Report> {
    let clock = Arc::new(SystemClock);
    let tokens = JobTokens::new(&settings.app.key);
    let github = GitHub::new(ClientOptions {
        api_url: settings.api_url.clone(),
        app_id: settings.app.app_id,
        key: settings.app.key,
        clock: clock.clone(),
        limits: settings.github_limits.limits(),
        metrics: crate::telemetry::Metrics::default(),
    })?;
    let backends = Backends::new(BackendOptions {
        github: github.clone(),
        connections: settings.connections,
        tokens,
        public_url: settings.public_url.clone(),
        clock,
    })?;
    let mut doctor = Doctor {
        report: Report::default(),
        github,
        backends,
        public_url: settings.public_url,
        proxy_url: settings.webhook_proxy_url.map(|url| url.to_string()),
        host: settings.host,
        port: settings.port,
        data_dir: settings.data_dir,
        bounds,
    };
    doctor.report.fine(
        Area::Settings,
        format!(
            "The settings are complete; GitHub is {}.",
            doctor.github.site()
        ),
    );
    if let Some(app) = doctor.look_at_app().await {
        doctor.look_at_hook(&app).await;
        doctor.look_at_deliveries(&app).await;
        doctor.look_at_installations(&app).await;
    }
    doctor.look_at_state().await;
    doctor.report.findings.sort_by_key(|finding| finding.area);
    Ok(doctor.report)
}

/// The page of the app's settings.
fn settings_page(site: &str, app: &AppInfo) -> String {
    match app.owner.as_ref().map(|owner| (&owner.kind, &owner.login)) {
        Some((Some(kind), Some(login))) if kind == "Organization" => {
            format!("{site}/organizations/{login}/settings/apps/{}", app.slug)
        }
        _ => format!("{site}/settings/apps/{}", app.slug),
    }
}
