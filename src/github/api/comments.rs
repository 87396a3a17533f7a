//! Comments on pull requests and issues, and reactions to them (GitHub, "REST API endpoints for issue comments").

use super::cut_at_line;
use crate::domain::command;
use crate::domain::event::AccountKind;
use crate::domain::ids::{CommentId, PrNumber};
use crate::domain::pull::Said;
use crate::github::ask::Ask;
use crate::github::decode::Identity;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::wire::{WireAccount, WireApp, WireId, account};
use chrono::{DateTime, SecondsFormat, Utc};
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// The most a comment may hold, as GitHub says when it refuses a longer one.
const LONGEST_COMMENT: usize = 65_536;
const CUT: &str = "\n\n… the rest is too long to be shown here.";
/// Comments are looked through for a marker up to this page.
const MOST_PAGES: usize = 50;

/// What came of editing a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditOutcome {
    /// It says what it should.
    Done,
    /// Somebody deleted it.
    Gone,
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    user: Option<WireAccount>,
    performed_via_github_app: Option<WireApp>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct WireReaction {
    user: Option<WireAccount>,
}

impl Repository {
    /// Posts a comment. After an answer that was lost there may be one: look for its marker first.
    pub async fn create_comment(
        &self,
        number: PrNumber,
        body: &str,
    ) -> Result<CommentId, GitHubError> {
        let path = self.path(format_args!("/issues/{number}/comments"));
        let ask = Ask::new(Method::POST, path, "writing a comment")
            .with(written(body))
            .by(self.talk);
        let comment: WireId = self.ask_json(&ask).await?;
        Ok(CommentId(comment.id))
    }

    /// Replaces what a comment says.
    pub async fn edit_comment(
        &self,
        id: CommentId,
        body: &str,
    ) -> Result<EditOutcome, GitHubError> {
        let path = self.path(format_args!("/issues/comments/{id}"));
        match self
            .ask(&Ask::new(Method::PATCH, path, "editing the comment").with(written(body)))
            .await
        {
            Ok(_) => Ok(EditOutcome::Done),
            Err(GitHubError::NotFound { .. }) => Ok(EditOutcome::Gone),
            Err(error) => Err(error),
        }
    }

    /// The oldest comment of our own that holds `marker`, among those changed since `since`. A marker copied by
    /// somebody else does not count.
    pub async fn find_comment(
        &self,
        number: PrNumber,
        marker: &str,
        since: Option<DateTime<Utc>>,
    ) -> Result<Option<CommentId>, GitHubError> {
        let me = self.github.identity().await?;
        let mut path = self.path(format_args!("/issues/{number}/comments"));
        if let Some(since) = since {
            path.push_str(&format!(
                "?since={}",
                since.to_rfc3339_opts(SecondsFormat::Secs, true)
            ));
        }
        let ask = Ask::get(path, "looking for the comment").by(self.talk);
        let comments = self
            .pages(&ask, MOST_PAGES, |page: Vec<WireComment>| page)
            .await?;
        let found = comments.iter().find(|comment| {
            is_ours(comment, &me)
                && comment
                    .body
                    .as_deref()
                    .is_some_and(|body| body.contains(marker))
        });
        Ok(found.map(|comment| CommentId(comment.id)))
    }

    /// The lines that look like commands in the comments that people wrote and nobody has changed since, oldest first.
    pub async fn unedited_commands(&self, number: PrNumber) -> Result<Vec<Said>, GitHubError> {
        let path = self.path(format_args!("/issues/{number}/comments"));
        let ask = Ask::get(path, "reading the comments again");
        let comments = self
            .pages(&ask, MOST_PAGES, |page: Vec<WireComment>| page)
            .await?;
        Ok(comments.into_iter().filter_map(written_by_hand).collect())
    }

    /// Whether the app has answered a comment: with a 👍, or with a comment of its own that holds `marker`. One that was
    /// deleted needs no answer.
    pub async fn is_answered(
        &self,
        number: PrNumber,
        comment: CommentId,
        marker: &str,
    ) -> Result<bool, GitHubError> {
        let me = self.github.identity().await?;
        let path = self.path(format_args!(
            "/issues/comments/{comment}/reactions?content=%2B1"
        ));
        let ask = Ask::get(path, "looking for the answer").by(self.talk);
        let reactions = self
            .pages(&ask, MOST_PAGES, |page: Vec<WireReaction>| page)
            .await;
        let reactions = match reactions {
            Ok(reactions) => reactions,
            Err(GitHubError::NotFound { .. }) => return Ok(true),
            Err(error) => return Err(error),
        };
        let ours = |one: &WireReaction| {
            account(one.user.as_ref()).is_some_and(|account| me.is_bot(&account))
        };
        Ok(reactions.iter().any(ours) || self.find_comment(number, marker, None).await?.is_some())
    }

    /// Puts a 👍 on a comment; one that was deleted needs none.
    pub async fn react_thumbs_up(&self, comment: CommentId) -> Result<(), GitHubError> {
        let path = self.path(format_args!("/issues/comments/{comment}/reactions"));
        match self
            .ask(
                &Ask::new(Method::POST, path, "reacting to the comment")
                    .with(json!({ "content": "+1" }))
                    .by(self.talk),
            )
            .await
        {
            Ok(_) | Err(GitHubError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn written(body: &str) -> serde_json::Value {
    json!({ "body": cut_at_line(body, LONGEST_COMMENT, CUT) })
}

/// The same conditions as for a delivery of a new comment: a person's own, not made by an app, with commands. Whoever may
/// edit other people's comments could put words into a vetter's mouth, so an edited one says nothing.
fn written_by_hand(comment: WireComment) -> Option<Said> {
    let by = account(comment.user.as_ref()).filter(|by| by.kind == AccountKind::User)?;
    let at = comment.created_at?;
    let by_hand = comment.performed_via_github_app.is_none() && comment.updated_at == Some(at);
    let lines = command::extract(comment.body.as_deref().unwrap_or_default());
    (by_hand && !lines.is_empty()).then_some(Said { by, at, lines })
}

/// Whether the app wrote it: GitHub names the app, or the author is the app's own bot account.
fn is_ours(comment: &WireComment, me: &Identity) -> bool {
    match &comment.performed_via_github_app {
        Some(app) => app.id == me.app_id,
        None => account(comment.user.as_ref()).is_some_and(|author| me.is_bot(&author)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_app_s_own_comments_are_its_own() {
        let me = Identity {
            app_id: 7,
            slug: "drawbridge".into(),
        };
        for (json, ours) in [
            (
                r#"{"id":1,"user":{"id":2,"login":"drawbridge[bot]","type":"Bot"},"performed_via_github_app":{"id":7}}"#,
                true,
            ),
            (
                r#"{"id":1,"user":{"id":2,"login":"drawbridge[bot]","type":"Bot"},"performed_via_github_app":null}"#,
                true,
            ),
            (
                r#"{"id":1,"user":{"id":2,"login":"drawbridge[bot]","type":"User"}}"#,
                false,
            ),
            (
                r#"{"id":1,"user":{"id":2,"login":"drawbridge","type":"User"}}"#,
                false,
            ),
            (
                r#"{"id":1,"user":{"id":2,"login":"other[bot]","type":"Bot"}}"#,
                false,
            ),
            (
                r#"{"id":1,"user":{"id":2,"login":"drawbridge[bot]","type":"Bot"},"performed_via_github_app":{"id":8}}"#,
                false,
            ),
            (r#"{"id":1,"user":null}"#, false),
        ] {
            assert_eq!(
                is_ours(&serde_json::from_str(json).unwrap(), &me),
                ours,
                "{json}"
            );
        }
    }
}
