//! Who the app is. GitHub says it; what it said last is kept, so that a start while GitHub is away accepts deliveries.

use super::Engine;
use crate::github::{GitHubError, Identity};
use crate::store::{Change, StoreError};
use serde::{Deserialize, Serialize};

const MARK: &str = "identity";

/// The mark. It counts only for the app that the operator has configured.
#[derive(Serialize, Deserialize)]
struct Known {
    configured: String,
    app_id: u64,
    slug: String,
}

impl Engine {
    /// Who the app is, as GitHub says or said at an earlier start; asks GitHub if that is not known.
    ///
    /// # Errors
    /// GitHub can't be asked, or does not accept the app's credentials.
    pub async fn identity(&self) -> Result<Identity, GitHubError> {
        self.shared.github.identity().await
    }

    /// Asks GitHub who the app is, and keeps the answer.
    ///
    /// # Errors
    /// As for [`Engine::identity`].
    pub async fn ask_identity(&self) -> Result<Identity, GitHubError> {
        let me = self.shared.github.app().await?.identity();
        let known = Known {
            configured: self.shared.github.configured_id().to_owned(),
            app_id: me.app_id,
            slug: me.slug.clone(),
        };
        if let Err(error) = self.store().commit(Change::marking(MARK, &known)).await {
            tracing::warn!(%error, "can't keep who the app is; GitHub will be asked again");
        }
        Ok(me)
    }

    /// Takes up what an earlier process kept.
    pub(super) async fn recall_identity(&self) -> Result<(), StoreError> {
        let kept = self.store().mark(MARK).await?;
        let known: Option<Known> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        if let Some(known) = known
            && known.configured == self.shared.github.configured_id()
        {
            self.shared.github.was_known_as(Identity {
                app_id: known.app_id,
                slug: known.slug,
            });
        }
        Ok(())
    }
}
