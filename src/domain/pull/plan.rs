//! Wanted minus observed: what to do on GitHub now, most important first; and what was seen when it was done.

use super::decide::refresh_gate;
use super::{Mirror, Outgoing, Posted, PullState};
use crate::domain::event::Build;
use crate::domain::gate::{Tally, tally};
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
    /// Ask for the builds of the mirror's SHA.
    ReadBuilds(Sha),
    /// Look whether our comment is there already.
    FindComment,
    /// Post the comment.
    PostComment(String),
    /// Change the comment.
    EditComment(CommentId, String),
    /// Send an answer; `Posted::Perhaps` says that it has to be looked for first.
    Answer(Outgoing),
}

/// The next step, or `None` when everything is as wanted. Mirrors come before comments.
pub fn plan(state: &PullState) -> Option<Action> {
    plan_mirror(state)
        .or_else(|| plan_builds(state))
        .or_else(|| state.outbox.first().cloned().map(Action::Answer))
        .or_else(|| plan_comment(state))
}

fn plan_mirror(state: &PullState) -> Option<Action> {
    match (&state.wanted_mirror, &state.observed_mirror) {
        (Mirror::Unknown, _) | (Mirror::Absent, Mirror::Absent) => None,
        (Mirror::At(_), Mirror::Unknown) => Some(Action::ReadMirror),
        (Mirror::At(wanted), Mirror::At(observed)) if wanted == observed => None,
        (Mirror::At(wanted), observed) => {
            // Only the head that was judged, and only while it still is the head, may be written.
            let is_judged_head = state.open_head() == Some(wanted)
                && state.verdict.as_ref().is_some_and(|v| v.allows_mirror());
            let is_put_back = state.disturbance.is_some();
            (is_judged_head || is_put_back).then(|| Action::MoveMirror {
                to: wanted.clone(),
                exists: *observed != Mirror::Absent,
            })
        }
        (Mirror::Absent, _) => Some(Action::DeleteMirror),
    }
}

fn plan_builds(state: &PullState) -> Option<Action> {
    let Mirror::At(sha) = &state.wanted_mirror else {
        return None;
    };
    let settled = state.is_mirrored() && !state.builds_confirmed;
    let worth_asking = matches!(tally(&state.builds), Tally::Passed | Tally::Failed);
    (settled && worth_asking).then(|| Action::ReadBuilds(sha.clone()))
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
    /// The mirror was found or put somewhere.
    pub fn mirror_is(&mut self, now_there: Mirror) {
        if now_there == self.wanted_mirror && self.observed_mirror == Mirror::Unknown {
            // Nobody had moved it: the delivery was an old one of our own push.
            self.disturbance = None;
        }
        self.observed_mirror = now_there;
        refresh_gate(self);
    }

    /// The builds of the mirror's SHA were read: this is all of them.
    pub fn builds_are(&mut self, mut builds: Vec<Build>) {
        builds.sort_by_key(|build| build.id);
        self.builds = builds;
        self.builds_confirmed = true;
        refresh_gate(self);
    }

    /// News came in that did not need a new judgement.
    pub fn news_is_in(&mut self) {
        refresh_gate(self);
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

    /// The first answer is about to be sent: from now on it may be there.
    pub fn answer_may_be_there(&mut self) {
        if let Some(first) = self.outbox.first_mut() {
            first.posted = Posted::Perhaps;
        }
    }
}
