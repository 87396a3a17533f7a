//! Forgetting what is no longer needed.
//!
//! A pull request that was closed long ago is forgotten with its runs; if it is opened again it is read anew from GitHub,
//! and its comment and check run are found there by their marks. Of one that somebody approved what an approval hangs on is
//! kept (`PullState::remembered`): it holds for its head when the pull request is opened again, and only this record knows of it.
//! The record of a
//! head knows the check run, of which there must not be two: it is forgotten when nobody has spoken at that commit for as
//! long, and a check run is looked for where one may have been forgotten (`engine/head.rs`).

use super::disk::Disk;
use super::inbox::seen_at;
use super::lines::{Kind, Raw};
use super::portable::Line;
use super::records::{encode, failed};
use super::{StoreError, keys};
use crate::domain::gate::HeadState;
use crate::domain::ids::{RunSubject, Subject};
use crate::domain::pull::{Mirror, PullState};
use crate::domain::runs::RunsState;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sled::{Batch, IVec, Tree};

const DOING: &str = "forgetting what is no longer needed";
/// How long an id is known as accepted. GitHub offers to send a delivery again for three days.
const SEEN_FOR: TimeDelta = TimeDelta::days(14);
/// How long the gates of a commit are known of which nobody speaks: a check run that was forgotten could be made twice if
/// the commit becomes the head of another pull request.
const GATES_FOR: TimeDelta = TimeDelta::days(365);
/// How many records are removed at once; sled stops all writers meanwhile.
const AT_ONCE: usize = 1000;

/// The part of a line of history that tells its age.
#[derive(Deserialize)]
struct Dated {
    at: DateTime<Utc>,
}

impl Disk {
    /// Forgets the ids that were seen too long before `now`; returns how many.
    pub fn prune_ids(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let limit = (now - SEEN_FOR).timestamp_millis();
        let mut old = Vec::new();
        for raw in self.raws(DOING, Kind::Seen) {
            let Raw { key: id, value, .. } = raw?;
            // A value that can't be read has no age and would stay for ever.
            if seen_at(&value).is_none_or(|at| at < limit) {
                old.push(id);
            }
        }
        for some in old.chunks(AT_ONCE) {
            let _shared = self.shared();
            remove(&self.seen, some).map_err(failed(DOING))?;
        }
        Ok(old.len())
    }

    /// Forgets the lines of histories from before `limit`; returns how many.
    pub fn prune_history(&self, limit: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut old = Vec::new();
        for raw in self.raws(DOING, Kind::History) {
            let Raw { key, value, .. } = raw?;
            if serde_json::from_slice::<Dated>(&value).is_ok_and(|line| line.at < limit) {
                old.push(key);
            }
        }
        for some in old.chunks(AT_ONCE) {
            // Nobody adds a line between the look whether one is left and the end of the counter.
            let _alone = self.alone();
            remove(&self.history, some).map_err(failed(DOING))?;
            let mut ended: Vec<IVec> = Vec::new();
            for key in some {
                let subject = &key[..key.len().saturating_sub(8)];
                if self.history.scan_prefix(subject).next().is_none() {
                    ended.push(subject.into());
                }
            }
            remove(&self.history_next, &ended).map_err(failed(DOING))?;
        }
        Ok(old.len())
    }

    /// Forgets pull requests and merge groups that were closed before `limit` and of which nothing is left to do, and the
    /// gates of commits of which nobody has spoken for a year more; returns how many.
    pub fn prune_closed(&self, limit: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for raw in self.raws(DOING, Kind::Pull) {
            let raw = raw?;
            // One that can't be read is not forgotten: it is damage, and found as such.
            if let Ok(Line::Pull(state)) = self.line(DOING, &raw)
                && is_over(&state, limit)
            {
                let left = state.remembered();
                if left.as_ref() != Some(&state) {
                    let done = self.forget_pull(&raw.value, &state, left, limit);
                    let runs = (state.repo.id, RunSubject::Pull(state.number));
                    self.recent.pulls.forget(&state.key());
                    self.recent.runs.forget(&runs);
                    forgotten += usize::from(done?);
                }
            }
        }
        for raw in self.raws(DOING, Kind::Runs) {
            let raw = raw?;
            if let Ok(Line::Runs(state)) = self.line(DOING, &raw)
                && !matches!(state.subject, RunSubject::Pull(_))
                && state.told.as_ref().is_some_and(|told| told.gone)
            {
                let _alone = self.alone();
                let done = self.forget_runs(&state, limit);
                let runs = (state.repo.id, state.subject.clone());
                self.recent.runs.forget(&runs);
                forgotten += usize::from(done?);
            }
        }
        for raw in self.raws(DOING, Kind::Head) {
            let raw = raw?;
            if let Ok(Line::Head(state)) = self.line(DOING, &raw)
                && state
                    .gates
                    .iter()
                    .all(|gate| over(gate.written_at, limit - GATES_FOR))
            {
                let done = self.forget_head(&raw.value, &state);
                self.recent.heads.forget(&(state.repo.id, state.sha));
                forgotten += usize::from(done?);
            }
        }
        Ok(forgotten)
    }

    /// Whether it was forgotten: nobody has changed it since, nobody says anything there, and nothing is due.
    fn forget_head(&self, seen: &IVec, state: &HeadState) -> Result<bool, StoreError> {
        let _alone = self.alone();
        let key = keys::head(state.repo.id, state.sha.as_str());
        let unchanged = self.heads.get(&key).map_err(failed(DOING))?.as_ref() == Some(seen);
        let spoken_of = [&self.by_head, &self.runs_at]
            .into_iter()
            .any(|tree| tree.scan_prefix(&key).next().is_some());
        let subject = Subject::Head(state.repo.id, state.sha.clone());
        if !unchanged || spoken_of || self.is_due(&subject)? {
            return Ok(false);
        }
        self.heads.remove(key).map_err(failed(DOING))?;
        Ok(true)
    }

    /// Whether it was forgotten but for what is to be `left`: nobody has changed it since, and nothing is due.
    fn forget_pull(
        &self,
        seen: &IVec,
        state: &PullState,
        left: Option<PullState>,
        limit: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let _alone = self.alone();
        let key = keys::pull(state.key());
        let unchanged = self.pulls.get(&key).map_err(failed(DOING))?.as_ref() == Some(seen);
        if !unchanged || self.is_due(&Subject::Pull(state.key()))? {
            return Ok(false);
        }
        let runs_of = RunSubject::Pull(state.number);
        if let Some(runs) = self.runs(&(state.repo.id, runs_of))?.get()
            && !self.forget_runs(runs, limit)?
        {
            return Ok(false);
        }
        if let Some(left) = left {
            // It is closed and has no gate: no index and no list leads to it but by its head, which it keeps.
            let value = encode(DOING, &left)?;
            self.pulls.insert(key, value).map_err(failed(DOING))?;
            return Ok(true);
        }
        self.unlist_pull(state.key())?;
        let places = super::change::Places::of(state);
        self.pulls.remove(key).map_err(failed(DOING))?;
        if let Some(key) = places.by_head {
            self.by_head.remove(key).map_err(failed(DOING))?;
        }
        for key in places.by_author {
            self.by_author.remove(key).map_err(failed(DOING))?;
        }
        Ok(true)
    }

    /// Whether the runs were forgotten: all ended before `limit`, and nothing is due. The caller holds the right to change alone.
    fn forget_runs(&self, state: &RunsState, limit: DateTime<Utc>) -> Result<bool, StoreError> {
        let subject = Subject::Runs(state.repo.id, state.subject.clone());
        if !state.runs().all(|run| over(run.ended_at, limit)) || self.is_due(&subject)? {
            return Ok(false);
        }
        let key = keys::runs(state.repo.id, &state.subject);
        for sha in state.shas() {
            let place = keys::runs_at(state.repo.id, sha.as_str(), &state.subject);
            self.runs_at.remove(place).map_err(failed(DOING))?;
        }
        self.unlist_runs(state.repo.id, &state.subject)?;
        self.runs.remove(key).map_err(failed(DOING))?;
        Ok(true)
    }

    fn is_due(&self, subject: &Subject) -> Result<bool, StoreError> {
        self.due
            .contains_key(keys::subject(subject))
            .map_err(failed(DOING))
    }
}

fn over(at: Option<DateTime<Utc>>, limit: DateTime<Utc>) -> bool {
    at.is_some_and(|at| at < limit)
}

/// Closed before `limit`, with nothing left to do.
fn is_over(state: &PullState, limit: DateTime<Utc>) -> bool {
    let closed = state
        .view
        .as_ref()
        .is_some_and(|view| !view.open && view.updated_at < limit);
    closed
        && state.observed_mirror == Mirror::Absent
        && state.gate.is_none()
        && state.requests.is_empty()
        && state.outbox.is_empty()
        && !state.stale
}

fn remove(tree: &Tree, keys: &[IVec]) -> sled::Result<()> {
    let mut batch = Batch::default();
    keys.iter().for_each(|key| batch.remove(key));
    tree.apply_batch(batch)
}
