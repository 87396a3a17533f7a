//! Commit statuses.

use crate::sandbox::model::status::{MOST_STATUSES, STATES, Status};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// What somebody says about a commit.
pub(crate) struct NewStatus {
    pub(crate) repo: u64,
    pub(crate) sha: String,
    pub(crate) state: String,
    pub(crate) context: String,
    pub(crate) description: Option<String>,
    pub(crate) target_url: Option<String>,
    pub(crate) by: u64,
}

impl Hub {
    /// Adds a status to a commit of the repository's network and sends `status`.
    pub(crate) fn add_status(&mut self, new: NewStatus) -> Deed<u64> {
        let network = self.repo(new.repo).network();
        let known = self.objects.get(&new.sha);
        if known.is_none_or(|commit| commit.network != network) {
            return Err(Refused::new(format!(
                "No commit found for SHA: {}",
                new.sha
            )));
        }
        if !STATES.contains(&new.state.as_str()) {
            return Err(Refused::new(format!("{:?} is no state", new.state)));
        }
        let text = new.description.as_deref().unwrap_or_default();
        if text.chars().count() > 140 {
            let message = "description is too long (maximum is 140 characters)";
            return Err(Refused::new(message));
        }
        let same = |old: &&Status| {
            old.repo == new.repo && old.sha == new.sha && old.context == new.context
        };
        if self.statuses.iter().filter(same).count() >= MOST_STATUSES {
            let message = "This SHA and context has reached the maximum number of statuses.";
            return Err(Refused::new(message));
        }
        let (id, at) = (self.id(), self.tick());
        let (repo, by) = (new.repo, new.by);
        self.statuses.push(Status {
            id,
            repo,
            sha: new.sha,
            state: new.state,
            context: new.context,
            description: new.description,
            target_url: new.target_url,
            creator: by,
            at,
        });
        if let Some(status) = self.statuses.last() {
            let body = show::status::told(self, status);
            self.emit("status", None, Some(repo), by, body);
        }
        Ok(id)
    }

    /// The statuses of a commit, newest first.
    pub(crate) fn statuses_of<'a>(
        &'a self,
        repo: u64,
        sha: &'a str,
    ) -> impl Iterator<Item = &'a Status> {
        let here = move |status: &&Status| status.repo == repo && status.sha == sha;
        self.statuses.iter().rev().filter(here)
    }
}
