//! What GitHub keeps of the app's deliveries, for about three days (GitHub, "REST API endpoints for GitHub App webhooks",
//! "Redelivering webhooks").

use super::encoded;
use crate::domain::ids::{DeliveryId, InstallationId, RepoId};
use crate::github::ask::Ask;
use crate::github::client::GitHub;
use crate::github::error::GitHubError;
use chrono::{DateTime, Utc};
use http::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One attempt of GitHub to hand a delivery over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// GitHub's number of the attempt.
    pub id: u64,
    /// The delivery; all attempts at it have the same.
    pub delivery: DeliveryId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it was not the first.
    pub again: bool,
    /// `X-GitHub-Event`.
    pub event_name: String,
    /// Whether it was answered with success. GitHub waits ten seconds for that.
    pub handed_over: bool,
    /// The repository that it is about, as far as GitHub says.
    pub repo: Option<RepoId>,
    /// The installation.
    pub installation: Option<InstallationId>,
}

/// A page of attempts, newest first.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// When the oldest on the page was made.
    pub oldest: Option<DateTime<Utc>>,
    /// Where the next page begins; `None`: GitHub keeps nothing older.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct WireAttempt {
    id: u64,
    guid: String,
    delivered_at: DateTime<Utc>,
    #[serde(default)]
    redelivery: bool,
    #[serde(default)]
    status_code: u16,
    event: String,
    repository_id: Option<u64>,
    installation_id: Option<u64>,
}

#[derive(Deserialize)]
struct WireOne {
    request: Option<WireRequest>,
}

#[derive(Deserialize)]
struct WireRequest {
    payload: Option<Value>,
}

impl GitHub {
    /// A page of the attempts, from `cursor` on.
    pub async fn attempts(&self, cursor: Option<&str>) -> Result<Attempts, GitHubError> {
        let mut path = "/app/hook/deliveries?per_page=100".to_owned();
        if let Some(cursor) = cursor {
            path.push_str(&format!("&cursor={}", encoded(cursor)));
        }
        let ask = Ask::get(path, "listing the deliveries");
        let answer = self.ask_as_app(&ask).await?;
        let next = answer.header(header::LINK).and_then(next_cursor);
        let wire: Vec<WireAttempt> = answer.json(&ask.doing)?;
        Ok(Attempts {
            oldest: wire.iter().map(|one| one.delivered_at).min(),
            attempts: wire.into_iter().filter_map(attempt).collect(),
            next,
        })
    }

    /// What was to be handed over; `None`: GitHub does not show it.
    pub async fn payload(&self, attempt: u64) -> Result<Option<Vec<u8>>, GitHubError> {
        let path = format!("/app/hook/deliveries/{attempt}");
        let ask = Ask::get(path, "reading a delivery");
        let one: WireOne = self.ask_as_app(&ask).await?.json(&ask.doing)?;
        Ok(one
            .request
            .and_then(|request| request.payload)
            .map(|payload| match payload {
                Value::String(text) => text.into_bytes(),
                other => other.to_string().into_bytes(),
            }))
    }

    /// Has GitHub send a delivery again, under the same id.
    pub async fn redeliver(&self, attempt: u64) -> Result<(), GitHubError> {
        let path = format!("/app/hook/deliveries/{attempt}/attempts");
        let ask = Ask::new(Method::POST, path, "asking for a delivery again");
        self.ask_as_app(&ask).await.map(|_| ())
    }
}

/// What has no usable id can't be told from what was accepted; GitHub's are UUIDs.
fn attempt(wire: WireAttempt) -> Option<Attempt> {
    Some(Attempt {
        id: wire.id,
        delivery: DeliveryId::parse(&wire.guid).ok()?,
        at: wire.delivered_at,
        again: wire.redelivery,
        event_name: wire.event.chars().take(100).collect(),
        handed_over: (200..300).contains(&wire.status_code),
        repo: wire.repository_id.map(RepoId),
        installation: wire.installation_id.map(InstallationId),
    })
}

/// The cursor in a `Link` header's `rel="next"`.
fn next_cursor(link: &str) -> Option<String> {
    let next = link
        .split(',')
        .find(|part| part.contains("rel=\"next\""))?
        .split_once('<')?
        .1
        .split_once('>')?
        .0;
    let (_, query) = next.split_once('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "cursor")
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_cursor_is_found_in_the_link() {
        for (link, cursor) in [
            (
                r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12077215967>; rel="next""#,
                Some("v1_12077215967"),
            ),
            (
                r#"<https://x/?cursor=a>; rel="prev", <https://x/?cursor=b%3D%26&per_page=1>; rel="next""#,
                Some("b=&"),
            ),
            (r#"<https://x/?cursor=a>; rel="prev""#, None),
            ("", None),
        ] {
            assert_eq!(next_cursor(link).as_deref(), cursor, "{link}");
        }
    }

    #[test]
    fn only_success_is_handed_over() {
        for (status, expected) in [
            (202, true),
            (200, true),
            (503, false),
            (0, false),
            (401, false),
        ] {
            let json = format!(
                r#"{{"id":1,"guid":"72d3162e-cc78-11e3-81ab-4c9367dc0958","delivered_at":"2026-01-01T00:00:00Z","redelivery":false,"status_code":{status},"event":"push","action":null}}"#
            );
            let one = attempt(serde_json::from_str(&json).unwrap()).unwrap();
            assert_eq!(one.handed_over, expected, "{status}");
        }
    }
}
