//! What others build and report.

use super::in_words;
use crate::domain::event::Build;
use crate::domain::gate::newest;
use crate::domain::text;
use serde::Serialize;
use utoipa::ToSchema;

/// A build that a job observes.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct BuildView {
    /// The name of the workflow, the check run or the commit status.
    pub name: String,
    /// The workflow that it is a part of, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// `passed`, `failed`, `running`, `waiting` or `skipped`.
    pub stage: &'static str,
    /// How it stands, in words.
    pub state: &'static str,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Those that count, as the gate lists them.
pub(in crate::web::dashboard) fn builds(observed: &[Build]) -> Vec<BuildView> {
    let view = |build: &Build| BuildView {
        name: build.name.clone(),
        workflow: build.workflow_name.clone(),
        stage: text::build_colour(build.status),
        state: in_words(text::build_state(build.status)),
        url: build.url.clone(),
    };
    newest(observed).into_iter().map(view).collect()
}
