//! Where the app is installed, with what, and how much may still be asked there.

use super::app::missing;
use super::{Area, Doctor};
use crate::github::{AppInfo, Installation};
use crate::setup::asks;

impl Doctor {
    /// Looks at each installation, and at the repositories of those that work.
    pub(super) async fn look_at_installations(&mut self, app: &AppInfo) {
        let (all, more) = match self.github.first_installations().await {
            Ok(found) => found,
            Err(error) => {
                let what = format!("The installations can't be listed: {error}.");
                self.report
                    .task(Area::Installations, what, "Try again later.");
                return;
            }
        };
        if all.is_empty() {
            self.report.task(
                Area::Installations,
                "The app is installed nowhere.",
                format!(
                    "Install it: {}/apps/{}/installations/new",
                    self.github.site(),
                    app.slug
                ),
            );
        }
        let looked_at = self.bounds.installations.min(all.len());
        let mut left = self.bounds.repositories;
        for installation in all.iter().take(looked_at) {
            if self.look_at_installation(installation).await {
                left = self.look_at_repositories(app, installation, left).await;
            }
        }
        let plus = if more { " or more" } else { "" };
        if looked_at < all.len() || more {
            self.report.note(
                Area::Installations,
                format!(
                    "{looked_at} of {}{plus} installations were looked at (`--installations`).",
                    all.len()
                ),
            );
        }
    }

    /// Whether anything can be asked of it.
    async fn look_at_installation(&mut self, one: &Installation) -> bool {
        let (name, page) = (&one.account, &one.page);
        if one.suspended {
            self.report.task(
                Area::Installations,
                format!("{name}: the installation is suspended; nothing happens there."),
                format!("Its owner ends that at {page}."),
            );
            return false;
        }
        let lacking = missing(&asks().default_permissions, &one.permissions);
        if !lacking.is_empty() {
            self.report.task(
                Area::Installations,
                format!("{name} has not granted {}.", lacking.join(", ")),
                format!("If the app asks for it, its owner accepts it at {page}."),
            );
        }
        match self.github.remaining(one.id).await {
            Ok(rate) if rate.remaining * 10 < rate.limit => self.report.task(
                Area::Installations,
                format!("{name}: {} of {} requests are left until {}.", rate.remaining, rate.limit, rate.reset.format("%H:%M UTC")),
                "Nothing is lost, but it waits. If this happens often, see what else uses the app's credentials.",
            ),
            Ok(rate) => self.report.fine(
                Area::Installations,
                format!("{name}: {} of {} requests are left in this hour.", rate.remaining, rate.limit),
            ),
            Err(error) => {
                self.report.task(
                    Area::Installations,
                    format!("{name} can't be asked: {error}."),
                    "Try again later.",
                );
                return false;
            }
        }
        true
    }
}
