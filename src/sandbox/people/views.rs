//! What people see: plain copies of the state, for tests to look at.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommentView {
    /// GitHub's id.
    pub id: u64,
    /// Login.
    pub author: String,
    /// Its text now.
    pub body: String,
    /// Reaction and login of who reacted, in order.
    pub reactions: Vec<(String, String)>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullView {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Login.
    pub author: String,
    /// The branch that is to be merged.
    pub branch: String,
}

/// A button on a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// What it says.
    pub label: String,
    /// What it explains.
    pub description: String,
    /// What the app is told when it is pressed.
    pub identifier: String,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRunView {
    /// GitHub's id.
    pub id: u64,
    /// The app that made it.
    pub app_id: u64,
    /// Its name.
    pub name: String,
    /// The commit it is on.
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed` …
    pub status: String,
    /// How it ended, once it has.
    pub conclusion: Option<String>,
    /// The line people see first.
    pub title: Option<String>,
    /// The text below it.
    pub summary: Option<String>,
    /// The details.
    pub text: Option<String>,
    /// Its buttons.
    pub actions: Vec<ActionView>,
    /// The app's own mark.
    pub external_id: String,
    /// Where *Details* leads.
    pub details_url: Option<String>,
}

/// A workflow run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunView {
    /// GitHub's id.
    pub id: u64,
    /// The workflow's name.
    pub name: String,
    /// The branch it runs on.
    pub head_branch: String,
    /// The commit it runs.
    pub head_sha: String,
    /// What started it: `push`, `pull_request` …
    pub event: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, once it has.
    pub conclusion: Option<String>,
    /// 1, and one more with every re-run.
    pub attempt: u64,
}

/// A workflow run that a `workflow_dispatch` started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DispatchView {
    /// GitHub's id of the run.
    pub run_id: u64,
    /// `owner/name` of the repository it runs in.
    pub repo: String,
    /// The workflow's file name, such as `build.yml`.
    pub workflow: String,
    /// The ref as the request said it.
    pub reference: String,
    /// The commit it runs.
    pub sha: String,
    /// The inputs as the request said them; defaults of the workflow are not among them.
    pub inputs: BTreeMap<String, String>,
    /// The run's `display_title`.
    pub title: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, once it has.
    pub conclusion: Option<String>,
    /// 1, and one more with every re-run.
    pub attempt: u64,
}

/// A pull request in the merge queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergeGroupView {
    /// The pull request's number.
    pub pr: u64,
    /// The commit to be checked: the pull request joined with all before it.
    pub head_sha: String,
    /// Its branch: `refs/heads/gh-readonly-queue/…`.
    pub head_ref: String,
    /// The commit it stands on.
    pub base_sha: String,
    /// The branch it is to be merged to, as `refs/heads/…`.
    pub base_ref: String,
}

/// A `repository_dispatch` that was accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryDispatchView {
    /// `owner/name`.
    pub repo: String,
    /// What it is called.
    pub event_type: String,
    /// What it carries; an empty object if the request had none.
    pub client_payload: Value,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusView {
    /// GitHub's id.
    pub id: u64,
    /// Its name: the newest of each context counts.
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// The line beside it.
    pub description: Option<String>,
    /// Where *Details* leads.
    pub target_url: Option<String>,
    /// Login of who reported it.
    pub creator: String,
}

/// A webhook delivery, or one attempt of it: redeliveries share the guid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: Option<String>,
    /// The body.
    pub payload: Value,
    /// The answer's status; 502 where nobody answered, `None` while it was not sent.
    pub status: Option<u16>,
    /// Whether it was sent before.
    pub redelivery: bool,
}

/// One route of the stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteView {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// The path's template in GitHub's OpenAPI description.
    pub template: &'static str,
}

/// One request to the REST API and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exchange {
    /// `GET`, `POST` …
    pub method: String,
    /// Path with query, as asked.
    pub path: String,
    /// The path's template in GitHub's OpenAPI description; empty for a path that is none.
    pub route: String,
    /// The JSON body, if there was one.
    pub request_body: Option<Value>,
    /// The answer's status; 0 if the connection was dropped without one.
    pub status: u16,
    /// The answer's JSON body, if it had one.
    pub response_body: Option<Value>,
    /// `app`, `installation`, or nobody.
    pub authenticated_as: Option<String>,
    /// Whether a fault made this answer, so that it is none of GitHub's.
    pub faulty: bool,
}
