//! Evidence becomes what is wanted.

use super::{Answer, GateAt, Mirror, Outgoing, Posted, PullState, Request, Uncovered};
use crate::domain::command::{self, Invocation, ShaPrefix};
use crate::domain::config::RepoConfig;
use crate::domain::event::{Account, AccountKind, BuildId, Conclusion};
use crate::domain::filter::{self, Filter};
use crate::domain::gate::{Gate, GateStatus, Tally, tally};
use crate::domain::ids::{Sha, UserId};
use crate::domain::repository::RepoState;
use crate::domain::text;
use crate::domain::trust::{self, Approval, Evidence, Listing, PullView, Verdict};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What was found out about a pull request.
#[derive(Debug)]
pub struct Findings {
    /// The repository and its configuration.
    pub repository: RepoState,
    /// Whether those who ask for an approval may give it.
    pub vetters: BTreeMap<UserId, bool>,
    /// The pull request; `None` where the repository does not concern us.
    pub evidence: Option<Evidence>,
}

/// Decides what is wanted. Afterwards nothing of what was found is needed any more.
pub fn decide(state: &mut PullState, findings: &Findings) {
    state.stale = false;
    state.trouble = None;
    let requests = std::mem::take(&mut state.requests);
    let Some(evidence) = &findings.evidence else {
        state.gate = None;
        state.verdict = None;
        return;
    };
    let pull = &evidence.pull;
    state.author = pull.author.clone().or(state.author.take());
    state.read_head(&pull.head, pull.updated_at);
    state.view = Some(pull.clone());

    let Some(config) = findings.repository.enabled() else {
        state.verdict = None;
        set_gate(state, findings);
        return;
    };
    let asked: Vec<Asked> = requests
        .iter()
        .map(|request| hear(state, request, config, &findings.vetters))
        .collect();
    if pull.open {
        state.verdict = Some(trust::judge(config, &state.approvals, evidence));
        state.uncovered = uncovered(config, evidence);
    } else {
        state.verdict = None;
        state.uncovered = Uncovered::Nothing;
    }
    want_mirror(state);
    state.comment.wanted = wanted_comment(state);
    set_gate(state, findings);
    // What was heard may have asked to look again: this is that look.
    state.stale = false;
    if pull.open {
        for (request, asked) in requests.iter().zip(asked) {
            answer(state, request, asked);
        }
    }
}

/// Whether the requests that wait, or an earlier approval, approve the head of `pull`: then nothing else about it
/// has to be found out.
pub fn approves_head(
    state: &PullState,
    config: &RepoConfig,
    vetters: &BTreeMap<UserId, bool>,
    pull: &PullView,
) -> bool {
    let mut state = state.clone();
    state.read_head(&pull.head, pull.updated_at);
    state.view = Some(pull.clone());
    for request in std::mem::take(&mut state.requests) {
        hear(&mut state, &request, config, vetters);
    }
    trust::approval_for(&pull.head, &state.approvals).is_some()
}

/// Notes that GitHub could not be asked: neither trust nor distrust. Where the repository is known to be enabled, the
/// gate of a head that was not judged says what is being waited for.
pub fn unestablished(state: &mut PullState, what: String, enabled: Enabled) {
    state.failures = state.failures.saturating_add(1);
    let judged = state.verdict.as_ref().and_then(|_| state.open_head());
    let newest = state.heads.last().map(|head| head.sha.clone());
    let open = state.view.as_ref().is_none_or(|view| view.open);
    if let Some(sha) = newest
        && judged != Some(&sha)
        && open
        && enabled == Enabled::Yes
    {
        let gate = text::gate_waits_for_github(&what, state.failures);
        state.gate = Some(GateAt { sha, gate });
    }
    state.trouble = Some(what);
}

/// Whether a repository is known to be enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabled {
    /// By its last good configuration.
    Yes,
    /// No, or nothing is known of it yet.
    NotKnown,
}

/// What one comment's lines came to.
struct Asked {
    done: bool,
    wants_status: bool,
    complaints: Vec<String>,
}

fn hear(
    state: &mut PullState,
    request: &Request,
    config: &RepoConfig,
    vetters: &BTreeMap<UserId, bool>,
) -> Asked {
    let mut asked = Asked {
        done: false,
        wants_status: false,
        complaints: Vec::new(),
    };
    match request {
        Request::ApproveButton { sha, by, at } => {
            if state.open_head() == Some(sha) && may_approve(by, config, vetters) {
                approve(state, sha.clone(), by, *at);
            }
        }
        Request::Comment { by, at, lines, .. } => {
            for line in lines {
                match line.invocation() {
                    Invocation::Unknown { nearest: None, .. } => {}
                    _ if line.suspicious => asked.complaints.push(text::suspicious_line()),
                    Invocation::OkToTest { sha } => {
                        match may_run(state, by, *at, sha, config, vetters) {
                            Ok(head) => {
                                approve(state, head, by, *at);
                                asked.done = true;
                            }
                            Err(complaint) => asked.complaints.push(complaint),
                        }
                    }
                    Invocation::Sync => {
                        state.look_again();
                        asked.done = true;
                    }
                    Invocation::Status => asked.wants_status = true,
                    Invocation::Help => asked.complaints.push(text::help()),
                    Invocation::Unknown {
                        word,
                        nearest: Some(nearest),
                    } => {
                        asked.complaints.push(text::unknown_command(&word, nearest));
                    }
                }
            }
        }
    }
    asked
}

fn may_approve(by: &Account, config: &RepoConfig, vetters: &BTreeMap<UserId, bool>) -> bool {
    by.kind == AccountKind::User
        && (config.is_listed_vetter(&by.login) || vetters.get(&by.id) == Some(&true))
}

/// The head that an `/ok to test` approves, or what to say instead.
fn may_run(
    state: &PullState,
    by: &Account,
    at: DateTime<Utc>,
    sha: Result<Option<ShaPrefix>, command::BadSha>,
    config: &RepoConfig,
    vetters: &BTreeMap<UserId, bool>,
) -> Result<Sha, String> {
    let Some(head) = state.view.as_ref().map(|view| &view.head) else {
        return Err(text::try_again());
    };
    if !may_approve(by, config, vetters) {
        return Err(text::not_a_vetter(&by.login));
    }
    let seen_before = state.was_head_before(head, at);
    match sha {
        Err(bad) => Err(text::bad_sha(&bad, head)),
        Ok(None) if config.trust.approve_without_sha && seen_before => Ok(head.clone()),
        Ok(None) => Err(text::sha_missing(head)),
        Ok(Some(prefix)) if !prefix.names(head.as_str()) => Err(text::wrong_sha(&prefix, head)),
        // Two commits with the same first digits are cheap to make: a short SHA names a head only if
        // the commenter can't have meant another one that was there before.
        Ok(Some(prefix))
            if !prefix.is_full() && (!seen_before || state.is_ambiguous(&prefix, head)) =>
        {
            Err(text::short_sha(&prefix, head))
        }
        Ok(Some(_)) => Ok(head.clone()),
    }
}

fn approve(state: &mut PullState, sha: Sha, by: &Account, at: DateTime<Utc>) {
    state.approvals.retain(|approval| approval.sha != sha);
    state.approvals.push(Approval {
        sha,
        by: by.clone(),
        at,
    });
    let surplus = state.approvals.len().saturating_sub(super::KEPT_APPROVALS);
    state.approvals.drain(..surplus);
}

fn answer(state: &mut PullState, request: &Request, asked: Asked) {
    let Request::Comment { comment, .. } = request else {
        return;
    };
    let mut paragraphs = asked.complaints;
    if asked.wants_status {
        paragraphs.push(text::status(state));
    }
    let answer = if !paragraphs.is_empty() {
        Answer::Reply(paragraphs.join("\n\n"))
    } else if asked.done {
        Answer::ThumbsUp
    } else {
        return;
    };
    state.outbox.push(Outgoing {
        to: *comment,
        answer,
        posted: Posted::Absent,
    });
}

fn want_mirror(state: &mut PullState) {
    let Some(view) = &state.view else { return };
    let wanted = if !view.open {
        Mirror::Absent
    } else if state.verdict.as_ref().is_some_and(Verdict::allows_mirror) {
        Mirror::At(view.head.clone())
    } else {
        return;
    };
    if wanted != state.wanted_mirror {
        state.wanted_mirror = wanted;
        state.disturbance = None;
        state.runs_before = last_run(state).max(state.runs_before);
        state.builds.clear();
        state.builds_confirmed = false;
        state.read_builds = false;
    }
}

/// The newest workflow run known so far.
fn last_run(state: &PullState) -> u64 {
    let runs = state.builds.iter().filter_map(|build| match build.id {
        BuildId::WorkflowRun(id) => Some(id),
        _ => None,
    });
    runs.max().unwrap_or(0)
}

fn wanted_comment(state: &PullState) -> Option<String> {
    let view = state.view.as_ref()?;
    if !view.open {
        return state.comment.wanted.clone();
    }
    match state.verdict.as_ref()? {
        Verdict::NeedsVetting(reasons) => Some(text::comment_needs_vetting(
            view.author.as_ref(),
            &view.head,
            reasons,
        )),
        Verdict::AutoSyncOff { draft } => Some(text::comment_auto_sync_off(&view.head, *draft)),
        // Its instructions stay true for the head they name; only a head of its own needs new words.
        Verdict::Approved(_) => state.comment.wanted.clone(),
        Verdict::Trusted => state
            .comment
            .wanted
            .is_some()
            .then(|| text::comment_nothing_needed(&view.head)),
    }
}

fn uncovered(config: &RepoConfig, evidence: &Evidence) -> Uncovered {
    if !config.require_filter_coverage {
        return Uncovered::Nothing;
    }
    let paths = match &evidence.files {
        Listing::Complete(files) => match Filter::all(&config.filters) {
            Ok(filters) => filter::uncovered(&filters, files),
            // The patterns were checked when the configuration was read.
            Err(_) => files.iter().map(|file| file.path.clone()).collect(),
        },
        Listing::TooLong(count) => return Uncovered::TooManyFiles(*count),
        Listing::NotNeeded => return Uncovered::TooManyFiles(evidence.pull.changed_files),
    };
    match paths.is_empty() {
        true => Uncovered::Nothing,
        false => Uncovered::Files(paths),
    }
}

fn set_gate(state: &mut PullState, findings: &Findings) {
    let Some(head) = state.open_head().cloned() else {
        state.gate = None;
        return;
    };
    let problem = findings.repository.problem.as_ref();
    state.gate = match (&state.verdict, problem) {
        (None, Some(problem)) => Some(text::gate_broken_configuration(problem)),
        (None, None) => None,
        (Some(_), problem) => {
            let mut gate = gate_of(state);
            if let Some(problem) = problem {
                gate.summary.push_str(&text::last_good_in_force(problem));
            }
            Some(gate)
        }
    }
    .map(|gate| GateAt { sha: head, gate });
}

/// Brings the gate up to date after something was observed (the mirror moved, a build ended).
pub(super) fn refresh_gate(state: &mut PullState) {
    let Some(GateAt { sha, gate: old }) = &state.gate else {
        return;
    };
    if state.verdict.is_none() || state.open_head() != Some(sha) {
        return;
    }
    let mut gate = gate_of(state);
    if let Some(note) = text::last_good_note(&old.summary) {
        gate.summary.push_str(note);
    }
    state.gate = Some(GateAt {
        sha: sha.clone(),
        gate,
    });
}

fn gate_of(state: &PullState) -> Gate {
    let (status, title, approve_button) = match &state.verdict {
        Some(Verdict::NeedsVetting(_) | Verdict::AutoSyncOff { .. }) => (
            GateStatus::Completed(Conclusion::ActionRequired),
            text::title_waits_for_vetter(state),
            true,
        ),
        _ if state.uncovered != Uncovered::Nothing => (
            GateStatus::Completed(Conclusion::Failure),
            text::title_uncovered(&state.uncovered),
            false,
        ),
        _ if !state.is_mirrored() => (GateStatus::InProgress, text::title_mirroring(state), false),
        _ => match tally(&state.builds) {
            Tally::None => (GateStatus::InProgress, text::title_no_build(state), false),
            Tally::Passed if state.builds_confirmed => (
                GateStatus::Completed(Conclusion::Success),
                text::title_passed(&state.builds),
                false,
            ),
            Tally::Running | Tally::Passed => (
                GateStatus::InProgress,
                text::title_running(&state.builds),
                false,
            ),
            Tally::Failed => (
                GateStatus::Completed(Conclusion::Failure),
                text::title_failed(&state.builds),
                false,
            ),
        },
    };
    Gate {
        status,
        title,
        summary: text::summary(state),
        approve_button,
    }
}
