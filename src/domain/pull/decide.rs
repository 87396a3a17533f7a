//! Evidence becomes what is wanted.

use super::hear::{Asked, answer, hear};
use super::recall::{Recalled, recall};
use super::{
    Facts, GateAt, GateName, Mirror, Proposal, PullState, Request, Required, Uncovered,
    implied_gates,
};
use crate::domain::config::RepoConfig;
use crate::domain::event::Conclusion;
use crate::domain::filter::{self, Filter};
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::ids::{Sha, UserId};
use crate::domain::repository::RepoState;
use crate::domain::run::{Changed, TriggerKind};
use crate::domain::runs::RunsState;
use crate::domain::text;
use crate::domain::trust::{self, Evidence, Listing, PullView, Verdict};
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
    /// The checks of others that the base branch requires, as they stand at the head; `None`: that could not be found
    /// out, and what was known stays.
    pub required: Option<Vec<Required>>,
    /// What is to be said of the configuration that the head proposes, once its files were looked at.
    pub proposal: Option<Proposal>,
    /// The newest commit that base and head have in common, where a job asks for it.
    pub merge_base: Option<Sha>,
    /// What was said before a loss of data, where it had to be read again.
    pub recalled: Option<Recalled>,
    /// The runs of the head so far, for the answers to commands.
    pub runs: Option<RunsState>,
}

/// Decides what is wanted. Afterwards nothing of what was found is needed any more. What came of deeds on the dashboard, for the
/// history.
pub fn decide(state: &mut PullState, findings: &Findings) -> Vec<String> {
    state.stale = false;
    state.trouble = None;
    let requests = std::mem::take(&mut state.requests);
    let Some(evidence) = &findings.evidence else {
        state.gate = None;
        state.verdict = None;
        return unheard(&requests);
    };
    let pull = &evidence.pull;
    state.author = pull.author.clone().or(state.author.take());
    state.read_head(&pull.head, pull.updated_at);
    let same_head = state.view.as_ref().map(|view| &view.head) == Some(&pull.head);
    state.view = Some(pull.clone());
    match &findings.required {
        Some(required) => state.required = required.clone(),
        None if same_head => {}
        None => state.required.iter_mut().for_each(Required::is_open_again),
    }
    state.proposal = findings.proposal.clone();

    let Some(config) = findings.repository.enabled() else {
        state.verdict = None;
        set_gate(state, findings);
        return unheard(&requests);
    };
    recall(state, &pull.head, config, findings);
    let mut asked: Vec<Asked> = requests
        .iter()
        .map(|request| hear(state, request, config, findings))
        .collect();
    let happened = asked.iter_mut().filter_map(|one| one.happened.take());
    let happened = happened.collect();
    state.people = evidence.members.keys().copied().collect();
    if pull.open {
        state.verdict = Some(trust::judge(config, &state.approvals, evidence));
        state.judged = Some(trust::judged(config, &state.approvals, evidence));
        state.uncovered = uncovered(config, evidence);
        state.facts = Some(Facts {
            changed: changed(config, evidence),
            author_trusted: trusts_author(config, evidence),
            merge_base: findings.merge_base.clone(),
        });
    } else {
        state.verdict = None;
        state.judged = None;
        state.uncovered = Uncovered::Nothing;
        state.facts = None;
    }
    want_mirror(state);
    state.comment.wanted = wanted_comment(state);
    set_gate(state, findings);
    // What was heard may have asked to look again: this is that look.
    state.stale = false;
    if pull.open {
        for (request, asked) in requests.iter().zip(asked) {
            answer(state, request, asked, findings.runs.as_ref());
        }
    }
    happened
}

/// What was asked for on the dashboard where nothing is done.
fn unheard(requests: &[Request]) -> Vec<String> {
    let refused = |request: &Request| match request {
        Request::Dashboard { deed, by, .. } => {
            Some(text::deed_refused(by, deed, &text::nothing_is_done_here()))
        }
        _ => None,
    };
    requests.iter().filter_map(refused).collect()
}

/// Whether the requests that wait, or an earlier approval, approve the head of `pull`: then nothing else about it
/// has to be found out.
pub fn approves_head(
    state: &PullState,
    config: &RepoConfig,
    findings: &Findings,
    pull: &PullView,
) -> bool {
    let mut state = state.clone();
    state.read_head(&pull.head, pull.updated_at);
    state.view = Some(pull.clone());
    recall(&mut state, &pull.head, config, findings);
    for request in std::mem::take(&mut state.requests) {
        hear(&mut state, &request, config, findings);
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
        state.gate = Some(GateAt {
            sha,
            gate,
            names: state.gate.take().map_or_else(implied_gates, |at| at.names),
            runs_count: false,
        });
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
        state.stands += 1;
    }
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

/// Which filters match what changed.
fn changed(config: &RepoConfig, evidence: &Evidence) -> Changed {
    match &evidence.files {
        Listing::Complete(files) => filter::touched(&config.filters, files),
        Listing::TooLong(_) | Listing::NotNeeded => Changed::Everything,
    }
}

fn trusts_author(config: &RepoConfig, evidence: &Evidence) -> bool {
    evidence.pull.author.as_ref().is_some_and(|author| {
        let member = evidence.members.get(&author.id) == Some(&true);
        member || config.is_listed_trustee(author)
    })
}

/// The gates that every head has from the first moment.
fn gate_names(config: &RepoConfig) -> Vec<GateName> {
    let pipelines = config
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.is_on(TriggerKind::PullRequest));
    pipelines
        .flat_map(|pipeline| {
            pipeline.gates.iter().map(|gate| GateName {
                name: gate.name.clone(),
                publish: pipeline.publish,
            })
        })
        .collect()
}

fn set_gate(state: &mut PullState, findings: &Findings) {
    let Some(head) = state.open_head().cloned() else {
        state.gate = None;
        return;
    };
    let names = findings
        .repository
        .good
        .as_ref()
        .map_or_else(implied_gates, gate_names);
    let problem = findings.repository.problem.as_ref();
    let (gate, runs_count) = match (&state.verdict, problem) {
        (None, Some(problem)) => (text::gate_broken_configuration(problem), false),
        (None, None) => {
            state.gate = None;
            return;
        }
        (Some(_), problem) => {
            let (mut gate, runs_count) = gate_of(state);
            if let Some(problem) = problem {
                gate.summary.push_str(&text::last_good_in_force(problem));
            }
            (gate, runs_count)
        }
    };
    state.gate = Some(GateAt {
        sha: head,
        gate,
        names,
        runs_count,
    });
}

/// Brings the gate up to date after something was observed (the mirror moved).
pub(super) fn refresh_gate(state: &mut PullState) {
    let Some(GateAt {
        sha,
        gate: old,
        names,
        ..
    }) = &state.gate
    else {
        return;
    };
    if state.verdict.is_none() || state.open_head() != Some(sha) {
        return;
    }
    let (mut gate, runs_count) = gate_of(state);
    if let Some(note) = text::last_good_note(&old.summary) {
        gate.summary.push_str(note);
    }
    state.gate = Some(GateAt {
        sha: sha.clone(),
        gate,
        names: names.clone(),
        runs_count,
    });
}

/// What the gates say, and whether the runs do from here on.
fn gate_of(state: &PullState) -> (Gate, bool) {
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
        _ => (GateStatus::InProgress, text::title_mirroring(state), false),
    };
    let runs_count = state.uncovered == Uncovered::Nothing && state.shows_runs();
    let gate = Gate {
        status,
        title,
        summary: text::summary(state),
        approve_button,
        link: None,
    };
    (gate, runs_count)
}
