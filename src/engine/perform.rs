//! The steps on GitHub that a pull request asks for, one at a time.

use crate::domain::pull::{Action, Answer, Mirror, Outgoing, Posted, PullState};
use crate::domain::text;
use crate::github::{EditOutcome, GitHubError, Priority, RefOutcome, Repository, RequestKind};
use chrono::{DateTime, Utc};

/// Who waits when there is not enough for all, and what GitHub counts it as.
pub(super) fn weight(action: &Action) -> (Priority, RequestKind) {
    match action {
        Action::ReadMirror => (Priority::Urgent, RequestKind::Read),
        Action::MoveMirror { exists: false, .. } => (Priority::Urgent, RequestKind::Create),
        Action::MoveMirror { .. } | Action::DeleteMirror => (Priority::Urgent, RequestKind::Write),
        // What is only said can wait for what is done.
        Action::FindComment => (Priority::Low, RequestKind::Read),
        Action::PostComment(_) => (Priority::Low, RequestKind::Comment),
        Action::Answer(outgoing) => match outgoing.answer {
            Answer::ThumbsUp => (Priority::Low, RequestKind::Create),
            Answer::Reply(_) => (Priority::Low, RequestKind::Comment),
        },
        Action::EditComment(..) => (Priority::Low, RequestKind::Write),
    }
}

/// Takes one step on GitHub and notes what was observed; a sentence for the history if people would ask.
pub(super) async fn perform(
    github: Repository,
    state: &mut PullState,
    action: &Action,
    now: DateTime<Utc>,
) -> Result<Option<String>, GitHubError> {
    let branch = state.mirror_branch();
    let github = github.with_priority(weight(action).0);
    match action {
        Action::ReadMirror => {
            let found = github.mirror(&branch).await?;
            state.mirror_was_found(found.map_or(Mirror::Absent, Mirror::At));
            Ok(None)
        }
        Action::MoveMirror { to, exists } => {
            let outcome = if *exists {
                github.move_branch(&branch, to).await?
            } else {
                github.create_branch(&branch, to).await?
            };
            match outcome {
                RefOutcome::Done => {
                    state.mirror_was_put(to.clone(), now);
                    Ok(Some(format!("moved {branch} to {to}")))
                }
                // It is not where it was believed to be: look, and go on from there.
                RefOutcome::Exists => {
                    let found = github.mirror(&branch).await?;
                    state.mirror_is(found.map_or(Mirror::Absent, Mirror::At));
                    Ok(None)
                }
                RefOutcome::Missing => {
                    state.mirror_is(Mirror::Absent);
                    Ok(None)
                }
            }
        }
        Action::DeleteMirror => {
            github.delete_branch(&branch).await?;
            state.mirror_is(Mirror::Absent);
            Ok(Some(format!("removed {branch}")))
        }
        Action::FindComment => {
            let found = github
                .find_comment(state.number, text::STATUS_MARKER, None)
                .await?;
            state.comment_is(found.map_or(Posted::Absent, Posted::Is));
            Ok(None)
        }
        Action::PostComment(body) => {
            let id = github.create_comment(state.number, body).await?;
            state.comment_says(id, body.clone());
            Ok(Some("commented".to_owned()))
        }
        Action::EditComment(id, body) => {
            match github.edit_comment(*id, body).await? {
                EditOutcome::Done => {
                    state.comment_says(*id, body.clone());
                    Ok(Some("edited the comment".to_owned()))
                }
                // Somebody deleted it: a new one would be unwelcome until there is something new to say.
                EditOutcome::Gone => {
                    state.comment_is(Posted::Absent);
                    state.comment.says = Some(body.clone());
                    Ok(None)
                }
            }
        }
        Action::Answer(outgoing) => send(&github, state, outgoing).await,
    }
}

async fn send(
    github: &Repository,
    state: &mut PullState,
    outgoing: &Outgoing,
) -> Result<Option<String>, GitHubError> {
    let what = match &outgoing.answer {
        Answer::ThumbsUp => {
            github.react_thumbs_up(outgoing.to).await?;
            format!("acknowledged comment {}", outgoing.to)
        }
        Answer::Reply(body) => {
            let marker = text::answer_marker(outgoing.to);
            let there = match outgoing.posted {
                Posted::Absent => None,
                _ => github.find_comment(state.number, &marker, None).await?,
            };
            if there.is_none() {
                let body = format!("{marker}\n{body}");
                github.create_comment(state.number, &body).await?;
            }
            format!("answered comment {}", outgoing.to)
        }
    };
    state.answered();
    Ok(Some(what))
}
