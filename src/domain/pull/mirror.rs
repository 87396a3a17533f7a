//! Where the mirror is, as far as it is known, and which stand that is.

use super::PullState;
use super::decide::refresh_gate;
use crate::domain::event::Account;
use crate::domain::ids::Sha;
use crate::domain::trust::Verdict;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The mirror, as wanted or as observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mirror {
    /// Wanted: leave it as it is. Observed: GitHub has to be asked.
    Unknown,
    /// No branch.
    Absent,
    /// The branch, at this SHA.
    At(Sha),
}

/// Somebody else moved the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Who, as far as the delivery tells.
    pub by: Option<Account>,
    /// Where it was moved to; `None`: deleted.
    pub to: Option<Sha>,
    /// The mirror's SHA that was put back.
    pub wanted: Sha,
}

/// What tells one stand of the mirror from another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// How often it was wanted elsewhere until then.
    pub number: u64,
    /// How often it was elsewhere until then. As often as for another number: it was never carried out that it was wanted
    /// elsewhere.
    pub moves: u64,
    /// When we put it there; `None`: it was found there.
    pub moved_at: Option<DateTime<Utc>>,
}

impl PullState {
    /// Whether the mirror holds the head, and both are known.
    pub fn is_mirrored(&self) -> bool {
        matches!((&self.observed_mirror, self.open_head()), (Mirror::At(sha), Some(head)) if sha == head)
    }

    /// Whether runs of the head count: it is trusted, and the mirror holds it.
    pub fn may_run(&self) -> bool {
        self.is_mirrored() && self.shows_runs()
    }

    /// Whether what runs of the head have to say is shown: also while GitHub has yet to be asked whether the mirror, at which they
    /// counted, was moved. The delivery that said so may be an old one of our own push.
    pub fn shows_runs(&self) -> bool {
        let is_or_was = self.left_mirror.as_ref().unwrap_or(&self.observed_mirror);
        *is_or_was == self.wanted_mirror
            && matches!((is_or_was, self.open_head()), (Mirror::At(sha), Some(head)) if sha == head)
            && self.verdict.as_ref().is_some_and(Verdict::allows_mirror)
    }

    /// The present stand of the mirror.
    pub fn stand(&self) -> Stand {
        Stand {
            number: self.stands,
            moves: self.moves,
            moved_at: self.moved_at,
        }
    }

    /// GitHub was asked where the mirror is.
    pub fn mirror_was_found(&mut self, now_there: Mirror) {
        if now_there == self.wanted_mirror {
            // Nobody had moved it: the delivery was an old one of our own push.
            self.disturbance = None;
            self.looks += 1;
        }
        self.mirror_is(now_there);
    }

    /// The mirror is somewhere, and it was not put there now.
    pub fn mirror_is(&mut self, now_there: Mirror) {
        let last = self.left_mirror.take();
        let last = last.unwrap_or_else(|| self.observed_mirror.clone());
        if now_there == Mirror::Unknown {
            self.left_mirror = Some(last);
        } else if now_there != last {
            self.moves += 1;
            self.moved_at = None;
        }
        self.observed_mirror = now_there;
        refresh_gate(self);
    }

    /// It was to be removed, and nobody knows whether that was done.
    pub fn mirror_may_be_gone(&mut self) {
        if self.wanted_mirror == Mirror::Absent && matches!(self.observed_mirror, Mirror::At(_)) {
            self.mirror_is(Mirror::Unknown);
        }
    }

    /// The mirror was put at a commit.
    pub fn mirror_was_put(&mut self, to: Sha, now: DateTime<Utc>) {
        self.mirror_is(Mirror::At(to));
        self.moved_at = Some(now);
    }

    pub(super) fn mirror_was_pushed(&mut self, after: Option<&Sha>, sender: Option<Account>) {
        let now_there = after.map_or(Mirror::Absent, |sha| Mirror::At(sha.clone()));
        if now_there == self.observed_mirror || self.observed_mirror == Mirror::Unknown {
            return;
        }
        // It may be an old delivery of our own push: GitHub is asked where the branch really is.
        if let Mirror::At(wanted) = &self.wanted_mirror {
            self.disturbance = Some(Disturbance {
                by: sender,
                to: after.cloned(),
                wanted: wanted.clone(),
            });
        }
        self.mirror_is(Mirror::Unknown);
        // It is put back only if the head is still trusted, so that is found out anew: somebody may have removed the
        // mirror of a commit that turned out to be bad.
        self.stale = true;
    }
}
