//! A run and its jobs.

use super::{AttemptView, BuildView, attempts, builds, in_words};
use crate::domain::run::{Job, Run};
use crate::domain::text;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A run.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct RunView {
    /// The pipeline.
    pub pipeline: String,
    /// Its number.
    pub number: u64,
    /// The commit it is for.
    pub sha: String,
    /// The gates it feeds.
    pub gates: Vec<String>,
    /// Whether it is the one that counts.
    pub counts: bool,
    /// Why it does not count any more, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was wanted.
    pub began: DateTime<Utc>,
    /// When the last of its jobs ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<JobView>,
}

/// A job.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct JobView {
    /// Its name.
    pub name: String,
    /// The jobs it needs.
    pub needs: Vec<String>,
    /// How many jobs have to end one after the other before it.
    pub layer: usize,
    /// `passed`, `failed`, `running`, `waiting` or `skipped`.
    pub stage: &'static str,
    /// How it stands, in words.
    pub state: String,
    /// Why it stands so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether its gates depend on it.
    pub required: bool,
    /// What executes it.
    pub by: String,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number of its latest start; 0: it was never started.
    pub attempt: u32,
    /// How many of the starts were automatic retries.
    pub retried: u32,
    /// The attempts before, the oldest first.
    pub earlier: Vec<AttemptView>,
    /// What is observed for it: the builds that count, as others report them.
    pub builds: Vec<BuildView>,
    /// What its backend has to tell of it, in the words (mostly Markdown) in which it came: of a run that counts, 64 KiB of all
    /// jobs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When its latest attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
    /// How many seconds it took, or has taken so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// So many bytes are shown of what the backends of a run's jobs have to tell.
const SAID: usize = 64 * 1024;

pub(in crate::web::dashboard) fn run(run: &Run, now: DateTime<Utc>) -> RunView {
    let layers = layers(run);
    // Of earlier runs it is behind the links of the jobs.
    let mut room = if run.counts() { SAID } else { 0 };
    let jobs = run.jobs.iter().zip(layers);
    RunView {
        pipeline: run.pipeline.clone(),
        number: run.number,
        sha: run.scene.sha.to_string(),
        gates: run.gates.iter().map(|gate| gate.name.clone()).collect(),
        counts: run.counts(),
        note: match &run.superseded {
            Some(why) => Some(why.clone()),
            None if run.queued => Some("waits for the run before it".to_owned()),
            None => None,
        },
        began: run.created_at,
        ended: run.ended_at,
        jobs: jobs
            .map(|(job, layer)| JobView {
                summary: within(job.report.summary.as_deref(), &mut room),
                ..view(run, job, layer, now)
            })
            .collect(),
    }
}

/// As much of a text as there is room for.
fn within(text: Option<&str>, room: &mut usize) -> Option<String> {
    let text = text.filter(|_| *room > 0)?;
    let most = text.len().min(*room);
    let mut ends = (0..=most).rev();
    let cut = ends.find(|end| text.is_char_boundary(*end))?;
    *room -= cut;
    Some(match cut == text.len() {
        true => text.to_owned(),
        false => format!("{}…", &text[..cut]),
    })
}

fn view(run: &Run, job: &Job, layer: usize, now: DateTime<Utc>) -> JobView {
    let why = text::job_why(run, job);
    let until = job.ended_at.or(job.started_at.map(|_| now));
    let taken = job.started_at.zip(until).map(|(from, to)| to - from);
    JobView {
        name: job.spec.name.clone(),
        needs: job.spec.needs.clone(),
        layer,
        stage: text::job_colour(job),
        state: in_words(&text::job_state(run, job)).to_owned(),
        why: (!why.is_empty()).then_some(why),
        required: job.spec.required,
        by: text::backend(&job.spec.backend),
        url: job.report.url.clone(),
        attempt: job.attempt,
        retried: job.retried,
        earlier: attempts(job),
        builds: builds(&job.observed),
        summary: None,
        began: job.started_at,
        ended: job.ended_at,
        seconds: taken.map(|taken| taken.num_seconds().max(0).unsigned_abs()),
    }
}

/// How deep each job stands below those it needs. There are no cycles; should there be one, it ends.
fn layers(run: &Run) -> Vec<usize> {
    let names = run.jobs.iter().enumerate();
    let at: HashMap<&str, usize> = names
        .map(|(at, job)| (job.spec.name.as_str(), at))
        .collect();
    let mut layers = vec![0; run.jobs.len()];
    for _ in 0..run.jobs.len() {
        let mut moved = false;
        for (job, one) in run.jobs.iter().enumerate() {
            let needs = one
                .spec
                .needs
                .iter()
                .filter_map(|need| at.get(need.as_str()));
            let deepest = needs.map(|need| layers[*need] + 1).max().unwrap_or(0);
            if deepest > layers[job] && deepest < run.jobs.len() {
                layers[job] = deepest;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn of_what_jobs_tell_as_much_is_shown_as_there_is_room_for() {
        let mut room = 7;
        assert_eq!(within(Some("four"), &mut room).as_deref(), Some("four"));
        // Within a character nothing is cut.
        assert_eq!(within(Some("aéé"), &mut room).as_deref(), Some("aé…"));
        assert_eq!(within(Some("more"), &mut room), None);
        assert_eq!(within(None, &mut room), None);
    }
}
