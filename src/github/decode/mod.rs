//! What a delivery means: GitHub's JSON goes in, an [`Event`] comes out, or the reason why none does.
//!
//! Each event has its own small structs, which take what is needed and ignore the rest. What is claimed and not there
//! is a [`DecodeError`]; what does not concern us is [`Decoded::Ignored`], with a reason for the history. A delivery's
//! content is data: names are bounded, SHAs and repository names are checked, and no event is believed to come from us
//! or from a person because of a name. The source is GitHub, "Webhook events and payloads".

mod builds;
mod comment;
mod everyday;
mod gate;
mod installation;
mod merge_group;
mod people;
mod pull_request;
mod push;
mod repository;
mod whose;

pub use comment::too_old;
pub use everyday::{Everyday, everyday};
pub use whose::repository_in;

use super::error::plain;
use super::wire::{WireAccount, WireId, WireRepo};
use crate::domain::event::{Account, AccountKind, Event};
use crate::domain::ids::{InstallationId, Repo, Sha};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Who the app is, for telling our own doings from others'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The app's number.
    pub app_id: u64,
    /// Its name in addresses; it comments as `{slug}[bot]`.
    pub slug: String,
}

impl Identity {
    /// Whether this is the account that the app acts as: a person can't have `[bot]` in a login, and only an app's
    /// account is a bot.
    pub(super) fn is_bot(&self, account: &Account) -> bool {
        account.kind == AccountKind::Bot
            && account
                .login
                .eq_ignore_ascii_case(&format!("{}[bot]", self.slug))
    }
}

/// A delivery's meaning.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once per delivery and taken apart at once"
)]
pub enum Decoded {
    /// This happened.
    Event(Event),
    /// Nothing of interest; why.
    Ignored(String),
}

/// A delivery that is not what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON at all.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but not the event it claims to be.
    #[error("it can't be decoded as `{event}`: {detail}")]
    Shape {
        /// The event's name as it was given, bounded.
        event: String,
        /// What is missing or wrong, and where.
        detail: String,
    },
}

/// Decodes a delivery whose signature was found right. `event_name` is `X-GitHub-Event`; `now` dates what GitHub does
/// not date.
pub fn decode(
    event_name: &str,
    payload: &[u8],
    me: &Identity,
    now: DateTime<Utc>,
) -> Result<Decoded, DecodeError> {
    let delivery = Delivery {
        event_name,
        payload,
        me,
        now,
    };
    match event_name {
        "pull_request" => pull_request::decode(&delivery),
        "issue_comment" => comment::decode(&delivery),
        "push" => push::decode(&delivery),
        "workflow_run" => builds::workflow_run(&delivery),
        "check_suite" => builds::check_suite(&delivery),
        "check_run" => gate::decode(&delivery),
        "status" => builds::status(&delivery),
        "merge_group" => merge_group::decode(&delivery),
        "member" | "membership" | "organization" | "team" => people::decode(&delivery),
        "installation" => installation::changed(&delivery),
        "installation_repositories" => installation::repositories(&delivery),
        "repository" => repository::decode(&delivery),
        _ => {
            delivery.read::<IgnoredAny>()?;
            ignored(format!(
                "`{}` deliveries mean nothing to the app",
                plain(event_name, 60)
            ))
        }
    }
}

/// Nothing of interest.
fn ignored(why: impl Into<String>) -> Result<Decoded, DecodeError> {
    Ok(Decoded::Ignored(why.into()))
}

/// An action that means nothing to the app.
fn ignored_action(delivery: &Delivery<'_>, action: &str) -> Result<Decoded, DecodeError> {
    ignored(format!(
        "`{}` with the action `{}` means nothing to the app",
        delivery.event_name,
        plain(action, 60)
    ))
}

/// The longest name of a branch, in bytes: far beyond what GitHub takes. One that is cut would be another branch's.
const LONGEST_BRANCH: usize = 1_000;

const NO_INSTALLATION: &str = "it was not sent to an installation of the app";

/// What a delivery consists of.
struct Delivery<'a> {
    event_name: &'a str,
    payload: &'a [u8],
    me: &'a Identity,
    now: DateTime<Utc>,
}

/// The part that most events have in common.
#[derive(Deserialize)]
struct Envelope {
    repository: WireRepo,
    installation: Option<WireId>,
    sender: Option<WireAccount>,
}

/// An event's `action`, looked at before the rest, so that an uninteresting delivery can't be a broken one.
#[derive(Deserialize)]
struct Action {
    action: String,
}

impl Delivery<'_> {
    /// Reads the payload, or a part of it, as `T`.
    fn read<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        serde_json::from_slice(self.payload).map_err(|error| {
            // The message may quote a value of any length.
            let detail = plain(&error.to_string(), 300);
            // What has the wrong shape before it breaks off is no JSON all the same.
            let broken = || serde_json::from_slice::<IgnoredAny>(self.payload).is_err();
            if error.is_syntax() || error.is_eof() || broken() {
                DecodeError::NotJson(detail)
            } else {
                self.wrong(detail)
            }
        })
    }

    fn action(&self) -> Result<String, DecodeError> {
        self.read::<Action>().map(|read| read.action)
    }

    /// The repository and the sender; `None`: not sent to an installation.
    fn scene(&self) -> Result<Option<(Repo, Option<Account>)>, DecodeError> {
        let envelope: Envelope = self.read()?;
        let Some(installation) = envelope.installation else {
            return Ok(None);
        };
        let repo = envelope
            .repository
            .repo(InstallationId(installation.id))
            .map_err(|error| self.wrong(error))?;
        Ok(Some((
            repo,
            envelope.sender.and_then(|sender| sender.account()),
        )))
    }

    fn sha(&self, text: &str) -> Result<Sha, DecodeError> {
        Sha::parse(text).map_err(|error| self.wrong(error))
    }

    /// The name of a branch, of which nothing was cut.
    fn branch(&self, name: &str) -> Result<String, DecodeError> {
        if name.len() > LONGEST_BRANCH {
            return Err(self.wrong(format!(
                "a branch's name of {} bytes; at most {LONGEST_BRANCH} are read",
                name.len()
            )));
        }
        Ok(name.to_owned())
    }

    fn wrong(&self, detail: impl std::fmt::Display) -> DecodeError {
        DecodeError::Shape {
            event: plain(self.event_name, 60),
            detail: plain(&detail.to_string(), 300),
        }
    }
}

#[cfg(test)]
mod tests;
