//! Where jobs are executed: one file for each kind of backend, all of them behind [`Backend`].
//!
//! Whoever calls decides when; here it is only known how. Nothing is kept but what a commit's workflows declare, nothing is repeated and nobody waits: each call is
//! a few requests, bounded in time and size, and says whether trying again may help. Addresses and secrets come from the
//! operator's connections alone; what a repository's file names is a name or data, never a place to send things to.
//!
//! To add a backend: implement [`Backend`] in a file of its own and add it to [`Backends::of`].

mod check;
mod connection;
mod declared;
mod dispatch;
mod error;
mod gitlab;
mod http;
mod outbound;
mod report;
#[cfg(test)]
mod tests;
mod token;
mod workflow;

pub use connection::{Connection, Connections, GitLabConnection, HttpConnection, Pattern};
pub use error::BackendError;
pub use gitlab::JOB as GITLAB_JOB_VARIABLE;
pub(crate) use outbound::{HttpsClient, https_client};
pub use report::{LARGEST as LARGEST_REPORT, parse as parse_report};
pub use token::{BadToken, JobTokens};

use crate::clock::Clock;
use crate::domain::event::Build;
use crate::domain::ids::{Repo, RepoName};
use crate::domain::pipeline::BackendSpec;
use crate::domain::run::{Handle, JobRef, Report, Scene};
use crate::github::GitHub;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use outbound::Outbound;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Where jobs report.
pub const REPORT_PATH: &str = "/api/jobs/report";

/// Where GitLab's pipeline webhook goes.
pub const GITLAB_PATH: &str = "/api/gitlab/webhooks";

/// What a backend is told about one start of one job.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The repository whose pipeline it is.
    pub repo: Repo,
    /// What the run is for.
    pub scene: Scene,
    /// The branch that a workflow is started on: the scene's own, or the anchor of its commit.
    pub branch: String,
    /// Which start of which job.
    pub job: JobRef,
    /// What executes it, as configured.
    pub spec: BackendSpec,
    /// Its inputs, every place filled in.
    pub inputs: BTreeMap<String, String>,
    /// What GitLab builds, filled in; `None`: the connection's own default.
    pub reference: Option<String>,
    /// When this start began.
    pub started_at: DateTime<Utc>,
    /// When it counts as timed out.
    pub deadline: Option<DateTime<Utc>>,
    /// Workflow runs that other jobs already have: none of them is this job's.
    pub known_runs: Vec<u64>,
    /// Whether other starts of the same workflow wait, too, until it is known which run is theirs.
    pub has_rivals: bool,
    /// Of a `check` job: the builds that count for it.
    pub observed: Vec<Build>,
    /// The outputs that other jobs take from it.
    pub wanted_outputs: BTreeSet<String>,
}

/// A job that its backend has.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// What the backend calls it.
    pub handle: Handle,
    /// What is known of it already.
    pub report: Report,
}

/// How a job stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// What the backend calls it from now on, where that was not known before: take it over in place of the old one.
    pub handle: Option<Handle>,
    /// What the backend says; its `status` is `None` where there is nothing new.
    pub report: Report,
}

/// A system that executes jobs.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Starts the job.
    async fn start(&self, a: &Assignment) -> Result<Started, BackendError>;

    /// Looks for the job after a start whose answer was not seen. `None`: it is not there, so start it. A backend that
    /// does a thing once however often it is told may start it again.
    async fn find(&self, a: &Assignment) -> Result<Option<Started>, BackendError>;

    /// Runs the failed parts of an ended job again. `None`: it can't, start the job anew.
    async fn rerun(&self, _: &Assignment, _: &Handle) -> Result<Option<Started>, BackendError> {
        Ok(None)
    }

    /// Asks how the job stands.
    async fn observe(&self, _: &Assignment, _: &Handle) -> Result<Observed, BackendError> {
        Ok(Observed::default())
    }

    /// Tells the backend to stop. That the job has ended or is gone is fine.
    async fn cancel(&self, a: &Assignment, handle: &Handle) -> Result<(), BackendError>;

    /// How often to ask while no news of the job comes; `None`: it can't be asked, its callback or its deadline ends it.
    fn poll(&self, _: &Handle) -> Option<Duration> {
        None
    }
}

/// What [`Backends`] is made of.
pub struct BackendOptions {
    /// The GitHub client.
    pub github: GitHub,
    /// What the operator has connected.
    pub connections: Connections,
    /// Signs and verifies the tokens of callbacks.
    pub tokens: JobTokens,
    /// `PUBLIC_URL`, without a slash at its end.
    pub public_url: Option<String>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// All backends.
pub struct Backends {
    github: GitHub,
    connections: Connections,
    callbacks: Callbacks,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    public_url: Option<String>,
    declared: Arc<declared::Declared>,
}

impl Backends {
    /// Gets ready; nothing is asked yet.
    ///
    /// # Errors
    /// When the machine has no root certificates to check servers with.
    pub fn new(options: BackendOptions) -> anyhow::Result<Self> {
        let public_url = options
            .public_url
            .map(|url| url.trim_end_matches('/').to_owned());
        let report_url = public_url.as_ref().map(|url| format!("{url}{REPORT_PATH}"));
        Ok(Self {
            github: options.github,
            connections: options.connections,
            callbacks: Callbacks {
                tokens: Arc::new(options.tokens),
                report_url,
            },
            outbound: Outbound::new()?,
            clock: options.clock,
            public_url,
            declared: Arc::default(),
        })
    }

    /// The backend of a job of this repository.
    ///
    /// # Errors
    /// [`BackendError::Refused`] when there is no such connection for the repository.
    pub fn of(&self, repo: &Repo, spec: &BackendSpec) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(match spec {
            BackendSpec::Workflow(file) => Arc::new(workflow::Workflow {
                repository: self.github.of(repo),
                file: file.clone(),
                clock: self.clock.clone(),
                declared: self.declared.clone(),
            }),
            BackendSpec::Check { .. } => Arc::new(check::Check {
                repository: self.github.of(repo),
            }),
            BackendSpec::Dispatch { repository, event } => {
                // It was allowed when the run began; the operator may have changed that since.
                if !self.may_dispatch(&repo.name, repository) {
                    return Err(BackendError::refused(format!(
                        "{} may not send events to {repository}: whoever operates Drawbridge allows that, in its settings",
                        repo.name
                    )));
                }
                Arc::new(dispatch::Dispatch {
                    repository: self.github.of(repo),
                    holder: repository.clone(),
                    event: event.clone(),
                    callbacks: self.callbacks.clone(),
                    clock: self.clock.clone(),
                })
            }
            BackendSpec::Connection { name, .. } => {
                let connection = self
                    .connections
                    .of(&repo.name, name)
                    .map_err(BackendError::refused)?;
                match connection {
                    Connection::GitLab(gitlab) => Arc::new(gitlab::GitLab {
                        name: name.clone(),
                        connection: gitlab.clone(),
                        outbound: self.outbound.clone(),
                    }),
                    Connection::Http(http) => Arc::new(http::Http {
                        name: name.clone(),
                        connection: http.clone(),
                        outbound: self.outbound.clone(),
                        callbacks: self.callbacks.clone(),
                        clock: self.clock.clone(),
                    }),
                }
            }
        })
    }

    /// Where the server is reached, without a slash at its end, if anybody has said so.
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    /// Whether a repository may name this connection; the error is a sentence that says which ones it may.
    ///
    /// # Errors
    /// When it may not, or there is no such connection: which of the two it is is nobody's business.
    pub fn may_use(&self, repo: &RepoName, connection: &str) -> Result<(), String> {
        self.connections.of(repo, connection).map(drop)
    }

    /// Whether a repository may send a `repository_dispatch` to another one.
    pub fn may_dispatch(&self, from: &RepoName, to: &RepoName) -> bool {
        self.connections.allows_dispatch(from, to)
    }

    /// The connections that a repository may name.
    pub fn usable_by(&self, repo: &RepoName) -> Vec<&str> {
        self.connections
            .iter()
            .map(|(name, _)| name)
            .filter(|name| self.connections.of(repo, name).is_ok())
            .collect()
    }

    /// The connections to systems that give no outputs.
    pub fn without_outputs(&self) -> Vec<&str> {
        let mute = |connection: &Connection| match connection {
            Connection::GitLab(_) => true,
            Connection::Http(_) => false,
        };
        let all = self.connections.iter();
        all.filter(|(_, connection)| mute(connection))
            .map(|(name, _)| name)
            .collect()
    }

    /// Verifies the token of a callback: whose report it is.
    ///
    /// # Errors
    /// When it is none of ours, or its time is over.
    pub fn verify(&self, token: &str) -> Result<JobRef, BadToken> {
        self.callbacks.tokens.verify(token, self.clock.now())
    }

    /// Whether this is the token of the webhook of one of the GitLab connections. Takes the same time whichever it is.
    pub fn knows_gitlab(&self, token: &[u8]) -> bool {
        self.connections.has_webhook_token(token)
    }

    /// Whether any GitLab connection has a webhook.
    pub fn awaits_gitlab(&self) -> bool {
        self.connections.has_webhooks()
    }
}

/// How jobs report by themselves.
#[derive(Clone)]
struct Callbacks {
    tokens: Arc<JobTokens>,
    report_url: Option<String>,
}

/// How long after its deadline a job's token still counts: what was sent in time may come late.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// How long the token of a job without a deadline counts.
const LONGEST: TimeDelta = TimeDelta::hours(72);

impl Callbacks {
    /// Where this job reports, and what it proves itself with.
    fn of(&self, a: &Assignment, now: DateTime<Utc>) -> Result<(&str, String), BackendError> {
        let url = self.report_url.as_deref().ok_or_else(|| {
            BackendError::refused(
                "the job could not report back: the server's setting PUBLIC_URL is missing; \
                 its operator has to set it",
            )
        })?;
        let expires = match a.deadline {
            Some(deadline) => deadline + GRACE,
            None => now + LONGEST,
        };
        let token = self.tokens.sign(&a.job, now, expires).ok_or_else(|| {
            BackendError::refused("the token of the job's report could not be signed")
        })?;
        Ok((url, token))
    }
}
