//! What an installation has granted: tokens are made with that, and what is missing is named with the page that grants it.

use super::GitHub;
use crate::domain::ids::{InstallationId, OwnerKind, Repo};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::tokens::{NewToken, Permissions, Scope};
use http::Method;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};

const GETTING_A_TOKEN: &str = "getting a token for the installation";

impl GitHub {
    /// Asks for a token. Where the installation has not granted all that its purpose takes, it is made with what is granted:
    /// what needs more is refused by name then, and the rest works.
    pub(in crate::github) async fn new_token(
        &self,
        scope: &Scope,
    ) -> Result<NewToken, GitHubError> {
        let wanted = scope.permissions();
        let refused = match self.request_token(scope, &wanted).await {
            Err(error) if error.is_unprocessable("not granted") => error,
            Err(error) if error.is_unprocessable("at least one repository") => {
                return Err(GitHubError::NotFound {
                    doing: GETTING_A_TOKEN.to_owned(),
                });
            }
            made => return made,
        };
        let granted = self.granted(scope.installation).await?;
        let less = wanted.within(&granted);
        if less == wanted {
            return Err(refused);
        }
        self.request_token(scope, &less).await
    }

    async fn request_token(
        &self,
        scope: &Scope,
        permissions: &Permissions,
    ) -> Result<NewToken, GitHubError> {
        let path = format!("/app/installations/{}/access_tokens", scope.installation);
        let ask = Ask::new(Method::POST, path, GETTING_A_TOKEN).with(scope.request(permissions));
        self.ask_as_app(&ask).await?.json(&ask.doing)
    }

    /// What the owner of an installation has granted ("Get an installation for the authenticated app").
    async fn granted(&self, installation: InstallationId) -> Result<Permissions, GitHubError> {
        #[derive(Deserialize)]
        struct WireInstallation {
            permissions: Permissions,
        }
        let path = format!("/app/installations/{installation}");
        let ask = Ask::get(path, "asking what the installation may do");
        let wire: WireInstallation = self.ask_as_app(&ask).await?.json(&ask.doing)?;
        Ok(wire.permissions)
    }

    /// Says which page grants a missing permission, and reports it to the operator: once, until the installation changes.
    pub(in crate::github) fn with_page(&self, mut error: GitHubError, repo: &Repo) -> GitHubError {
        if let GitHubError::MissingPermission {
            permission, page, ..
        } = &mut error
        {
            let web = &self.0.web;
            let account = match repo.owner_kind {
                OwnerKind::Organisation => format!("/organizations/{}", repo.name.owner()),
                OwnerKind::User => String::new(),
            };
            let address = format!(
                "{web}{account}/settings/installations/{}",
                repo.installation
            );
            let new = (repo.installation, permission.clone());
            if self.missing().insert(new) {
                tracing::error!(%permission, installation = %repo.installation, owner = repo.name.owner(),
                    page = address, "the installation has not granted a permission that is needed; its owner grants it on this page");
            }
            *page = Some(address);
        }
        error
    }

    pub(super) fn missing(&self) -> MutexGuard<'_, BTreeSet<(InstallationId, String)>> {
        let missing = self.0.missing.lock();
        missing.unwrap_or_else(PoisonError::into_inner)
    }
}
