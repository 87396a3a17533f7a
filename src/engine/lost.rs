//! One lost delivery: read from GitHub, and taken in as the webhook would have.
//!
//! It is listed, read and asked for again as the app, by its JWT. So a limit that GitHub tells of then is the app's own, and
//! so is a key that is not accepted: nothing else could be read either, and the round is over. All else is the trouble of
//! this delivery alone: an outage, also one that says how long it takes (GitHub's servers say so of the one request), and the
//! limit of its installation, which is asked only whether a comment from before a loss was answered.

use super::walk::Walk;
use super::{Engine, Failure, Raw, Read, Taken, Wrapping};
use crate::github::{Attempt, GitHubError};
use crate::store::{Accepted, StoreError};

/// What became of it.
pub(super) enum Took {
    /// It was taken in, or there is nothing that could be.
    Settled,
    /// GitHub does not show it and was asked to send it again.
    AskedAgain {
        /// Whether for the first time.
        first: bool,
    },
}

/// Why it could not be taken up.
pub(super) enum Trouble {
    /// For a reason that is its own.
    Own(GitHubError),
    /// Nor could any other be.
    OfAll(Failure),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::OfAll(error.into())
    }
}

/// The trouble that comes of a question as the app.
fn as_app(error: GitHubError) -> Trouble {
    match error.is_limit() || matches!(error, GitHubError::Unauthorized { .. }) {
        true => Trouble::OfAll(error.into()),
        false => Trouble::Own(error),
    }
}

impl Engine {
    /// Takes one in.
    pub(super) async fn take_up_lost(
        &self,
        walk: &mut Walk,
        attempt: &Attempt,
    ) -> Result<Took, Trouble> {
        let delivery = &attempt.delivery;
        let payload = match self.shared.github.payload(attempt.id).await {
            Ok(Some(payload)) => payload,
            Ok(None) => return self.ask_for_it_again(walk, attempt).await,
            // It has grown too old meanwhile.
            Err(GitHubError::NotFound { .. }) => {
                tracing::warn!(%delivery, "GitHub does not keep a lost delivery any more");
                return Ok(Took::Settled);
            }
            Err(error) => return Err(as_app(error)),
        };
        let me = self.identity().await.map_err(as_app)?;
        let raw = Raw {
            id: delivery,
            event_name: &attempt.event_name,
            payload: &payload,
            at: attempt.at,
        };
        match self.read(&me, raw) {
            Read::Undecodable(aside) | Read::NotJson(aside) => {
                let why = aside.reason.clone();
                self.set_aside(aside).await?;
                self.keep_payload(&me, raw, Wrapping::default(), Some(why));
            }
            Read::Delivery(mut received) => {
                if let Some(event) = &received.event
                    && let Some(why) = self.is_let_be(event).await.map_err(Trouble::Own)?
                {
                    received.event = None;
                    received.note = why.to_owned();
                }
                tracing::info!(%delivery, event = attempt.event_name, "taking up a lost delivery");
                if let Taken::In(Accepted::Fresh(_)) = self.take_in(*received).await? {
                    self.keep_payload(&me, raw, Wrapping::default(), None);
                }
            }
        };
        Ok(Took::Settled)
    }

    async fn ask_for_it_again(&self, walk: &mut Walk, attempt: &Attempt) -> Result<Took, Trouble> {
        let delivery = &attempt.delivery;
        if !walk.may_ask_again(delivery) {
            tracing::error!(%delivery, "giving up a lost delivery that GitHub does not show; the comparison with GitHub has to do");
            return Ok(Took::Settled);
        }
        tracing::info!(%delivery, "GitHub does not show a lost delivery; asking for it again");
        self.shared
            .github
            .redeliver(attempt.id)
            .await
            .map_err(as_app)?;
        let first = walk.asked_again(attempt);
        Ok(Took::AskedAgain { first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_limit_of_the_app_is_everybodys_and_an_outage_is_not() {
        let doing = || "reading a delivery".to_owned();
        let transient = |detail: &str, wait: Option<u64>| GitHubError::Transient {
            doing: doing(),
            detail: detail.to_owned(),
            retry_after: wait.map(Duration::from_secs),
        };
        for (error, of_all) in [
            (transient("GitHub's rate limit is used up", Some(60)), true),
            (transient("GitHub asked for a pause", Some(60)), true),
            (GitHubError::Unauthorized { doing: doing() }, true),
            (transient("GitHub answered 503", Some(60)), false),
            (transient("GitHub answered 502", None), false),
            (GitHubError::NotFound { doing: doing() }, false),
        ] {
            let is = matches!(as_app(error.clone()), Trouble::OfAll(_));
            assert_eq!(is, of_all, "{error}");
        }
    }
}
