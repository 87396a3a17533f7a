//! What an operator wants to know of the app's installations, a page of each and no more: nothing here is acted on.

use crate::domain::ids::InstallationId;
use crate::github::api::installations::{Covered, covered_page};
use crate::github::ask::Ask;
use crate::github::client::GitHub;
use crate::github::error::GitHubError;
use crate::github::pace::Priority;
use crate::github::tokens::Scope;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An installation as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Which.
    pub id: InstallationId,
    /// The organisation or person.
    pub account: String,
    /// Its page on GitHub.
    pub page: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// What was granted: `checks` → `write`.
    pub permissions: BTreeMap<String, String>,
}

/// What is left of an hour's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// How many may be made in an hour.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When the next hour begins.
    pub reset: DateTime<Utc>,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
    account: Option<WireAccount>,
    #[serde(default)]
    html_url: String,
    suspended_at: Option<DateTime<Utc>>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct WireAccount {
    login: Option<String>,
    /// An enterprise has one, and no login.
    slug: Option<String>,
}

#[derive(Deserialize)]
struct WireLimits {
    resources: WireResources,
}

#[derive(Deserialize)]
struct WireResources {
    core: WireRate,
}

#[derive(Deserialize)]
struct WireRate {
    limit: u64,
    remaining: u64,
    reset: i64,
}

impl GitHub {
    /// The first hundred installations, and whether there are more.
    pub async fn first_installations(&self) -> Result<(Vec<Installation>, bool), GitHubError> {
        let path = "/app/installations?per_page=100".to_owned();
        let ask = Ask::get(path, "listing the installations");
        let answer = self.ask_as_app(&ask).await?;
        let more = answer.has_next().unwrap_or(false);
        let here: Vec<WireInstallation> = answer.json(&ask.doing)?;
        Ok((here.into_iter().map(shown).collect(), more))
    }

    /// The first hundred repositories of an installation, and how many there are.
    pub async fn first_covered(
        &self,
        id: InstallationId,
    ) -> Result<(Vec<Covered>, usize), GitHubError> {
        let path = "/installation/repositories?per_page=100".to_owned();
        let ask = Ask::get(path, "listing the repositories of the installation");
        let answer = self.ask_as(&Scope::whole(id), Priority::Low, &ask).await?;
        covered_page(&answer, id, &ask.doing)
    }

    /// What is left of an installation's requests; asking is free.
    pub async fn remaining(&self, id: InstallationId) -> Result<Remaining, GitHubError> {
        let ask = Ask::get(
            "/rate_limit".to_owned(),
            "asking what is left of the limits",
        );
        let answer = self.ask_as(&Scope::whole(id), Priority::Low, &ask).await?;
        let core = answer.json::<WireLimits>(&ask.doing)?.resources.core;
        Ok(Remaining {
            limit: core.limit,
            remaining: core.remaining,
            reset: DateTime::from_timestamp(core.reset, 0).unwrap_or_default(),
        })
    }
}

fn shown(wire: WireInstallation) -> Installation {
    let account = wire
        .account
        .and_then(|account| account.login.or(account.slug));
    Installation {
        id: InstallationId(wire.id),
        account: account.unwrap_or_else(|| format!("installation {}", wire.id)),
        page: wire.html_url,
        suspended: wire.suspended_at.is_some(),
        permissions: wire.permissions,
    }
}
