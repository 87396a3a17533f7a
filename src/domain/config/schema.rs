//! A JSON Schema of the configuration, for editors: what may be written where, and what it means.
//!
//! Each struct is a mapping as it is written, before anything is looked up or extended. The server reads files with `parse`, whose
//! errors know line and column; what that accepts this describes (a law in `pipelines/tests/properties.rs`), and what only the
//! whole file can tell (a job that is needed and not there, a filter without patterns) is left to `parse`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use std::collections::BTreeMap;

/// The schema, in the draft that editors know best (JSON Schema draft-07).
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft07();
    settings.into_generator().into_root_schema_for::<File>()
}

/// Says whether and how Drawbridge works in a repository: `.github/drawbridge.yaml` on its default branch.
#[derive(JsonSchema)]
#[schemars(rename = "Drawbridge", deny_unknown_fields)]
pub struct File {
    /// Without it nothing happens in this repository: no mirror, no check, no comment. Default: `false`.
    pub enabled: Option<bool>,
    /// A trusted pull request that is ready for review is mirrored by itself. If not, a vetter types `/ok to test <sha>`. Default:
    /// `true`.
    pub auto_sync_ready: Option<bool>,
    /// The same for drafts. Default: the value of `auto_sync_ready`.
    pub auto_sync_draft: Option<bool>,
    /// Logins that are trusted users although they are no members of the organisation; an app is `name[bot]`, and `alice#5` the account
    /// with that number, whatever it is called now.
    pub additional_trustees: Option<Vec<Text>>,
    /// Logins that may approve a head although they have no write access.
    pub additional_vetters: Option<Vec<Text>>,
    /// Who is trusted, and what always needs a vetter.
    pub trust: Option<Trust>,
    /// Named sets of paths, or the path of a file that holds them.
    pub filters: Option<Filters>,
    /// A changed file that no filter matches makes the gate fail and is named there. Default: `false`.
    pub require_filter_coverage: Option<bool>,
    /// Fragments of jobs, which jobs and other templates extend.
    pub templates: Option<BTreeMap<Name, Option<Job>>>,
    /// What is built when, and which checks say how it went. Default: one pipeline for all builds that the push of the mirror starts.
    pub pipelines: Option<BTreeMap<Name, Pipeline>>,
    /// In an organisation's file only: the keys that repositories can't set.
    pub locked: Option<Vec<Text>>,
}

/// Who is trusted, and what always needs a vetter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trust {
    /// Every commit of a trusted change has a signature that GitHub verified. Default: `true`.
    pub require_verified_commits: Option<bool>,
    /// Patterns of paths. A pull request that touches one of them needs a vetter, whoever wrote it.
    pub always_vet: Option<Vec<Text>>,
    /// `/ok to test` alone approves the head, if that was the head before the comment was written. Default: `false`.
    pub approve_without_sha: Option<bool>,
}

/// A text; what looks like a number or a truth value is taken as it is written.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Text {
    /// As it is.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
}

/// One text, or a list of texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Texts {
    /// One.
    One(Text),
    /// Several.
    Many(Vec<Text>),
}

/// The name of a pipeline, a job or a template: at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit.
#[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transparent)]
pub struct Name(#[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"))] pub String);

/// Named sets of paths.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Filters {
    /// The path of a file with them, from the root of the repository.
    File(#[schemars(regex(pattern = r"\.ya?ml$"))] String),
    /// Each with its patterns.
    Inline(BTreeMap<String, Patterns>),
}

/// A pattern of paths, such as `src/**`, or a list of them; one with `!` in front takes paths out.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Patterns {
    /// One.
    One(Text),
    /// Several; lists in lists are joined.
    Many(Vec<Patterns>),
}

/// Which jobs there are, what starts them, and which checks say how they went.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Pipeline {
    /// What starts it: one trigger, or several.
    pub on: On,
    /// Another pipeline, whose jobs and keys are taken over, except `on` and `check`.
    pub extends: Option<Text>,
    /// The name of its gate, or several gates with the jobs that count for each. Default: `backend-status-check` for pull requests and
    /// merge groups, otherwise the pipeline's name.
    pub check: Option<Gates>,
    /// `status` publishes the gates as commit statuses: one line, no summary and no buttons. Default: `check`.
    pub publish: Option<Publish>,
    /// What a new run for the same pull request or branch does to the one before it: `cancel` stops it, `queue` waits for its end.
    /// Default: `queue` for `push` and `schedule`, otherwise `cancel`.
    pub concurrency: Option<Concurrency>,
    /// A required job that fails cancels the jobs that still run. Default: `false`.
    pub fail_fast: Option<bool>,
    /// The `changes` of the jobs are not looked at. Default: `false`.
    pub ignore_changes: Option<bool>,
    /// The jobs, by name. An empty one leaves out a job that is taken over.
    pub jobs: Option<BTreeMap<Name, Option<Job>>>,
}

/// What starts a pipeline.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum On {
    /// One.
    One(OneTrigger),
    /// Several.
    Many(Vec<OneTrigger>),
}

/// A trigger, or a mapping of several.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum OneTrigger {
    /// One that takes no value.
    Word(TriggerWord),
    /// Those with their values.
    Map(Box<Triggers>),
}

/// A trigger that takes no value.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum TriggerWord {
    /// Each mirrored head of a pull request.
    PullRequest,
    /// Each group of a merge queue.
    MergeGroup,
}

/// Triggers with their values.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Triggers {
    /// Each mirrored head of a pull request.
    pub pull_request: Option<()>,
    /// Each group of a merge queue.
    pub merge_group: Option<()>,
    /// Each push to a branch that one of these patterns matches.
    pub push: Option<Texts>,
    /// The newest commit of the default branch, at the times of this cron expression, in UTC.
    pub schedule: Option<Texts>,
    /// The head of a pull request, once a vetter writes this word behind a slash.
    pub command: Option<Texts>,
}

/// The name of a gate, or several gates with the jobs that count for each.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Gates {
    /// One, for which all jobs count.
    One(Text),
    /// By name.
    Many(BTreeMap<String, Texts>),
}

/// How gates are published.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Publish {
    /// As check runs.
    Check,
    /// As commit statuses.
    Status,
}

/// What a new run does to the one before it.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Concurrency {
    /// Stops it.
    Cancel,
    /// Waits for its end.
    Queue,
}

/// Something to execute or to wait for. Its backend is `workflow`, `check`, `dispatch` or `connection`, its own or its template's.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Job {
    /// A template, a job's fragment under `templates`.
    pub extends: Option<Text>,
    /// The jobs that have to end before it. `build` means all jobs of its matrix, `build (13.0, amd64)` one.
    pub needs: Option<Texts>,
    /// It also runs if a job that it needs failed or was skipped. Default: `false`.
    pub needs_any: Option<bool>,
    /// Filters; one has to match a changed file, or the job is skipped.
    pub changes: Option<Texts>,
    /// Labels of the pull request. With `changes`, one of them also asks for the job; without, one has to be there.
    pub labels: Option<Texts>,
    /// Patterns; one has to match the base branch, for a push the branch itself.
    pub branches: Option<Texts>,
    /// `trusted`: not on pull requests that somebody else opened. Default: `any`.
    pub if_author: Option<IfAuthor>,
    /// Whether its gates depend on it; if not, it is reported only. Default: `true`.
    pub required: Option<bool>,
    /// How long it may take: `90s`, `30m`, `2h`, `1h30m`; at most `72h`. Default: `6h`.
    #[schemars(regex(pattern = r"^(\d+h)?(\d+m)?(\d+s)?$"))]
    pub timeout: Option<String>,
    /// How often it is started again after `startup_failure`, `timed_out` or `stale`. Default: 0.
    #[schemars(range(min = 0, max = 10))]
    pub retries: Option<u8>,
    /// Lists of values; the job exists once for each combination, named `build (13.0, amd64)`.
    pub matrix: Option<Matrix>,
    /// What its backend is given: texts, in which `${{ }}` holds places for values. An empty one leaves out what is taken over.
    pub inputs: Option<BTreeMap<String, Option<Text>>>,
    /// Backend: a file in `.github/workflows/` with `on: workflow_dispatch`, started on the mirror or branch.
    #[schemars(regex(pattern = r"\.ya?ml$"))]
    pub workflow: Option<String>,
    /// Backend: check runs, statuses and workflow runs that others report; `*` stands for any characters.
    pub check: Option<Text>,
    /// With `check`: the slug of the app that has to have reported it.
    pub app: Option<Text>,
    /// Backend: a `repository_dispatch`, answered by callback.
    pub dispatch: Option<Dispatch>,
    /// Backend: a system that the operator's settings define and let this repository use.
    pub connection: Option<Text>,
    /// With `connection`: the branch that GitLab builds; may hold `${{ }}`.
    pub r#ref: Option<Text>,
}

/// Whose pull requests a job is for.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum IfAuthor {
    /// Those that a trusted user opened.
    Trusted,
    /// All.
    Any,
}

/// Lists of values.
#[derive(JsonSchema)]
pub struct Matrix {
    /// Combinations to leave out, each by some of its values.
    pub exclude: Option<Vec<BTreeMap<String, Text>>>,
    /// The lists, by name.
    #[schemars(flatten)]
    pub values: BTreeMap<String, Vec<Text>>,
}

/// A `repository_dispatch`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dispatch {
    /// To whom, `owner/name`.
    pub repository: Text,
    /// The type of the event.
    pub event: Text,
}
