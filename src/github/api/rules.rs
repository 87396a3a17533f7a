//! Which checks a branch requires (GitHub, "Get rules for a branch").

use super::encoded;
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use serde::Deserialize;
use std::collections::BTreeSet;

/// More rules than this many hundred of one branch are not read.
const MOST_PAGES: usize = 5;

/// A check that has to pass before something is merged into a branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredCheck {
    /// The check run's name or the commit status's context.
    pub context: String,
    /// The app that has to report it; `None`: anybody.
    pub app_id: Option<u64>,
}

#[derive(Deserialize)]
struct WireRule {
    #[serde(rename = "type")]
    kind: String,
    parameters: Option<WireParameters>,
}

/// The parameters of `required_status_checks`; of other rules, nothing.
#[derive(Deserialize)]
struct WireParameters {
    #[serde(default)]
    required_status_checks: Vec<WireRequired>,
}

#[derive(Deserialize)]
struct WireRequired {
    context: String,
    integration_id: Option<u64>,
}

impl Repository {
    /// The checks that the rulesets of repository and organisation require on a branch, which need not exist; by name.
    /// The older branch protection is not asked: reading it takes the permission `administration`, which the app does
    /// not want to have. Servers and plans without rulesets refuse.
    pub async fn required_checks(&self, branch: &str) -> Result<Vec<RequiredCheck>, GitHubError> {
        let rules = self.rules(branch, "asking which checks are required");
        let required = rules
            .await?
            .into_iter()
            .filter(|rule| rule.kind == "required_status_checks")
            .filter_map(|rule| rule.parameters)
            .flat_map(|parameters| parameters.required_status_checks)
            .map(|check| RequiredCheck {
                context: check.context,
                app_id: check.integration_id,
            });
        Ok(required.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The kinds of rules that hold for a branch, which need not exist: `creation`, `update`, `deletion` … Who may pass them by
    /// GitHub tells only administrators.
    pub async fn kinds_of_rules(&self, branch: &str) -> Result<BTreeSet<String>, GitHubError> {
        let rules = self.rules(branch, "asking what is restricted").await?;
        Ok(rules.into_iter().map(|rule| rule.kind).collect())
    }

    async fn rules(&self, branch: &str, doing: &str) -> Result<Vec<WireRule>, GitHubError> {
        let path = self.path(format_args!("/rules/branches/{}", encoded(branch)));
        let ask = Ask::get(path, doing);
        self.pages(&ask, MOST_PAGES, |page: Vec<WireRule>| page)
            .await
    }
}
