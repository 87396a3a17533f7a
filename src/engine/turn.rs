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
use std::sync::{Mutex, PoisonError};

/// So long a gate waits for those who are at work on it, and so often it looks whether they are.
const HELD: TimeDelta = TimeDelta::milliseconds(200);
const STEP: TimeDelta = TimeDelta::milliseconds(50);
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

/// The heads whose gates wait for those who are at work on them, and until when.
#[derive(Default)]
pub(super) struct Held(Mutex<HashMap<Subject, DateTime<Utc>>>);

impl Held {
    /// When to look again; `None`: it has waited long enough.
    fn look_again(&self, head: &Subject, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|other, until| other == head || now < *until);
        let until = *held.entry(head.clone()).or_insert(now + HELD);
        (now < until).then(|| until.min(now + STEP))
    }

    /// It does not wait any more.
    pub(super) fn end(&self, head: &Subject) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(head);
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
        if reads_alike {
            return Turn::Never;
        }
        if !published.stands_like(gate) {
            let at_work = |voice: &Subject| self.shared.schedule.comes_before(voice, now);
            let waits = voices.iter().any(at_work);
            let again = waits.then(|| self.shared.held.look_again(&subject, now));
            let held = again.flatten();
            return held.map_or(Turn::Now, |at| Turn::At(at, Why::AtWork));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RepoId;

    #[test]
    fn a_gate_waits_for_those_at_work_but_not_for_long_and_each_time_anew() {
        let held = Held::default();
        let head = Subject::Repository(RepoId(1));
        let at = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let again = |ms| held.look_again(&head, at(ms));
        assert_eq!(again(0), Some(at(50)));
        assert_eq!(again(170), Some(at(200)));
        assert_eq!(again(200), None);
        held.end(&head);
        assert_eq!(again(300), Some(at(350)));
        // Another's waiting is its own, and what is over is forgotten.
        let other = Subject::Repository(RepoId(2));
        assert_eq!(held.look_again(&other, at(900)), Some(at(950)));
        assert_eq!(held.0.lock().unwrap().len(), 1);
    }
}
