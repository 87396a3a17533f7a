//! Starting workflows: of this repository by name, of another by an event (GitHub, "REST API endpoints for workflows",
//! "Create a repository dispatch event").

use super::runs::{WireRuns, WorkflowRun};
use super::{encoded, segment};
use crate::domain::ids::{RepoName, Sha};
use crate::github::ask::Ask;
use crate::github::error::{GitHubError, plain};
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use crate::github::wire::{DISPATCH, WireRun};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runs are looked through up to this page of 100.
const MOST_PAGES: usize = 10;

/// What came of starting a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dispatched {
    /// This run was started.
    Run {
        /// GitHub's number of it.
        id: u64,
        /// Where people see it.
        url: String,
    },
    /// One was started; an older server does not say which. [`Repository::find_dispatched`] finds it.
    Unknown,
}

/// A start of a workflow whose run is looked for.
#[derive(Debug, Clone)]
pub struct Sought<'a> {
    /// The workflow's file under `.github/workflows/`.
    pub file: &'a str,
    /// The branch it was started on.
    pub branch: &'a str,
    /// The commit that has to be built.
    pub sha: &'a Sha,
    /// Not before this time, by GitHub's clock.
    pub since: DateTime<Utc>,
    /// What only this run's title holds, where the workflow shows it
    /// ([`WorkflowFile::names_runs_by`](super::WorkflowFile::names_runs_by)); `None`: its title tells nothing.
    pub key: Option<&'a str>,
    /// Runs that belong to other starts.
    pub known: &'a [u64],
}

#[derive(Deserialize)]
struct WireDispatched {
    workflow_run_id: u64,
    html_url: String,
}

impl Repository {
    /// Starts a workflow on a branch: the branch's version of the file, at the branch's tip. Which commit that was is to
    /// be read from the run.
    ///
    /// An older server, which refuses to be asked for the run, is asked a second time. Not to be repeated after an answer
    /// that was lost: look for the run first. `NotFound`: the default branch has no such file. `Refused` (422): the branch
    /// does not exist, its version of the file takes no dispatch, or not these inputs, or an input that it requires is
    /// missing.
    pub async fn dispatch_workflow(
        &self,
        file: &str,
        branch: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Result<Dispatched, GitHubError> {
        let doing = format!("starting the workflow {}", plain(file, 100));
        let path = self.path(format_args!(
            "/actions/workflows/{}/dispatches",
            segment(file, &doing)?
        ));
        let ask = |body: Value| {
            Ask::new(Method::POST, path.clone(), doing.as_str())
                .with(body)
                .by(Purpose::Workflows)
        };
        let body = json!({ "ref": branch, "inputs": inputs });
        let mut detailed = body.clone();
        detailed["return_run_details"] = json!(true);
        let answer = match self.ask(&ask(detailed)).await {
            // A server from before the parameter, which started nothing.
            Err(error) if error.is_unprocessable("return_run_details") => {
                self.ask(&ask(body)).await?
            }
            answer => answer?,
        };
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Dispatched::Unknown);
        }
        let run: WireDispatched = answer.json(&doing)?;
        Ok(Dispatched::Run {
            id: run.workflow_run_id,
            url: run.html_url,
        })
    }

    /// The runs that a dispatch may have started, of this branch. With a key the oldest run of the commit that shows it, or else the oldest
    /// that the app itself started with it: the branch may have moved before the workflow began. Without one all of the
    /// commit that the app started and that are not known yet, oldest first.
    pub async fn find_dispatched(
        &self,
        sought: &Sought<'_>,
    ) -> Result<Vec<WorkflowRun>, GitHubError> {
        let me = self.github.identity().await?;
        let doing = "looking for the workflow run";
        let since = sought.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let path = self.path(format_args!(
            "/actions/workflows/{}/runs?event=workflow_dispatch&branch={}&created={}",
            segment(sought.file, doing)?,
            encoded(sought.branch),
            encoded(&format!(">={since}")),
        ));
        let ask = Ask::get(path, doing);
        let runs = self
            .pages(&ask, MOST_PAGES, |page: WireRuns| page.workflow_runs)
            .await?;
        let of_commit = |run: &WireRun| run.head_sha == sought.sha.as_str();
        let fits = |run: &WireRun| {
            run.is_of(self.repo.id)
                && run.event == DISPATCH
                && run.head_branch.as_deref() == Some(sought.branch)
                && !sought.known.contains(&run.id)
                && match sought.key {
                    Some(key) => shows(run, key) && (of_commit(run) || run.is_dispatched_by(&me)),
                    None => of_commit(run) && run.is_dispatched_by(&me),
                }
        };
        let mut runs: Vec<WireRun> = runs.into_iter().filter(fits).collect();
        runs.sort_by_key(|run| (!of_commit(run), run.id));
        if sought.key.is_some() {
            runs.truncate(1);
        }
        let read = |run| WorkflowRun::read(run, self.repo.id, &ask);
        runs.into_iter().map(read).collect()
    }

    /// Sends a `repository_dispatch` to a repository of the same owner that the app is installed on. GitHub names no run, and a repetition is
    /// another event: who takes it has to be able to take it twice. The event's type has at most 100 characters, the
    /// payload at most 10 keys.
    pub async fn repository_dispatch(
        &self,
        holder: &RepoName,
        event_type: &str,
        client_payload: &Value,
    ) -> Result<(), GitHubError> {
        let doing = format!("sending `{}` to {holder}", plain(event_type, 100));
        let path = format!("/repos/{holder}/dispatches");
        let body = json!({ "event_type": event_type, "client_payload": client_payload });
        let mut ask = Ask::new(Method::POST, path, doing.as_str())
            .with(body)
            .by(Purpose::Dispatch);
        let missing = || GitHubError::Refused {
            doing: doing.clone(),
            status: 404,
            message: "it does not exist, or the app is not installed on it".to_owned(),
        };
        if *holder != self.repo.name {
            if !self.reaches(holder, Purpose::Dispatch).await? {
                return Err(missing());
            }
            ask = ask.in_name_of(holder);
        }
        match self.ask(&ask).await {
            Ok(_) => Ok(()),
            Err(GitHubError::NotFound { .. }) => Err(missing()),
            Err(error) => Err(error),
        }
    }
}

/// Whether the run's title holds the key as a whole: `7` does not stand in `17`.
fn shows(run: &WireRun, key: &str) -> bool {
    let titles = [run.display_title.as_deref(), run.name.as_deref()];
    titles.into_iter().flatten().any(|title| {
        title.match_indices(key).any(|(at, _)| {
            let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let (before, after) = (&title[..at], &title[at + key.len()..]);
            !key.is_empty() && !joined(before.chars().next_back()) && !joined(after.chars().next())
        })
    })
}
