//! When a gate is written.
//!
//! One that stands elsewhere than it is published to is written at once, or a moment later while somebody is at work on what it says: the
//! mirror is being moved, the jobs of a run begin. One that only reads differently waits (`Published::pause`). So a burst of news
//! makes a handful of writes, and the last state always arrives.

use super::Engine;
use crate::domain::gate::{Gate, HeadState};
use crate::domain::ids::Subject;
use crate::domain::pipeline::Publish;
use crate::domain::pull::GateName;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So long a gate waits at most for those who are at work on it.
const HELD: TimeDelta = TimeDelta::seconds(1);
/// GitHub takes only 1,000 commit statuses of one name at a commit.
const OF_STATUS: i32 = 12;

/// When a gate is written.
pub(super) enum Turn {
    Now,
    At(DateTime<Utc>, Why),
    Never,
}

/// Why a gate waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody is at work on what it says.
    AtWork,
    /// It only reads differently.
    Reads,
}

/// The heads whose gates wait for those who are at work on them.
#[derive(Default)]
pub(super) struct Held(Mutex<Waits>);

#[derive(Default)]
struct Waits {
    /// Until when a head waits at most.
    until: HashMap<Subject, DateTime<Utc>>,
    /// Who waits for somebody's work to end.
    heads: HashMap<Subject, Vec<Subject>>,
}

impl Held {
    /// When a head that waits for these is to be looked at again, should they not have ended by then; `None`: it has waited long
    /// enough.
    fn wait(
        &self,
        head: &Subject,
        voices: &[Subject],
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let mut waits = self.waits();
        let until = *waits.until.entry(head.clone()).or_insert(now + HELD);
        if now >= until {
            return None;
        }
        for voice in voices {
            let heads = waits.heads.entry(voice.clone()).or_default();
            if !heads.contains(head) {
                heads.push(head.clone());
            }
        }
        Some(until)
    }

    /// Whatever becomes of a head, it does not wait any more, unless that goes on.
    pub(super) fn until_dropped(&self, head: &Subject) -> Waiting<'_> {
        Waiting(Some((self, head.clone())))
    }

    fn end(&self, head: &Subject) {
        let mut waits = self.waits();
        if waits.until.remove(head).is_some() {
            waits.heads.retain(|_, heads| {
                heads.retain(|other| other != head);
                !heads.is_empty()
            });
        }
    }

    /// Somebody's work has ended: the heads that waited for it.
    fn ended(&self, voice: &Subject) -> Vec<Subject> {
        self.waits().heads.remove(voice).unwrap_or_default()
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a head's waiting when it is dropped.
pub(super) struct Waiting<'a>(Option<(&'a Held, Subject)>);

impl Waiting<'_> {
    /// It does not end with this.
    pub(super) fn goes_on(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some((held, head)) = &self.0 {
            held.end(head);
        }
    }
}

impl Engine {
    /// When a gate is to be written of which `voices` have to say something.
    pub(super) fn turn_of(
        &self,
        head: &mut HeadState,
        name: &GateName,
        gate: &Gate,
        voices: &[Subject],
    ) -> Turn {
        let now = self.now();
        let subject = Subject::Head(head.repo.id, head.sha.clone());
        let published = head.gate(name);
        // A commit status shows no summary.
        let reads_alike = published
            .says
            .as_ref()
            .is_some_and(|says| match name.publish {
                Publish::Check => says == gate,
                Publish::Status => says.status == gate.status && says.title == gate.title,
            });
        // One that was to say something else meanwhile may do so, whatever became of the answer.
        if reads_alike && published.written_at.is_some() {
            return Turn::Never;
        }
        if !published.stands_like(gate) {
            let schedule = &self.shared.schedule;
            let at_work = |voice: &Subject| schedule.comes_before(voice, now);
            if voices.iter().any(at_work)
                && let Some(at) = self.shared.held.wait(&subject, voices, now)
            {
                // Their work may have ended before they were waited for: what they say now is read anew at once.
                let at = if voices.iter().any(at_work) { at } else { now };
                return Turn::At(at, Why::AtWork);
            }
            return Turn::Now;
        }
        let pace = &self.shared.pace;
        let [shortest, longest] = [pace.gate, pace.gate_at_most]
            .map(|pause| TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(1)));
        let pause = match name.publish {
            Publish::Check => published.pause(shortest, longest),
            Publish::Status => published.pause(shortest * OF_STATUS, longest),
        };
        match published.written_at.map(|at| at + pause) {
            Some(at) if at > now => Turn::At(at, Why::Reads),
            _ => Turn::Now,
        }
    }
}

impl Engine {
    /// Nobody is at work on a subject now: gates may have waited for that.
    pub(super) fn has_ended(&self, subject: &Subject) {
        for head in self.shared.held.ended(subject) {
            self.wake_at(head, self.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    #[test]
    fn a_gate_waits_for_those_at_work_but_not_for_long_and_each_time_anew() {
        let held = Held::default();
        let [head, voice, other] = [1, 2, 3].map(|id| Subject::Repository(RepoId(id)));
        let at = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let wait = |ms| held.wait(&head, std::slice::from_ref(&voice), at(ms));
        assert_eq!(wait(0), Some(at(1000)));
        assert_eq!(wait(170), Some(at(1000)));
        assert_eq!(held.ended(&other), []);
        assert_eq!(held.ended(&voice), std::slice::from_ref(&head));
        assert_eq!(held.ended(&voice), []);
        assert_eq!(wait(200), Some(at(1000)));
        assert_eq!(wait(1000), None);
        held.end(&head);
        assert!(held.waits().heads.is_empty());
        assert_eq!(wait(1100), Some(at(2100)));
        // Another's waiting is its own.
        assert_eq!(held.wait(&other, &[], at(2500)), Some(at(3500)));
        assert_eq!(wait(2500), None);
        held.end(&head);
        held.end(&other);
        assert!(held.waits().until.is_empty() && held.waits().heads.is_empty());
    }
}
