//! Each request to the API and its answer are counted, whoever asks. Two are not, as no client asks them: the exchanges of a code, for
//! the credentials of an app that is being registered (`registration`) and for the token of somebody who signs in.

use super::ask::Ask;
use super::classify::Answer;
use super::client::GitHub;
use super::error::GitHubError;
use super::pace::Priority;
use super::routes::route_of;
use secrecy::SecretString;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

/// In whose turn a request leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Class {
    /// The app's own, which no installation's limit counts.
    App,
    /// An installation's.
    Installation(Priority),
    /// Somebody's who has signed in.
    User,
}

impl Class {
    fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Installation(Priority::Urgent) => "urgent",
            Self::Installation(Priority::Normal) => "normal",
            Self::Installation(Priority::Low) => "low",
            Self::User => "user",
        }
    }
}

impl GitHub {
    /// Sends a request and reads its answer, whatever its status.
    pub(super) async fn send(
        &self,
        class: Class,
        ask: &Ask,
        token: &SecretString,
        etag: Option<&str>,
    ) -> Result<Answer, GitHubError> {
        let (method, route) = (ask.method.as_str(), route_of(&ask.path));
        let span = tracing::debug_span!(
            "github",
            method,
            route,
            class = class.as_str(),
            status = Empty
        );
        let began = Instant::now();
        let asking = self.transport().send(ask, Some(token), etag);
        let answer = asking.instrument(span.clone()).await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        span.record("status", status.map(|status| status.as_u16()));
        let requests = self.metrics().requests();
        requests.ended(method, route, class.as_str(), status, began.elapsed());
        answer
    }
}
