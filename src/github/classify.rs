//! What an answer means: success, or which of our errors.
//!
//! An intermediary's page must never be taken for GitHub's word: a 404 in HTML does not mean that a file does not
//! exist, so every refusal whose body is not JSON (or empty) is an outage.

use super::error::{GitHubError, LIMITED_WITHOUT_TIME, PAUSE, USED_UP, contains_words, plain};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::{self, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest that is waited on GitHub's word; a primary limit is renewed every hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// An answer as it came.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// GitHub's clock, to the second.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(self.header(header::DATE)?).ok()?;
        Some(date.to_utc())
    }

    /// Whether there is another page ("Using pagination in the REST API"); `None`: GitHub does not say.
    pub fn has_next(&self) -> Option<bool> {
        Some(self.header(header::LINK)?.contains("rel=\"next\""))
    }

    /// The body as what it should be.
    pub fn json<T: DeserializeOwned>(&self, doing: &str) -> Result<T, GitHubError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            tracing::debug!(doing, error = %shown(&error), "an answer of GitHub is not what was expected");
            GitHubError::transient(doing, "GitHub gave an answer that can't be read")
        })
    }
}

/// An error's text, bounded, for the log.
pub(super) fn shown(error: &dyn std::error::Error) -> String {
    plain(&error.to_string(), 300)
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

impl Problem {
    /// GitHub's message, with the details of a failed validation.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for error in self.errors.iter().take(5) {
            let detail = match error {
                serde_json::Value::String(detail) => Some(detail.as_str()),
                other => other
                    .get("message")
                    .or_else(|| other.get("code"))
                    .and_then(serde_json::Value::as_str),
            };
            if let Some(detail) = detail {
                text.push_str(": ");
                text.push_str(detail);
            }
        }
        plain(&text, 300)
    }
}

/// Passes a success (2xx, or 304 to a conditional question) on and turns everything else into an error.
pub(super) fn checked(
    answer: Answer,
    doing: &str,
    now: DateTime<Utc>,
) -> Result<Answer, GitHubError> {
    let status = answer.status;
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(answer);
    }
    Err(error(&answer, doing, now))
}

fn error(answer: &Answer, doing: &str, now: DateTime<Utc>) -> GitHubError {
    let doing = doing.to_owned();
    let status = answer.status.as_u16();
    let answered = || GitHubError::transient(&doing, format!("GitHub answered {status}"));
    if let Some(limit) = limit(answer, now) {
        let (detail, wait) = match limit {
            Limit::Budget(wait) => (USED_UP, wait),
            Limit::Pause(wait) => (PAUSE, wait),
            Limit::Silent => (PAUSE, LIMITED_WITHOUT_TIME),
        };
        return GitHubError::Transient {
            doing,
            detail: detail.to_owned(),
            retry_after: Some(wait),
        };
    }
    if answer.status.is_server_error() || matches!(status, 408 | 409 | 425) {
        return GitHubError::Transient {
            doing,
            detail: format!("GitHub answered {status}"),
            retry_after: retry_after(answer),
        };
    }
    let problem = match serde_json::from_slice::<Problem>(&answer.body) {
        Ok(problem) => problem,
        Err(_) if answer.body.is_empty() => Problem::default(),
        Err(_) => return answered(),
    };
    let text = problem.text();
    match status {
        401 => GitHubError::Unauthorized { doing },
        404 | 410 => GitHubError::NotFound { doing },
        // The repository was renamed: its new name comes with a delivery, with a question that may be led on, or by its
        // number.
        301 | 307 | 308 => GitHubError::moved(&doing),
        403 if contains_words(&text, "suspended") => GitHubError::Suspended,
        403 | 422 if contains_words(&text, "without `workflows` permission") => {
            GitHubError::MissingPermission {
                doing,
                permission: "workflows=write".to_owned(),
                page: None,
            }
        }
        403 if contains_words(&text, "resource not accessible by integration") => {
            let needed = answer
                .header("x-accepted-github-permissions")
                .filter(|needed| !needed.is_empty());
            GitHubError::MissingPermission {
                doing,
                permission: plain(needed.unwrap_or("it needs"), 100),
                page: None,
            }
        }
        _ => GitHubError::Refused {
            doing,
            status,
            message: text,
        },
    }
}

/// A rate limit, and how long GitHub wants to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The hour's budget is used up.
    Budget(Duration),
    /// Too much at once, or too much of one kind.
    Pause(Duration),
    /// The same, and GitHub does not say for how long.
    Silent,
}

/// Whether an answer is a rate limit: a 403 or 429, which also mean other things ("Rate limits for the REST API",
/// "Exceeding the rate limit": `retry-after` first, then the reset of the used up quota, otherwise at least a minute).
pub(super) fn limit(answer: &Answer, now: DateTime<Utc>) -> Option<Limit> {
    if !matches!(answer.status.as_u16(), 403 | 429) {
        return None;
    }
    if let Some(wait) = retry_after(answer) {
        return Some(Limit::Pause(wait));
    }
    if answer.header("x-ratelimit-remaining") == Some("0") {
        let reset: Option<i64> = answer
            .header("x-ratelimit-reset")
            .and_then(|at| at.parse().ok());
        // Both times are GitHub's where it says its own, so that a wrong clock here does no harm.
        let wait = reset.map(|at| {
            at.saturating_sub(answer.date().unwrap_or(now).timestamp())
                .saturating_add(1)
        });
        let wait = wait
            .and_then(|seconds| u64::try_from(seconds.max(1)).ok())
            .map(Duration::from_secs);
        return Some(Limit::Budget(
            wait.unwrap_or(LIMITED_WITHOUT_TIME).min(LONGEST_WAIT),
        ));
    }
    let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(2000)]).to_lowercase();
    let by_word = said.contains("rate limit") || said.contains("abuse detection");
    (answer.status == StatusCode::TOO_MANY_REQUESTS || by_word).then_some(Limit::Silent)
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.header(header::RETRY_AFTER)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.max(1)).min(LONGEST_WAIT))
}

#[cfg(test)]
#[path = "tests/classify.rs"]
mod tests;
