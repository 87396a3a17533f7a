//! The app's webhook as its owner has set it on GitHub ("Get a webhook configuration for an app").

use crate::github::ask::Ask;
use crate::github::client::GitHub;
use crate::github::error::GitHubError;
use serde::Deserialize;

/// Where deliveries are sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hook {
    /// Where to; empty if nobody has said.
    #[serde(default)]
    pub url: String,
    /// A mask if there is one; never the secret.
    #[serde(default)]
    pub secret: Option<String>,
}

impl GitHub {
    /// The app's webhook.
    pub async fn hook(&self) -> Result<Hook, GitHubError> {
        let ask = Ask::get(
            "/app/hook/config".to_owned(),
            "asking where deliveries are sent",
        );
        self.ask_as_app(&ask).await?.json(&ask.doing)
    }
}
