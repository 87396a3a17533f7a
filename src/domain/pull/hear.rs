//! Requests become approvals, orders and answers.

mod obey;

use super::decide::Findings;
use super::rights::{may_approve, may_order};
use super::{Answer, Outgoing, Posted, PullState, Request};
use crate::domain::command::{self, Invocation, ShaPrefix};
use crate::domain::config::RepoConfig;
use crate::domain::event::Account;
use crate::domain::ids::Sha;
use crate::domain::pipeline::Pipeline;
use crate::domain::run::{JobState, Rank, SkipReason, TriggerKind};
use crate::domain::runs::{OrderKind, RunsState};
use crate::domain::text;
use crate::domain::trust::Approval;
use chrono::{DateTime, Utc};

/// What one comment's lines came to.
pub(super) struct Asked {
    done: bool,
    wants_status: bool,
    complaints: Vec<String>,
    /// What came of a deed on the dashboard, for the history: nobody is answered there.
    pub(super) happened: Option<String>,
}

/// Follows a request as far as the right to it is established.
pub(super) fn hear(
    state: &mut PullState,
    request: &Request,
    config: &RepoConfig,
    findings: &Findings,
) -> Asked {
    let mut asked = Asked {
        done: false,
        wants_status: false,
        complaints: Vec::new(),
        happened: None,
    };
    let vetters = &findings.vetters;
    match request {
        Request::ApproveButton { sha, by, at } => {
            if state.open_head() == Some(sha) && may_approve(by, config, vetters) {
                approve(state, sha.clone(), by, *at);
            }
        }
        Request::RerunButton { sha, by, at } => {
            if state.open_head() == Some(sha) && may_order(state, by, config, vetters) {
                state.order(sha, by, *at, OrderKind::Retest(Vec::new()));
            }
        }
        Request::Dashboard { deed, by, at } => {
            let voice = Voice {
                by,
                at: *at,
                config,
                findings,
            };
            asked.happened = Some(match voice.obey(state, deed) {
                Ok(()) => text::deed_done(by, deed),
                Err(why) => text::deed_refused(by, deed, &why),
            });
        }
        Request::Comment { by, at, lines, .. } => {
            for line in lines {
                let invocation = line.invocation();
                if line.suspicious {
                    let for_others = matches!(&invocation, Invocation::Unknown { nearest: None, word }
                        if pipeline_of(config, word).is_none());
                    if !for_others {
                        asked.complaints.push(text::suspicious_line());
                    }
                    continue;
                }
                let voice = Voice {
                    by,
                    at: *at,
                    config,
                    findings,
                };
                match voice.follow(state, invocation, &line.text) {
                    Ok(Followed::Done) => asked.done = true,
                    Ok(Followed::Status) => asked.wants_status = true,
                    Ok(Followed::NotOurs) => {}
                    Err(complaint) => asked.complaints.push(complaint),
                }
            }
        }
    }
    asked
}

enum Followed {
    Done,
    Status,
    NotOurs,
}

/// Who speaks, and what is known of him.
struct Voice<'a> {
    by: &'a Account,
    at: DateTime<Utc>,
    config: &'a RepoConfig,
    findings: &'a Findings,
}

impl Voice<'_> {
    /// One line; what to answer if it can't be followed.
    fn follow(
        &self,
        state: &mut PullState,
        invocation: Invocation,
        line: &str,
    ) -> Result<Followed, String> {
        match invocation {
            Invocation::OkToTest { sha } => {
                let head = self.may_run(state, sha)?;
                approve(state, head, self.by, self.at);
            }
            Invocation::Sync => state.look_again(),
            Invocation::Status => return Ok(Followed::Status),
            Invocation::Help => return Err(text::help(&commands(self.config))),
            // The repository's own task hears it and answers.
            Invocation::Init => return Ok(Followed::NotOurs),
            Invocation::Retest { rest } => {
                let jobs = self.jobs_only(&rest)?;
                let head = self.may_steer(state, "/retest")?;
                if jobs.is_empty() && self.nothing_failed(&head) {
                    return Err(text::nothing_to_retest());
                }
                state.order(&head, self.by, self.at, OrderKind::Retest(jobs));
            }
            Invocation::Test { rest } => {
                let jobs = self.jobs_only(&rest)?;
                if jobs.is_empty() {
                    return Err(text::which_jobs("/test", &self.jobs()));
                }
                let head = self.may_steer(state, "/test")?;
                let rank = match may_approve(self.by, self.config, &self.findings.vetters) {
                    true => Rank::Vetter,
                    false => Rank::Author,
                };
                if rank == Rank::Author
                    && let Some(job) = self.not_for_the_author(&head, &jobs)
                {
                    return Err(text::job_is_not_for_everybody(&job));
                }
                state.order(&head, self.by, self.at, OrderKind::Test(jobs, rank));
            }
            Invocation::Cancel => {
                let head = self.may_steer(state, "/cancel")?;
                state.order(&head, self.by, self.at, OrderKind::Cancel);
            }
            Invocation::Skip { rest } => {
                let (jobs, reason) = self.split(&rest);
                if jobs.is_empty() {
                    return Err(match reason.split_whitespace().next() {
                        Some(word) => text::no_such_job(word, &self.jobs()),
                        None => text::which_jobs("/skip", &self.jobs()),
                    });
                }
                if reason.is_empty() {
                    return Err(text::skip_needs_a_reason(&jobs));
                }
                self.must_be_vetter("/skip")?;
                let head = self.running_head(state)?;
                state.order(&head, self.by, self.at, OrderKind::Skip { jobs, reason });
            }
            Invocation::Unknown { word, nearest } => {
                if let Some(pipeline) = pipeline_of(self.config, &word) {
                    self.must_be_vetter(&word)?;
                    let head = self.running_head(state)?;
                    let args = line.trim_start().get(word.len()..).unwrap_or_default();
                    let start = OrderKind::Start {
                        pipeline: pipeline.name.clone(),
                        args: args.trim().to_owned(),
                    };
                    state.order(&head, self.by, self.at, start);
                } else {
                    return match nearest {
                        Some(nearest) => Err(text::unknown_command(&word, nearest)),
                        None => Ok(Followed::NotOurs),
                    };
                }
            }
        }
        Ok(Followed::Done)
    }

    /// The head that an `/ok to test` approves, or what to say instead.
    fn may_run(
        &self,
        state: &PullState,
        sha: Result<Option<ShaPrefix>, command::BadSha>,
    ) -> Result<Sha, String> {
        let Some(head) = state.view.as_ref().map(|view| &view.head) else {
            return Err(text::try_again());
        };
        if !may_approve(self.by, self.config, &self.findings.vetters) {
            return Err(text::not_a_vetter(&self.by.login));
        }
        let known = self.findings.repository.known_since;
        let seen_before = known.is_none_or(|since| since <= self.at)
            && state.remembers(self.at)
            && state.was_head_before(head, self.at);
        match sha {
            Err(bad) => Err(text::bad_sha(&bad, head)),
            Ok(None) if self.config.trust.approve_without_sha && seen_before => Ok(head.clone()),
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

    /// The head, for those who may steer its runs.
    fn may_steer(&self, state: &PullState, command: &str) -> Result<Sha, String> {
        if !may_order(state, self.by, self.config, &self.findings.vetters) {
            return Err(text::may_not_steer(&self.by.login, command));
        }
        self.running_head(state)
    }

    fn must_be_vetter(&self, command: &str) -> Result<(), String> {
        match may_approve(self.by, self.config, &self.findings.vetters) {
            true => Ok(()),
            false => Err(text::vetters_only(&self.by.login, command)),
        }
    }

    /// The head, while it may run.
    fn running_head(&self, state: &PullState) -> Result<Sha, String> {
        match state.open_head().filter(|_| state.may_run()) {
            Some(head) => Ok(head.clone()),
            None => Err(text::nothing_runs_yet()),
        }
    }

    /// The jobs that `rest` names, and nothing else.
    fn jobs_only(&self, rest: &str) -> Result<Vec<String>, String> {
        match self.split(rest) {
            (jobs, rest) if rest.is_empty() => Ok(jobs),
            (_, rest) => {
                let word = rest.split_whitespace().next().unwrap_or_default();
                Err(text::no_such_job(word, &self.jobs()))
            }
        }
    }

    /// The jobs that `rest` begins with, and what stands behind them. A job of a matrix has blanks in its name, so the known names
    /// decide where one ends, the longest first.
    fn split(&self, rest: &str) -> (Vec<String>, String) {
        let mut known = self.jobs();
        known.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let mut jobs = Vec::new();
        let mut rest = rest.trim();
        'next: loop {
            for name in &known {
                let Some(start) = rest.get(..name.len()) else {
                    continue;
                };
                let after = &rest[name.len()..];
                let ends = after.is_empty() || after.starts_with([' ', '\t', ',']);
                if start.eq_ignore_ascii_case(name) && ends {
                    jobs.push((*name).to_owned());
                    rest = after.trim_start_matches([' ', '\t', ',']);
                    continue 'next;
                }
            }
            return (jobs, rest.to_owned());
        }
    }

    /// All names that stand for jobs of pipelines that run for pull requests.
    fn jobs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Pipeline::for_pulls(&self.config.pipelines)
            .flat_map(|pipeline| &pipeline.jobs)
            .flat_map(|job| [job.key.as_str(), job.name.as_str()])
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// One of these jobs that its conditions keep from running whoever's pull request this is, unless a vetter asks for it.
    fn not_for_the_author(&self, head: &Sha, jobs: &[String]) -> Option<String> {
        let runs = self.findings.runs.as_ref()?;
        let of_head = runs
            .runs()
            .filter(|run| run.counts() && run.scene.sha == *head);
        of_head
            .flat_map(|run| {
                jobs.iter()
                    .flat_map(|name| run.find(name))
                    .map(|at| &run.jobs[at])
            })
            .find(|job| {
                matches!(
                    job.state,
                    JobState::Skipped(SkipReason::OtherBranch | SkipReason::AuthorNotTrusted)
                )
            })
            .map(|job| job.spec.name.clone())
    }

    /// Whether it is certain that no job of the head's runs failed.
    fn nothing_failed(&self, head: &Sha) -> bool {
        self.findings.runs.as_ref().is_some_and(|runs| {
            let of_head = runs
                .runs()
                .filter(|run| run.counts() && run.scene.sha == *head);
            let mut runs = of_head.peekable();
            runs.peek().is_some() && !runs.any(|run| run.jobs.iter().any(|job| job.failed()))
        })
    }
}

fn commands(config: &RepoConfig) -> Vec<&Pipeline> {
    let is_command = |pipeline: &&Pipeline| pipeline.is_on(TriggerKind::Command);
    config.pipelines.iter().filter(is_command).collect()
}

/// The pipeline that a command's word starts.
pub fn pipeline_of<'a>(config: &'a RepoConfig, word: &str) -> Option<&'a Pipeline> {
    let name = word.strip_prefix('/')?;
    config
        .pipelines
        .iter()
        .find(|pipeline| pipeline.is_command(name))
}

pub(super) fn approve(state: &mut PullState, sha: Sha, by: &Account, at: DateTime<Utc>) {
    state.approvals.retain(|approval| approval.sha != sha);
    state.approvals.push(Approval {
        sha,
        by: by.clone(),
        at,
    });
    let surplus = state.approvals.len().saturating_sub(super::KEPT_APPROVALS);
    state.approvals.drain(..surplus);
}

/// Puts the answer to a comment into the outbox.
pub(super) fn answer(
    state: &mut PullState,
    request: &Request,
    asked: Asked,
    runs: Option<&RunsState>,
) {
    let Request::Comment { comment, .. } = request else {
        return;
    };
    let mut paragraphs = asked.complaints;
    if asked.wants_status {
        paragraphs.push(text::status(state, runs));
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
