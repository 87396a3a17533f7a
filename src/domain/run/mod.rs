//! A run: one execution of a pipeline for one subject at one SHA, and the state of each of its jobs.
//!
//! Pure: news comes in (`news`, `observe`, `orders`), [`Run::advance`] draws the conclusions, [`Run::steps`] says what is
//! to be done on the backends now. Each may run again at any time and in any order; nothing in here knows the time but by
//! argument.
//!
//! **Level-triggered.** Whether a job that has not been started waits, is to be started or is skipped because of its needs
//! is found anew by each `advance`, from how its needs stand then. So a need that runs again takes back what it had
//! skipped, and a job that has been started stays as it is, whatever becomes of its needs.
//!
//! **What a start is.** [`Run::start_begins`] counts the attempt, before the backend is asked. What an earlier attempt
//! reports afterwards changes nothing. A job is not started again before the backend was told to stop the attempt before.
//!
//! **It always ends.** Everything that was begun has a time limit (but the implied job, which waits for what GitHub
//! runs), the automatic retries are counted, and a backend that can't be told to stop is given up.

mod advance;
mod attempt;
mod fate;
mod inputs;
mod job;
mod name;
mod needs;
mod news;
mod observe;
mod orders;
mod reference;
mod report;
mod rules;
mod standing;
mod steps;
#[cfg(test)]
mod tests;

pub use attempt::Attempt;
pub use name::matches_name;
pub use news::MOST_CANCELS;
pub use orders::Rank;
pub use report::{
    LONGEST_NAME, LONGEST_OUTPUT, LONGEST_SUMMARY, LONGEST_TITLE, LONGEST_URL, MOST_METRICS,
    MOST_OUTPUTS,
};
pub use standing::{Blocker, Standing};
pub use steps::Step;

use super::event::{Build, BuildId, BuildStatus, Conclusion};
use super::ids::{RepoId, RepoName, RunSubject, Sha};
use super::pipeline::{Concurrency, GateSpec, JobSpec, Publish};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a run is for, and what the conditions and inputs of its jobs are asked of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// Where.
    pub repository: RepoName,
    /// What started it.
    pub trigger: TriggerKind,
    /// The commit that is built.
    pub sha: Sha,
    /// The branch of the source repository that holds it: the mirror, the pushed branch, the merge group's.
    pub branch: String,
    /// The pull request's or merge group's base branch; otherwise the branch itself.
    pub base_branch: String,
    /// The commit it is compared with, where there is one.
    pub base_sha: Option<Sha>,
    /// The newest commit that base and head have in common, where it was asked for.
    pub merge_base: Option<Sha>,
    /// The pull request, where there is one.
    pub pull: Option<PullScene>,
    /// Which filters match what changed.
    pub changed: Changed,
    /// What stood behind the command, in a command's pipeline.
    pub args: String,
}

/// What the conditions ask of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullScene {
    /// Its number.
    pub number: u64,
    /// Who opened it; `None` for a deleted account.
    pub author: Option<String>,
    /// Whether that is a trusted user; unknown is not.
    pub author_trusted: bool,
    /// Its labels.
    pub labels: BTreeSet<String>,
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// `on: pull_request`
    PullRequest,
    /// `on: merge_group`
    MergeGroup,
    /// `on: {push: …}`
    Push,
    /// `on: {schedule: …}`
    Schedule,
    /// `on: {command: …}`
    Command,
}

/// Which filters match what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// These.
    Filters(BTreeSet<String>),
    /// Nothing is compared (a schedule), or there are more files than GitHub lists: every filter counts as matched.
    Everything,
}

/// One execution of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Counted from 1 for each pipeline and subject.
    pub number: u64,
    /// The pipeline's name.
    pub pipeline: String,
    /// What it is for.
    pub scene: Scene,
    /// The gates it feeds.
    pub gates: Vec<GateSpec>,
    /// As what they are published.
    pub publish: Publish,
    /// What a newer run does to this one.
    pub concurrency: Concurrency,
    /// Whether a failed required job cancels the rest.
    pub fail_fast: bool,
    /// Whether `changes` are not looked at.
    pub ignore_changes: bool,
    /// Whether it is the implied pipeline's.
    pub implied: bool,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job>,
    /// Why it does not count any more (a newer run, a closed pull request); its jobs are cancelled and what they report is
    /// ignored.
    pub superseded: Option<String>,
    /// Whether it waits for the run before it (`concurrency: queue`).
    pub queued: bool,
    /// When it was wanted first.
    pub created_at: DateTime<Utc>,
    /// When the last of its jobs ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A job of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What it is.
    pub spec: JobSpec,
    /// How it stands.
    pub state: JobState,
    /// The number of its latest start, from 1; 0: never started. What an earlier attempt reports is ignored.
    pub attempt: u32,
    /// How many of the starts since a person last asked for it were automatic retries.
    pub retried: u32,
    /// What the backend calls the latest attempt, once started.
    pub handle: Option<Handle>,
    /// What it called the attempts before, oldest first; the newest 50.
    pub earlier: Vec<Handle>,
    /// How the attempts before went, oldest first; the newest 20.
    #[serde(default)]
    pub past: Vec<Attempt>,
    /// Whether its backend has to be told to stop the latest attempt.
    pub cancel: Cancel,
    /// Why we ended it ourselves; `None` for a job that has ended: its backend said so.
    pub stopped: Option<Stop>,
    /// Whether its failure has cancelled the rest already (`fail_fast`): what is asked for after that runs.
    pub felled: bool,
    /// Of a `workflow` job: whether its latest attempt was started on the anchor of its commit.
    #[serde(default)]
    pub anchored: bool,
    /// Who asked for it with `/test`, whatever its conditions say.
    pub forced_by: Option<String>,
    /// Who said that it counts as passed, and why.
    pub excuse: Option<Excuse>,
    /// When it was started (the latest attempt).
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the backend says of it.
    pub report: Report,
    /// Of a `check` job: what was observed, the newest of each kind; at most 300.
    pub observed: Vec<Build>,
    /// Of a `check` job that runs again: the builds that had failed before, and when they had last changed. They are
    /// waited for until they change.
    pub set_aside: Vec<(BuildId, DateTime<Utc>)>,
    /// What stands in the way of starting or watching it, for people.
    pub trouble: Option<String>,
    /// How often in a row its backend could not be used.
    pub failures: u32,
    /// Not before this time is its backend asked again, after a failure or to poll.
    pub not_before: Option<DateTime<Utc>>,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// For jobs it needs, or for its run to begin.
    Waiting,
    /// Never started, by a rule.
    Skipped(SkipReason),
    /// To be started. `perhaps`: it may have been started already, so it is looked for first.
    Starting {
        /// Whether a start was begun and its answer not seen.
        perhaps: bool,
    },
    /// Its backend has it: `Queued` or `Running`.
    Active(BuildStatus),
    /// Over. The time limit of the job makes it `timed_out`, a cancelled run `cancelled`.
    Ended(Conclusion),
}

/// Why a job was ended by us and not by its backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It took longer than its `timeout`.
    TimeLimit,
    /// The backend will not start it; `trouble` says why.
    Refused,
    /// The backend, which had it, can't say any more how it stands; `trouble` says why.
    Lost,
    /// This required job failed, and the pipeline is `fail_fast`.
    FailFast(String),
    /// Somebody said so; their words.
    Order(String),
    /// The run does not count any more; `Run::superseded` says why.
    Superseded,
}

/// The rule by which a job is not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// None of its filters matches a changed file (and none of its labels is there).
    NothingChanged,
    /// None of its labels is there.
    NoLabel,
    /// The base branch is none of its `branches`.
    OtherBranch,
    /// The author is no trusted user.
    AuthorNotTrusted,
    /// This job, which it needs, was skipped or did not pass.
    Need(String),
}

/// A vetter's word that a job counts as passed for this head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excuse {
    /// Login.
    pub by: String,
    /// As given.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Whether a backend has to be told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// No.
    No,
    /// Yes.
    Wanted,
    /// It was told.
    Done,
}

/// What a backend calls a job it has: its own number or name, opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub String);

/// What a backend says of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How it stands; `None`: nothing new.
    pub status: Option<BuildStatus>,
    /// Where people can read more; only `https://` and `http://` addresses.
    pub url: Option<String>,
    /// One line.
    pub title: Option<String>,
    /// Markdown, shown as it is given but bounded.
    pub summary: Option<String>,
    /// For the inputs of jobs that need this one.
    pub outputs: BTreeMap<String, String>,
    /// Numbers worth comparing.
    pub metrics: BTreeMap<String, f64>,
}

/// Which start of which job: what a backend is told, and what a callback has to prove to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobRef {
    /// Where.
    pub repo: RepoId,
    /// For what.
    pub subject: RunSubject,
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's number.
    pub run: u64,
    /// When the run began: numbers start over for a repository that was forgotten and comes back, times don't.
    pub since: DateTime<Utc>,
    /// The job's expanded name.
    pub job: String,
    /// The start.
    pub attempt: u32,
}
