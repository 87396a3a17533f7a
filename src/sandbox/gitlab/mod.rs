//! A stand-in GitLab on loopback: one project whose pipelines are triggered, looked at, cancelled and retried over the
//! documented REST API, and told of by pipeline webhooks.
//!
//! It is as small as a CI system that is only ever triggered can be: nothing runs, a test says how each pipeline goes on.
//! Shapes follow GitLab's documentation ("Pipeline trigger tokens API", "Pipelines API", "Webhook events"). It knows
//! nothing of the stand-in GitHub next door, as GitLab would not.

mod hooks;
mod server;
mod show;
mod state;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use super::tasks::Tasks;
use state::{Pipeline, State};

/// How long a condition may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running stand-in GitLab. Clones are the same one.
#[derive(Clone)]
pub struct GitLab {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Ticks with every change.
    ticks: watch::Sender<u64>,
    /// Wakes the sender of webhooks.
    wake: Notify,
    http: reqwest::Client,
    tasks: Tasks,
}

/// A pipeline as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineView {
    /// GitLab's id, unique on the server.
    pub id: u64,
    /// Its number in the project.
    pub iid: u64,
    /// The branch it was triggered for.
    pub reference: String,
    /// The commit it runs.
    pub sha: String,
    /// `created`, `pending`, `running`, `success`, `failed`, `canceled` …
    pub status: String,
    /// The variables that came with the trigger.
    pub variables: BTreeMap<String, String>,
    /// 1, and one more with every retry.
    pub attempt: u64,
}

/// A webhook that was sent, or could not be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HookView {
    /// The body.
    pub payload: Value,
    /// The answer's status; 0 where nobody answered, `None` while it waits.
    pub status: Option<u16>,
}

impl GitLab {
    /// Listens on a free port of loopback, with the project `acme/engine` and its branch `main`.
    ///
    /// # Errors
    /// If nothing can be bound.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("binding the stand-in GitLab")?;
        let address = listener
            .local_addr()
            .context("asking for the stand-in GitLab's address")?;
        let inner = Inner {
            state: Mutex::new(State::new(format!("http://{address}"))),
            ticks: watch::Sender::new(0),
            wake: Notify::new(),
            http: reqwest::Client::builder()
                .no_proxy()
                // The server closes one after ten idle seconds: a delivery that came just then would be lost.
                .pool_idle_timeout(Duration::from_secs(5))
                .build()
                .context("making the webhook sender's client")?,
            tasks: Tasks::default(),
        };
        let gitlab = Self {
            inner: Arc::new(inner),
        };
        let tasks = vec![
            tokio::spawn(server::serve(gitlab.clone(), listener)),
            tokio::spawn(hooks::run(gitlab.clone())),
        ];
        gitlab.inner.tasks.keep(tasks);
        Ok(gitlab)
    }

    /// Stops listening and sending.
    pub async fn shutdown(self) {
        self.inner.tasks.stop(|| {}).await;
    }

    /// Its address, such as `http://127.0.0.1:12345`; the API is below `/api/v4`.
    pub fn url(&self) -> String {
        self.look(|state| state.base.clone())
    }

    /// The token that triggers pipelines, and can do nothing else.
    pub fn trigger_token(&self) -> String {
        state::TRIGGER_TOKEN.to_owned()
    }

    /// The token that reads, cancels and retries pipelines (`PRIVATE-TOKEN`).
    pub fn api_token(&self) -> String {
        state::API_TOKEN.to_owned()
    }

    /// The project's path, `acme/engine`. In URLs it is percent-encoded, or replaced by [`GitLab::project_id`].
    pub fn project(&self) -> String {
        state::PROJECT.to_owned()
    }

    /// The project's id.
    pub fn project_id(&self) -> u64 {
        state::PROJECT_ID
    }

    /// Makes a branch (or moves it) to a commit.
    pub fn set_branch(&self, name: &str, sha: &str) {
        self.edit(|state| state.branches.insert(name.to_owned(), sha.to_owned()));
    }

    /// While down, every request is answered 503; webhooks still go out.
    pub fn set_down(&self, down: bool) {
        self.edit(|state| state.down = down);
    }

    /// The next trigger is done, but its answer is a proxy's 502, and from then on GitLab is down.
    pub fn break_down_at_next_trigger(&self) {
        self.edit(|state| state.breaking = true);
    }

    /// With a status, pipelines run and end with it by themselves, at once; with `None` they wait for
    /// [`GitLab::set_status`].
    pub fn set_auto_finish(&self, status: Option<&str>) {
        self.edit(|state| state.finish = status.map(str::to_owned));
    }

    /// Sends pipeline webhooks to this URL with this secret token from now on.
    pub fn hooks_to(&self, url: &str, token: &str) {
        self.edit(|state| state.target = Some((url.to_owned(), token.to_owned())));
    }

    /// Every pipeline, oldest first.
    pub fn pipelines(&self) -> Vec<PipelineView> {
        let view = |pipeline: &Pipeline| PipelineView {
            id: pipeline.id,
            iid: pipeline.iid,
            reference: pipeline.reference.clone(),
            sha: pipeline.sha.clone(),
            status: pipeline.status.clone(),
            variables: pipeline.variables.clone(),
            attempt: pipeline.attempt,
        };
        self.look(|state| state.pipelines.values().map(view).collect())
    }

    /// A pipeline goes on to this status; sends a webhook if that is a change.
    ///
    /// # Panics
    /// If there is no such pipeline or no such status: a mistake in the test.
    pub fn set_status(&self, id: u64, status: &str) {
        assert!(
            state::STATUSES.contains(&status),
            "{status:?} is no status of a pipeline"
        );
        let found = self.edit(|state| state.go_on(id, status));
        assert!(found, "there is no pipeline {id}");
    }

    /// Every webhook so far, oldest first.
    pub fn hooks(&self) -> Vec<HookView> {
        self.look(|state| state.hooks.iter().map(|hook| hook.view.clone()).collect())
    }

    /// Waits until every webhook is sent.
    pub async fn hooks_settled(&self) {
        self.wait_until("every webhook is sent", |gitlab| {
            gitlab.hooks().iter().all(|hook| hook.status.is_some())
        })
        .await;
    }

    /// Waits until something is so, looking again with every change.
    ///
    /// # Panics
    /// After two minutes, naming `what` did not happen.
    pub async fn wait_until(&self, what: &str, condition: impl Fn(&GitLab) -> bool) {
        let mut changed = self.inner.ticks.subscribe();
        let waiting = async {
            while !condition(self) {
                // The sender lives as long as `self`.
                let _ = changed.changed().await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("waited {} s in vain until {what}", PATIENCE.as_secs());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn look<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.lock())
    }

    fn edit<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.inner.wake.notify_one();
        self.inner.ticks.send_modify(|count| *count += 1);
        result
    }
}
