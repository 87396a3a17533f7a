//! Pipelines as a repository's configuration declares them, checked and complete: every template is laid out, every
//! matrix expanded, every name resolved. What is in here can be run as it is; what happens when it runs is `run`.

pub mod schedule;
mod template;

pub(crate) use template::is_name;
pub use template::{BadTemplate, Template, Value};

use super::filter::PathSet;
use super::ids::RepoName;
use super::run::TriggerKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A named set of jobs with triggers and gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its key under `pipelines`.
    pub name: String,
    /// What starts it (`on`); at least one.
    pub on: Vec<Trigger>,
    /// The gates it publishes (`check`); at least one.
    pub gates: Vec<GateSpec>,
    /// As what it publishes them (`publish`).
    pub publish: Publish,
    /// What a new run does to the one before it (`concurrency`); `None`: the trigger's own default.
    pub concurrency: Option<Concurrency>,
    /// Whether a failed required job cancels the jobs that still run (`fail_fast`).
    pub fail_fast: bool,
    /// Whether the `changes` of its jobs are not looked at (`ignore_changes`), as in a post-merge pipeline.
    pub ignore_changes: bool,
    /// Its jobs, in the order of the file, matrices expanded. `needs` has no cycles and names only jobs in here.
    pub jobs: Vec<JobSpec>,
    /// Whether it stands in no file: what is in force where a configuration has no `pipelines`.
    pub implied: bool,
}

/// What starts a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Each mirrored head of a pull request.
    PullRequest,
    /// Each group of a merge queue.
    MergeGroup,
    /// A push to a branch that one of these globs matches.
    Push(Vec<String>),
    /// The times of this cron expression (five fields, UTC), on the default branch.
    Schedule(String),
    /// `/name` by a vetter on a pull request whose head is mirrored. Without the slash.
    Command(String),
}

/// A gate of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSpec {
    /// The check's (or the status's) name.
    pub name: String,
    /// The expanded names of the jobs that count for it; `None`: all of them.
    pub jobs: Option<Vec<String>>,
}

/// As what a gate is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// A check run.
    #[default]
    Check,
    /// A commit status: a title and a link, no summary and no buttons.
    Status,
}

/// What happens to a run when a newer one of the same pipeline begins for the same subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// The older one is cancelled.
    Cancel,
    /// The newer one waits; of several that wait only the newest is kept.
    Queue,
}

/// Whose pull requests a job runs for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfAuthor {
    /// Anybody's, once the head is trusted.
    #[default]
    Any,
    /// Only those that a trusted user opened.
    Trusted,
}

/// One job, after `extends` and `matrix`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Unique in its pipeline: its key, and the values of its matrix if it has one: `build (12.9, amd64)`.
    pub name: String,
    /// Its key under `jobs`, which the commands accept for all jobs of a matrix.
    pub key: String,
    /// This job's place in its matrix.
    pub matrix: BTreeMap<String, String>,
    /// The expanded names of the jobs that have to end before it.
    pub needs: Vec<String>,
    /// Whether it also runs when jobs that it needs were skipped or failed (`needs_any`).
    pub needs_any: bool,
    /// Filters, one of which has to match a changed file; empty: not asked.
    pub changes: Vec<String>,
    /// Labels, one of which also asks for it; with `changes` empty, one of which has to be there.
    pub labels: Vec<String>,
    /// Globs, one of which has to match the base branch (for a push: the branch itself); empty: not asked.
    pub branches: Vec<String>,
    /// Whose pull requests it runs for.
    pub if_author: IfAuthor,
    /// Whether the gate depends on it.
    pub required: bool,
    /// Seconds from its start until it counts as timed out; `None`: for ever (the implied job alone).
    pub timeout: Option<u64>,
    /// How often it is started again by itself after `startup_failure`, `timed_out` or `stale`.
    pub retries: u32,
    /// What its backend is given, by name.
    pub inputs: BTreeMap<String, Template>,
    /// What executes it.
    pub backend: BackendSpec,
}

/// The backend of a job, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendSpec {
    /// `workflow: build.yml`: a `workflow_dispatch` on the mirror or branch. The file's name under `.github/workflows/`.
    Workflow(String),
    /// `check: 'Operator / *'`: what others report for the commit on the mirror or branch.
    Check {
        /// `*` stands for any characters.
        pattern: String,
        /// The slug of the app that has to have reported it.
        app: Option<String>,
    },
    /// `dispatch: {repository: owner/name, event: type}`: a `repository_dispatch`, answered by callback.
    Dispatch {
        /// A repository of the same installation.
        repository: RepoName,
        /// `event_type`.
        event: String,
    },
    /// `connection: name`: a system that the operator's settings define.
    Connection {
        /// The name in the settings.
        name: String,
        /// `ref`: what GitLab builds; `None`: the connection's own default.
        reference: Option<Template>,
    },
}

impl Pipeline {
    /// What is in force where a configuration has no `pipelines`: one gate over every build that the push of the
    /// mirror starts.
    pub fn implied() -> Self {
        let job = JobSpec {
            name: "builds".to_owned(),
            key: "builds".to_owned(),
            matrix: BTreeMap::new(),
            needs: Vec::new(),
            needs_any: false,
            changes: Vec::new(),
            labels: Vec::new(),
            branches: Vec::new(),
            if_author: IfAuthor::Any,
            required: true,
            timeout: None,
            retries: 0,
            inputs: BTreeMap::new(),
            backend: BackendSpec::Check {
                pattern: "*".to_owned(),
                app: None,
            },
        };
        Self {
            name: "builds".to_owned(),
            on: vec![Trigger::PullRequest],
            gates: vec![GateSpec {
                name: super::gate::GATE_NAME.to_owned(),
                jobs: None,
            }],
            publish: Publish::Check,
            concurrency: None,
            fail_fast: false,
            ignore_changes: false,
            jobs: vec![job],
            implied: true,
        }
    }

    /// Those that run for pull requests.
    pub fn for_pulls(pipelines: &[Pipeline]) -> impl Iterator<Item = &Pipeline> {
        pipelines.iter().filter(|pipeline| {
            pipeline.is_on(TriggerKind::PullRequest) || pipeline.is_on(TriggerKind::Command)
        })
    }

    /// Those that run for a group of a merge queue. A queue waits for every required check, also for those that have nothing to
    /// say about groups: pipelines that are for pull requests alone come without their jobs, and so pass at once.
    pub fn for_groups(pipelines: &[Pipeline]) -> Vec<Pipeline> {
        let for_group = |pipeline: &Pipeline| {
            if pipeline.is_on(TriggerKind::MergeGroup) {
                return Some(pipeline.clone());
            }
            pipeline
                .is_on(TriggerKind::PullRequest)
                .then(|| pipeline.without_jobs())
        };
        pipelines.iter().filter_map(for_group).collect()
    }

    /// The same with nothing to do: its gates say so.
    fn without_jobs(&self) -> Self {
        let mut pipeline = self.clone();
        pipeline.jobs.clear();
        pipeline.implied = false;
        for gate in &mut pipeline.gates {
            gate.jobs = None;
        }
        pipeline
    }

    /// Whether something of that kind starts it.
    pub fn is_on(&self, kind: TriggerKind) -> bool {
        self.on.iter().any(|trigger| trigger.kind() == kind)
    }

    /// Whether it is the pipeline of this command, given without the slash; case does not count.
    pub fn is_command(&self, name: &str) -> bool {
        self.on.iter().any(
            |trigger| matches!(trigger, Trigger::Command(command) if command.eq_ignore_ascii_case(name)),
        )
    }

    /// Whether a push to this branch starts it.
    pub fn is_for_push(&self, branch: &str) -> bool {
        self.on.iter().any(|trigger| match trigger {
            // The globs were checked when the configuration was read.
            Trigger::Push(globs) => PathSet::new(globs).is_ok_and(|globs| globs.matches(branch)),
            _ => false,
        })
    }

    /// Whether one of its jobs runs only for some files.
    pub fn asks_what_changed(&self) -> bool {
        !self.ignore_changes && self.jobs.iter().any(|job| !job.changes.is_empty())
    }

    /// Whether an input of one of its jobs names this value.
    pub fn names(&self, value: &Value) -> bool {
        let mut templates = self.jobs.iter().flat_map(|job| job.inputs.values());
        templates.any(|template| template.values().any(|named| named == value))
    }

    /// The job of that expanded name.
    pub fn job(&self, name: &str) -> Option<&JobSpec> {
        self.jobs.iter().find(|job| job.name == name)
    }
}

impl JobSpec {
    /// The values that its inputs and its `ref` name.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let reference = match &self.backend {
            BackendSpec::Connection { reference, .. } => reference.as_ref(),
            _ => None,
        };
        let templates = self.inputs.values().chain(reference);
        templates.flat_map(Template::values)
    }
}

impl Trigger {
    /// What kind it is.
    pub fn kind(&self) -> TriggerKind {
        match self {
            Self::PullRequest => TriggerKind::PullRequest,
            Self::MergeGroup => TriggerKind::MergeGroup,
            Self::Push(_) => TriggerKind::Push,
            Self::Schedule(_) => TriggerKind::Schedule,
            Self::Command(_) => TriggerKind::Command,
        }
    }
}
