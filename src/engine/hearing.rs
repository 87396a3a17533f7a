//! Who is heard on the dashboard: found out before a pull request is looked at for it, as that costs far more.

use super::Engine;
use crate::domain::deed::Deed;
use crate::domain::event::Account;
use crate::domain::pull::PullState;
use crate::store::StoreError;
use std::time::Duration;

/// So long a press of a button waits for GitHub.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Whether somebody has a say in this, by what was last known of them; anybody may ask for a look, but not as often. What can't
    /// be found out now is no reason to refuse: the pull request's task asks again before it does anything.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn hears(
        &self,
        state: &PullState,
        by: &Account,
        deed: &Deed,
    ) -> Result<bool, StoreError> {
        let Some(repository) = self.store().repo(state.repo.id).await? else {
            return Ok(true);
        };
        let Some(config) = repository.enabled() else {
            return Ok(true);
        };
        if state.has_say(by, deed, config) {
            return Ok(true);
        }
        let (people, github) = (&self.shared.people, &self.shared.github);
        let asking = people.may_write(github, &repository.repo, by, self.now());
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(may)) => Ok(may),
            Ok(Err(error)) => {
                tracing::debug!(%error, "can't ask whether somebody may press a button");
                Ok(true)
            }
            Err(_) => Ok(true),
        }
    }
}
