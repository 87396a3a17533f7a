//! `repository_dispatch` to another repository of the same installation, whose workflow answers by callback.

use super::error::BackendError;
use super::{Assignment, Backend, Callbacks, Started};
use crate::clock::Clock;
use crate::domain::event::BuildStatus;
use crate::domain::ids::RepoName;
use crate::domain::run::{Handle, Report};
use crate::github::Repository;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) struct Dispatch {
    /// The repository whose pipeline it is; its installation sends.
    pub repository: Repository,
    /// The repository that is told.
    pub holder: RepoName,
    /// `event_type`.
    pub event: String,
    pub callbacks: Callbacks,
    pub clock: Arc<dyn Clock>,
}

/// What the workflow finds in `github.event.client_payload`: seven keys of the ten that GitHub allows.
fn payload(a: &Assignment, report_url: &str, token: &str) -> Value {
    let scene = &a.scene;
    json!({
        "drawbridge": {
            "id": a.job.id(),
            "job": a.job.job,
            "report_url": report_url,
            "token": token,
            "deadline": a.deadline,
        },
        "inputs": a.inputs,
        "repository": scene.repository.to_string(),
        "sha": scene.sha,
        "branch": scene.branch,
        "pr": scene.pull.as_ref().map(|pull| pull.number),
        "run": a.job.run,
    })
}

#[async_trait]
impl Backend for Dispatch {
    async fn start(&self, a: &Assignment) -> Result<Started, BackendError> {
        let (report_url, token) = self.callbacks.of(a, self.clock.now())?;
        self.repository
            .repository_dispatch(&self.holder, &self.event, &payload(a, report_url, &token))
            .await?;
        Ok(Started {
            handle: Handle(a.job.id()),
            report: Report {
                status: Some(BuildStatus::Queued),
                ..Report::default()
            },
        })
    }

    /// GitHub can't be asked whether an event was sent. Sending it again may run the job twice, which its
    /// `concurrency: ${{ github.event.client_payload.drawbridge.id }}` prevents; not sending it could leave it waiting.
    async fn find(&self, _: &Assignment) -> Result<Option<Started>, BackendError> {
        Ok(None)
    }

    /// The other repository's runs are its own business; what they still report is ignored.
    async fn cancel(&self, _: &Assignment, _: &Handle) -> Result<(), BackendError> {
        Ok(())
    }
}
