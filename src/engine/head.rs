//! Publishes the gates of one commit: what all open pull requests with this head, and all runs for it, have to say,
//! joined by name.

use super::turn::{Turn, Why};
use super::{Engine, Permit, Worked, cause, note_failure};
use crate::domain::config::RepoConfig;
use crate::domain::event::{BuildId, BuildStatus, Button, Event};
use crate::domain::gate::{
    CONFIG_GATE, Configures, Gate, GateStatus, HeadState, Published, combine, gates_of_pull,
    gates_of_runs,
};
use crate::domain::ids::{CheckRunId, Repo, RepoId, RunSubject, Sha, Subject};
use crate::domain::pages;
use crate::domain::pipeline::Publish;
use crate::domain::pull::{GateName, PullState};
use crate::domain::repository::RepoState;
use crate::domain::runs::RunsState;
use crate::domain::text;
use crate::github::{GitHubError, Priority, RequestKind};
use crate::store::{Change, EntryKind, InboxEntry, Record, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

/// What was read before so long may be read anew.
const OVERTAKEN: TimeDelta = TimeDelta::milliseconds(50);

/// What is to stand at a commit.
pub(super) struct Wanted {
    repo: Repo,
    gates: Vec<(GateName, Gate)>,
    pub(super) pulls: Vec<PullState>,
    /// Whose work it is what they say.
    voices: Vec<Subject>,
    /// The page that tells more of them, where people can be led to one.
    pub(super) page: Option<String>,
}

impl Engine {
    pub(super) async fn process_head(
        &self,
        repo: RepoId,
        sha: &Sha,
        entries: &[InboxEntry],
        from: DateTime<Utc>,
    ) -> Result<Worked, StoreError> {
        let subject = Subject::Head(repo, sha.clone());
        let waiting = self.shared.held.until_dropped(&subject);
        let (worked, held) = self
            .process_gates(&subject, (repo, sha), entries, from)
            .await?;
        if held {
            waiting.goes_on();
        }
        Ok(worked)
    }

    /// Also, whether gates wait for those who are at work on them.
    async fn process_gates(
        &self,
        subject: &Subject,
        (repo, sha): (RepoId, &Sha),
        entries: &[InboxEntry],
        from: DateTime<Utc>,
    ) -> Result<(Worked, bool), StoreError> {
        let done = |()| (Worked::Made, false);
        let mut end = Change {
            done: entries.iter().map(|entry| entry.id).collect(),
            due: vec![(subject.clone(), None)],
            from: Some(from),
            ..Change::default()
        };
        let known = self.store().head(repo, sha).await?;
        let mut wanted = match (self.wanted_at(repo, sha).await?, &known) {
            (Some(wanted), _) => wanted,
            (None, Some(head)) => Wanted {
                repo: head.repo.clone(),
                gates: Vec::new(),
                pulls: Vec::new(),
                voices: Vec::new(),
                page: None,
            },
            (None, None) => return self.store().commit(end).await.map(done),
        };
        let is_there = |name: &GateName| {
            let gates = known.iter().flat_map(|head| &head.gates);
            let mut there = gates.filter(|gate| gate.check_run.is_some());
            there.any(|gate| gate.name == *name)
        };
        let kind = match wanted.gates.iter().all(|(name, _)| is_there(name)) {
            true => RequestKind::Write,
            false => RequestKind::Create,
        };
        let installation = wanted.repo.installation;
        let _permit = match self.permit(installation, Priority::Normal, kind).await {
            Permit::Given(permit) => permit,
            Permit::NotBefore(at) => return Ok((Worked::NotBefore(at), false)),
        };
        // Whoever waited long for it may have been overtaken.
        if self.now() - from > OVERTAKEN
            && let Some(again) = self.wanted_at(repo, sha).await?
        {
            wanted = again;
        }
        if let [pull] = &wanted.pulls[..] {
            cause::is_about(&pull.repo, pull.number);
        }
        let mut head = known.unwrap_or_else(|| self.new_head(&wanted, sha));
        let mut on_disk = head.clone();
        head.repo = wanted.repo.clone();
        for entry in entries {
            if let Event::GatePressed {
                gate,
                button: Button::Rerun,
                ..
            } = &entry.event
            {
                head.was_opened_again(gate);
            }
        }
        let repository = self.store().repo(repo).await?;
        // Nothing can be written there; all is looked at again when that ends.
        if repository.as_ref().is_some_and(|known| known.archived) {
            return self.store().commit(end).await.map(done);
        }
        if let Err(error) = self.learn_how_they_ended(&mut head, &wanted.gates).await {
            note_failure(&error, "can't ask how a gate ended");
            head.attempts = head.attempts.saturating_add(1);
            let retry = self.retry_after(&error, head.attempts);
            end.due = vec![(subject.clone(), Some(retry))];
            end.records.push(Record::Head(Box::new(head)));
            return self.commit(end).await.map(done);
        }
        let config = repository.as_ref().and_then(RepoState::enabled);
        let mut gates = config.map_or_else(Vec::new, |config| {
            head.unspoken(&wanted.gates, &configured(&head, config, &wanted))
        });
        gates.append(&mut wanted.gates);
        let mut next = None;
        let (mut held, mut wrote) = (false, false);
        for (name, gate) in &gates {
            match self.turn_of(&mut head, name, gate, &wanted.voices) {
                Turn::Now => {}
                Turn::Never => continue,
                Turn::At(at, why) => {
                    cause::goes_on();
                    held |= why == Why::AtWork;
                    next = Some(next.map_or(at, |earlier: DateTime<Utc>| earlier.min(at)));
                    continue;
                }
            }
            let notes = (&mut on_disk, &mut end.history);
            match self
                .publish(&mut head, (name, gate), &wanted, notes)
                .await?
            {
                Ok(()) => {
                    let now = self.now();
                    let before = head.gate(name).was_written(gate, now);
                    head.attempts = 0;
                    wrote = true;
                    if before.is_none_or(|before| before.status != gate.status) {
                        let kind = match gate.status {
                            GateStatus::Completed(_) => EntryKind::Result,
                            GateStatus::Queued | GateStatus::InProgress => EntryKind::Action,
                        };
                        let what = text::gate_published(name, gate);
                        end.history
                            .push(cause::line(subject.clone(), now, kind, what));
                    }
                }
                Err(error) => {
                    note_failure(&error, &format!("can't publish the gate {}", name.name));
                    if !error.was_not_asked() {
                        head.gate(name).written_at = None;
                        head.attempts = head.attempts.saturating_add(1);
                    }
                    let at = self.retry_after(&error, head.attempts);
                    next = Some(next.map_or(at, |earlier| earlier.min(at)));
                }
            }
        }
        let rests = !wrote && !held;
        let look = self
            .look_for_configuration(&mut head, repository.as_ref(), &wanted.pulls, rests)
            .await;
        next = next.into_iter().chain(look.at).min();
        if head != on_disk {
            end.records.push(Record::Head(Box::new(head)));
        }
        let nothing = end.done.is_empty() && end.records.is_empty() && end.history.is_empty();
        // Whoever only waits for others is noted as due since before.
        if held
            && nothing
            && let Some(at) = next
        {
            self.wake_at(subject.clone(), at);
            return Ok((Worked::Made, held));
        }
        let woken = look.concerned.into_iter();
        end.due = woken.map(|pull| (pull, Some(self.now()))).collect();
        end.due.push((subject.clone(), next));
        self.commit(end).await.map(|()| (Worked::Made, held))
    }

    /// What everybody has to say at a commit; `None`: nobody has anything to say.
    async fn wanted_at(&self, repo: RepoId, sha: &Sha) -> Result<Option<Wanted>, StoreError> {
        let pulls = self.store().pulls_at(repo, sha).await?;
        let others = self.store().runs_at(repo, sha).await?;
        let named = pulls
            .first()
            .map(|pull| pull.repo.clone())
            .or_else(|| others.first().map(|runs| runs.repo.clone()));
        let Some(named) = named else { return Ok(None) };
        let of_pulls = pulls.iter().flat_map(|pull| {
            let runs = Subject::Runs(repo, RunSubject::Pull(pull.number));
            [Subject::Pull(pull.key()), runs]
        });
        let of_others = others
            .iter()
            .map(|runs| Subject::Runs(repo, runs.subject.clone()));
        let speak = of_pulls.chain(of_others).collect();
        let mut voices = Vec::new();
        for pull in &pulls {
            let subject = RunSubject::Pull(pull.number);
            let runs = match pull.gate.as_ref().is_some_and(|gate| gate.runs_count) {
                true => self.store().runs(repo, &subject).await?,
                false => None,
            };
            voices.push((
                format!("#{}", pull.number),
                gates_of_pull(pull, runs.as_ref()),
            ));
        }
        for runs in &others {
            voices.push((runs.subject.to_string(), gates_of_runs(runs, sha, "")));
        }
        Ok(Some(Wanted {
            page: self.page_of(&named, &pulls, &others),
            repo: named,
            gates: combine(voices),
            voices: speak,
            pulls,
        }))
    }

    /// Where the dashboard tells more.
    fn page_of(&self, repo: &Repo, pulls: &[PullState], others: &[RunsState]) -> Option<String> {
        let dashboard = self.shared.pages.as_ref()?;
        let pulls = pulls.iter().map(|pull| pull.number);
        let others: Vec<&RunSubject> = others.iter().map(|runs| &runs.subject).collect();
        Some(dashboard.address(&pages::of_commit(&repo.name, pulls, &others)))
    }

    /// A gate of which nobody speaks any more keeps how it ended, and after a crash or an answer that was lost it may have
    /// ended, or be there at all, without our knowing: GitHub is asked.
    async fn learn_how_they_ended(
        &self,
        head: &mut HeadState,
        wanted: &[(GateName, Gate)],
    ) -> Result<(), GitHubError> {
        let started_at = self.shared.started_at;
        let unsure = |gate: &Published| gate.written_at.is_none_or(|at| at < started_at);
        let perhaps_left = head.perhaps_left(wanted);
        if perhaps_left.is_empty() && !head.unended(wanted).any(|gate| unsure(gate)) {
            return Ok(());
        }
        let github = self.shared.github.of(&head.repo);
        let app = self.shared.github.app().await?.id;
        let there = github.commit_checks(&head.sha).await?;
        for name in perhaps_left {
            let ours = there
                .iter()
                .filter(|check| check.app_id == Some(app) && check.build.name == name.name);
            let found = ours.filter_map(|check| match (check.build.id, check.build.status) {
                (BuildId::CheckRun(id), BuildStatus::Ended(how)) => {
                    Some((CheckRunId(id), GateStatus::Completed(how)))
                }
                (BuildId::CheckRun(id), _) => Some((CheckRunId(id), GateStatus::InProgress)),
                _ => None,
            });
            head.was_looked_for(&name, found.max_by_key(|(id, _)| *id));
        }
        for gate in head.unended(wanted).filter(|gate| unsure(gate)) {
            let reporter = match gate.name.publish {
                Publish::Check => Some(app),
                Publish::Status => None,
            };
            let is = there
                .iter()
                .find(|check| check.app_id == reporter && check.build.name == gate.name.name);
            if let (Some(check), Some(says)) = (is, &mut gate.says)
                && let BuildStatus::Ended(conclusion) = check.build.status
            {
                says.status = GateStatus::Completed(conclusion);
            }
        }
        Ok(())
    }

    /// A commit that has just become a head, while we were listening, can't carry a gate of ours yet. One that was a head
    /// long ago may carry one that was forgotten.
    fn new_head(&self, wanted: &Wanted, sha: &Sha) -> HeadState {
        let known_since = self.heard_since().max(self.now() - TimeDelta::days(1));
        let seen = wanted
            .pulls
            .iter()
            .flat_map(|state| &state.heads)
            .filter(|head| head.sha == *sha && head.announced);
        HeadState {
            repo: wanted.repo.clone(),
            sha: sha.clone(),
            gates: Vec::new(),
            look_first: seen
                .map(|head| head.since)
                .min()
                .is_none_or(|since| since <= known_since),
            attempts: 0,
            configures: Configures::Unknown,
            looks_failed: 0,
        }
    }
}

/// The gates that may stand at a commit: where nobody says anything any more, all that ever did.
fn configured(head: &HeadState, config: &RepoConfig, wanted: &Wanted) -> Vec<GateName> {
    if wanted.gates.is_empty() {
        return head.gates.iter().map(|gate| gate.name.clone()).collect();
    }
    let of_config = GateName {
        name: CONFIG_GATE.to_owned(),
        publish: Publish::Check,
    };
    let gates = config.pipelines.iter().flat_map(|pipeline| {
        pipeline.gates.iter().map(|gate| GateName {
            name: gate.name.clone(),
            publish: pipeline.publish,
        })
    });
    gates.chain([of_config]).collect()
}
