//! Wanted minus observed: what to do on GitHub now, most important first; and what was seen when it was done.

use super::decide::refresh_gate;
use super::{Mirror, Outgoing, Posted, PullState};
use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::{CommentId, Sha};

/// One idempotent step on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask where the mirror is.
    ReadMirror,
    /// Put the mirror at a judged SHA. `exists`: where it is believed to be.
    MoveMirror {
        /// The judged head.
        to: Sha,
        /// Whether the branch is there already.
        exists: bool,
    },
    /// Remove the mirror.
    DeleteMirror,
    /// Look whether our comment is there already.
    FindComment,
    /// Post the comment.
    PostComment(String),
    /// Change the comment.
    EditComment(CommentId, String),
    /// Send an answer; `Posted::Perhaps` says that it has to be looked for first.
    Answer(Outgoing),
}

/// What is to be done, most important first, at most one step of a kind; empty when everything is as wanted.
/// Mirrors come before answers, answers before the comment.
pub fn plan(state: &PullState) -> Vec<Action> {
    [
        plan_mirror(state),
        state.outbox.first().cloned().map(Action::Answer),
        plan_comment(state),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plan_mirror(state: &PullState) -> Option<Action> {
    match (&state.wanted_mirror, &state.observed_mirror) {
        (Mirror::Unknown, _) | (Mirror::Absent, Mirror::Absent) => None,
        (Mirror::At(_), Mirror::Unknown) => Some(Action::ReadMirror),
        (Mirror::At(wanted), Mirror::At(observed)) if wanted == observed => None,
        (Mirror::At(wanted), observed) => {
            let allows = state.verdict.as_ref()?.allows_mirror();
            let head = state.open_head();
            match observed {
                // Only the head that was judged, and only while it still is the head, may be written.
                _ if allows && head == Some(wanted) => Some(Action::MoveMirror {
                    to: wanted.clone(),
                    exists: *observed != Mirror::Absent,
                }),
                // Somebody put it at a commit that is none of this pull request's, and there is none that may take its place.
                Mirror::At(there) if !allows && state.was_put_by_others(there) => {
                    Some(Action::DeleteMirror)
                }
                _ => None,
            }
        }
        (Mirror::Absent, _) => Some(Action::DeleteMirror),
    }
}

fn plan_comment(state: &PullState) -> Option<Action> {
    let wanted = state.comment.wanted.as_ref()?;
    match &state.comment.posted {
        _ if state.comment.says.as_ref() == Some(wanted) => None,
        Posted::Absent => Some(Action::PostComment(wanted.clone())),
        Posted::Perhaps => Some(Action::FindComment),
        Posted::Is(id) => Some(Action::EditComment(*id, wanted.clone())),
    }
}

impl PullState {
    /// Whether the mirror is at a commit because of a person's push, and never could be because of ours: it was no head.
    fn was_put_by_others(&self, there: &Sha) -> bool {
        let pushed = self.disturbance.as_ref().is_some_and(|disturbance| {
            let by_person = |account: &Account| account.kind == AccountKind::User;
            disturbance.to.as_ref() == Some(there) && disturbance.by.as_ref().is_some_and(by_person)
        });
        let was_head = self.heads.iter().any(|head| head.sha == *there);
        let approved = self.approvals.iter().any(|approval| approval.sha == *there);
        pushed && !was_head && !approved && self.open_head() != Some(there)
    }

    /// Everything is as wanted.
    pub fn is_up_to_date(&mut self) {
        self.trouble = None;
        self.failures = 0;
        refresh_gate(self);
    }

    /// A step failed and will be tried again.
    pub fn step_failed(&mut self, what: String) {
        self.trouble = Some(what);
        self.failures = self.failures.saturating_add(1);
        refresh_gate(self);
    }

    /// News came in that did not need a new judgement.
    pub fn news_is_in(&mut self) {
        refresh_gate(self);
    }

    /// GitHub will never take the comment (a locked conversation, say): it counts as said.
    pub fn comment_is_refused(&mut self) {
        self.comment.says = self.comment.wanted.clone();
    }

    /// The comment was looked for.
    pub fn comment_is(&mut self, posted: Posted<CommentId>) {
        self.comment.posted = posted;
        self.comment.says = None;
    }

    /// The comment says what it should.
    pub fn comment_says(&mut self, id: CommentId, body: String) {
        self.comment.posted = Posted::Is(id);
        self.comment.says = Some(body);
    }

    /// The first answer was sent, or can't ever be.
    pub fn answered(&mut self) {
        if !self.outbox.is_empty() {
            self.outbox.remove(0);
        }
    }

    /// GitHub was not asked for what may have been noted as there.
    pub fn was_not_posted(&mut self, action: &Action) {
        match action {
            Action::PostComment(_) => self.comment.posted = Posted::Absent,
            Action::Answer(outgoing) => {
                if let Some(first) = self.outbox.first_mut() {
                    first.posted = outgoing.posted.clone();
                }
            }
            _ => {}
        }
    }

    /// The first answer is about to be sent: from now on it may be there.
    pub fn answer_may_be_there(&mut self) {
        if let Some(first) = self.outbox.first_mut() {
            first.posted = Posted::Perhaps;
        }
    }
}
