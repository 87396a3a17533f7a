//! GitLab CI: a pipeline is started with a trigger token (GitLab, "Pipeline trigger tokens API") and then asked for
//! ("Pipelines API"). What its webhook says is only a reason to ask.

use super::connection::GitLabConnection;
use super::error::BackendError;
use super::outbound::{Ask, Body, Outbound};
use super::report;
use super::{Assignment, Backend, Observed, Started};
use crate::domain::event::{BuildStatus, Conclusion};
use crate::domain::run::{Handle, Report};
use ::http::{HeaderName, Method, StatusCode};
use async_trait::async_trait;
use chrono::{SecondsFormat, TimeDelta};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use std::time::Duration;

/// The variable by which a pipeline is known to be a job's.
pub const ID: &str = "DRAWBRIDGE_ID";
/// The variable by which the webhook tells which job it is.
pub const JOB: &str = "DRAWBRIDGE_JOB";
/// What begins like this is ours: an input can't take its place.
const OURS: &str = "DRAWBRIDGE_";

/// How often a pipeline is asked for where a webhook tells of its changes, too, and where none does.
const POLL: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(30));
/// GitLab's clock may be that much behind ours.
const SKEW: TimeDelta = TimeDelta::minutes(10);
/// A page of a list; one of 100 pipelines has some 50 kB.
const PAGE: usize = 100;
/// More pages of pipelines are not searched for one.
const MOST_PAGES: usize = 5;
/// The largest list that is read.
const LARGEST_LIST: usize = 1024 * 1024;

pub(super) struct GitLab {
    pub name: String,
    pub connection: GitLabConnection,
    pub outbound: Outbound,
}

#[derive(Deserialize)]
struct Pipeline {
    id: u64,
    status: String,
    web_url: Option<String>,
    finished_at: Option<String>,
}

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<String>,
}

impl Pipeline {
    fn started(&self) -> Started {
        Started {
            handle: Handle(self.id.to_string()),
            report: self.report(),
        }
    }

    fn report(&self) -> Report {
        Report {
            status: status(&self.status),
            url: self
                .web_url
                .clone()
                .filter(|url| report::address(url).is_ok()),
            title: Some(format!("GitLab pipeline {}", self.id)),
            ..Report::default()
        }
    }
}

/// GitLab's words for a pipeline ("Pipelines API", `status`); one that this version does not know says nothing.
fn status(word: &str) -> Option<BuildStatus> {
    Some(match word {
        "created"
        | "waiting_for_resource"
        | "waiting_for_callback"
        | "preparing"
        | "pending"
        | "scheduled" => BuildStatus::Queued,
        "running" => BuildStatus::Running,
        "success" => BuildStatus::Ended(Conclusion::Success),
        "failed" => BuildStatus::Ended(Conclusion::Failure),
        "canceled" | "canceling" => BuildStatus::Ended(Conclusion::Cancelled),
        "skipped" => BuildStatus::Ended(Conclusion::Skipped),
        // Somebody has to press a button there.
        "manual" => BuildStatus::Ended(Conclusion::ActionRequired),
        _ => return None,
    })
}

impl GitLab {
    fn ask(&self, method: Method, path: &str, doing: &'static str) -> Ask<'_> {
        let project = utf8_percent_encode(&self.connection.project, NON_ALPHANUMERIC);
        let url = format!("{}/api/v4/projects/{project}{path}", self.connection.url);
        Ask::new(method, url, &self.name, doing)
    }

    /// With the right to read, cancel and retry.
    fn ask_api(&self, method: Method, path: &str, doing: &'static str) -> Ask<'_> {
        self.ask(method, path, doing).secret(
            HeaderName::from_static("private-token"),
            "",
            &self.connection.api_token,
        )
    }

    fn reference<'a>(&'a self, a: &'a Assignment) -> &'a str {
        let own = a.reference.as_deref().filter(|own| !own.is_empty());
        own.unwrap_or(&self.connection.reference)
    }

    /// What starts a pipeline.
    fn form(&self, a: &Assignment) -> Result<String, BackendError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", self.connection.trigger_token.expose_secret());
        form.append_pair("ref", self.reference(a));
        for (name, value) in variables(a)? {
            form.append_pair(&format!("variables[{name}]"), &value);
        }
        Ok(form.finish())
    }

    /// `None`: there is no such pipeline.
    async fn pipeline(
        &self,
        method: Method,
        handle: &Handle,
        rest: &str,
        doing: &'static str,
    ) -> Result<Option<Pipeline>, BackendError> {
        let id: u64 = number(handle)?;
        let ask = self.ask_api(method, &format!("/pipelines/{id}{rest}"), doing);
        let answer = self.outbound.send(&ask).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => answer.json(&ask).map(Some),
            _ => Err(ask.declined(&answer)),
        }
    }

    async fn list<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        doing: &'static str,
    ) -> Result<Vec<T>, BackendError> {
        let mut ask = self.ask_api(Method::GET, path, doing);
        ask.largest = LARGEST_LIST;
        let answer = self.outbound.send(&ask).await?;
        if !answer.status.is_success() {
            return Err(ask.declined(&answer));
        }
        answer.json(&ask)
    }
}

/// What stands in the handle of a pipeline that was retried between its number and when it had ended before.
const AFTER: char = '@';

/// When the attempt before had ended, in GitLab's words.
fn ended_before(handle: &Handle) -> Option<&str> {
    handle.0.split_once(AFTER).map(|(_, end)| end)
}

fn number(handle: &Handle) -> Result<u64, BackendError> {
    let number = handle.0.split(AFTER).next().unwrap_or_default();
    number
        .parse()
        .map_err(|_| BackendError::refused("the job's name is no number of a GitLab pipeline"))
}

/// The variables of the pipeline.
fn variables(a: &Assignment) -> Result<Vec<(String, String)>, BackendError> {
    let mut variables = Vec::new();
    for (name, value) in &a.inputs {
        let fits = !name.is_empty()
            && name.len() <= 255
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits || name.starts_with(OURS) {
            return Err(BackendError::refused(format!(
                "the input `{}` can't be a variable of GitLab: use letters, digits and `_`, and not `{OURS}` at its \
                 beginning",
                crate::domain::printable::printable(name, 60)
            )));
        }
        variables.push((name.clone(), value.clone()));
    }
    let pull = a.scene.pull.as_ref();
    for (name, value) in [
        (ID, a.job.id()),
        (JOB, a.job.encode()),
        ("DRAWBRIDGE_SHA", a.scene.sha.to_string()),
        ("DRAWBRIDGE_BRANCH", a.scene.branch.clone()),
        ("DRAWBRIDGE_REPOSITORY", a.scene.repository.to_string()),
        (
            "DRAWBRIDGE_PR",
            pull.map(|pull| pull.number.to_string()).unwrap_or_default(),
        ),
    ] {
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

#[async_trait]
impl Backend for GitLab {
    async fn start(&self, a: &Assignment) -> Result<Started, BackendError> {
        let ask = self
            .ask(Method::POST, "/trigger/pipeline", "starting the pipeline")
            .with(Body::Form(self.form(a)?))
            .hiding(&self.connection.trigger_token);
        let answer = self.outbound.send(&ask).await?;
        if !answer.status.is_success() {
            return Err(ask.declined(&answer));
        }
        let pipeline: Pipeline = answer.json(&ask)?;
        Ok(pipeline.started())
    }

    async fn find(&self, a: &Assignment) -> Result<Option<Started>, BackendError> {
        let doing = "looking for the pipeline";
        let reference = utf8_percent_encode(self.reference(a), NON_ALPHANUMERIC);
        let since = (a.started_at - SKEW).to_rfc3339_opts(SecondsFormat::Secs, true);
        let since = utf8_percent_encode(&since, NON_ALPHANUMERIC);
        let id = a.job.id();
        for page in 1..=MOST_PAGES {
            let path = format!(
                "/pipelines?source=trigger&ref={reference}&updated_after={since}&order_by=id&sort=desc\
                 &per_page={PAGE}&page={page}"
            );
            let pipelines: Vec<Pipeline> = self.list(&path, doing).await?;
            for pipeline in &pipelines {
                let path = format!("/pipelines/{}/variables", pipeline.id);
                let variables: Vec<Variable> = self.list(&path, doing).await?;
                let is_ours = |variable: &Variable| {
                    variable.key == ID && variable.value.as_deref() == Some(id.as_str())
                };
                if variables.iter().any(is_ours) {
                    return Ok(Some(pipeline.started()));
                }
            }
            if pipelines.len() < PAGE {
                return Ok(None);
            }
        }
        Err(BackendError::transient(format!(
            "{} has too many pipelines to find one that may have been started",
            self.name
        )))
    }

    async fn rerun(
        &self,
        _: &Assignment,
        handle: &Handle,
    ) -> Result<Option<Started>, BackendError> {
        let doing = "telling how the pipeline stands";
        let Some(before) = self.pipeline(Method::GET, handle, "", doing).await? else {
            return Ok(None);
        };
        match status(&before.status) {
            // It runs again already: the answer of an earlier try was lost.
            Some(BuildStatus::Queued | BuildStatus::Running) => return Ok(Some(before.started())),
            Some(BuildStatus::Ended(Conclusion::Failure | Conclusion::Cancelled)) => {}
            // Nothing in it would be retried.
            _ => return Ok(None),
        }
        let again = self.pipeline(Method::POST, handle, "/retry", "retrying the pipeline");
        let again = again.await?;
        Ok(again.map(|pipeline| {
            let mut started = pipeline.started();
            // Its status is still the old one until the first job is taken up: what had ended then is not believed again.
            if let Some(end) = &before.finished_at {
                started.handle = Handle(format!("{}{AFTER}{end}", pipeline.id));
            }
            started.report.status = Some(BuildStatus::Queued);
            started
        }))
    }

    async fn observe(&self, _: &Assignment, handle: &Handle) -> Result<Observed, BackendError> {
        let pipeline = self.pipeline(Method::GET, handle, "", "telling how the pipeline stands");
        let pipeline = pipeline.await?.ok_or_else(|| {
            BackendError::refused(format!(
                "{} has no pipeline {} any more",
                self.name, handle.0
            ))
        })?;
        let mut report = pipeline.report();
        let ended = matches!(report.status, Some(BuildStatus::Ended(_)));
        if ended
            && pipeline.finished_at.is_some()
            && pipeline.finished_at.as_deref() == ended_before(handle)
        {
            report.status = None;
        }
        Ok(Observed {
            handle: None,
            report,
        })
    }

    async fn cancel(&self, _: &Assignment, handle: &Handle) -> Result<(), BackendError> {
        let cancelled = self.pipeline(Method::POST, handle, "/cancel", "cancelling the pipeline");
        cancelled.await.map(drop)
    }

    fn poll(&self, _: &Handle) -> Option<Duration> {
        let (with_webhook, without) = POLL;
        Some(match self.connection.webhook_token {
            Some(_) => with_webhook,
            None => without,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_gitlab_has_its_meaning() {
        // The list of "List project pipelines", GitLab 18.
        for (word, meaning) in [
            ("created", BuildStatus::Queued),
            ("waiting_for_resource", BuildStatus::Queued),
            ("preparing", BuildStatus::Queued),
            ("pending", BuildStatus::Queued),
            ("scheduled", BuildStatus::Queued),
            ("running", BuildStatus::Running),
            ("success", BuildStatus::Ended(Conclusion::Success)),
            ("failed", BuildStatus::Ended(Conclusion::Failure)),
            ("canceling", BuildStatus::Ended(Conclusion::Cancelled)),
            ("canceled", BuildStatus::Ended(Conclusion::Cancelled)),
            ("skipped", BuildStatus::Ended(Conclusion::Skipped)),
            ("manual", BuildStatus::Ended(Conclusion::ActionRequired)),
        ] {
            assert_eq!(status(word), Some(meaning), "{word}");
        }
        assert_eq!(status("levitating"), None);
    }
}
