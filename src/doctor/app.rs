//! The app on GitHub: whether it is accepted, what it may do, what it hears of, and what reaches us.

use super::{Area, Doctor, settings_page};
use crate::github::{AppInfo, GitHubError};
use crate::setup::asks;
use crate::web::WEBHOOK_PATH;
use chrono::{TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A JWT is dated a minute back, so that so many seconds do no harm.
const TOLERATED_SKEW: i64 = 30;

/// Deliveries of so long ago are looked at.
const LATELY: TimeDelta = TimeDelta::days(1);

/// What is missing of what is wanted: `checks: write`, each with what there is instead.
pub(super) fn missing(
    wanted: &BTreeMap<String, String>,
    granted: &BTreeMap<String, String>,
) -> Vec<String> {
    let rank = |level: Option<&String>| match level.map(String::as_str) {
        None => 0,
        Some("read") => 1,
        Some("write") => 2,
        Some(_) => 3,
    };
    wanted
        .iter()
        .filter(|(name, level)| rank(granted.get(*name)) < rank(Some(*level)))
        .map(|(name, level)| format!("{name}: {level}"))
        .collect()
}

impl Doctor {
    /// Who the app is; `None`: nothing else can be asked.
    pub(super) async fn look_at_app(&mut self) -> Option<AppInfo> {
        let app = match self.github.app().await {
            Ok(app) => app,
            Err(error) => {
                self.no_app(&error);
                return None;
            }
        };
        let report = &mut self.report;
        report.fine(
            Area::App,
            format!(
                "GitHub accepts the credentials of {} ({}).",
                app.slug, app.id
            ),
        );
        let skew = self.github.clock_skew();
        if skew.abs() > TOLERATED_SKEW {
            let (by, way) = (skew.abs(), if skew > 0 { "behind" } else { "ahead of" });
            report.task(
                Area::App,
                format!("This machine's clock is {by} s {way} GitHub's."),
                "Have it set by NTP (`timedatectl set-ntp true`). It is corrected for meanwhile.",
            );
        } else {
            report.fine(Area::App, "The clock agrees with GitHub's.");
        }
        let asks = asks();
        let page = settings_page(&self.github.site(), &app);
        let lacking = missing(&asks.default_permissions, &app.permissions);
        if lacking.is_empty() {
            report.fine(Area::App, "It asks for all permissions that are used.");
        }
        for permission in lacking {
            report.task(
                Area::App,
                format!("The app does not ask for the permission {permission}."),
                format!(
                    "Add it at {page}/permissions; then the owner of each installation has to accept it."
                ),
            );
        }
        let heard: BTreeSet<&String> = app.events.iter().collect();
        let unheard: Vec<_> = asks
            .default_events
            .iter()
            .filter(|event| !heard.contains(event))
            .collect();
        if unheard.is_empty() {
            report.fine(Area::App, "It hears of all events that are used.");
        }
        for event in unheard {
            report.task(
                Area::App,
                format!("The app does not hear of the event {event}."),
                format!("Tick it at {page}/permissions, under Subscribe to events."),
            );
        }
        Some(app)
    }

    fn no_app(&mut self, error: &GitHubError) {
        let site = self.github.site();
        match error {
            GitHubError::Unauthorized { .. } | GitHubError::NotFound { .. } => self.report.task(
                Area::App,
                format!("{site} does not accept the app's credentials."),
                "Compare APP_ID with the app's settings page, and make a new private key there if this one was deleted.",
            ),
            error => self.report.task(
                Area::App,
                format!("GitHub can't be asked: {error}."),
                format!("Make sure that this machine reaches {site}, then try again. Nothing on GitHub was looked at."),
            ),
        }
    }

    /// Where GitHub sends deliveries to.
    pub(super) async fn look_at_hook(&mut self, app: &AppInfo) {
        let page = settings_page(&self.github.site(), app);
        let hook = match self.github.hook().await {
            Ok(hook) => hook,
            Err(error) => {
                let what = format!("The webhook can't be looked at: {error}.");
                self.report.task(Area::Deliveries, what, "Try again later.");
                return;
            }
        };
        let report = &mut self.report;
        let ours = match (&self.proxy_url, &self.public_url) {
            (Some(proxy), _) => Some(proxy.clone()),
            (None, Some(public)) => Some(format!("{public}{WEBHOOK_PATH}")),
            (None, None) => None,
        };
        match ours {
            _ if hook.url.is_empty() => report.task(
                Area::Deliveries,
                "The app has no webhook, so that GitHub tells of nothing.",
                format!("At {page}, make the webhook active and give it this server's address with {WEBHOOK_PATH}."),
            ),
            Some(ours) if hook.url.trim_end_matches('/') != ours.trim_end_matches('/') => report
                .task(
                    Area::Deliveries,
                    format!("GitHub sends deliveries to {}, and the settings say {ours}.", hook.url),
                    format!("Change the webhook at {page}, or PUBLIC_URL (on a laptop: WEBHOOK_PROXY_URL)."),
                ),
            Some(_) => report.fine(
                Area::Deliveries,
                format!("GitHub sends deliveries to {}.", hook.url),
            ),
            None => report.note(
                Area::Deliveries,
                format!("GitHub sends deliveries to {}; without PUBLIC_URL nobody knows whether that is here.", hook.url),
            ),
        }
        if hook.secret.is_none_or(|secret| secret.is_empty()) && !hook.url.is_empty() {
            report.task(
                Area::Deliveries,
                "The webhook has no secret, so that every delivery is refused.",
                format!("Set it at {page} to the value of WEBHOOK_SECRET."),
            );
        }
    }

    /// What became of the last deliveries.
    pub(super) async fn look_at_deliveries(&mut self, app: &AppInfo) {
        let page = settings_page(&self.github.site(), app);
        let list = match self.github.attempts(None).await {
            Ok(list) => list,
            Err(error) => {
                let what = format!("The last deliveries can't be looked at: {error}.");
                self.report.task(Area::Deliveries, what, "Try again later.");
                return;
            }
        };
        let since = Utc::now() - LATELY;
        let lately: Vec<_> = list.attempts.iter().filter(|one| one.at > since).collect();
        let failed = lately.iter().filter(|one| !one.handed_over).count();
        let report = &mut self.report;
        match (lately.first(), failed) {
            (None, _) => report.note(Area::Deliveries, "GitHub had nothing to deliver for a day."),
            (Some(_), 0) => report.fine(
                Area::Deliveries,
                format!("The last {} deliveries of a day arrived.", lately.len()),
            ),
            (Some(newest), failed) if newest.handed_over => report.note(
                Area::Deliveries,
                format!("{failed} of the last {} deliveries did not arrive, but the newest did. What was missed is taken in by itself.", lately.len()),
            ),
            (Some(newest), failed) => report.task(
                Area::Deliveries,
                format!(
                    "{failed} of the last {} deliveries did not arrive, the newest ({}, {}) among them.",
                    lately.len(),
                    newest.event_name,
                    newest.at.format("%Y-%m-%d %H:%M UTC")
                ),
                format!("{page}/advanced shows what GitHub got for an answer: nothing (is the server reachable from outside, and its certificate valid?), 401 (the secrets differ) or 503 (see /readyz)."),
            ),
        }
    }
}
