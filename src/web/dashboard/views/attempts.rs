//! The attempts of a job before its latest.

use super::in_words;
use crate::domain::event::BuildStatus;
use crate::domain::run::{Attempt, Handle, Job};
use crate::domain::text;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An attempt that another one followed. What was written before attempts were kept has only the backend's name for it.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct AttemptView {
    /// Which start it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// What its backend called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// `passed`, `failed` or `skipped`: it was left before it ended, or nothing is known of it.
    pub stage: &'static str,
    /// How it ended, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
}

pub(in crate::web::dashboard) fn attempts(job: &Job) -> Vec<AttemptView> {
    let is_kept = |handle: &&Handle| {
        let mut handles = job
            .past
            .iter()
            .filter_map(|attempt| attempt.handle.as_ref());
        handles.any(|other| other == *handle)
    };
    let of_old = job.earlier.iter().filter(|handle| !is_kept(handle));
    of_old.map(bare).chain(job.past.iter().map(view)).collect()
}

fn bare(handle: &Handle) -> AttemptView {
    AttemptView {
        number: None,
        handle: Some(handle.0.clone()),
        stage: "skipped",
        state: None,
        url: None,
        began: None,
        ended: None,
    }
}

fn view(attempt: &Attempt) -> AttemptView {
    let ended = attempt.conclusion.map(BuildStatus::Ended);
    AttemptView {
        number: Some(attempt.number),
        handle: attempt.handle.as_ref().map(|handle| handle.0.clone()),
        stage: ended.map_or("skipped", text::build_colour),
        state: Some(ended.map_or("was left", |end| in_words(text::build_state(end)))),
        url: attempt.url.clone(),
        began: Some(attempt.began),
        ended: attempt.ended,
    }
}
