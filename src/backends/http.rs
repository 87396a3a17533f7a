//! A plain HTTP service of the operator's, which answers by callback. The contract is in `docs/backends/http.md`.

use super::connection::HttpConnection;
use super::error::BackendError;
use super::outbound::{Answer, Ask, Body, Outbound};
use super::report::{self, one_line};
use super::{Assignment, Backend, Callbacks, Observed, Started};
use crate::clock::Clock;
use crate::domain::event::BuildStatus;
use crate::domain::run::{Handle, Report};
use ::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How often a `status_url` is asked.
const POLL: Duration = Duration::from_secs(60);
/// The longest name that a service may give a job.
const LONGEST_NAME: usize = 200;

pub(super) struct Http {
    pub name: String,
    pub connection: HttpConnection,
    pub outbound: Outbound,
    pub callbacks: Callbacks,
    pub clock: Arc<dyn Clock>,
}

/// What a service may answer when it takes a job.
#[derive(Default, Deserialize)]
struct Taken {
    id: Option<Value>,
    url: Option<String>,
    title: Option<String>,
}

impl Http {
    fn ask(&self, method: Method, url: &str, doing: &'static str) -> Ask<'_> {
        let ask = Ask::new(method, url.to_owned(), &self.name, doing);
        match &self.connection.token {
            Some(token) => ask.secret(header::AUTHORIZATION, "Bearer ", token),
            None => ask,
        }
    }

    async fn post(
        &self,
        key: String,
        body: Value,
        doing: &'static str,
    ) -> Result<(Ask<'_>, Answer), BackendError> {
        let token = body["report"]["token"].as_str().map(SecretString::from);
        let mut ask = self
            .ask(Method::POST, &self.connection.url, doing)
            .with(Body::Json(body));
        if let Some(token) = &token {
            ask = ask.hiding(token);
        }
        if let Ok(key) = HeaderValue::from_str(&key) {
            ask.headers
                .push((HeaderName::from_static("idempotency-key"), key));
        }
        let answer = self.outbound.send(&ask).await?;
        Ok((ask, answer))
    }
}

/// The job as the service is told of it.
fn description(a: &Assignment, report_url: &str, token: &str) -> Value {
    let scene = &a.scene;
    let pull = scene
        .pull
        .as_ref()
        .map(|pull| json!({ "number": pull.number, "author": pull.author, "labels": pull.labels }));
    json!({
        "action": "start",
        "id": a.job.id(),
        "repository": scene.repository.to_string(),
        "pipeline": a.job.pipeline,
        "run": a.job.run,
        "job": a.job.job,
        "attempt": a.job.attempt,
        "trigger": scene.trigger,
        "sha": scene.sha,
        "branch": scene.branch,
        "base_branch": scene.base_branch,
        "base_sha": scene.base_sha,
        "merge_base": scene.merge_base,
        "pull_request": pull,
        "ref": a.reference,
        "inputs": a.inputs,
        "deadline": a.deadline,
        "report": { "url": report_url, "token": token },
    })
}

#[async_trait]
impl Backend for Http {
    async fn start(&self, a: &Assignment) -> Result<Started, BackendError> {
        let (report_url, token) = self.callbacks.of(a, self.clock.now())?;
        let id = a.job.id();
        let body = description(a, report_url, &token);
        let (ask, answer) = self.post(id.clone(), body, "taking the job").await?;
        if !answer.status.is_success() {
            return Err(ask.declined(&answer));
        }
        // The answer may say more, and need not: the job is taken.
        let taken: Taken = serde_json::from_slice(&answer.body).unwrap_or_default();
        let name = match taken.id {
            Some(Value::String(name)) => Some(name),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let name = name.filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME);
        Ok(Started {
            handle: Handle(name.unwrap_or(id)),
            report: Report {
                status: Some(BuildStatus::Queued),
                url: taken.url.filter(|url| report::address(url).is_ok()),
                title: taken.title.map(|title| one_line(&title, 200)),
                ..Report::default()
            },
        })
    }

    /// Says it again: by the idempotency key the service knows whether it has it already.
    async fn find(&self, a: &Assignment) -> Result<Option<Started>, BackendError> {
        self.start(a).await.map(Some)
    }

    async fn observe(&self, _: &Assignment, handle: &Handle) -> Result<Observed, BackendError> {
        let Some(url) = &self.connection.status_url else {
            return Ok(Observed::default());
        };
        let name = utf8_percent_encode(&handle.0, NON_ALPHANUMERIC).to_string();
        let mut ask = self.ask(
            Method::GET,
            &url.replace("{id}", &name),
            "telling how the job stands",
        );
        ask.largest = report::LARGEST;
        let answer = self.outbound.send(&ask).await?;
        if !answer.status.is_success() {
            return Err(ask.declined(&answer));
        }
        let report = report::parse(&answer.body).map_err(|error| {
            BackendError::transient(format!("{}, {}: {error}", self.name, ask.doing))
        })?;
        Ok(Observed {
            handle: None,
            report,
        })
    }

    async fn cancel(&self, a: &Assignment, handle: &Handle) -> Result<(), BackendError> {
        let id = a.job.id();
        let body = json!({ "action": "cancel", "id": id, "handle": handle.0 });
        let (ask, answer) = self
            .post(format!("{id}-cancel"), body, "cancelling the job")
            .await?;
        let gone = [
            StatusCode::NOT_FOUND,
            StatusCode::CONFLICT,
            StatusCode::GONE,
        ];
        if answer.status.is_success() || gone.contains(&answer.status) {
            return Ok(());
        }
        Err(ask.declined(&answer))
    }

    fn poll(&self, _: &Handle) -> Option<Duration> {
        self.connection.status_url.as_ref().map(|_| POLL)
    }
}
