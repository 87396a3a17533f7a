//! `issue_comment`: a person's new comment on an open pull request, if it may hold commands.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored, ignored_action};
use crate::domain::command;
use crate::domain::event::{AccountKind, Event, Thread};
use crate::domain::ids::{CommentId, PrNumber};
use crate::domain::init::asks_for_it;
use crate::github::wire::{WireAccount, account};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// GitHub delivers again what is three days old at most ("Redelivering webhooks"). What is older than this was kept by
/// somebody else, and is sent by somebody else.
const OLDEST: TimeDelta = TimeDelta::days(7);

/// Why a comment of that time is not heard any more; `None`: it is young enough.
pub fn too_old(created_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<&'static str> {
    let why = "a comment that is older than a week commands nothing; write a new one";
    (now - created_at > OLDEST).then_some(why)
}

#[derive(Deserialize)]
struct Payload {
    issue: WireIssue,
    comment: WireComment,
}

#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    state: String,
    user: Option<WireAccount>,
    pull_request: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    user: Option<WireAccount>,
    body: Option<String>,
    created_at: DateTime<Utc>,
    performed_via_github_app: Option<IgnoredAny>,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    match delivery.action()?.as_str() {
        "created" => {}
        "edited" => return ignored("an edited comment commands nothing; write a new one"),
        other => return ignored_action(delivery, other),
    }
    let Some((repo, sender)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let Payload { issue, comment } = delivery.read()?;
    let thread = match issue.pull_request {
        Some(_) => Thread::Pull,
        None => Thread::Issue,
    };
    if issue.state != "open" {
        return ignored("a comment on what is closed commands nothing");
    }
    let person = |account: &crate::domain::event::Account| account.kind == AccountKind::User;
    let Some(author) = account(comment.user.as_ref()).filter(person) else {
        return ignored("a comment of a bot or of a deleted account commands nothing");
    };
    // GitHub sends a new comment in its author's name; anything else was not written by that person.
    if sender
        .filter(person)
        .is_none_or(|sender| sender.id != author.id)
        || comment.performed_via_github_app.is_some()
    {
        return ignored("a comment made by an app commands nothing");
    }
    if let Some(why) = too_old(comment.created_at, delivery.now) {
        return ignored(why);
    }
    let lines = command::extract(comment.body.as_deref().unwrap_or_default());
    if lines.is_empty() {
        return ignored("a comment without commands");
    }
    if thread == Thread::Issue && !lines.iter().any(asks_for_it) {
        return ignored("a comment on an issue, where only `/drawbridge init` is heard");
    }
    Ok(Decoded::Event(Event::Comment {
        repo,
        number: PrNumber(issue.number),
        thread,
        pull_author: account(issue.user.as_ref()),
        comment: CommentId(comment.id),
        author,
        created_at: comment.created_at,
        lines,
    }))
}
