//! What the jobs of a workflow run noted: their annotations (GitHub, "REST API endpoints for check runs").

use super::builds::WireCheckRuns;
use super::runs::WorkflowRun;
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The jobs of a workflow run are looked through up to this page of 100.
const MOST_PAGES: usize = 10;
/// Of so many annotated jobs the annotations are read, the newest first: each is a request.
const MOST_ANNOTATED: usize = 50;
/// A job has at most 50 annotations of its own workflow commands.
const MOST_ANNOTATION_PAGES: usize = 2;

#[derive(Deserialize)]
struct WireAnnotation {
    annotation_level: Option<String>,
    title: Option<String>,
    message: Option<String>,
}

impl Repository {
    /// The messages of notices with these titles in the newest attempt of a workflow run, by title. Only what GitHub
    /// Actions itself shows for the run's commit counts. Of several with one title the one of the newest job does, and of
    /// one job's the last. Nothing is asked for when no title is wanted, or once each is found.
    pub async fn notices(
        &self,
        run: &WorkflowRun,
        titles: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, GitHubError> {
        let mut found = BTreeMap::new();
        let Some(suite) = run.check_suite.filter(|_| !titles.is_empty()) else {
            return Ok(found);
        };
        let path = self.path(format_args!(
            "/check-suites/{suite}/check-runs?filter=latest"
        ));
        let ask = Ask::get(path, "listing the jobs of the workflow run");
        let mut jobs = self
            .pages(&ask, MOST_PAGES, |page: WireCheckRuns| page.check_runs)
            .await?;
        jobs.retain(|job| job.is_annotated_job() && job.head_sha == run.sha.as_str());
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        for job in jobs.iter().take(MOST_ANNOTATED) {
            if found.len() == titles.len() {
                break;
            }
            for (title, message) in self.notices_of(job.id, titles).await? {
                found.entry(title).or_insert(message);
            }
        }
        Ok(found)
    }

    async fn notices_of(
        &self,
        job: u64,
        titles: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, GitHubError> {
        let path = self.path(format_args!("/check-runs/{job}/annotations"));
        let ask = Ask::get(path, "reading the annotations of a job");
        let all = self
            .pages(&ask, MOST_ANNOTATION_PAGES, |page: Vec<WireAnnotation>| {
                page
            })
            .await?;
        let wanted = |annotation: WireAnnotation| {
            let title = annotation.title.filter(|title| titles.contains(title))?;
            let is_notice = annotation.annotation_level.as_deref() == Some("notice");
            Some((title, annotation.message.filter(|_| is_notice)?))
        };
        Ok(all.into_iter().filter_map(wanted).collect())
    }
}
