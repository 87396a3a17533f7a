//! Brings the runs for one subject up to date: what is wanted of them, what the backends say, what is to be done.
//!
//! The same order as for a pull request: take in, find out, decide, commit, act. Where nothing is to be done, all of it is kept at
//! once, in the end. Nothing is started before the disk says that it may have been started, so that after a crash it is looked for
//! first.

use super::{Engine, Failure, Permit, Worked, cause, jobs, note_failure};
use crate::domain::event::Event;
use crate::domain::ids::{DeliveryId, RepoId, RunSubject, Sha, Subject};
use crate::domain::pull::PullState;
use crate::domain::run::Run;
use crate::domain::runs::{Ends, RunsState};
use crate::github::{GitHubError, Priority, RequestKind};
use crate::store::{Change, EntryKind, HistoryEntry, InboxEntry, InboxId, Record, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// After so many rounds of steps, or a minute, the rest waits for the next pass.
const ROUNDS: usize = 200;

/// One pass over the runs for one subject.
pub(super) struct Pass {
    pub(super) subject: Subject,
    pub(super) state: RunsState,
    pub(super) pull: Option<PullState>,
    /// When its work began: before it read anything.
    pub(super) from: DateTime<Utc>,
    pub(super) history: Vec<HistoryEntry>,
    /// The jobs of which it is known that they have ended.
    ends: Ends,
    /// When the next tick of a schedule comes.
    pub(super) next_tick: Option<DateTime<Utc>>,
    /// When no step of a job was left to take: what has become due since then is still to come.
    pub(super) stepped_at: Option<DateTime<Utc>>,
    /// The commits that no branch holds on which a workflow could be started now.
    pub(super) adrift: BTreeSet<Sha>,
    /// What the disk knows.
    on_disk: RunsState,
    /// The entries that are taken in with what is kept first.
    entries: Vec<InboxId>,
    /// Who is noted as due since something was kept; `None`: nothing was.
    noted: Option<Vec<(Subject, Option<DateTime<Utc>>)>>,
    /// Whether the gates may read differently now.
    news: bool,
    /// The commits whose gates may have to be written.
    shas: BTreeSet<Sha>,
}

impl Engine {
    pub(super) async fn process_runs(
        &self,
        repo: RepoId,
        of: &RunSubject,
        entries: &[InboxEntry],
        from: DateTime<Utc>,
    ) -> Result<Worked, StoreError> {
        let subject = Subject::Runs(repo, of.clone());
        let done: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let Some((state, pull)) = self.load_runs(repo, of, entries).await? else {
            self.shared.jobs.are_none(&subject);
            let nothing = Change {
                done,
                due: vec![(subject, None)],
                from: Some(from),
                ..Change::default()
            };
            return self.store().commit(nothing).await.map(Worked::made);
        };
        let _permit = match self
            .permit(
                state.repo.installation,
                Priority::Normal,
                RequestKind::Write,
            )
            .await
        {
            Permit::Given(permit) => permit,
            Permit::NotBefore(at) => return Ok(Worked::NotBefore(at)),
        };
        if let RunSubject::Pull(number) = of {
            cause::is_about(&state.repo, *number);
        }
        let now = self.now();
        let known = state.clone();
        let mut pass = Pass {
            subject,
            entries: done,
            noted: None,
            news: false,
            shas: state.shas(),
            ends: Ends::of(&state),
            on_disk: state.clone(),
            state,
            pull,
            from,
            history: Vec::new(),
            next_tick: None,
            stepped_at: None,
            adrift: BTreeSet::new(),
        };
        if let Some(pull) = &pass.pull {
            pass.state.is_to_stand(pull.stands);
        }
        for entry in entries {
            pass.state.intake(&entry.event, now);
            pass.note_ends(now, Some(&entry.delivery), &[]);
        }
        let reconfigured = entries.iter().filter(|entry| {
            matches!(&entry.event, Event::BranchPushed { configuration, .. } if *configuration)
        });
        if let Some(newest) = reconfigured.map(|entry| entry.received_at).max() {
            self.outdate(repo, newest).await?;
        }
        pass.state.read_what_is_due(self.build_poll(), now);
        let retry = self.find_out_runs(&mut pass).await?;
        pass.shas.extend(pass.state.shas());
        let kept = match self.finish_runs(&mut pass, retry).await {
            Ok(()) => &pass.state,
            Err(error) => {
                let Some(due) = pass.noted else {
                    return Err(error);
                };
                tracing::error!(%error, "can't keep what was done; looking again");
                self.look_again_later(&pass.subject, due);
                // The next pass finds the rest out again, and counts it.
                &pass.on_disk
            }
        };
        self.note_runs(&pass.subject, &known, kept);
        Ok(Worked::Made)
    }

    /// Keeps what was taken in and found out so far: whatever is done next goes on from there after a crash.
    pub(super) async fn keep(&self, pass: &mut Pass) -> Result<(), StoreError> {
        if pass.noted.is_some() && pass.state == pass.on_disk && pass.history.is_empty() {
            return Ok(());
        }
        let change = pass.change(Some(pass.from), self.now());
        let due = change.due.clone();
        self.store().commit(change).await?;
        pass.noted = Some(due);
        pass.on_disk.clone_from(&pass.state);
        Ok(())
    }

    /// Does what the jobs ask for, and notes what came of it.
    async fn finish_runs(
        &self,
        pass: &mut Pass,
        retry: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let failed = self.act_on_jobs(pass).await?;
        let stuck = self.weigh_anchors(pass).await?;
        let next = self.next_look_at_runs(pass);
        let next = [retry, failed, stuck, next].into_iter().flatten().min();
        let change = pass.change(next, self.now());
        self.commit(change).await
    }

    async fn load_runs(
        &self,
        repo: RepoId,
        of: &RunSubject,
        entries: &[InboxEntry],
    ) -> Result<Option<(RunsState, Option<PullState>)>, StoreError> {
        let known = self.store().runs(repo, of).await?;
        let pull = match of {
            RunSubject::Pull(number) => {
                let key = crate::domain::ids::PullKey {
                    repo,
                    number: *number,
                };
                self.store().pull(key).await?
            }
            _ => None,
        };
        if let Some(mut state) = known {
            if let Some(pull) = &pull {
                state.repo = pull.repo.clone();
            }
            return Ok(Some((state, pull)));
        }
        let named = entries.iter().find_map(|entry| entry.event.repo().cloned());
        let named = match (named, &pull) {
            (Some(named), _) => Some(named),
            (None, Some(pull)) => Some(pull.repo.clone()),
            (None, None) => self.store().repo(repo).await?.map(|known| known.repo),
        };
        Ok(named.map(|repo| (RunsState::new(repo, of.clone()), pull)))
    }

    /// Finds out what is wanted and decides; the time of the next try if that failed.
    async fn find_out_runs(&self, pass: &mut Pass) -> Result<Option<DateTime<Utc>>, StoreError> {
        let retry = match self.wishes(pass).await {
            Ok(()) => {
                pass.state.trouble = None;
                pass.state.failures = 0;
                None
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::GitHub(error)) => Some(self.in_trouble(pass, &error)),
        };
        pass.settle(self.now());
        Ok(retry)
    }

    /// GitHub could not be asked or told something; when it is tried again.
    pub(super) fn in_trouble(&self, pass: &mut Pass, error: &GitHubError) -> DateTime<Utc> {
        note_failure(error, "can't bring runs up to date");
        pass.state.trouble = Some(error.to_string());
        pass.state.failures = pass.state.failures.saturating_add(1);
        self.retry_after(error, pass.state.failures)
    }

    /// Does what the jobs ask for until nothing more is to be done now; the time of the next try if something failed.
    async fn act_on_jobs(&self, pass: &mut Pass) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut retry = None;
        let began = Instant::now();
        for _ in 0..ROUNDS {
            if began.elapsed() >= jobs::PATIENCE {
                break;
            }
            let read = match self.read_builds(pass).await {
                Ok(read) => read,
                Err(Failure::Store(error)) => return Err(error),
                Err(Failure::GitHub(error)) => {
                    retry = Some(self.in_trouble(pass, &error));
                    false
                }
            };
            retry = retry.or(self.anchor(pass).await?);
            let stepped = self.step_jobs(pass).await?;
            if retry.is_some() || !(read || stepped) {
                return Ok(retry);
            }
        }
        // The rest has its turn once the news that came meanwhile was taken in.
        Ok(Some(retry.unwrap_or_else(|| self.now())))
    }

    /// How often builds are asked for at first.
    fn build_poll(&self) -> TimeDelta {
        TimeDelta::from_std(self.shared.pace.poll).unwrap_or(TimeDelta::minutes(10))
    }

    /// The builds are asked for when they have to be, and while they run in case a delivery was lost.
    fn next_look_at_runs(&self, pass: &Pass) -> Option<DateTime<Utc>> {
        let now = self.now();
        let state = &pass.state;
        let jobs = state
            .runs()
            .filter_map(|run| run.next_look(pass.stepped_at.unwrap_or(now)))
            .min();
        let builds = state.next_reading(self.build_poll());
        [jobs, builds, pass.next_tick].into_iter().flatten().min()
    }
}

impl Pass {
    /// What is to be kept; nothing but the note when to look again if nothing changed.
    fn change(&mut self, next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Change {
        self.shas.extend(self.state.shas());
        // What has happened and is in no history yet is kept with the state that knows of it, or nobody tells it again.
        self.note_ends(now, None, &[]);
        let mut change = Change {
            due: vec![(self.subject.clone(), next)],
            done: std::mem::take(&mut self.entries),
            from: Some(self.from),
            history: std::mem::take(&mut self.history),
            ..Change::default()
        };
        // Of whom there never was anything to keep nothing is kept.
        let was_idle = self.on_disk.lines.is_empty() && self.on_disk.anchors.is_empty();
        if self.state != self.on_disk && !(was_idle && self.state.is_idle()) {
            change
                .records
                .push(Record::Runs(Box::new(self.state.clone())));
            self.news = true;
        }
        if self.news {
            let repo = self.state.repo.id;
            let of_pull = self.pull.as_ref().and_then(|pull| pull.gate.as_ref());
            let heads = self.shas.iter().chain(of_pull.map(|gate| &gate.sha));
            let heads = heads.map(|sha| (Subject::Head(repo, sha.clone()), Some(now)));
            change.due.extend(heads);
        }
        change
    }

    /// Draws all conclusions, and notes which jobs have ended before their run is forgotten.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        let gone = self.state.settle(now);
        self.note_ends(now, None, &gone);
    }

    /// Notes which jobs have ended, because of this delivery if it was one that said so; also those of the runs that are
    /// not kept any longer.
    fn note_ends(&mut self, at: DateTime<Utc>, by: Option<&DeliveryId>, gone: &[Run]) {
        for what in self.ends.news(&self.state, gone) {
            let mut line = cause::line(self.subject.clone(), at, EntryKind::Result, what);
            if let Some(by) = by {
                line.deliveries = vec![by.clone()];
            }
            self.history.push(line);
        }
    }

    /// Notes what happened, for the history.
    pub(super) fn happened(&mut self, at: DateTime<Utc>, kind: EntryKind, what: String) {
        self.history
            .push(cause::line(self.subject.clone(), at, kind, what));
    }
}
