//! Brings one pull request up to date: take in, find out, decide, commit, act.

use super::perform::{perform, weight};
use super::schedule::Due;
use super::{Engine, Failure, Permit, Worked, cause, note_failure};
use crate::domain::event::{Event, PullChange};
use crate::domain::ids::{PullKey, RunSubject, Sha, Subject};
use crate::domain::pull::{
    Action, Answer, Enabled, Findings, Mirror, Posted, PullState, decide, plan, unestablished,
};
use crate::domain::text;
use crate::domain::trust::Verdict;
use crate::github::{GitHubError, Priority, RequestKind};
use crate::store::{Change, EntryKind, HistoryEntry, InboxEntry, Record, StoreError};
use chrono::{DateTime, Utc};
use std::mem::{Discriminant, discriminant};

/// How often in one pass the mirror may turn out to be elsewhere than GitHub has just said.
const MOVES: u32 = 2;

/// Since when a pull request's repository is named as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// A delivery has just named it.
    JustNow,
    /// It is as it was kept; the repository may have been renamed since.
    Earlier,
}

impl Engine {
    pub(super) async fn process_pull(
        &self,
        key: PullKey,
        entries: &[InboxEntry],
        (from, due): (DateTime<Utc>, Due),
    ) -> Result<Worked, StoreError> {
        let subject = Subject::Pull(key);
        let known = self.store().pull(key).await?;
        let met = match &known {
            Some(known) => Some(known.clone()),
            None => self.meet(key, entries).await?,
        };
        let Some(mut state) = met else {
            let nothing = self.store().commit(nothing_to_do(&subject, entries, from));
            return nothing.await.map(Worked::made);
        };
        let goes_on = due == Due::Turn && entries.is_empty() && only_talks(&state);
        // Whatever there is room for is done.
        let least = plan(&state)
            .iter()
            .map(weight)
            .min_by_key(|(_, kind)| *kind);
        let (priority, kind) = least
            .filter(|_| goes_on)
            .unwrap_or((Priority::Urgent, leads_to(&state)));
        let installation = state.repo.installation;
        let _permit = match self.permit(installation, priority, kind).await {
            Permit::Given(permit) => permit,
            Permit::NotBefore(at) => return Ok(Worked::NotBefore(at)),
        };
        cause::is_about(&state.repo, key.number);
        let stood_at = state.gate.as_ref().map(|gate| gate.sha.clone());
        let looks = match due {
            Due::No => false,
            Due::Turn => entries.is_empty() && !goes_on,
            Due::Look => true,
        };
        let told = match looks {
            true => None,
            false => state.told(entries.iter().map(|entry| &entry.event), self.now()),
        };
        for entry in entries {
            state.intake(&entry.event);
        }
        // What was decided before may have been overtaken: no mirror is moved by it alone.
        let moves = matches!(state.wanted_mirror, Mirror::At(_))
            && state.wanted_mirror != state.observed_mirror;
        if looks || (moves && !state.stale) {
            state.look_again();
        }
        let mut history = Vec::new();
        let mut retry = None;
        if state.stale {
            let named = match entries.is_empty() {
                true => Naming::Earlier,
                false => Naming::JustNow,
            };
            let found = self.gather(&state, named, told).await;
            retry = self.find_out(&mut state, found, &mut history).await?;
        } else {
            state.news_is_in();
        }
        // Other pull requests with the head that this one has left may not have to wait any more.
        let left = stood_at.filter(|sha| state.gate.as_ref().is_none_or(|gate| gate.sha != *sha));
        let left = left.map(|sha| Subject::Head(key.repo, sha));
        let wake_left = left.map(|head| (head, Some(self.now())));
        let rests = retry.is_none() && plan(&state).is_empty();
        if rests {
            state.is_up_to_date();
            if history.is_empty() && known.as_ref() == Some(&state) {
                let nothing = self.store().commit(nothing_to_do(&subject, entries, from));
                return nothing.await.map(Worked::made);
            }
        }
        let acts = retry.is_none() && !rests;
        let next = if acts { Some(from) } else { retry };
        let mut change = self.change_of(&state, from, history, next);
        change.due.extend(wake_left.clone());
        change.done = entries.iter().map(|entry| entry.id).collect();
        if !acts {
            return self.commit(change).await.map(Worked::made);
        }
        // From here on the deliveries are taken in: whatever is still to do is found again by "due".
        let due = change.due.clone();
        self.store().commit(change).await?;

        if let Err(error) = self.finish(&mut state, from, wake_left).await {
            tracing::error!(%error, "can't keep what was done; looking again");
            self.look_again_later(&subject, due);
        }
        Ok(Worked::Made)
    }

    /// Acts on what was decided, notes what came of it, and wakes those that follow.
    async fn finish(
        &self,
        state: &mut PullState,
        from: DateTime<Utc>,
        left: Option<(Subject, Option<DateTime<Utc>>)>,
    ) -> Result<(), StoreError> {
        let mut history = Vec::new();
        let next = self.act(state, from, &mut history).await?;
        let mut change = self.change_of(state, from, history, next.map(|(at, _)| at));
        change.due.extend(left);
        let me = Subject::Pull(state.key());
        let waits = next.filter(|(_, why)| *why == Due::Turn).map(|_| &me);
        self.commit_for_turn(change, waits).await
    }

    /// A pull request that is not known yet, as the first news of it tell.
    async fn meet(
        &self,
        key: PullKey,
        entries: &[InboxEntry],
    ) -> Result<Option<PullState>, StoreError> {
        let heard_since = self.heard_since();
        for entry in entries {
            match &entry.event {
                // Opened while we were listening: nothing of ours can be there yet.
                Event::Pull { repo, change, hint } => {
                    let new = *change == PullChange::Opened && hint.created_at > heard_since;
                    let mut state = PullState::new(repo.clone(), key.number, new);
                    // Nothing can have been said of it before.
                    state.recalled = self.lost_at().filter(|_| new);
                    return Ok(Some(state));
                }
                Event::Comment { repo, .. } => {
                    return Ok(Some(PullState::new(repo.clone(), key.number, false)));
                }
                _ => {}
            }
        }
        let repo = self.store().repo(key.repo).await?;
        Ok(repo.map(|known| PullState::new(known.repo, key.number, false)))
    }

    /// Decides by what was found out; the time of the next try if that failed.
    async fn find_out(
        &self,
        state: &mut PullState,
        found: Result<Findings, Failure>,
        history: &mut Vec<HistoryEntry>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        match found {
            Ok(findings) => {
                let before = decided(state);
                state.repo = findings.repository.repo.clone();
                for what in decide(state, &findings) {
                    history.push(self.happened(state, EntryKind::Decision, what));
                }
                if decided(state) != before {
                    if let Some(verdict) = &state.verdict {
                        self.shared.metrics.work().judged(verdict);
                    }
                    let what = text::history_verdict(state);
                    history.push(self.happened(state, EntryKind::Decision, what));
                }
                Ok(None)
            }
            Err(Failure::Store(error)) => Err(error),
            Err(Failure::GitHub(error)) => {
                note_failure(&error, "can't find out about a pull request");
                let known = self.store().repo(state.repo.id).await?;
                let enabled = match known.is_some_and(|repo| repo.enabled().is_some()) {
                    true => Enabled::Yes,
                    false => Enabled::NotKnown,
                };
                unestablished(state, error.to_string(), enabled);
                history.push(self.happened(state, EntryKind::Result, error.to_string()));
                Ok(Some(self.retry_after(&error, state.failures)))
            }
        }
    }

    /// Acts until wanted and observed agree. A step that fails does not keep the others from being done;
    /// the time of the next try if one did, and why it did.
    async fn act(
        &self,
        state: &mut PullState,
        from: DateTime<Utc>,
        history: &mut Vec<HistoryEntry>,
    ) -> Result<Option<(DateTime<Utc>, Due)>, StoreError> {
        let mut failed: Vec<Discriminant<Action>> = Vec::new();
        let mut retry: Option<(DateTime<Utc>, Due)> = None;
        let mut moves = 0;
        loop {
            let next = plan(state)
                .into_iter()
                .find(|action| !failed.contains(&discriminant(action)));
            let Some(action) = next else { break };
            if creates(&action) {
                self.announce(state, from, &action, history).await?;
            }
            // After a crash that forgot what was decided, a comment could be answered in another way, and nothing would
            // tell which stand of the mirror builds are for.
            let lasting = matches!(action, Action::MoveMirror { .. } | Action::Answer(_));
            if lasting || creates(&action) {
                self.store().flush().await?;
            }
            let github = self.shared.github.of(&state.repo);
            let mut outcome = perform(github, state, &action, self.now()).await;
            if matches!(action, Action::MoveMirror { .. }) {
                moves += 1;
                if outcome.is_ok() && moves > MOVES && !state.is_mirrored() {
                    outcome = Err(GitHubError::moving("moving the mirror"));
                }
            }
            match outcome {
                Ok(done) => {
                    if let Some(what) = done {
                        self.note_move(&action);
                        history.push(self.happened(state, EntryKind::Action, what));
                    }
                }
                Err(error) => {
                    note_failure(&error, &format!("a step failed: {action:?}"));
                    if give_up(state, &action, &error) {
                        continue;
                    }
                    failed.push(discriminant(&action));
                    if action == Action::DeleteMirror && !error.was_not_asked() {
                        state.mirror_may_be_gone();
                    }
                    // What may have been posted shows up later, if at all: it is looked for at the next try.
                    if matches!(action, Action::PostComment(_)) {
                        failed.push(discriminant(&Action::FindComment));
                    }
                    let mut why = Due::Look;
                    if error.was_not_asked() {
                        state.was_not_posted(&action);
                        if is_talk(&action) {
                            why = Due::Turn;
                        }
                    } else {
                        state.step_failed(error.to_string());
                        history.push(self.happened(state, EntryKind::Result, error.to_string()));
                    }
                    let at = self.retry_after(&error, state.failures);
                    retry = Some(retry.map_or((at, why), |(earlier, because)| {
                        (earlier.min(at), because.max(why))
                    }));
                }
            }
        }
        if failed.is_empty() {
            state.is_up_to_date();
        }
        Ok(retry)
    }

    /// Counts how long it took from the delivery to the mirror.
    fn note_move(&self, action: &Action) {
        if let (Action::MoveMirror { .. }, Some(since)) = (action, cause::since()) {
            self.shared.metrics.work().mirrored(self.now() - since);
        }
    }

    /// Notes that something may be posted from now on, so that after a crash it is looked for first.
    async fn announce(
        &self,
        state: &mut PullState,
        from: DateTime<Utc>,
        action: &Action,
        history: &mut Vec<HistoryEntry>,
    ) -> Result<(), StoreError> {
        match action {
            Action::PostComment(_) => state.comment.posted = Posted::Perhaps,
            _ => state.answer_may_be_there(),
        }
        let so_far = std::mem::take(history);
        let change = self.change_of(state, from, so_far, Some(from));
        self.store().commit(change).await
    }

    fn change_of(
        &self,
        state: &PullState,
        from: DateTime<Utc>,
        history: Vec<HistoryEntry>,
        next: Option<DateTime<Utc>>,
    ) -> Change {
        let runs = Subject::Runs(state.repo.id, RunSubject::Pull(state.number));
        // Whoever writes the gates sees that the runs are at work.
        let mut due = vec![(Subject::Pull(state.key()), next), (runs, Some(self.now()))];
        if let Some(gate) = &state.gate {
            let head = Subject::Head(state.repo.id, gate.sha.clone());
            due.push((head, Some(self.now())));
        }
        Change {
            records: vec![Record::Pull(Box::new(state.clone()))],
            done: Vec::new(),
            due,
            from: Some(from),
            history,
        }
    }

    fn happened(&self, state: &PullState, kind: EntryKind, what: String) -> HistoryEntry {
        cause::line(Subject::Pull(state.key()), self.now(), kind, what)
    }
}

/// Whether it is only said.
fn is_talk(action: &Action) -> bool {
    weight(action).0 == Priority::Low
}

/// Whether all that is left to do is to say something.
fn only_talks(state: &PullState) -> bool {
    !state.stale && plan(state).iter().all(is_talk)
}

/// What looking at it may lead to that comes before all that is said.
fn leads_to(state: &PullState) -> RequestKind {
    match state.observed_mirror {
        Mirror::At(_) => RequestKind::Write,
        Mirror::Absent | Mirror::Unknown => RequestKind::Create,
    }
}

/// What was decided, and on which head.
fn decided(state: &PullState) -> Option<(Option<Sha>, Verdict)> {
    let verdict = state.verdict.clone()?;
    Some((state.view.as_ref().map(|view| view.head.clone()), verdict))
}

fn nothing_to_do(subject: &Subject, entries: &[InboxEntry], from: DateTime<Utc>) -> Change {
    Change {
        done: entries.iter().map(|entry| entry.id).collect(),
        due: vec![(subject.clone(), None)],
        from: Some(from),
        ..Change::default()
    }
}

/// What GitHub refuses to take for good (a locked conversation, say) is given up: it would only fail again.
fn give_up(state: &mut PullState, action: &Action, error: &GitHubError) -> bool {
    let refused = matches!(
        error,
        GitHubError::Refused { .. } | GitHubError::NotFound { .. }
    );
    match action {
        Action::Answer(_) if refused => state.answered(),
        Action::PostComment(_) | Action::EditComment(..) if refused => state.comment_is_refused(),
        _ => return false,
    }
    true
}

/// Whether doing the action twice would be seen.
fn creates(action: &Action) -> bool {
    match action {
        Action::PostComment(_) => true,
        Action::Answer(outgoing) => {
            matches!(outgoing.answer, Answer::Reply(_)) && outgoing.posted == Posted::Absent
        }
        _ => false,
    }
}
